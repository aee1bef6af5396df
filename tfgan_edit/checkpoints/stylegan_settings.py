"""Settings of StyleGAN networks that no array tells: from and to the original constructors."""

from tfgan_edit.checkpoints.stylegan2_settings import Only, _chosen, _img_resolution
from tfgan_edit.config import UserError

# === Settings, as in `stylegan2_settings` ===

TENSORFLOW = {
    **dict.fromkeys(
        (
            *("version", "num_channels", "resolution", "label_size", "dtype", "structure"),
            *("fmap_base", "fmap_decay", "fmap_max", "latent_size", "dlatent_size"),
            *("mapping_layers", "mapping_fmaps", "dlatent_broadcast", "truncation_psi"),
            *("truncation_cutoff", "truncation_psi_val", "truncation_cutoff_val"),
            *("dlatent_avg_beta", "style_mixing_prob", "randomize_noise", "is_training"),
            *("is_validation", "is_template_graph", "force_clean_graph", "mbstd_num_features"),
        )
    ),
    "mapping_lrmul": "mapping_lr_multiplier",
    "mbstd_group_size": "group_size",
    "blur_filter": "resample_taps",
    "fused_scale": Only("auto", True, False),  # turns kernels: `stylegan.as_auto_tensorflow`
    "normalize_latents": Only(True),
    "use_wscale": Only(True),
    "use_styles": Only(True),
    "const_input_layer": Only(True),
    "use_noise": Only(True),
    "use_instance_norm": Only(True),
    "use_pixel_norm": Only(False),
    "nonlinearity": Only("lrelu"),
    "mapping_nonlinearity": Only("lrelu"),
}
PYTORCH = {
    **dict.fromkeys(
        ("resolution", "w_space_dim", "output_channels", "truncation_psi", "truncation_layers")
    ),
    "randomize_noise": None,
    "fused_scale": Only("auto", True, False),
}


def from_tensorflow_generator(settings):
    """Our arguments for the settings in a TensorFlow pickle of a generator."""
    chosen = {"mapping_lr_multiplier": 0.01, **_chosen(settings, TENSORFLOW)}
    chosen.pop("group_size", None)  # the discriminator's
    return chosen


def from_tensorflow_discriminator(settings):
    """Our arguments for the settings in a TensorFlow pickle of a discriminator."""
    chosen = {"group_size": 4, **_chosen(settings, TENSORFLOW)}
    chosen.pop("mapping_lr_multiplier", None)  # the generator's
    return chosen


def from_pytorch_generator(settings):
    """Our arguments for the settings in a file of a PyTorch port's generator."""
    return {"mapping_lr_multiplier": 0.01, **_chosen(settings, PYTORCH)}


# === Back: the original constructor's arguments of our networks ===


def tensorflow_generator_settings(generator):
    """Arguments of the original's `G_style`."""
    mapping = generator.mapping
    return {
        **_tensorflow(generator, generator.synthesis.resample_taps),
        "latent_size": generator.z_dim,
        "dlatent_size": generator.w_dim,
        "mapping_layers": mapping.num_layers,
        "mapping_fmaps": mapping.hidden_dim or generator.w_dim,
        "mapping_lrmul": mapping.lr_multiplier,
    }


def tensorflow_discriminator_settings(discriminator):
    """Arguments of the original's `D_basic`."""
    return {
        **_tensorflow(discriminator, discriminator.resample_taps),
        "mbstd_group_size": discriminator.group_size,
        "mbstd_num_features": discriminator.num_stddev_channels,
    }


def _tensorflow(network, taps):
    return {
        "resolution": _img_resolution(network),
        "num_channels": network.img_channels,
        "label_size": network.label_dim,
        "blur_filter": taps,
        "fused_scale": "auto",
    }


def pytorch_generator_settings(generator):
    """Arguments of the port's generator.

    Raises:
        UserError: a network that it cannot express.
    """
    mapping, taps = generator.mapping, generator.synthesis.resample_taps
    for name, value, only in (
        ("label_dim", generator.label_dim, 0),
        ("mapping_lr_multiplier", mapping.lr_multiplier, 0.01),
        ("resample_taps", taps, (1, 2, 1)),
    ):
        if value != only:
            raise UserError(f"StyleGAN's port has {name}={only} only. Received: {name}={value}")
    return {
        "resolution": _img_resolution(generator),
        "w_space_dim": generator.w_dim,
        "output_channels": generator.img_channels,
        "fused_scale": "auto",
    }
