"""Tensors to a loss per sample."""
