"""A recipe at other resolutions, on avatars that are drawn for it."""

import dataclasses

PHOTOS = 64  # enough for a batch: the pipeline repeats them


def at_resolutions(config, resolutions, folder):
    """{resolution: the recipe at that size}; `folder` takes the drawn records.

    Widths are the recipe's `channels` if they name all levels, else those of its `channel_base`
    and `channel_max`, which are the published ones by default.
    """
    trainer = config.trainer
    if trainer.channels and not {str(r) for r in resolutions} <= set(trainer.channels):
        trainer = dataclasses.replace(trainer, channels=None)
    return {
        resolution: dataclasses.replace(
            config,
            trainer=trainer,
            data=dataclasses.replace(
                config.data,
                source="avatars:avataaars",
                dest=f"{folder}/{resolution}",
                resolution=resolution,
                num=PHOTOS,
                subset=None,
            ),
        )
        for resolution in resolutions
    }


def widths(config):
    """The recipe's widths in words."""
    trainer = config.trainer
    if trainer.channels:
        return "widths " + ", ".join(f"{r}: {c}" for r, c in trainer.channels.items())
    return f"widths min({trainer.channel_base} / resolution, {trainer.channel_max})"
