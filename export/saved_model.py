"""SavedModel: for TF Serving, and the way to TFLite."""

import warnings

import tensorflow as tf

from tfgan_edit.config import UserError


def save(graph, folder, batch=None):
    """Writes a `ServingGraph` as a SavedModel with a signature for each of its own.

    Args:
        graph: `ServingGraph`.
        folder: to write.
        batch: 1, or None for any, which servers want.
    """
    module = tf.Module()
    # Plain variables: a Keras network would bring its own functions, of any shape, along.
    module.weights = [variable.value for variable in graph.weights]
    functions = {s.name: s.traced(batch).get_concrete_function() for s in graph.signatures}
    # What servers and applications call without naming a signature.
    first = graph.signatures[0].name
    if batch is None:
        functions[tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY] = functions[first]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorFlow's own use of protocol buffers
        tf.saved_model.save(module, str(folder), signatures=functions)


class SavedModelRunner:
    """Runs a SavedModel: `runner(name of a signature, {input: array})` -> {output: array}."""

    def __init__(self, folder):
        try:
            self._loaded = tf.saved_model.load(str(folder))
        except OSError as error:
            raise UserError(f"{folder} is no SavedModel: {error}") from error

    def __call__(self, signature, inputs):
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        results = self._loaded.signatures[signature](**tensors)
        return {name: tensor.numpy() for name, tensor in results.items()}
