"""Slow float64 NumPy versions of the ops, each line readable against its definition.

Images are NHWC, kernels [kh, kw, in, out]. Nothing here shares code with the package.
"""
