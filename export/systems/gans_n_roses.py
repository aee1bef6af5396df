"""GANs N' Roses: photo + style -> drawing; in two steps, to encode once and draw often; and back.

The style of a drawing is read by the encoder of the opposite generator, so `read_style` is there
where a preset has that one.
"""

from export.framing import describe_framing
from export.serving import (
    Port,
    ServingGraph,
    Signature,
    in_float32,
    normal,
    photo,
    serves,
    to_image,
    to_photo,
)
from tfgan_edit.networks.gans_n_roses import GansNRosesGenerator


@serves(GansNRosesGenerator)
def generator(preset, network, options):
    """Photo and style to drawing; and both halves apart, to encode once and draw often."""
    options.refuse(preset.path, "resolution", "latent", "truncation", "noise")
    height, width = network.resolution
    source = photo("photo", height, width, network.img_channels, "the picture to draw")
    drawing = photo("drawing", height, width, network.img_channels, "the drawing")
    shape = (1, network.style_dim)
    style = normal("style", shape)
    own = Port("photo_style", "latent", shape, None, "the style that the photo itself has")
    shape = (1, *network.encoder.content_shape)
    content = Port("content", "code", shape, None, "what decode reads of a photo")

    def draw(photos, styles):
        return to_photo(network(to_image(photos), styles))

    def encode(photos):
        return network.encode(to_image(photos))

    def decode(contents, styles):
        return to_photo(network.decode(contents, styles))

    signatures = [
        Signature("draw", (source, style), (drawing,), draw),
        Signature("encode", (source,), (content, own), encode),
        Signature("decode", (content, style), (drawing,), decode),
    ]
    networks = [network]
    if "backward_generator" in preset.networks:
        reader = in_float32(preset.networks["backward_generator"]).encoder
        networks.append(reader)
        signatures.append(_read_style(reader, style.shape))
    return ServingGraph(
        system="gans_n_roses",
        task="photo_and_style_to_drawing",
        signatures=tuple(signatures),
        networks=tuple(networks),
        framing=describe_framing(height, width),
    )


def _read_style(encoder, shape):
    height, width = encoder.resolution
    about = "a drawing whose style is wanted"
    source = photo("reference", height, width, encoder.img_channels, about)
    style = Port("reference_style", "latent", shape, None, "the style of the drawing")

    def read_style(drawings):
        return encoder(to_image(drawings))[1]

    return Signature("read_style", (source,), (style,), read_style)
