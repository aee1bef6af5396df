"""Which kernels the operations being traced will run on, where that decides how to compute."""

import tensorflow as tf


def traced_for_xla():
    """Whether a `tf.function(jit_compile=True)` is being traced."""
    graph = tf.compat.v1.get_default_graph()
    while graph is not None:
        context = graph._get_control_flow_context()
        while context is not None:
            if context.IsXLAContext():
                return True
            context = context.outer_context
        graph = getattr(graph, "outer_graph", None)
    return False


def uses_cpu_kernels():
    """Whether TensorFlow's own kernels for processors will run: no XLA, no accelerator."""
    accelerators = tf.config.list_physical_devices("GPU") + tf.config.list_physical_devices("TPU")
    return not accelerators and not traced_for_xla()
