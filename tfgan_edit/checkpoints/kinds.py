"""Which system, in whose names: the registry of what can be converted, and of what is only known.

A `Kind` says how a network of a system is recognised, built and mapped. To add one, write its map
(as `stylegan2.py`), the sizes that its arrays tell (`stylegan2_sizes.py`) and the settings that
they do not (`stylegan2_settings.py`), and list it in KINDS; ONLY_KNOWN loses its entry.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from tfgan_edit.checkpoints import (
    features,
    gans_n_roses,
    isf_gan,
    layer_names,
    mobilestylegan,
    pix2pixhd,
    stylegan,
)
from tfgan_edit.checkpoints import stylegan2 as key_map
from tfgan_edit.checkpoints import stylegan2_settings as settings
from tfgan_edit.checkpoints import stylegan2_sizes as sizes
from tfgan_edit.checkpoints import stylegan_settings, stylegan_sizes, stylemapgan
from tfgan_edit.networks.features.arcface import ArcFace
from tfgan_edit.networks.features.efficientnet import EfficientNetLite
from tfgan_edit.networks.features.inception import InceptionV3
from tfgan_edit.networks.features.lpips import LPIPS, LPIPSHeads
from tfgan_edit.networks.features.stacks import VGG, AlexNet, SqueezeNet
from tfgan_edit.networks.gans_n_roses import (
    GansNRosesDiscriminator,
    GansNRosesGenerator,
    StyleDiscriminator,
)
from tfgan_edit.networks.isf_gan import ImplicitStyleFunction, ISFGANDiscriminator
from tfgan_edit.networks.mobilestylegan import MobileStyleGAN
from tfgan_edit.networks.pix2pixhd import (
    Pix2PixHDDiscriminator,
    Pix2PixHDGenerator,
    Pix2PixHDLocalEnhancer,
)
from tfgan_edit.networks.stylegan import StyleGANDiscriminator, StyleGANGenerator
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from tfgan_edit.networks.stylemapgan import StyleMapGANEncoder, StyleMapGANGenerator

NVIDIA_LICENCE = (
    "Converted weights stay under the licence of their source: the Nvidia Source Code License "
    "(non-commercial), if they are NVIDIA's or were trained from them. Do not redistribute."
)
STYLEGAN_LICENCE = (
    "Converted weights stay under the licence of their source: CC BY-NC 4.0 (non-commercial), if "
    "they are NVIDIA's or were trained from them. Do not redistribute."
)
ROSINALITY_LICENCE = (
    "Converted weights stay under the licence of their source: ask who trained them; if they were "
    "converted from NVIDIA's, it is the Nvidia Source Code License (non-commercial)."
)

PIX2PIXHD_LICENCE = (
    "Converted weights stay under the licence of their source: ask who trained them, on what; "
    "those of StyleGAN2 Distillation are CC BY-NC 4.0 (non-commercial)."
)
ISF_GAN_LICENCE = (
    "Converted weights stay under the licence of their source, which for the published ones states "
    "none: all rights are reserved. Do not redistribute."
)
GANS_N_ROSES_LICENCE = (
    "Converted weights stay under the licence of their source: the code is MIT; ask who trained "
    "them, on what."
)
STYLEMAPGAN_LICENCE = (
    "Converted weights stay under the licence of their source: CC BY-NC 4.0 (non-commercial), if "
    "they are the authors' or were trained from them. Do not redistribute."
)
TORCHVISION_LICENCE = "torchvision's weights are BSD-3-Clause; trained on ImageNet: research."

ROSINALITY_DISCRIMINATOR = (  # marks, of StyleMapGAN's as well
    *(r"final_linear\.1\.weight", r"convs\.0\.0\.weight", r"convs\.1\.skip\.1\.weight"),
)


class Network(NamedTuple):
    """One network of a kind.

    Attributes:
        role: its name in a preset.
        names: its names in official files, the averaged one first.
        marks: regular expressions; arrays that all match are of this network.
        build: our class.
        sizes: function of arrays -> constructor arguments that they tell.
        settings: function of the original constructor's arguments, as far as the file has them
            -> constructor arguments that no array tells.
        rows: function of our network -> key map.
        official: function of our network -> the original constructor's arguments.
        beside: names of arrays that may lie beside the network in the file.
        average: what to call the average w if no file of the kind holds it, else None.
        ignored: regular expressions of names that are knowingly not converted.
        only_named: its arrays are also those of another network of the kind, and what is called
            by one of `names` is this one.
        prepare: function of arrays, settings and our network -> arrays as `rows` expects them,
            for files whose arrays have another form.
    """

    role: str
    names: tuple[str, ...]
    marks: tuple[str, ...]
    build: type
    sizes: Callable[[dict], dict]
    settings: Callable[[dict], dict]
    rows: Callable[[Any], list]
    official: Callable[[Any], dict] | None = None
    beside: tuple[str, ...] = ()
    average: str | None = None
    ignored: tuple[str, ...] = ()
    only_named: bool = False
    prepare: Callable[[dict, dict, Any], dict] | None = None

    def ignores(self, name):
        """Whether an array of that name is left out."""
        return any(re.fullmatch(pattern, name) for pattern in self.ignored)


class Kind(NamedTuple):
    """A system in the names of one code base; `name` is the value of --kind and --to.

    It can be written as well as read if its networks have `official`.
    """

    name: str
    title: str
    method: str
    licence: str
    networks: tuple[Network, ...]


def _frozen(role, marks, build, sizes, prepare, ignored=()):
    """A feature network, of which the arrays tell all; its role is its name among weights."""
    return Network(
        role,
        (role,),
        marks,
        build,
        sizes,
        lambda settings: {},
        features.layer_rows,
        ignored=(*ignored, r".*\.num_batches_tracked"),
        prepare=prepare,
    )


def _torchvision_vgg(role, repeats, last):
    return _frozen(
        role,
        (r"features\.0\.weight", last),
        VGG,
        features.vgg_sizes(repeats),
        features.from_pytorch(layer_names.vgg(repeats)),
        (r"classifier\.6\..*",),
    )


def _keras_vgg(role, repeats, first, last, ignored):
    return _frozen(
        role,
        (first, last),
        VGG,
        features.keras_vgg_sizes(repeats),
        features.from_keras_vgg,
        ignored,
    )


FEATURE_KINDS = (
    Kind(
        "torchvision",
        "torchvision",
        "features",
        TORCHVISION_LICENCE,
        (
            _torchvision_vgg("vgg19", features.VGG19, r"features\.34\.weight"),
            _torchvision_vgg("vgg16", features.VGG16, r"features\.28\.weight"),
            _frozen(
                "alexnet",
                (r"features\.0\.weight", r"features\.10\.weight"),
                AlexNet,
                features.alexnet_sizes,
                features.from_pytorch(layer_names.alexnet),
                (r"classifier\..*",),
            ),
            _frozen(  # 1.1; 1.0 has other numbers
                "squeezenet",
                (r"features\.6\.squeeze\.weight", r"features\.12\.expand3x3\.weight"),
                SqueezeNet,
                features.squeezenet_sizes,
                features.from_pytorch(layer_names.squeezenet),
                (r"classifier\..*",),
            ),
            _frozen(
                "inception_torchvision",
                (r"Conv2d_1a_3x3\.conv\.weight", r"AuxLogits\..*"),
                InceptionV3,
                features.torchvision_inception_sizes,
                features.from_pytorch(layer_names.inception, 1e-3),
                (r"AuxLogits\..*", r"fc\.bias"),
            ),
        ),
    ),
    Kind(
        "fid-inception",
        "Inception of the FID",
        "features",
        "Apache-2.0; trained on ImageNet: research.",
        (
            _frozen(
                "inception",
                (r"Conv2d_1a_3x3\.conv\.weight", r"Mixed_7c\..*", r"fc\.weight"),
                InceptionV3,
                features.inception_sizes,
                features.from_pytorch(layer_names.inception, 1e-3),
                (r"fc\.bias",),
            ),
        ),
    ),
    Kind(
        "keras-vgg",
        "VGG, Keras",
        "features",
        "Keras' weights of VGG are CC BY 4.0 (Oxford); trained on ImageNet: research.",
        tuple(
            _keras_vgg(role, repeats, r"block1_conv1/.*", last, (r"predictions/.*",))
            for role, repeats, last in (
                ("vgg19_keras", features.VGG19, r"block5_conv4/.*"),
                ("vgg16_keras", features.VGG16, r"block5_conv3/.*"),
            )
        ),
    ),
    Kind(
        "hed",
        "VGG16 in an edge detector (HED)",
        "features",
        "MIT; its VGG16 is CC BY 4.0 (Oxford), trained on ImageNet and BSDS500: research.",
        (
            _keras_vgg(
                "vgg16_hed",
                features.VGG16,
                r"block1/layers/conv2d/vars/0",
                r"block5/layers/conv2d_2/vars/0",
                (r"dsn\d/.*", r"fuse/.*"),
            ),
        ),
    ),
    Kind(
        "lpips",
        "LPIPS",
        "features",
        "BSD-2-Clause; backbones as torchvision's.",
        (
            *(
                _frozen(
                    "lpips_heads",
                    (mark,),
                    LPIPSHeads,
                    features.lpips_heads_sizes,
                    features.from_lpips_heads,
                    (r"scaling_layer\..*",),  # of colours, known
                )
                for mark in (r"lin0\.model\.1\.weight", r"lpips_weights\.0\.main\.1\.weight")
            ),
            _frozen(
                "lpips",
                (r"lin0", r"conv1.*/kernel"),
                LPIPS,
                features.lpips_sizes,
                features.from_lpips,
            ),
        ),
    ),
    Kind(
        "efficientnet-lite",
        "EfficientNet-Lite0",
        "features",
        "Apache-2.0; trained on ImageNet: research.",
        (
            _frozen(
                "lite0",
                (r"_conv_stem\.weight", r"_blocks\.15\._project_conv\.weight"),
                EfficientNetLite,
                lambda arrays: {},
                features.from_pytorch(layer_names.lite0, 1e-3),
            ),
        ),
    ),
    Kind(
        "arcface",
        "ArcFace, IR-SE50",
        "features",
        "MIT; trained on faces of celebrities: research.",
        (
            _frozen(
                "arcface",
                (r"input_layer\.0\.weight", r"body\.0\.res_layer\.0\.weight"),
                ArcFace,
                features.arcface_sizes,
                features.from_pytorch(layer_names.arcface),
            ),
        ),
    ),
)


def _of_roses(role, names, marks, build, part, only_named=False):
    """A network of GANs N' Roses; `part` begins the names of its functions."""
    return Network(
        role,
        names,
        marks,
        build,
        getattr(gans_n_roses, f"{part}_sizes"),
        gans_n_roses.from_generator if part == "generator" else gans_n_roses.from_others,
        getattr(gans_n_roses, f"{part}_map"),
        getattr(gans_n_roses, f"{part}_settings"),
        only_named=only_named,
    )


