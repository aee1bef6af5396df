"""StyleMapGAN: photo + reference + mask -> photo; two encodings, one drawing."""

import numpy as np
import tensorflow as tf

from export.framing import describe_framing
from export.serving import (
    Port,
    ServingGraph,
    Signature,
    in_float32,
    photo,
    serves,
    to_image,
    to_photo,
)
from tfgan_edit.editing.regions import pooled_mask
from tfgan_edit.networks.stylemapgan import StyleMapGANGenerator


@serves(StyleMapGANGenerator)
def generator(preset, network, options):
    """Photo, reference and mask to photo."""
    options.refuse(preset.path, "resolution", "latent", "truncation", "noise")
    encoder, synthesis = in_float32(preset.require("encoder")), network.synthesis
    height, width = network.resolution
    source = photo("photo", height, width, network.img_channels, "the picture to edit")
    other = photo("reference", height, width, network.img_channels, "whose parts are taken")
    edited = photo("edited", height, width, network.img_channels, "the edited picture")
    shape = (1, height, width, 1)
    about = "1 where the reference is taken, else 0"
    mask = Port("mask", "mask", shape, (0.0, 1.0), about, _rectangle(shape))

    def edit(photos, references, masks):
        codes = synthesis.codes(encoder(to_image(photos)))
        others = synthesis.codes(encoder(to_image(references)))
        masks = tf.reshape(masks, [-1, height, width])  # an index is refused by phones
        shares = [pooled_mask(masks, code.shape[1:3]) for code in codes]
        triples = zip(codes, others, shares, strict=True)
        return to_photo(synthesis.decode([x + share * (y - x) for x, y, share in triples]))

    return ServingGraph(
        system="stylemapgan",
        task="photo_reference_and_mask_to_photo",
        signatures=(Signature("edit", (source, other, mask), (edited,), edit),),
        networks=(network, encoder),
        framing=describe_framing(height, width),
    )


def _rectangle(shape):
    """Function of a `RandomState` -> a mask that is 1 in a rectangle."""
    _, height, width, _ = shape

    def draw(random):
        mask = np.zeros(shape, np.float32)
        top, left = random.randint(0, height // 2), random.randint(0, width // 2)
        mask[:, top : top + height // 2, left : left + width // 2] = 1
        return mask

    return draw
