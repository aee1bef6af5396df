"""What ships: for each system, a graph with pictures in [0, 1] at both ends.

Pictures are RGB, float32 [1, H, W, 3]; all sizes are fixed; what a network needs besides (its own
range, planes of labels, truncation, noise) is inside of the graph, so that an application types no
constant. A file of `systems/` says this for one system and is found by the class of its network.
"""

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from export import systems
from tfgan_edit.config import UserError

LATENTS = ("z", "w", "w_plus")
NOISE = ("constant", "none")


@dataclasses.dataclass(frozen=True)
class Options:
    """What may be chosen of a graph; a system refuses what it does not have.

    Attributes:
        resolution: (height, width) of pictures for networks of any size; None as trained.
        latent: of `LATENTS`, what a StyleGAN reads; None for its z.
        truncation: of a StyleGAN, inside of the graph; None for 1, all of its variety.
        noise: of `NOISE`, a StyleGAN's; None for its constant maps.
    """

    resolution: tuple[int, int] | None = None
    latent: str | None = None
    truncation: float | None = None
    noise: str | None = None

    @classmethod
    def of(cls, choices):
        """The options of an export's `choices`, which were read from JSON."""
        size = choices.get("resolution")
        return cls(**{**choices, "resolution": None if size is None else tuple(size)})

    def refuse(self, path, *names):
        """Raises `UserError` for options that the system of a preset does not have."""
        for name in names:
            if getattr(self, name) is not None:
                raise UserError(
                    f"--{name}={getattr(self, name)}: {path} has no such choice; leave it out"
                )


@dataclasses.dataclass(frozen=True)
class Port:
    """A float32 tensor at an end of a graph.

    Attributes:
        name: its name in the file.
        kind: "photo" (RGB or grey), "mask", "labels" (a number a pixel), "edges", "planes" (what
            the network reads as it is), "latent", "condition" or "code" (between two signatures).
        shape: with the batch of 1 in front.
        range: (lowest, highest), or None where there are no bounds.
        about: a few words.
        draw: function of a `numpy.random.RandomState` -> a typical value of that shape; None for
            photos, of which data has better ones, and for codes, which another signature makes.
        distribution: "standard_normal" where every draw from it is a good value, which
            applications then offer by seed; else None.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    range: tuple[float, float] | None = None
    about: str = ""
    draw: Callable | None = None
    distribution: str | None = None

    def describe(self):
        """Plain values for export.json."""
        return {
            "name": self.name,
            "kind": self.kind,
            "dtype": "float32",
            "shape": list(self.shape),
            "layout": "NHWC" if len(self.shape) == 4 else "NC",
            "range": None if self.range is None else list(self.range),
            "distribution": self.distribution,
            "about": self.about,
        }


@dataclasses.dataclass(frozen=True)
class Signature:
    """A function of a file.

    Attributes:
        name: its key in the file.
        inputs, outputs: `Port`s in the order of arguments and results.
        function: tensors -> a tensor, or a tuple of them.
    """

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    function: Callable

    def __call__(self, *tensors):
        """{name of an output: tensor}."""
        results = self.function(*tensors)
        results = results if isinstance(results, (tuple, list)) else (results,)
        pairs = zip(self.outputs, results, strict=True)
        return {port.name: tf.identity(tensor, name=port.name) for port, tensor in pairs}

    def traced(self, batch=1):
        """`tf.function` of one shape, with the ports' names; a batch of None leaves that open."""
        specs = [
            tf.TensorSpec((batch, *port.shape[1:]), tf.float32, name=port.name)
            for port in self.inputs
        ]
        return tf.function(lambda *tensors: self(*tensors), input_signature=specs, autograph=False)


