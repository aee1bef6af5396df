"""Settings of StyleGAN2 networks that no array tells: from and to the original constructors.

Clamps, group sizes and learning rates of the mapping come from the original constructor's
arguments where a file holds them; else they have their published values.
"""

import math

from tfgan_edit.checkpoints.stored import brief
from tfgan_edit.config import UserError


class Only:
    """A setting that our networks have with these values only."""

    def __init__(self, *values):
        self.values = values


# === Settings: name in the original's constructor -> our argument, None where the arrays tell it
# or it does not act on outputs in float32, or Only ===

_ADA_MAPPING = {
    "mapping_kwargs.num_layers": None,
    "mapping_kwargs.embed_features": None,
    "mapping_kwargs.layer_features": None,
    "mapping_kwargs.w_avg_beta": None,
    "mapping_kwargs.activation": Only("lrelu"),
    "mapping_kwargs.lr_multiplier": "mapping_lr_multiplier",
}
_ADA_SIZES = dict.fromkeys(
    ("class_name", "z_dim", "c_dim", "w_dim", "img_channels", "channel_base", "channel_max")
)
_ADA_SYNTHESIS = {
    "channel_base": None,
    "channel_max": None,
    "architecture": None,
    "num_fp16_res": None,
    "fp16_channels_last": None,
    "fused_modconv_default": None,
    "conv_clamp": "clamp",
    "resample_filter": "resample_taps",
    "use_noise": Only(True),
    "activation": Only("lrelu"),
}
ADA_GENERATOR = {
    **_ADA_SIZES,
    **_ADA_MAPPING,
    "img_resolution": None,
    # In a dictionary of their own in StyleGAN2-ADA, beside the others in StyleGAN3's code.
    **{f"synthesis_kwargs.{name}": meaning for name, meaning in _ADA_SYNTHESIS.items()},
    **_ADA_SYNTHESIS,
}
ADA_DISCRIMINATOR = {
    **_ADA_SIZES,
    **_ADA_MAPPING,
    "img_resolution": None,
    "architecture": None,
    "num_fp16_res": None,
    "cmap_dim": None,
    "conv_clamp": "clamp",
    "block_kwargs.fp16_channels_last": None,
    "block_kwargs.activation": Only("lrelu"),
    "block_kwargs.resample_filter": "resample_taps",
    "block_kwargs.freeze_layers": "freeze_layers",
    "epilogue_kwargs.mbstd_group_size": "group_size",
    "epilogue_kwargs.mbstd_num_channels": None,
    "epilogue_kwargs.activation": Only("lrelu"),
}
ROSINALITY = {
    **dict.fromkeys(("size", "style_dim", "n_mlp", "channel_multiplier")),
    "lr_mlp": "mapping_lr_multiplier",
    "blur_kernel": "resample_taps",
}
_TF_SHARED = {
    **dict.fromkeys(
        (
            *("version", "num_channels", "resolution", "label_size", "architecture", "dtype"),
            *("fmap_base", "fmap_decay", "fmap_min", "fmap_max", "num_fp16_res", "mapping_layers"),
            *("mapping_fmaps", "fused_modconv", "structure", "is_template_graph"),
        )
    ),
    "resample_kernel": "resample_taps",
    "conv_clamp": "clamp",
    "nonlinearity": Only("lrelu"),
    "mapping_nonlinearity": Only("lrelu"),
    "mapping_lrmul": "mapping_lr_multiplier",
}
TF_GENERATOR = {
    **_TF_SHARED,
    **dict.fromkeys(
        (
            *("latent_size", "dlatent_size", "dlatent_broadcast", "truncation_psi"),
            *("truncation_cutoff", "truncation_psi_val", "truncation_cutoff_val"),
            *("dlatent_avg_beta", "style_mixing_prob", "randomize_noise", "mapping_func"),
            *("synthesis_func", "is_training", "is_validation", "return_dlatents"),
        )
    ),
    "normalize_latents": Only(True),
    "use_noise": Only(True),
}
TF_DISCRIMINATOR = {
    **_TF_SHARED,
    "mbstd_group_size": "group_size",
    "mbstd_num_features": None,
}


