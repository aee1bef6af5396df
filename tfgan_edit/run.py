"""A run from its resolved configuration to its folder.

    runs/NAME/  config.json  log.txt  stats.jsonl  samples/  tensorboard/
                state/  what resumes the run, private     preset/  what others may load
"""

import contextlib
import dataclasses
import datetime
import fcntl
import itertools
import json
import math
import os
import platform
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfgan_edit.callbacks.calibration import Calibration
from tfgan_edit.callbacks.image_grid import ImageGrid
from tfgan_edit.callbacks.metric_run import MetricRun
from tfgan_edit.callbacks.preset_export import PresetExport
from tfgan_edit.callbacks.progress import Progress, RunLog
from tfgan_edit.callbacks.statistics_log import StatisticsLog
from tfgan_edit.callbacks.watchdog import Watchdog
from tfgan_edit.config import UserError, differences, with_defaults
from tfgan_edit.data import prepare
from tfgan_edit.data.lost_pages import explain_lost_pages, mapped_files
from tfgan_edit.editing.scorers import PUBLISHED, Scorer, load_scorer
from tfgan_edit.metrics import Evaluation, cache_folder, check_metric
from tfgan_edit.metrics.photo_sets import GeneratedPhotos, RecordPhotos
from tfgan_edit.pictures import image_grid, write_picture
from tfgan_edit.preset import load_preset
from tfgan_edit.storage import disk_full, is_disk_full, read_json, write_json
from tfgan_edit.trainers.gan import PRECISIONS
from tfgan_edit.trainers.loop import (
    distributed_batches,
    process_memory,
    train_loop,
)
from tfgan_edit.trainers.samples import grid_shape
from tfgan_edit.trainers.schedule import constant_schedule
from tfgan_edit.trainers.state import StateFolder, transfer_weights
from tfgan_edit.trainers.strategy import (
    default_jit,
    default_precision,
    is_chief,
    largest_of_workers,
    make_strategy,
    num_workers,
)

TIMED_STEPS = 3
UNTRAINED = "untrained"  # in place of a frozen preset: a random network, to see that a run runs


def check(config):
    """Raises UserError for values that no run can have."""
    if config.precision not in ("auto", *PRECISIONS):
        known = ", ".join(PRECISIONS)
        raise UserError(f"precision {config.precision!r} is unknown: use auto, {known}")
    for key in ("batch_size", "total_kimg", "total_minutes", "tick_kimg", "preset_ticks"):
        if getattr(config, key) is not None and getattr(config, key) <= 0:
            raise UserError(f"{key} must be positive, got {getattr(config, key)}")
    for name in config.metrics:
        check_metric(name)
    roles = getattr(config.trainer, "frozen_roles", {})
    for role in config.frozen:
        if role not in roles:
            known = f"knows {', '.join(roles)}" if roles else "uses no frozen networks"
            raise UserError(f"frozen.{role}: trainer {config.trainer.method!r} {known}")
    default_jit(config.jit_compile)


