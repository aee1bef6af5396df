"""Measurements of speed and memory for `benchmark`."""