_ROSES_GENERATOR = (
    (r"encoder\.stem\.0\.0\.weight", r"to_rgb1\.conv\.weight"),
    GansNRosesGenerator,
    "generator",
)
_ROSES_DISCRIMINATOR = (
    (r"l_branch\.0\.0\.weight", r"g_final\.weight"),
    GansNRosesDiscriminator,
    "discriminator",
)
GANS_N_ROSES = Kind(
    "gans-n-roses",
    "GANs N' Roses",
    "gans_n_roses",
    GANS_N_ROSES_LICENCE,
    (
        # From A to B, and back; each discriminator judges what the generator of its direction
        # draws. Alone, a network is taken for the forward one.
        _of_roses("backward_generator", ("G_B2A_ema", "G_B2A"), *_ROSES_GENERATOR, True),
        _of_roses("generator", ("G_A2B_ema", "G_A2B"), *_ROSES_GENERATOR),
        _of_roses("backward_discriminator", ("D_A",), *_ROSES_DISCRIMINATOR, True),
        _of_roses("discriminator", ("D_B",), *_ROSES_DISCRIMINATOR),
        _of_roses(
            "style_discriminator",
            ("D_L",),
            (r"fc\.0\.weight", r"fc\..\.fc\.weight"),
            StyleDiscriminator,
            "style_discriminator",
        ),
    ),
)

