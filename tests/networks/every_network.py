"""A tiny one of every network, with weights off their initial values, and inputs for it.

Parts of networks, such as mappings, are here in the networks that hold them.
"""

import numpy as np

from tests.networks import golden_networks
from tests.networks.test_features import NETWORKS as FEATURE_NETWORKS
from tfgan_edit.networks.attribute_classifier import AttributeClassifier
from tfgan_edit.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from tfgan_edit.networks.encoder import LatentEncoder
from tfgan_edit.networks.features.lpips import LPIPS
from tfgan_edit.networks.gans_n_roses import (
    GansNRosesDiscriminator,
    GansNRosesGenerator,
    StyleDiscriminator,
)
from tfgan_edit.networks.isf_gan import ImplicitStyleFunction, ISFGANDiscriminator
from tfgan_edit.networks.mobile_pix2pixhd import MobilePix2PixHDGenerator
from tfgan_edit.networks.mobilestylegan import MobileStyleGAN
from tfgan_edit.networks.pix2pixhd import (
    Pix2PixHDDiscriminator,
    Pix2PixHDEncoder,
    Pix2PixHDGenerator,
    Pix2PixHDLocalEnhancer,
)
from tfgan_edit.networks.stylegan import (
    StyleGANDiscriminator,
    StyleGANGenerator,
)
from tfgan_edit.networks.stylegan2 import (
    StyleGAN2Discriminator,
    StyleGAN2Generator,
)
from tfgan_edit.networks.stylemapgan import (
    StyleMapGANEncoder,
    StyleMapGANGenerator,
)

TINY = {"channels": {4: 6, 8: 5, 16: 4}}
TRANSLATOR = {"width": 4, "num_downsamplings": 2, "num_blocks": 1}
MAPS = {"stylemap_size": 4, "stylemap_channels": 3, "channel_max": 6}
ROSES = {"channels": {4: 6, 8: 5, 16: 4}, "num_downsamplings": 2}
PHOTOS, Z, W_PLUS = (2, 16, 16, 3), (2, 5), (2, 6, 6)


def sample(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def networks():
    """{name: (network, arguments of its call)} of what is trained; two are of golden files."""
    made = {**_golden(), **_filled({**_generators(), **_others()})}
    made["pix2pixhd_encoder"][1]["instances"] = np.arange(512).reshape(2, 16, 16) // 50
    return made


def feature_networks():
    """{name: (network, arguments of its call)} of those that are not trained here."""
    photos = (2, 64, 64, 3)
    made = {"lpips": (LPIPS("alex", {"widths": (2, 3, 4, 5, 6)}), {"x": photos, "y": photos})}
    for cls, settings, size in FEATURE_NETWORKS:
        made[cls.__name__.lower()] = cls(**settings), {"x": (1, size, size, 3)}
    return _filled(made)


def _filled(shapes_of):
    made = {}
    for name, (network, shapes) in shapes_of.items():
        random = np.random.default_rng(3)
        for weight in network.weights:
            weight.assign_add(0.1 * np.abs(random.normal(size=weight.shape)))
        made[name] = network, {key: sample(*shape) for key, shape in shapes.items()}
    return made


def _golden():
    generator, arrays, _ = golden_networks.ada_generator("ada_g_skip_cond_16")
    generator_inputs = {"z": arrays["in/z"], "labels": arrays["in/c"]}
    discriminator, arrays, _ = golden_networks.ada_discriminator("ada_d_resnet_cond_16")
    images = np.transpose(arrays["in/img"], (0, 2, 3, 1))
    return {
        "conditional": (generator, generator_inputs),
        "conditional_discriminator": (discriminator, {"images": images, "labels": arrays["in/c"]}),
    }


def _generators():
    """{name: (network, {argument: shape})} of what people use."""
    return {
        "dcgan": (DCGANGenerator(16, 5, width=4, max_width=8), {"z": Z}),
        "stylegan": (StyleGANGenerator(16, 5, 6, **TINY), {"z": Z}),
        "tall": (StyleGAN2Generator((24, 16), 5, 6, architecture="resnet", **TINY), {"z": Z}),
        "mobilestylegan": (MobileStyleGAN(32, 5, 6, channel_max=8), {"z": Z}),
        "reduced": (MobileStyleGAN(32, 5, 6, channel_max=8, reduction=4), {"z": Z}),
        "stylemapgan": (StyleMapGANGenerator(16, mapping_layers=2, **MAPS), {"z": (2, 3)}),
        "stylemapgan_encoder": (StyleMapGANEncoder(16, **MAPS), {"images": PHOTOS}),
        "gans_n_roses": (
            GansNRosesGenerator(16, 3, 6, **ROSES),
            {"images": PHOTOS, "styles": (2, 3)},
        ),
        "pix2pixhd": (Pix2PixHDGenerator(**TRANSLATOR), {"images": PHOTOS}),
        "enhancer": (
            Pix2PixHDLocalEnhancer(num_local_blocks=1, **TRANSLATOR),
            {"images": PHOTOS},
        ),
        "student": (
            MobilePix2PixHDGenerator(norm="demodulated", **TRANSLATOR),
            {"images": PHOTOS},
        ),
        "isf_gan": (
            ImplicitStyleFunction(6, ["smile", "hair"], 6, 4, 5),
            {"w_plus": W_PLUS, "labels": (2, 2), "z": (2, 4)},
        ),
        "encoder": (LatentEncoder(16, 6, 6, channel_max=8), {"images": PHOTOS}),
    }


def _others():
    """{name: (network, {argument: shape})} of what trainings need besides."""
    return {
        "dcgan_discriminator": (DCGANDiscriminator(16, width=4, max_width=8), {"images": PHOTOS}),
        "stylegan_discriminator": (StyleGANDiscriminator(16, **TINY), {"images": PHOTOS}),
        "half": (
            StyleGAN2Discriminator(16, dtype="mixed_bfloat16", freeze_layers=3, **TINY),
            {"images": (4, 16, 16, 3)},
        ),
        "roses_discriminator": (
            GansNRosesDiscriminator(16, hidden_dim=7, channels=TINY["channels"]),
            {"images": (4, 16, 16, 3)},
        ),
        "style_discriminator": (StyleDiscriminator(3, 6, 2), {"styles": (4, 3)}),
        "pix2pixhd_encoder": (
            Pix2PixHDEncoder(width=2, num_downsamplings=2, out_channels=2),
            {"images": PHOTOS, "instances": (2, 16, 16)},
        ),
        "pix2pixhd_discriminator": (
            Pix2PixHDDiscriminator(width=4, num_layers=2, channel_max=8),
            {"images": PHOTOS, "conditions": PHOTOS},
        ),
        "isf_gan_discriminator": (ISFGANDiscriminator(16, 2, width=4), {"images": PHOTOS}),
        "classifier": (
            AttributeClassifier(16, ["smile", "hair"], width=4, max_width=8, feature_dim=5),
            {"images": PHOTOS},
        ),
    }
