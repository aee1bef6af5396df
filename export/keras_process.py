"""A preset's graph in Keras, in a process of its own, for `benchmark`."""

import time

import numpy as np
import tensorflow as tf

from export.serving import Options, serving_graph
from tfgan_edit.preset import load_preset
from tfgan_edit.trainers.loop import resident_memory


def keras_calls(preset, choices, threads):
    """In a child: yields time and memory of a call of the first signature in Keras."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    before = resident_memory()
    signature = serving_graph(load_preset(preset), Options.of(choices)).signatures[0]
    function = signature.traced()
    random = np.random.RandomState(0)
    inputs = [tf.constant(random.rand(*port.shape), tf.float32) for port in signature.inputs]
    while True:
        start = time.perf_counter()
        for tensor in function(*inputs).values():
            tensor.numpy()
        milliseconds = 1000 * (time.perf_counter() - start)
        memory = max(resident_memory(peak=True) - before, 0)
        yield {"milliseconds": milliseconds, "memory_bytes": memory}
