"""What every op, layer and network promises, checked by one call each."""

import inspect
import json

import keras
import numpy as np
import tensorflow as tf


def assert_close(actual, expected, limit, name="value"):
    """d = max|a - b| / max|b| must not exceed `limit`; shapes must be equal."""
    actual, expected = _numpy(actual), _numpy(expected)
    assert actual.shape == expected.shape, f"{name}: {actual.shape} != {expected.shape}"
    assert np.all(np.isfinite(actual)), f"{name}: not finite"
    if expected.size == 0:
        return
    scale = np.max(np.abs(expected))
    distance = np.max(np.abs(actual - expected)) / (scale if scale > 0 else 1.0)
    assert distance <= limit, f"{name}: d = {distance:.2e} > {limit:.0e}"


def _numpy(x):
    x = x.numpy() if hasattr(x, "numpy") else x
    return np.asarray(x, np.float64)  # holds values of smaller float types exactly


def assert_all_close(actual, expected, limit, name="value"):
    """`assert_close` on every tensor of two equal structures."""
    tf.nest.assert_same_structure(actual, expected)
    pairs = zip(tf.nest.flatten(actual), tf.nest.flatten(expected), strict=True)
    for i, (a, b) in enumerate(pairs):
        assert_close(a, b, limit, f"{name}[{i}]")


def jit_equal(fn, *args, limit=1e-5):
    """`fn` gives the same eagerly, in a graph and under XLA; returns the eager value.

    1e-5 leaves float32 room for another order of summation, not for another formula.
    """
    args = tf.nest.map_structure(tf.convert_to_tensor, args)
    eager = fn(*args)
    assert_all_close(tf.function(fn)(*args), eager, limit, "tf.function")
    assert_all_close(tf.function(fn, jit_compile=True)(*args), eager, limit, "XLA")
    return eager


def first_gradients(fn, inputs, cotangent):
    """Gradients of s = sum(fn(*inputs) * cotangent) for all inputs and the cotangent."""
    with tf.GradientTape() as tape:
        tape.watch([inputs, cotangent])
        s = tf.reduce_sum(fn(*inputs) * cotangent)
    return tape.gradient(
        s, [*inputs, cotangent], unconnected_gradients=tf.UnconnectedGradients.ZERO
    )


def second_gradients(fn, inputs, cotangent, directions):
    """Gradients of <first gradients, directions>: the Hessian of s times `directions`."""
    with tf.GradientTape() as tape:
        tape.watch([inputs, cotangent])
        first = first_gradients(fn, inputs, cotangent)
        s = tf.add_n([tf.reduce_sum(g * d) for g, d in zip(first, directions, strict=True)])
    return tape.gradient(
        s, [*inputs, cotangent], unconnected_gradients=tf.UnconnectedGradients.ZERO
    )


def check_gradients(fn, reference, inputs, *, seed=0, step=1e-5, limit=1e-7):
    """First and second gradients of `fn` in float64, against finite differences.

    The first along three random directions against the NumPy `reference`; the second,
    a product with the Hessian, against differences of the first. Central differences
    with this step leave errors of about 1e-9 on functions of order one.
    """
    random = np.random.default_rng(seed)
    inputs = [np.asarray(x, np.float64) for x in inputs]
    cotangent = random.normal(size=np.shape(reference(*inputs)))
    values = [*inputs, cotangent]

    def tensors(arrays):
        return [tf.constant(x, tf.float64) for x in arrays]

    def moved(directions, distance):
        return [x + distance * d for x, d in zip(values, directions, strict=True)]

    def reference_sum(arrays):
        return np.sum(reference(*arrays[:-1]) * arrays[-1])

    def gradients(arrays):
        *x, c = tensors(arrays)
        return [_numpy(g) for g in first_gradients(fn, x, c)]

    first = gradients(values)
    for i in range(3):
        directions = [random.normal(size=x.shape) for x in values]
        slope = sum(np.sum(g * d) for g, d in zip(first, directions, strict=True))
        difference = reference_sum(moved(directions, step)) - reference_sum(
            moved(directions, -step)
        )
        scale = sum(
            np.sqrt(np.sum(g**2) * np.sum(d**2)) for g, d in zip(first, directions, strict=True)
        )
        error = abs(slope - difference / (2 * step)) / scale
        assert error <= limit, f"first gradient along direction {i}: {error:.2e}"

    directions = [random.normal(size=x.shape) for x in values]
    *x, c = tensors(values)
    second = second_gradients(fn, x, c, tensors(directions))
    pairs = zip(
        gradients(moved(directions, step)), gradients(moved(directions, -step)), strict=True
    )
    expected = [(a - b) / (2 * step) for a, b in pairs]
    scale = max(np.max(np.abs(e)) for e in expected)
    for i, (actual, wanted) in enumerate(zip(second, expected, strict=True)):
        error = np.max(np.abs(_numpy(actual) - wanted)) / scale
        assert error <= limit, f"second gradient of input {i}: {error:.2e}"


