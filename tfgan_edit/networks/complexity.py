"""How much a network computes: multiply-adds of one picture, counted in its graph."""

import math

import tensorflow as tf

_CALLS = ("PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile", "If")


def multiply_adds(network, *shapes):
    """Multiply-adds of convolutions and matrix products in one call, an int.

    All else, such as norms and activations, is not counted, as is usual.

    Args:
        network: function of tensors, such as a `keras.Model`.
        *shapes: of its arguments, all sides known; a batch of 1 gives what a picture takes.

    Raises:
        ValueError: a product of unknown size, or inside of a function or loop in the graph.
    """
    specs = [tf.TensorSpec(shape) for shape in shapes]
    function = tf.function(lambda *x: network(*x), autograph=False)
    graph = function.get_concrete_function(*specs).graph
    return sum(_of_operation(op) for op in graph.get_operations())


def _of_operation(op):
    if op.type in ("Conv2D", "DepthwiseConv2dNative"):
        kernel = op.inputs[1].shape  # [h, w, I, O]; depthwise [h, w, C, M]
        per_value = kernel[:3] if op.type == "Conv2D" else kernel[:2]
        return _size(op, op.outputs[0].shape) * _size(op, per_value)
    if op.type == "Conv2DBackpropInput":  # transposed: every value is spread by the kernel
        kernel = op.inputs[1].shape  # [h, w, O, I]
        return _size(op, op.inputs[2].shape) * _size(op, kernel[:3])
    if op.type in ("MatMul", "BatchMatMul", "BatchMatMulV2"):
        a = op.inputs[0].shape
        transposed = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
        inner = a[-2] if transposed else a[-1]
        return _size(op, op.outputs[0].shape) * _size(op, [inner])
    if op.type in _CALLS:
        raise ValueError(f"network must have no calls in its graph. Received: {op.name}")
    return 0


def _size(op, shape):
    if None in tuple(shape):
        raise ValueError(f"shapes must be known. Received: {op.name} of {shape}")
    return math.prod(shape)