KINDS = (
    Kind(
        "pytorch-ada",
        "StyleGAN2-ADA, PyTorch",
        "stylegan2",
        NVIDIA_LICENCE,
        (
            Network(
                "generator",
                ("G_ema", "G"),
                (r"synthesis\.b4\.const", r"synthesis\.b4\.conv1\.affine\.weight"),
                StyleGAN2Generator,
                sizes.pytorch_ada_generator,
                settings.from_ada_generator,
                key_map.pytorch_ada_generator_map,
                settings.pytorch_ada_generator_settings,
            ),
            Network(
                "discriminator",
                ("D",),
                (r"b4\.out\.weight", r"b4\.conv\.weight"),
                StyleGAN2Discriminator,
                sizes.pytorch_ada_discriminator,
                settings.from_ada_discriminator,
                key_map.pytorch_ada_discriminator_map,
                settings.pytorch_ada_discriminator_settings,
            ),
        ),
    ),
    Kind(
        "rosinality",
        "StyleGAN2, rosinality (PyTorch)",
        "stylegan2",
        ROSINALITY_LICENCE,
        (
            Network(
                "generator",
                ("g_ema", "g"),
                (r"input\.input", r"conv1\.conv\.modulation\.weight", r"style\.1\.weight"),
                StyleGAN2Generator,
                sizes.rosinality_generator,
                settings.from_rosinality_generator,
                key_map.rosinality_generator_map,
                settings.rosinality_generator_settings,
                beside=("latent_avg",),
            ),
            Network(
                "discriminator",
                ("d",),
                ROSINALITY_DISCRIMINATOR,
                StyleGAN2Discriminator,
                sizes.rosinality_discriminator,
                settings.from_rosinality_discriminator,
                key_map.rosinality_discriminator_map,
                settings.rosinality_discriminator_settings,
            ),
        ),
    ),
    Kind(
        "stylegan2-tf",
        "StyleGAN2 or StyleGAN2-ADA, TensorFlow",
        "stylegan2",
        NVIDIA_LICENCE,
        (
            Network(
                "generator",
                ("Gs", "G"),
                (r"synthesis/4x4/Const/const", r"synthesis/4x4/Conv/mod_weight"),
                StyleGAN2Generator,
                sizes.tensorflow_generator,
                settings.from_tensorflow_generator,
                key_map.tensorflow_generator_map,
                settings.tensorflow_generator_settings,
                ignored=("lod", "synthesis/lod"),  # progress of growing; these do not grow
            ),
            Network(
                "discriminator",
                ("D",),
                (r"4x4/Dense0/weight", r"Output/weight"),
                StyleGAN2Discriminator,
                sizes.tensorflow_discriminator,
                settings.from_tensorflow_discriminator,
                key_map.tensorflow_discriminator_map,
                settings.tensorflow_discriminator_settings,
                ignored=("lod",),
            ),
        ),
    ),
    Kind(
        "stylegan-tf",
        "StyleGAN, TensorFlow",
        "stylegan",
        STYLEGAN_LICENCE,
        (
            Network(
                "generator",
                ("Gs", "G"),
                (r"synthesis/4x4/Const/const", r"synthesis/4x4/Const/StyleMod/weight"),
                StyleGANGenerator,
                stylegan_sizes.tensorflow_generator,
                stylegan_settings.from_tensorflow_generator,
                stylegan.tensorflow_generator_map,
                stylegan_settings.tensorflow_generator_settings,
                ignored=("lod", "synthesis/lod"),  # in the configuration of our network
                prepare=stylegan.as_auto_tensorflow,
            ),
            Network(
                "discriminator",
                ("D",),
                (r"FromRGB_lod0/weight", r"4x4/Dense1/weight"),
                StyleGANDiscriminator,
                stylegan_sizes.tensorflow_discriminator,
                stylegan_settings.from_tensorflow_discriminator,
                stylegan.tensorflow_discriminator_map,
                stylegan_settings.tensorflow_discriminator_settings,
                ignored=("lod",),
            ),
        ),
    ),
    Kind(
        "stylegan-pytorch",
        "StyleGAN, PyTorch port (InterFaceGAN, GenForce)",
        "stylegan",
        STYLEGAN_LICENCE,
        (
            Network(
                "generator",
                ("generator_smooth", "generator"),
                (
                    r"synthesis\.layer0\.first_layer",
                    r"synthesis\.layer0\.epilogue\.style_mod\.dense\.linear\.weight",
                ),
                StyleGANGenerator,
                stylegan_sizes.pytorch_generator,
                stylegan_settings.from_pytorch_generator,
                stylegan.pytorch_generator_map,
                stylegan_settings.pytorch_generator_settings,
                # Growing as above; truncation is an argument of our calls.
                ignored=("synthesis.lod", "truncation.truncation"),
                prepare=stylegan.as_auto_pytorch,
            ),
        ),
    ),
    Kind(
        "pix2pixhd",
        "Pix2PixHD",
        "pix2pixhd",
        PIX2PIXHD_LICENCE,
        (
            Network(
                "generator",
                ("G_ema", "G"),
                (r"model1_1\.1\.weight", r"model\..*\.conv_block\.1\.weight"),
                Pix2PixHDLocalEnhancer,
                pix2pixhd.local_enhancer_sizes,
                pix2pixhd.settings,
                pix2pixhd.local_enhancer_map,
                pix2pixhd.local_enhancer_settings,
            ),
            Network(
                "generator",
                ("G_ema", "G"),
                (r"model\.1\.weight", r"model\..*\.conv_block\.1\.weight"),
                Pix2PixHDGenerator,
                pix2pixhd.generator_sizes,
                pix2pixhd.settings,
                pix2pixhd.generator_map,
                pix2pixhd.generator_settings,
            ),
            Network(
                "discriminator",
                ("D",),
                (r"scale0_layer0\.0\.weight",),
                Pix2PixHDDiscriminator,
                pix2pixhd.discriminator_sizes,
                pix2pixhd.settings,
                pix2pixhd.discriminator_map,
                pix2pixhd.discriminator_settings,
            ),
            Network(  # trained without feature matching; written under the names above
                "discriminator",
                ("D",),
                (r"layer0\.0\.weight", r"layer0\.2\.weight", r"layer0\.5\.weight"),
                Pix2PixHDDiscriminator,
                pix2pixhd.plain_discriminator_sizes,
                pix2pixhd.settings,
                pix2pixhd.plain_discriminator_map,
                pix2pixhd.discriminator_settings,
            ),
        ),
    ),
    Kind(
        "stylemapgan",
        "StyleMapGAN",
        "stylemapgan",
        STYLEMAPGAN_LICENCE,
        (
            Network(
                "generator",
                ("g_ema", "generator"),
                (r"mapping_z\.1\.weight", r"decoder\.input\.input"),
                StyleMapGANGenerator,
                stylemapgan.generator_sizes,
                stylemapgan.from_generator_settings,
                stylemapgan.generator_map,
                stylemapgan.generator_settings,
                average="average stylemap",
            ),
            Network(
                "encoder",
                ("e_ema", "encoder"),
                (r"from_rgb\.0\.weight", r"convs\.0\.conv1\.0\.weight"),
                StyleMapGANEncoder,
                stylemapgan.encoder_sizes,
                stylemapgan.from_encoder_settings,
                stylemapgan.encoder_map,
                stylemapgan.encoder_settings,
                beside=(stylemapgan.CONSTANT,),  # tells the stylemap's size
                ignored=(re.escape(stylemapgan.CONSTANT),),
            ),
            Network(
                "discriminator",
                ("discriminator",),
                ROSINALITY_DISCRIMINATOR,
                StyleGAN2Discriminator,
                sizes.rosinality_discriminator,
                lambda values: settings.from_rosinality_discriminator({}),
                key_map.rosinality_discriminator_map,
                settings.rosinality_discriminator_settings,
            ),
        ),
    ),
    Kind(
        "isf-gan",
        "ISF-GAN",
        "isf_gan",
        ISF_GAN_LICENCE,
        (
            Network(
                "style_function",
                ("mapnet",),
                (r"w_net\.z_net\.shared\.0\.weight", r"w_net\.fc\.0\.weight"),
                ImplicitStyleFunction,
                isf_gan.style_function_sizes,
                isf_gan.from_style_function,
                isf_gan.style_function_map,
                isf_gan.style_function_settings,
                beside=isf_gan.BESIDE,
                ignored=tuple(map(re.escape, isf_gan.BESIDE)),
            ),
            Network(
                "discriminator",
                ("discriminator",),
                (r"main\.0\.weight", r"out_cls\.1\.weight", r"out_src\.1\.weight"),
                ISFGANDiscriminator,
                isf_gan.discriminator_sizes,
                lambda settings: {},
                isf_gan.discriminator_map,
                isf_gan.discriminator_settings,
            ),
        ),
    ),
    GANS_N_ROSES,
    Kind(
        "mobilestylegan",
        "MobileStyleGAN, OpenVINO (random-face)",
        "mobilestylegan",
        mobilestylegan.LICENCE,
        (
            Network(
                "generator",
                ("generator",),
                (r"SynthesisNetwork/m\.input\.input", r"MappingNetwork/173"),
                MobileStyleGAN,
                mobilestylegan.sizes,
                mobilestylegan.settings,
                mobilestylegan.rows,
                prepare=mobilestylegan.prepare,
            ),
        ),
    ),
    *FEATURE_KINDS,
)