class Run:
    """Data, trainer and strategy of one configuration.

    Args:
        config: `RunConfig`.
        workdir: run folder, or None for a run that writes nothing.
    """

    def __init__(self, config, workdir=None):
        check(config)
        self.workdir = None if workdir is None else Path(workdir)
        config = self.config = dataclasses.replace(config, precision=self._precision(config))
        self.strategy = make_strategy(config.strategy)
        self.chief = is_chief(self.strategy)
        self.hardware = hardware(self.strategy)
        replicas = self.strategy.num_replicas_in_sync
        if config.batch_size % replicas:
            raise UserError(
                f"batch_size {config.batch_size} does not divide among {replicas} replicas: "
                f"choose a multiple of {replicas}"
            )
        config.trainer.check(batch_size=config.batch_size, num_replicas=replicas)
        self.data = prepare(config.data, progress=self.chief)  # such as `Records`
        self.frozen = {
            role: load_frozen(config.trainer, role, path)
            for role, path in config.frozen.items()
            if path != UNTRAINED
        }
        with self.strategy.scope():
            try:
                self.schedule = getattr(config.trainer, "schedule", constant_schedule)(
                    batch_size=config.batch_size, resolution=self.data.resolution
                )
                self.trainer = config.trainer.build(
                    **self.data.facts,
                    **self._frozen_networks(),
                    **self._growing(),
                    precision=config.precision,
                    jit_compile=default_jit(config.jit_compile),
                    half_activations=bool(tf.config.list_physical_devices("GPU")),
                    seed=config.seed,
                )
            except ValueError as error:
                raise UserError(f"recipe {config.name!r}: {error}") from error
        if config.metrics and self.trainer.drawing_network is None:
            raise UserError(
                f"metrics: what {config.trainer.method!r} trains draws no pictures from latents; "
                "evaluate its preset afterwards"
            )
        self.total_steps = self.schedule.steps(config.total_kimg * 1000)

    def _precision(self, config):
        """A run goes on in the precision it began with, on whichever machine."""
        if config.precision == "auto" and self.workdir is not None:
            path = self.workdir / "config.json"
            begun = read_json(path) if path.exists() else None
            found = begun.get("precision") if isinstance(begun, dict) else None
            if found in PRECISIONS:
                return found
        return default_precision(config.precision)

    def _frozen_networks(self):
        """{"frozen": {role: network}} for a trainer that has roles for such networks."""
        trainer = self.config.trainer
        roles = getattr(trainer, "frozen_roles", {})
        networks = {}
        for role in self.config.frozen:
            if role not in self.frozen:
                keras.utils.set_random_seed(self.config.seed)  # the same when the run goes on
                networks[role] = trainer.untrained(role, self.data.facts["resolution"])
            elif isinstance(self.frozen[role], Scorer):
                networks[role] = self.frozen[role]
                continue  # its network is frozen
            else:
                networks[role] = self.frozen[role].require(roles[role])
            networks[role].trainable = False
        return {"frozen": networks} if roles else {}

    def _growing(self):
        """{"schedule": schedule} for a trainer whose settings made it."""
        growing = hasattr(self.config.trainer, "schedule")
        return {"schedule": self.schedule} if growing else {}

    def batches(self, start_step):
        """Iterator of distributed batches from a step on."""
        for stage, first, end in self.schedule.parts(start_step):
            length = None if end == math.inf else end - first
            yield from itertools.islice(self._stage_batches(stage, first), length)

    def _stage_batches(self, stage, start_step):
        """Endless iterator of batches of one stage."""
        return distributed_batches(
            self.strategy,
            self.data,
            batch_size=stage.batch_size,
            start_step=start_step - stage.first_step,
            first_position=stage.first_image,
            seed=self.config.seed,
            **self.config.data.reading,
        )

    def describe(self):
        """Prints configuration, sizes, and what three timed steps foretell (`--dry_run`)."""
        print(json.dumps(self.config.to_json(), indent=2))
        total = 0
        for name, network in self.trainer.networks.items():
            count = sum(int(np.prod(v.shape)) for v in network.trainable_variables)
            total += count
            print(f"{name:16} {count:12,} trainable parameters")
        samples = f"{self.data.num:,}" if self.data.num else "new"  # in every step
        print(
            f"{samples} samples, {self.trainer.picture_size or self.data.resolution}; "
            f"{self.strategy.num_replicas_in_sync} replica(s); {self.total_steps:,} steps"
        )
        length = 0.0
        for stage, first, end in self.schedule.parts(0, self.total_steps):
            seconds = self._seconds_a_step(stage)
            length += seconds * (end - first)
            images = (end - first) * stage.batch_size
            print(
                f"time{stage.label}: {seconds:.3f} s a step without lazy penalties, "
                f"{stage.batch_size / seconds:.1f} images/s, "
                f"{duration(seconds * (end - first))} for {images / 1000:g} kimg"
            )
        if stage.label:
            print(f"time of all stages: {duration(length)}")
        # Weights, gradients and two moments in float32, and the average.
        fixed = 5 * 4 * total
        print(
            f"memory: {fixed / 2**20:.0f} MiB for weights and optimisers; "
            f"peak of the process after the steps {process_memory() / 2**30:.2f} GiB"
        )

    def _seconds_a_step(self, stage):
        """Time of a step with the phases that every step has."""
        first, trainer = stage.first_step, self.trainer
        trainer.step.assign(first)
        batches = self._stage_batches(stage, first)
        main = trainer.main_phases()
        # Everything is compiled before the clock starts, also for the peak of memory.
        for phases in (trainer.heaviest_phases(), main):
            trainer.step_function(next(batches), phases, first)
        start = time.perf_counter()
        for _ in range(TIMED_STEPS):
            logs = trainer.step_function(next(batches), main, first)
        float(next(iter(logs.values())))
        return (time.perf_counter() - start) / TIMED_STEPS

    def train(self):
        """Trains to the end; resumes if the run folder has a state."""
        with _full_disk_explained(self.workdir), self._exclusively():
            log = RunLog(self.workdir / "log.txt") if self.chief else (lambda line: None)
            if self.chief:
                self._claim_folder()
            explain_lost_pages(mapped_files(self.data))
            state = StateFolder(self.workdir / "state")
            previous = self.restore(log)
            step = self.trainer.current_step()
            started = time.perf_counter()

            def seconds():
                return previous + time.perf_counter() - started

            limit = math.inf
            if self.config.total_minutes is not None:
                limit = 60 * self.config.total_minutes
            if step >= self.total_steps or previous >= limit:
                log(
                    f"{self.workdir} is complete: {step:,} of {self.total_steps:,} steps, "
                    f"{duration(previous)} of training"
                )
                return

            def save_state():
                if self.chief:
                    step = self.trainer.current_step()
                    images = self.schedule.images(step)
                    state.save(
                        self.trainer, {"step": step, "images": images, "seconds": seconds()}
                    )

            def agree(number):
                return largest_of_workers(self.strategy, number)

            train_loop(
                self.trainer,
                self.batches(step),
                schedule=self.schedule,
                total_steps=self.total_steps,
                tick_images=math.ceil(self.config.tick_kimg * 1000),
                callbacks=self._callbacks(log, seconds) if self.chief else [],
                save_state=save_state,
                agree=agree if num_workers(self.strategy) > 1 else None,
                is_over=lambda: seconds() >= limit,
            )

    def restore(self, log=print):
        """Starts from (1) the run's own state, (2) a preset, (3) new weights.

        Returns:
            Seconds that were trained before.
        """
        state = None if self.workdir is None else StateFolder(self.workdir / "state")
        facts = state and state.restore(self.trainer, report=log)
        if facts:
            images = self.schedule.images(facts["step"])
            log(f"resuming from step {facts['step']:,} ({images:,} images)")
            return facts.get("seconds", 0.0)
        if self.config.init_from:
            self._initialize(log)
        return 0.0

    def adopt(self, seconds, logs, hardware):
        """Writes state, pictures and preset of a trainer that was stepped elsewhere.

        Args:
            seconds: of the training up to here.
            logs: {name: mean} of its last steps.
            hardware: what the model card says it was trained on.
        """
        with _full_disk_explained(self.workdir), self._exclusively():
            log = RunLog(self.workdir / "log.txt")
            self._claim_folder()
            step = self.trainer.current_step()
            images = self.schedule.images(step)
            StateFolder(self.workdir / "state").save(
                self.trainer, {"step": step, "images": images, "seconds": seconds}
            )
            self.hardware = hardware
            logs = {**logs, "step": step, "kimg": images / 1000, "seconds": seconds}
            log(f"{images:,} images on {hardware}")
            for callback in self._callbacks(log, lambda: seconds):
                if isinstance(callback, (ImageGrid, PresetExport)):
                    callback.set_model(self.trainer)
                    callback.on_train_begin({"step": step, "images": images})
                    callback.on_epoch_end(0, logs)
                    callback.on_train_end({})

    def _exclusively(self):
        return _lock(self.workdir) if self.chief else contextlib.nullcontext()

    def _claim_folder(self):
        path = self.workdir / "config.json"
        resolved = json.loads(json.dumps(self.config.to_json()))
        if path.exists():
            found = read_json(path)
            if not isinstance(found, dict):
                raise UserError(
                    f"{path} is not the configuration of a run: choose another --workdir"
                )
            if isinstance(found.get("trainer"), dict):
                found["trainer"] = with_defaults(found["trainer"], self.config.trainer)
            changed = differences(found, resolved)
            if changed:
                raise UserError(
                    f"run folder {self.workdir} belongs to another recipe (they differ in "
                    f"{', '.join(changed[:5])}): choose another --workdir, or remove it"
                )
        write_json(path, resolved)

    def _initialize(self, log):
        preset = load_preset(self.config.init_from)
        first = next(iter(self.trainer.networks))
        for name, network in self.trainer.networks.items():
            if name != first and name not in preset.networks:
                log(f"init_from: {name}: not in the preset, left as it begins")
                continue
            source = preset.require(name)
            if type(source) is not type(network):
                raise UserError(
                    f"init_from {self.config.init_from!r}: its {name} is a "
                    f"{type(source).__name__}, this recipe needs a {type(network).__name__}"
                )
            copied, left = transfer_weights(source, network)
            if name in self.trainer.averages:
                transfer_weights(source, self.trainer.averages[name])
            log(f"init_from: {name}: {copied} variables copied, {len(left)} new")

    def _callbacks(self, log, seconds):
        config, trainer = self.config, self.trainer
        height, width = trainer.picture_size or self.data.resolution
        width = width * trainer.pictures_per_sample
        rows, columns = grid_shape(height, width)
        reference, draw = trainer.sampler(self.data.examples(rows * columns), config.seed)
        draw = once_a_step(draw, trainer)
        grid = image_grid(reference, columns=columns)
        write_picture(self.workdir / "samples" / "reals.png", grid)

        measured = []
        if config.metrics:
            evaluation = self._evaluation()
            measured.append(
                MetricRun(self.workdir, config.metrics, evaluation, config.preset_ticks, log)
            )
        if "classifier" in trainer.averages:
            measured.append(
                Calibration(trainer, self.data, config.data.subset, config.preset_ticks, log)
            )

        def metadata(logs):
            return {
                "method": config.trainer.method,
                "recipe": config.name,
                "data": {
                    "name": config.data.source,
                    "hash": self.data.hash,
                    "num": self.data.num,
                    "resolution": list(trainer.picture_size or self.data.resolution),
                    "label_names": self.data.facts.get("label_names"),
                },
                "kimg": logs["kimg"],
                "metrics": {k: v for callback in measured for k, v in callback.results.items()},
                "seed": config.seed,
                "precision": config.precision,
                "hardware": self.hardware,
                "time": duration(seconds()),
                "parents": [self.data.hash, *(p.sha256 for p in self.frozen.values())],
                "licence": licence(self.data.manifest, self.frozen.values()),
                **trainer.metadata(),
            }

        def samples():
            return image_grid(draw(), columns=columns)

        networks = {
            name: trainer.averages.get(name, network) for name, network in trainer.networks.items()
        }
        total = None if config.total_minutes else self.schedule.images(self.total_steps)
        diverse = trainer.drawing_network is not None and trainer.pictures_per_sample == 1
        return [
            # The first, so that what it adds to the logs is shown and kept.
            Watchdog(log, draw, reference) if diverse else Watchdog(log),
            Progress(total, log, seconds()),
            StatisticsLog(self.workdir),
            ImageGrid(self.workdir, draw, columns),
            *measured,  # before the preset, whose card shows its numbers
            PresetExport(
                self.workdir / "preset",
                networks,
                config.to_json(),
                metadata,
                config.preset_ticks,
                samples,
            ),
        ]

    def _evaluation(self):
        """The training's pictures and the averaged generator, for metrics."""
        generator = self.trainer.averages[self.trainer.drawing_network]
        fake = GeneratedPhotos(
            generator, name="the generator", labels=self.data.labels, seed=self.config.seed
        )
        real = RecordPhotos(self.data)
        return Evaluation(real, fake, generator=generator, cache=cache_folder())