@dataclasses.dataclass(frozen=True)
class ServingGraph:
    """All that one file does.

    Attributes:
        system: name of the system, as in its network's file.
        task: what the first signature does, such as "photo_to_photo".
        signatures: `Signature`s; the first one is what most applications call.
        networks: Keras networks whose variables the functions read, in float32.
        framing: how a photo of any size comes to the inputs and its edit back, or None.
        choices: the `Options` that were taken, plain values.
    """

    system: str
    task: str
    signatures: tuple[Signature, ...]
    networks: tuple
    framing: dict | None = None
    choices: dict = dataclasses.field(default_factory=dict)

    @property
    def weights(self):
        """Keras variables of all networks."""
        return [v for network in self.networks for v in network.weights]

    def check_shapes(self):
        """Raises `UserError` for an output of another shape than its port, or of an open one."""
        for signature in self.signatures:
            shapes = signature.traced().get_concrete_function().output_shapes
            for port in signature.outputs:
                found = tuple(shapes[port.name])
                if found != port.shape:
                    raise UserError(
                        f"{self.system}: {port.name} of {signature.name} has the shape {found}, "
                        f"not {port.shape}: files have fixed shapes; give another --resolution"
                    )


# === Registry ===

_BUILDERS = {}  # {class of a network: function of a preset, the network and `Options`}
_ROLES = []  # of the networks that say which system a preset is; they hold averaged weights


def serves(*classes, role="generator"):
    """Decorator: the function `(preset, network, options) -> ServingGraph` of these classes.

    Args:
        classes: of the network that says which system a preset is.
        role: its name in presets.
    """

    def register(function):
        _BUILDERS.update(dict.fromkeys(classes, function))
        if role not in _ROLES:
            _ROLES.append(role)
        return function

    return register


def serving_graph(preset, options=Options()):
    """The `ServingGraph` of a `Preset`.

    Raises:
        UserError: no averaged weights, a system that ships nothing, or an option it does not have.
    """
    for module in pkgutil.iter_modules(systems.__path__):
        importlib.import_module(f"{systems.__name__}.{module.name}")
    found = [role for role in _ROLES if role in preset.networks]
    raw = [role for role in _ROLES if f"raw_{role}" in preset.networks]
    if raw and not found:
        raise UserError(
            f"{preset.path} has no averaged weights, only raw_{raw[0]}: convert its checkpoint "
            "with --which=g_ema"
        )
    network = preset.require(found[0] if found else _ROLES[0])
    for cls in type(network).__mro__:
        if cls in _BUILDERS:
            return _BUILDERS[cls](preset, in_float32(network), options)
    known = sorted(cls.__name__ for cls in _BUILDERS)
    raise UserError(
        f"{preset.path}: nothing is known of how to ship a {type(network).__name__}; "
        f"known: {', '.join(known)}"
    )


def in_float32(network):
    """The network, or a copy of one in half precision, whose casts files could not have."""
    if network.dtype_policy.name == "float32":
        return network
    copy = type(network)(**{**network.get_config(), "dtype": "float32"})
    copy.set_weights(network.get_weights())
    return copy


# === Parts of graphs ===


def photo(name, height, width, channels=3, about=""):
    """`Port` of a picture in [0, 1]."""
    return Port(name, "photo", (1, height, width, channels), (0.0, 1.0), about)


def normal(name, shape):
    """`Port` of a latent of which every standard normal value is good."""
    about, distribution = "standard normal", "standard_normal"
    return Port(name, "latent", shape, None, about, standard_normal(shape), distribution)


def to_image(photos):
    """[0, 1] -> [-1, 1]."""
    return photos * 2.0 - 1.0


def to_photo(images):
    """[-1, 1] -> [0, 1], clipped."""
    return tf.clip_by_value(images * 0.5 + 0.5, 0.0, 1.0)


def hidden_zero(latents):
    """0 that converters cannot know: [N, …, D] -> [1, 1, 1, 1].

    A constant map of noise plus this stays a small constant of one channel; without, converters
    compute noise · strength + bias in advance, as a constant of all channels a layer.
    """
    return tf.nn.relu(-tf.abs(tf.reshape(latents, [-1, 1, 1, 1])[:1]))


def standard_normal(shape):
    """Function of a `RandomState` -> float32 array, for `Port.draw`."""
    return lambda random: random.randn(*shape).astype(np.float32)