# Known by names that all occur; more telling ones first. Their networks are not in this package.
ONLY_KNOWN = (
    ("StyleGAN2 with progressive growing (configurations A to D)", (r"ToRGB_lod\d+/mod_weight",)),
    ("StyleGAN2's growing discriminator", (r"FromRGB_lod\d+/weight", r"Output/weight")),
    ("StyleGAN3", (r"synthesis\.input\.transform",)),
    ("an earlier discriminator of GANs N' Roses", (r"d_branch\.0\.0\.weight",)),
)


READABLE = tuple(kind.name for kind in KINDS)
WRITABLE = tuple(kind.name for kind in KINDS if all(n.official for n in kind.networks))


def kind_named(name):
    """The `Kind` of that name."""
    return next(kind for kind in KINDS if kind.name == name)


def recognise(arrays, name=""):
    """[(kind, network)] that the names of a state's arrays tell, at most one a kind.

    `name` is that of the state in its file, where it has one.
    """
    text = "\n".join(arrays)
    matches = {}
    for kind in KINDS:
        for network in kind.networks:
            if _have(text, network.marks) and (not network.only_named or name in network.names):
                matches.setdefault(kind.name, (kind, network))
    return list(matches.values())


def known_title(arrays):
    """Title of the system that is known but not convertible, or None."""
    text = "\n".join(arrays)
    # The name of a network may stand before those of its arrays.
    prefix = r"(?:.*[./])?"
    return next((title for title, marks in ONLY_KNOWN if _have(text, marks, prefix)), None)


def _have(text, marks, prefix=""):
    return all(re.search(rf"^{prefix}(?:{mark})$", text, re.MULTILINE) for mark in marks)