def once_a_step(draw, trainer):
    """`draw`, whose pictures of a step are drawn once, however many callbacks ask for them."""
    drawn = {}

    def pictures():
        step = trainer.current_step()
        if step not in drawn:
            drawn.clear()
            drawn[step] = draw()
        return drawn[step]

    return pictures


def load_frozen(trainer, role, path):
    """A `Preset`, or, for a role of scorers, the `Scorer` of published networks."""
    if role in getattr(trainer, "scorer_roles", ()) and path.startswith(PUBLISHED):
        return load_scorer(path)
    return load_preset(path)


def duration(seconds):
    """Seconds as h:mm:ss."""
    return str(datetime.timedelta(seconds=round(seconds)))


def hardware(strategy):
    """One line about the machine, for model cards."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
        return f"{strategy.num_replicas_in_sync} × {name}"
    return f"{os.cpu_count()} CPU cores, {platform.machine()}"


def licence(manifest, presets=()):
    """What data and frozen presets say of their licences, for model cards."""
    stated = []
    for part in manifest.get("domains", [manifest]):
        if artwork := part.get("artwork"):
            text = f"artwork: {artwork['title']} by {artwork['author']}, {artwork['licence']}"
        else:
            text = part.get("licence") or "that of the data it was trained on"
        stated.append(text)
    # Scorers of published networks have no metadata.
    stated += [getattr(p, "metadata", {}).get("licence") for p in presets]
    return "; ".join(dict.fromkeys(filter(None, stated)))


def tiny(config):
    """A recipe shrunk to two steps of avatars at 16 px, to see that it runs."""
    return dataclasses.replace(
        config,
        trainer=config.trainer.tiny(),
        data=config.data.tiny(),
        frozen=dict.fromkeys(config.frozen, UNTRAINED),
        batch_size=4,
        total_kimg=0.008,
        tick_kimg=0.004,
        init_from=None,
        strategy="one",
    )


@contextlib.contextmanager
def _full_disk_explained(folder):
    """TensorBoard's writers report a full disk as an error of TensorFlow's."""
    try:
        yield
    except tf.errors.OpError as error:
        if is_disk_full(error):
            raise disk_full(folder) from error
        raise


@contextlib.contextmanager
def _lock(folder):
    """Refuses a second process on one run folder; the lock dies with its owner."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A folder from elsewhere may hold a link to a file of the user's.
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(folder / "lock", flags, 0o666)
    except OSError as error:
        raise UserError(f"cannot write run folder {folder}: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise UserError(
            f"run folder {folder} is in use by another process: wait, or choose another"
        ) from None
    except OSError:  # a file system without locks: nobody can be kept out
        pass
    try:
        yield
    finally:
        os.close(file)