# === What no array tells: the published values, and those of the settings instead ===


def from_ada_generator(settings):
    """Our arguments for the settings in a file of StyleGAN2-ADA's PyTorch generator."""
    return {"mapping_lr_multiplier": 0.01, "clamp": None, **_chosen(settings, ADA_GENERATOR)}


def from_ada_discriminator(settings):
    """Our arguments for the settings in a file of StyleGAN2-ADA's PyTorch discriminator."""
    defaults = {"mapping_lr_multiplier": 0.01, "clamp": None, "group_size": 4}
    return {**defaults, **_chosen(settings, ADA_DISCRIMINATOR)}


def from_rosinality_generator(settings):
    """Our arguments for the arguments in a file of the PyTorch port's generator."""
    return {"mapping_lr_multiplier": 0.01, **_chosen(settings, ROSINALITY)}


def from_rosinality_discriminator(settings):
    """Our arguments for the arguments in a file of the PyTorch port's discriminator."""
    chosen = _chosen(settings, ROSINALITY)
    chosen.pop("mapping_lr_multiplier", None)  # the generator's
    return {"group_size": 4, **chosen}


def from_tensorflow_generator(settings):
    """Our arguments for the settings in a TensorFlow pickle of a generator."""
    return {"mapping_lr_multiplier": 0.01, "clamp": None, **_chosen(settings, TF_GENERATOR)}


def from_tensorflow_discriminator(settings):
    """Our arguments for the settings in a TensorFlow pickle of a discriminator."""
    # The functions' own defaults: StyleGAN2 has groups of 4, StyleGAN2-ADA the whole batch.
    group_size = None if settings.get("version") == 5 else 4
    defaults = {"mapping_lr_multiplier": 0.1, "clamp": None, "group_size": group_size}
    return {**defaults, **_chosen(settings, TF_DISCRIMINATOR)}