# === Layers and networks ===

# Half precision keeps 8 (bfloat16) or 11 (float16) binary digits of every product; over a
# few layers that is a few times 2**-8 or 2**-11 of the largest value.
HALF_LIMITS = {"mixed_bfloat16": 6e-2, "mixed_float16": 1e-2}


def randomized(layer, *inputs):
    """The layer with every variable off its initial value."""
    layer(*inputs)
    random = np.random.default_rng(3)
    for variable in layer.variables:
        variable.assign(variable.numpy() + 0.5 * random.normal(size=variable.shape))
    return layer


def run_layer_test(
    cls,
    init_kwargs,
    inputs,
    *,
    expected_shape,
    expected_trainable,
    expected_non_trainable=0,
    half_limits=None,
    tmp_path,
):
    """Checks what every layer promises; returns the built layer.

    Args:
        cls, init_kwargs: the layer, at tiny sizes.
        inputs: tuple of float32 arrays, the call's positional arguments.
        expected_shape: of the output, for the batch of `inputs`.
        expected_trainable, expected_non_trainable: numbers of variables.
        half_limits: {policy: d} where `HALF_LIMITS` does not fit.
        tmp_path: folder for the saved model.
    """
    layer = cls(**init_kwargs)
    output = layer(*inputs)
    assert tuple(output.shape) == expected_shape
    assert len(layer.trainable_variables) == expected_trainable
    assert len(layer.non_trainable_variables) == expected_non_trainable
    _check_config(layer)
    _check_learns(layer, inputs)
    output = layer(*inputs)

    symbols = [keras.Input(x.shape[1:]) for x in inputs]
    symbolic = layer(*symbols)
    assert tuple(symbolic.shape) == (None, *expected_shape[1:])
    model = keras.Model(symbols, symbolic)
    assert_close(model(list(inputs)), output, 1e-6, "functional graph")
    path = str(tmp_path / "layer.keras")
    model.save(path)
    assert_close(keras.saving.load_model(path)(list(inputs)), output, 1e-6, "saved")

    for policy, limit in (HALF_LIMITS | (half_limits or {})).items():
        half = cls(**init_kwargs, dtype=policy)
        half(*inputs)
        half.set_weights(layer.get_weights())
        assert {v.dtype for v in half.variables} <= {"float32"}
        assert_close(half(*inputs), output, limit, policy)
    return layer


