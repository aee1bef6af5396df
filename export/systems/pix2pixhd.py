"""Pix2PixHD and its students: photo -> photo, or planes of labels and edges -> photo."""

import numpy as np
import tensorflow as tf

from export.framing import describe_framing
from export.serving import (
    Port,
    ServingGraph,
    Signature,
    photo,
    serves,
    to_image,
    to_photo,
)
from tfgan_edit.config import UserError
from tfgan_edit.networks.pix2pixhd import Translator


@serves(Translator)
def translator(preset, network, options):
    """Photo, or planes of labels and edges, to photo."""
    options.refuse(preset.path, "latent", "truncation", "noise")
    height, width = _resolution(preset, network, options)
    inputs = _inputs(preset, network, height, width)

    def edit(*tensors):
        parts = zip(inputs, tensors, strict=True)
        planes = [_plane(port, tensor) for port, tensor in parts]
        images = network(planes[0] if len(planes) == 1 else tf.concat(planes, axis=-1))
        return to_photo(images)

    output = photo("edited", height, width, network.out_channels, "the edited picture")
    whole = [port.name for port in inputs if port.kind == "photo"]
    return ServingGraph(
        system="pix2pixhd",
        task="photo_to_photo" if whole else "labels_to_photo",
        signatures=(Signature("edit", inputs, (output,), edit),),
        networks=(network,),
        framing=describe_framing(height, width) if whole else None,
        choices={"resolution": [height, width]},
    )


def _resolution(preset, network, options):
    size = options.resolution or (preset.metadata.get("data") or {}).get("resolution")
    if size is None:
        raise UserError(
            f"{preset.path} does not say its size and takes any: give --resolution, such as 256"
        )
    multiple = 2 ** (network.num_downsamplings + network.num_enhancers)
    if any(side % multiple or side < 2 * multiple for side in size):
        raise UserError(
            f"--resolution={'x'.join(map(str, size))}: this network needs multiples of "
            f"{multiple} from {2 * multiple} on"
        )
    return tuple(size)


def _inputs(preset, network, height, width):
    """Ports for the channels that a network reads."""
    meaning = preset.metadata.get("inputs") or {}
    channels, planes = network.in_channels, meaning.get("planes")
    num_labels = meaning.get("num_labels") or 0
    if planes is None and channels in (3, 6):  # of an official file, which does not say
        planes = ["photo"] * channels
    if planes is None:
        shape = (1, height, width, channels)
        about = "planes of labels and edges, 0 or 1, as the network reads them"
        return (Port("planes", "planes", shape, (0.0, 1.0), about, _blocks(shape, 1)),)
    ports = []
    if planes.count("photo"):
        ports.append(photo("photo", height, width, about="the picture to edit"))
    if planes.count("photo") == 6:
        ports.append(photo("reference", height, width, about="the second picture"))
    shape = (1, height, width, 1)
    if "labels" in planes:
        last = num_labels - 1
        about = f"number of each pixel's label, 0 to {last}"
        draw = _blocks(shape, last)
        ports.append(Port("labels", "labels", shape, (0.0, float(last)), about, draw))
    if "edges" in planes:
        about = "1 at the borders of instances, else 0"
        ports.append(Port("edges", "edges", shape, (0.0, 1.0), about, _blocks(shape, 1)))
    return tuple(ports)


def _plane(port, tensor):
    """What the network reads of an input."""
    if port.kind == "photo":
        return to_image(tensor)
    if port.kind == "labels":  # one plane a label, in operations that phones have
        numbers = tf.range(port.range[1] + 1.0)
        return tf.nn.relu(1.0 - tf.abs(tensor - numbers))
    return tensor


def _blocks(shape, largest):
    """Function of a `RandomState` -> whole numbers up to `largest`, constant in 8 × 8 blocks."""
    _, height, width, channels = shape

    def draw(random):
        small = random.randint(0, largest + 1, (1, 8, 8, channels)).astype(np.float32)
        rows, columns = (-(-side // 8) for side in (height, width))
        large = small.repeat(rows, axis=1).repeat(columns, axis=2)
        return np.ascontiguousarray(large[:, :height, :width])

    return draw