def _chosen(settings, table):
    """{our argument: value} of the settings in a file.

    Raises:
        UserError: a setting that is not in the table, or has a value that our networks lack.
    """
    arguments, flat = {}, {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": item for key, item in value.items()}
        else:
            flat[str(name)] = value
    for name, value in flat.items():
        if name not in table:
            raise UserError(f"its network has the setting {name:.60}={brief(value)}, unknown here")
        meaning = table[name]
        if isinstance(meaning, Only) and value not in meaning.values:
            raise UserError(
                f"its network has {name}={brief(value)}; here it can only be "
                f"{' or '.join(map(repr, meaning.values))}"
            )
        if isinstance(meaning, str):
            arguments[meaning] = value
    for name, value in arguments.items():
        if not _is_number(name, value):
            raise UserError(f"its network has {name}={brief(value)}, which is no number")
    return arguments


def _is_number(name, value):
    """Whether a value of a file is what the argument needs; a filter's taps are several."""
    if name == "resample_taps":
        return isinstance(value, (list, tuple)) and len(value) <= 64 and all(map(_is_real, value))
    if name in ("clamp", "group_size") and value is None:
        return True
    return _is_real(value) and (name not in ("group_size", "freeze_layers") or value == int(value))


def _is_real(value):
    return type(value) in (int, float) and math.isfinite(value)


# === Back: the original constructor's arguments of our networks ===


def pytorch_ada_generator_settings(generator):
    """Arguments of the original's `Generator`."""
    mapping, synthesis = generator.mapping, generator.synthesis
    return {
        "z_dim": generator.z_dim,
        "c_dim": generator.label_dim,
        "w_dim": generator.w_dim,
        "img_resolution": _img_resolution(generator),
        "img_channels": generator.img_channels,
        "mapping_kwargs": {
            "num_layers": mapping.num_layers,
            "layer_features": mapping.hidden_dim,
            "lr_multiplier": mapping.lr_multiplier,
        },
        "synthesis_kwargs": {
            **_channel_rule(synthesis.channels),
            "architecture": synthesis.architecture,
            "conv_clamp": synthesis.clamp,
            "resample_filter": synthesis.resample_taps,
        },
    }


def pytorch_ada_discriminator_settings(discriminator):
    """Arguments of the original's `Discriminator`."""
    return {
        "c_dim": discriminator.label_dim,
        "img_resolution": _img_resolution(discriminator),
        "img_channels": discriminator.img_channels,
        "architecture": discriminator.architecture,
        **_channel_rule(discriminator.channels),
        "conv_clamp": discriminator.clamp,
        "block_kwargs": {
            "resample_filter": discriminator.resample_taps,
            "freeze_layers": discriminator.freeze_layers,
        },
        "mapping_kwargs": {
            "num_layers": discriminator.mapping_layers,
            "lr_multiplier": discriminator.mapping_lr_multiplier,
        },
        "epilogue_kwargs": {
            "mbstd_group_size": discriminator.group_size,
            "mbstd_num_channels": discriminator.num_stddev_channels,
        },
    }


def tensorflow_generator_settings(generator):
    """Arguments of the originals' `G_main`."""
    mapping, synthesis = generator.mapping, generator.synthesis
    return {
        **_tensorflow(generator, synthesis),
        "latent_size": generator.z_dim,
        "dlatent_size": generator.w_dim,
        "mapping_layers": mapping.num_layers,
        "mapping_fmaps": mapping.hidden_dim or generator.w_dim,
        "mapping_lrmul": mapping.lr_multiplier,
    }


def tensorflow_discriminator_settings(discriminator):
    """Arguments of the originals' `D_stylegan2`."""
    return {
        **_tensorflow(discriminator, discriminator),
        "mbstd_group_size": discriminator.group_size,
        "mbstd_num_features": discriminator.num_stddev_channels,
        "mapping_layers": discriminator.mapping_layers,
        "mapping_lrmul": discriminator.mapping_lr_multiplier,
    }


def _tensorflow(network, pyramid):
    return {
        "resolution": _img_resolution(network),
        "num_channels": network.img_channels,
        "label_size": network.label_dim,
        "architecture": pyramid.architecture,
        "conv_clamp": pyramid.clamp,
        "resample_kernel": pyramid.resample_taps,
    }


def rosinality_generator_settings(generator):
    """Arguments of rosinality's `Generator`.

    Raises:
        UserError: a network that it cannot express.
    """
    mapping = generator.mapping
    widths = (generator.z_dim, mapping.hidden_dim or generator.w_dim)
    if set(widths) != {generator.w_dim}:
        raise UserError(
            f"rosinality's generator has one width for z, mapping and w. Received: {widths[0]}, "
            f"{widths[1]} and {generator.w_dim}"
        )
    _require_plain(generator.synthesis)
    return {
        "size": _img_resolution(generator),
        "style_dim": generator.w_dim,
        "n_mlp": mapping.num_layers,
        "lr_mlp": mapping.lr_multiplier,
        "blur_kernel": generator.synthesis.resample_taps,
    }


def rosinality_discriminator_settings(discriminator):
    """Arguments of rosinality's `Discriminator`; raises as above."""
    _require_plain(discriminator)
    if discriminator.group_size != 4:
        raise UserError(
            "rosinality's discriminator has statistics over groups of 4. Received: group_size="
            f"{discriminator.group_size}; leave it out with --which=g_ema"
        )
    return {
        "size": _img_resolution(discriminator),
        "blur_kernel": discriminator.resample_taps,
    }


def _channel_rule(channels):
    """base and max with min(base // level, max) = width at all levels; {} if there are none."""
    widest = max(channels.values())
    base = max((r * c for r, c in channels.items() if c < widest), default=widest * max(channels))
    if any(min(base // r, widest) != c for r, c in channels.items()):
        return {}
    return {"channel_base": base, "channel_max": widest}


def _require_plain(network):
    if network.clamp is not None:
        raise UserError(
            f"rosinality's networks have no clamp. Received: clamp={network.clamp}; convert to "
            "pytorch-ada"
        )


def _img_resolution(network):
    height, width = network.resolution
    if height != width:
        raise UserError(
            f"official networks are square. Received: resolution=({height}, {width}); no file of "
            "another shape could be loaded there"
        )
    return height