def run_network_test(
    cls,
    init_kwargs,
    inputs,
    *,
    expected_shape,
    expected_params,
    half_limits=None,
    same_in_half=False,
    xla=True,
    tmp_path,
):
    """Checks what every network promises; returns the network.

    Args:
        cls, init_kwargs: the network, at tiny sizes.
        inputs: {argument name: float32 array} of the call.
        expected_shape: of the output, for the batch of `inputs`.
        expected_params: (trainable, not trainable) numbers of values.
        half_limits: {policy: d} where `HALF_LIMITS` does not fit.
        same_in_half: the network computes in float32 under every policy.
        xla: also compare with `jit_compile=True`.
        tmp_path: folder for the saved model.
    """
    network = cls(**init_kwargs)
    assert network.built, "a network owns its variables from the start"
    assert (
        count_params(network.trainable_variables),
        count_params(network.non_trainable_variables),
    ) == expected_params
    _check_config(network)
    _check_learns(network, inputs)
    output = network(**inputs)
    assert tuple(output.shape) == expected_shape
    assert output.dtype == "float32"

    names, values = zip(*inputs.items(), strict=True)

    def call(*values):
        return network(**dict(zip(names, values, strict=True)))

    if xla:
        jit_equal(call, *values, limit=5e-5)
    else:
        assert_close(tf.function(call)(*values), output, 2e-5, "tf.function")

    symbols = {name: keras.Input(x.shape[1:], name=name) for name, x in inputs.items()}
    symbolic = network(**symbols)
    assert tuple(symbolic.shape) == (None, *expected_shape[1:])
    assert symbolic.dtype == "float32"
    graph = keras.Model(symbols, symbolic)
    assert_close(graph(inputs), output, 1e-6, "functional graph")

    path = str(tmp_path / "network.keras")
    network.save(path)
    loaded = keras.saving.load_model(path)
    assert type(loaded) is cls
    assert loaded.get_config() == network.get_config()
    pairs = zip(weights_of(network), weights_of(loaded), strict=True)
    for before, after in pairs:
        assert before.path == after.path
        assert before.trainable == after.trainable
        assert_close(after, before, 0, before.path)
    assert_close(loaded(**inputs), output, 1e-6, "saved")

    for policy, limit in (HALF_LIMITS | (half_limits or {})).items():
        half = cls(**init_kwargs, dtype=policy)
        half.set_weights(network.get_weights())
        assert {v.dtype for v in weights_of(half)} == {"float32"}
        value = half(**inputs)
        assert value.dtype == "float32", policy
        assert_close(value, output, 1e-6 if same_in_half else limit, policy)
        assert same_in_half or np.any(value != output), f"{policy} changed nothing"
        _check_learns(half, inputs)
    return network


def weights_of(network):
    """Variables without the states of random generators, which Keras does not save."""
    return [v for v in network.variables if "float" in v.dtype]


def count_params(variables):
    """Number of float values; the state of a random generator is not a parameter."""
    return sum(int(np.prod(v.shape)) for v in variables if "float" in v.dtype)


def _check_config(layer):
    """Config -> JSON -> object with an equal config, found by its registered name."""
    stored = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    assert stored["registered_name"] == f"tfgan_edit>{type(layer).__name__}"
    rebuilt = keras.saving.deserialize_keras_object(stored)
    assert type(rebuilt) is type(layer)
    assert rebuilt.get_config() == layer.get_config()
    for argument in inspect.signature(type(layer)).parameters.values():
        if argument.kind is argument.POSITIONAL_OR_KEYWORD:
            assert argument.name in layer.get_config(), f"{argument.name} is not saved"


def _check_learns(layer, inputs):
    """One step of gradient descent gives each trainable variable another value."""
    positional = () if isinstance(inputs, dict) else inputs
    named = inputs if isinstance(inputs, dict) else {}
    with tf.GradientTape() as tape:
        y = tf.cast(layer(*positional, **named), tf.float32)
        loss = tf.reduce_sum(y * tf.random.stateless_normal(y.shape, seed=(1, 2)))
    gradients = tape.gradient(loss, [v.value for v in layer.trainable_variables])
    for variable, gradient in zip(layer.trainable_variables, gradients, strict=True):
        assert gradient is not None, f"{variable.path} gets no gradient"
        assert np.all(np.isfinite(gradient)), f"{variable.path}: gradient not finite"
        assert np.any(gradient != 0), f"{variable.path}: gradient is zero"
    before = [v.numpy() for v in layer.non_trainable_variables]
    optimizer = keras.optimizers.SGD(1e-3)
    optimizer.apply(gradients, layer.trainable_variables)
    for variable, value in zip(layer.non_trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value, variable.path)
