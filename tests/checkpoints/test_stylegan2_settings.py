"""Settings of the original constructors: what they become, and what our networks do not have."""

import pytest

from tfgan_edit.checkpoints import stylegan2_settings as settings
from tfgan_edit.config import UserError


def test_defaults_are_the_published_ones():
    assert settings.from_ada_generator({}) == {"mapping_lr_multiplier": 0.01, "clamp": None}
    assert settings.from_ada_discriminator({})["group_size"] == 4
    assert settings.from_rosinality_discriminator({"lr_mlp": 0.1}) == {"group_size": 4}
    assert settings.from_tensorflow_discriminator({})["mapping_lr_multiplier"] == 0.1


def test_the_groups_of_tensorflow_discriminators():
    """Those of the functions: StyleGAN2 (version 4) has 4, StyleGAN2-ADA (5) the whole batch."""
    assert settings.from_tensorflow_discriminator({"version": 4})["group_size"] == 4
    assert settings.from_tensorflow_discriminator({"version": 5})["group_size"] is None
    eight = {"version": 5, "mbstd_group_size": 8}
    assert settings.from_tensorflow_discriminator(eight)["group_size"] == 8


def test_synthesis_settings_in_a_dictionary_or_beside():
    """StyleGAN2-ADA has the first form, StyleGAN3's code for StyleGAN2 the second."""
    inner = {"conv_clamp": 256, "resample_filter": [1, 2, 1], "num_fp16_res": 4}
    expected = {"mapping_lr_multiplier": 0.01, "clamp": 256, "resample_taps": [1, 2, 1]}
    assert settings.from_ada_generator({"synthesis_kwargs": inner}) == expected
    assert settings.from_ada_generator({**inner, "z_dim": 512}) == expected


@pytest.mark.parametrize(
    "values, message",
    [
        ({"pagan_num": 16}, "pagan_num=16, unknown here"),
        ({"nonlinearity": "relu"}, "nonlinearity='relu'; here it can only be 'lrelu'"),
        ({"mbstd_group_size": "4"}, "group_size='4', which is no number"),
        ({"mbstd_group_size": True}, "group_size=True, which is no number"),
        ({"mbstd_group_size": 2.5}, "group_size=2.5, which is no number"),
        ({"conv_clamp": float("inf")}, "clamp=inf, which is no number"),
        ({"conv_clamp": [1]}, r"clamp=\[1\], which is no number"),
        ({"resample_kernel": [1] * 65}, "which is no number"),
        ({"resample_kernel": ["a"]}, "which is no number"),
        ({"resample_kernel": None}, "resample_taps=None, which is no number"),
        ({"mapping_lrmul": None}, "mapping_lr_multiplier=None, which is no number"),
        ({"synthesis": {"x": 1}}, "synthesis.x=1, unknown here"),
    ],
)
def test_settings_that_are_not_supported(values, message):
    with pytest.raises(UserError, match=message):
        settings.from_tensorflow_discriminator(values)
