"""Run as a process: a few steps of a tiny trainer under a strategy, weights to a file.

    python -m tests.trainers.train_replicas METHOD STRATEGY OUT STEPS [STATE]

With STATE, a state folder is restored at the start and saved at the end.
"""

import dataclasses
import sys
from pathlib import Path

import keras
import numpy as np

from tfgan_edit.data.latents import LatentData
from tfgan_edit.data.records import RecordsWriter, open_records
from tfgan_edit.data.unpaired import Unpaired
from tfgan_edit.trainers.dcgan import DCGANConfig
from tfgan_edit.trainers.gans_n_roses import GansNRosesConfig
from tfgan_edit.trainers.isf_gan import ISFGANConfig
from tfgan_edit.trainers.loop import distributed_batches
from tfgan_edit.trainers.state import StateFolder
from tfgan_edit.trainers.strategy import is_chief, make_strategy
from tfgan_edit.trainers.stylegan import StyleGANConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config
from tfgan_edit.trainers.stylemapgan import StyleMapGANConfig

BATCH = 8
SETTINGS = dict(
    z_dim=8,
    w_dim=8,
    mapping_layers=2,
    channel_max=6,
    num_stddev_channels=0,  # its groups would depend on the number of replicas
    ema_kimg=0.05,
    learning_rate=0.01,
)
CONFIGS = {
    "stylemapgan": StyleMapGANConfig(
        stylemap_size=4,
        stylemap_channels=6,
        perceptual="pixels",
        r1_interval=2,
        **{k: v for k, v in SETTINGS.items() if k not in ("z_dim", "w_dim")},
    ),
    "stylegan2": StyleGAN2Config(r1_interval=2, path_length_interval=2, **SETTINGS),
    # Two steps at 8 px, two in which 16 px fade in. The learned constant begins as ones, of which
    # instance norm leaves rounding errors; Adam would make whole steps of them.
    "stylegan": StyleGANConfig(
        stage_kimg=0.016, fade_kimg=0.016, batch_sizes={}, learned_constant=False, **SETTINGS
    ),
    # Batch norm hides the biases before it, whose gradients are rounding errors, as below.
    "dcgan": DCGANConfig(learning_rate=0.01, epsilon=1e-3, ema_kimg=0.05).tiny(),
    # Gradients are longer than the limit, which is that of both replicas' together.
    "isf_gan": dataclasses.replace(
        ISFGANConfig().tiny(), learning_rate=0.01, warmup_steps=0, max_gradient_norm=0.1
    ),
    # Biases begin at zero, and the mapping's gradients are tiny: Adam makes whole steps of their
    # rounding errors unless its epsilon is above them.
    "gans_n_roses": GansNRosesConfig(r1_interval=2, learning_rate=0.01, epsilon=1e-3).tiny(),
}


def records(folder, side):
    if not folder.exists():
        photos = np.random.RandomState(0).randint(0, 256, (20, side, side, 3), np.uint8)
        with RecordsWriter(folder, (side, side, 3), label_names=["a", "b"]) as writer:
            for i, photo in enumerate(photos):
                writer.add(photo, np.eye(2, dtype=np.float32)[i % 2])
    return open_records(folder)


def frozen(config):
    """Networks of ISF-GAN that do not learn, the same in every process."""
    keras.utils.set_random_seed(0)
    return {role: config.untrained(role, 8) for role in ("generator", "scorer")}


def main(method, strategy_name, out, steps, state=None):
    strategy = make_strategy(strategy_name)
    config = CONFIGS[method]
    reading = {"mirror": True}
    if method == "isf_gan":
        data, facts = LatentData(), {"frozen": frozen(config)}
    else:
        side = 8 if method == "stylegan2" else 16  # the least that the others grow or encode
        data = records(Path(out).parent / "records", side)
        facts = {"resolution": side, "label_dim": 2, "labels": data.labels}
    if method == "stylegan":
        facts["schedule"] = config.schedule(resolution=16, batch_size=BATCH)
    if method == "gans_n_roses":
        data, facts, reading = Unpaired(data, data), {"resolution": 16}, {}
    with strategy.scope():
        trainer = config.build(**facts, jit_compile=False, seed=3)
    folder = StateFolder(state) if state else None
    start = 0
    if folder is not None and (facts := folder.restore(trainer)):
        start = facts["step"]
    batches = distributed_batches(
        strategy, data, batch_size=BATCH, start_step=start, **reading
    )
    for _ in range(start, int(steps)):
        logs = trainer.step_function(next(batches))
    if is_chief(strategy):
        if folder is not None:
            folder.save(trainer, {"step": trainer.current_step()})
        arrays = {f"{i:03d} {v.path}": v.numpy() for i, v in enumerate(trainer.weights)}
        arrays |= {f"log {name}": float(value) for name, value in logs.items()}
        np.savez(out, **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
