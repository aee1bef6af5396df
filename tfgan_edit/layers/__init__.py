"""Ops with their variables, serialisable."""
