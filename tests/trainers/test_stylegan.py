"""The StyleGAN trainer: its schedule, its losses, growing, and resuming at every step."""

import dataclasses
import itertools

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close
from tfgan_edit.config import RunConfig, UserError
from tfgan_edit.data.records import DataConfig, RecordsWriter
from tfgan_edit.networks.stylegan import enlarge, shrink
from tfgan_edit.run import Run
from tfgan_edit.trainers.adaptive_augmentation import AdaptiveAugmentation, AugmentationConfig
from tfgan_edit.trainers.randomness import StepRandom
from tfgan_edit.trainers.state import StateFolder
from tfgan_edit.trainers.stylegan import StyleGANConfig

# At 8 px: level 4 for 2 steps of 8 images, level 8 faded in in 3 steps of 4, and then alone.
TINY = StyleGANConfig(
    z_dim=6,
    w_dim=5,
    mapping_layers=2,
    channel_max=4,
    start_resolution=4,
    stage_kimg=0.016,
    fade_kimg=0.012,
    batch_sizes={4: 8},
    learning_rate=0.01,
    learning_rates={8: 0.02},
    ema_kimg=0.01,
)
SCHEDULE = TINY.schedule(resolution=8, batch_size=4)
STEPS = 7
LABELS = np.eye(3, dtype=np.float32)[[0, 0, 1, 2]]
PHOTOS = np.random.RandomState(3).randint(0, 256, (8, 8, 8, 3), np.uint8)


def settings(**changes):
    return dataclasses.replace(TINY, **changes)


def batch(step):
    return {"photos": tf.constant(PHOTOS[: SCHEDULE.stage(step).batch_size])}


def images(size):
    return tf.random.stateless_normal((4, size, size, 3), (1, 2))


def arrays(trainer):
    """All that training changes, with the moments of the optimisers."""
    moments = [v for o in trainer.optimizers.values() for v in o.variables]
    return [v.numpy() for v in trainer.variables + moments]


# === The schedule ===


def test_the_schedule_is_that_of_the_paper():
    """Figures of the official code for 8 GPUs: 600 kimg of level 8, then 1,200 a level."""
    stages = StyleGANConfig().schedule(resolution=1024, batch_size=32).stages
    assert [(s.level, s.fades) for s in stages] == [
        (8, False), *itertools.product((16, 32, 64, 128, 256, 512, 1024), (True, False))
    ]  # fmt: skip
    sizes = {s.level: s.batch_size for s in stages}
    assert sizes == {8: 256, 16: 128, 32: 64, 64: 32, 128: 32, 256: 32, 512: 32, 1024: 32}
    rates = {s.level: s.learning_rate for s in stages}
    assert rates == {8: 0.001, 16: 0.001, 32: 0.001, 64: 0.001, 128: 0.0015, 256: 0.002,
                     512: 0.003, 1024: 0.003}  # fmt: skip
    for i, stage in enumerate(stages):
        assert 0 <= stage.first_image - 600_000 * i < 256  # a batch late at most
    assert stages[0].num_steps == 2344  # 600,000 / 256 = 2343.75
    assert stages[-1].num_steps is None
    for one, other in itertools.pairwise(stages):
        assert other.first_step == one.first_step + one.num_steps
        assert other.first_image == one.first_image + one.num_steps * one.batch_size
    assert (stages[2].label, stages[1].label) == (" at 16 px", " at 16 px, fading in")


def test_alpha_grows_from_0_to_1_in_proportion_to_the_images_seen():
    first, fading, last = SCHEDULE.stages
    assert (first.num_steps, fading.first_step, fading.num_steps, last.first_step) == (2, 2, 3, 5)
    assert [fading.alpha(step) for step in (2, 3, 4, 5)] == [0, 1 / 3, 2 / 3, 1]
    for step in (2, 3, 4):
        seen = SCHEDULE.images(step) - fading.first_image
        assert fading.alpha(step) == seen / (3 * 4)
        assert_close(fading.alpha(tf.constant(step, tf.int64)), fading.alpha(step), 1e-7)
    assert [first.alpha(1), last.alpha(5), last.alpha(99)] == [1, 1, 1]


@pytest.mark.parametrize(
    "changes, stages",
    [
        ({"start_resolution": 32}, [(32, False)]),
        ({"fade_kimg": 0.0}, [(8, False), (16, False), (32, False)]),
        ({"stage_kimg": 0.0}, [(16, True), (32, True), (32, False)]),
    ],
)
def test_parts_of_growing_can_be_left_out(changes, stages):
    config = settings(**{"start_resolution": 8, **changes})
    found = config.schedule(resolution=32, batch_size=4).stages
    assert [(s.level, s.fades) for s in found] == stages
    assert (found[0].first_step, found[-1].num_steps) == (0, None)


@pytest.mark.parametrize(
    "start, resolution, allowed",
    [(64, 32, "4, 8, 16, 32"), (12, 32, "4, 8, 16, 32"), (0, 8, "4, 8"), (16, (12, 8), "4, 8")],
)
def test_growing_that_does_not_fit_the_resolution_is_one_line(start, resolution, allowed):
    with pytest.raises(UserError) as caught:
        settings(start_resolution=start).schedule(resolution=resolution)
    assert f"trainer.start_resolution {start} does not lead to" in str(caught.value)
    assert f"use one of {allowed} (" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changes, batch_size, replicas, words",
    [
        ({"batch_sizes": {8: 6}}, 8, 4, "trainer.batch_sizes[8] 6 does not divide among 4"),
        ({"batch_sizes": {8: 0}}, 8, 1, "trainer.batch_sizes[8] 0 does not divide"),
        ({"batch_sizes": {8: 12}, "micro_batch": 8}, 8, 1, "micro_batch 8 does not divide the 12"),
        ({"batch_sizes": {}, "micro_batch": 3}, 8, 1, "micro_batch 3 does not divide the 8"),
        ({"batch_sizes": {8: 12}}, 8, 2, "trainer.group_size 4 does not divide the 6 images"),
        ({"loss": "hinge"}, 8, 1, "trainer.loss 'hinge' is unknown: use logistic, wgan_gp"),
        ({"augmentation": AugmentationConfig(p=2.0)}, 8, 1, "trainer.augmentation.p must be"),
        ({"stage_kimg": -1.0}, 8, 1, "trainer.stage_kimg must not be negative, got -1.0"),
        ({"fade_kimg": -1.0}, 8, 1, "trainer.fade_kimg must not be negative, got -1.0"),
    ],
)
def test_settings_that_contradict_each_other_are_named(changes, batch_size, replicas, words):
    with pytest.raises(UserError) as caught:
        settings(**changes).check(batch_size=batch_size, num_replicas=replicas)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


# === Losses, without a graph ===


def at(trainer, step):
    """The trainer in a step."""
    trainer.enter(step)
    trainer.step.assign(step)
    return StepRandom(0, tf.constant(step, tf.int64))


@pytest.fixture(scope="module")
def eager():
    """A trainer that no test trains: 16 px, 3 levels, conditional."""
    config = settings(batch_sizes={}, r1_gamma=3.0)
    schedule = config.schedule(resolution=16, batch_size=4)
    trainer = config.build(resolution=16, schedule=schedule, label_dim=3, labels=LABELS)
    random = np.random.RandomState(7)
    for network in (trainer.generator, trainer.discriminator):
        for variable in network.trainable_variables:
            variable.assign(random.normal(size=variable.shape))
    return trainer


def middle(stage):
    return stage.first_step + (stage.num_steps or 2) // 2


def test_growth_through_three_levels_is_continuous(eager):
    """The first step of a stage sees what the last one ended with, within 1e-5."""
    z = tf.random.stateless_normal((4, 6), (3, 4))
    stages = eager.schedule.stages
    assert [s.level for s in stages] == [4, 8, 8, 16, 16]
    for before, after in itertools.pairwise(stages):
        eager.enter(after.first_step - 1)
        drawn = eager.generator(z, labels=LABELS)
        judged = eager.discriminator(drawn, labels=LABELS)
        alpha = after.alpha(after.first_step)
        assert alpha == (0.0 if after.fades else 1.0)
        stage = {"level": after.level, "alpha": alpha}
        grown = eager.generator(z, labels=LABELS, **stage)
        assert_close(enlarge(grown, 16 // after.level), drawn, 1e-5)
        assert_close(eager.discriminator(grown, labels=LABELS, **stage), judged, 1e-5)
        eager.stage = after
        reals = eager._at_stage(images(16), 16 // after.level, alpha)
        ended = shrink(images(16), 16 // before.level)
        assert_close(reals, enlarge(ended, after.level // before.level), 1e-5)


@pytest.mark.parametrize("index", range(5))
def test_the_penalty_is_that_of_pictures_at_full_size(eager, index):
    """R1 of the pictures that the official code shows the discriminator."""
    stage = eager.schedule.stages[index]
    step = middle(stage)
    random = at(eager, step)
    factor = 16 // stage.level
    rows = {"images": images(16), "labels": tf.constant(LABELS)}
    loss, logs, updates = eager.phase_loss("Dmain", rows, random)
    shown = enlarge(eager._at_stage(rows["images"], factor, stage.alpha(step)), factor)
    with tf.GradientTape() as tape:
        tape.watch(shown)
        scores = eager.discriminator(
            shrink(shown, factor), labels=LABELS, level=stage.level, alpha=stage.alpha(step)
        )
        total = tf.reduce_sum(scores)
    penalty = tf.reduce_sum(tf.square(tape.gradient(total, shown)), axis=[1, 2, 3])
    assert np.all(penalty > 0)
    assert_close(logs["Loss/r1_penalty"], penalty, 1e-4)
    assert_close(loss, logs["Loss/D/loss"] + 1.5 * penalty, 1e-5)
    assert_close(logs["Loss/scores/real"], scores, 1e-5)
    assert (logs["Growing/level"], len(updates)) == (stage.level, 1)
    assert_close(logs["Growing/alpha"], stage.alpha(step), 1e-6)


def test_without_the_penalty_the_loss_is_the_logistic_one(eager):
    random = at(eager, 0)
    rows = {"images": images(16), "labels": tf.constant(LABELS)}
    eager.config = settings(r1_gamma=0.0)
    try:
        loss, logs, _ = eager.phase_loss("Dmain", rows, random)
    finally:
        eager.config = settings(r1_gamma=3.0)
    assert "Loss/r1_penalty" not in logs
    assert_close(loss, logs["Loss/D/loss"], 0)


@pytest.mark.parametrize("index", (0, 3, 4))
def test_wgan_gp_penalises_mixed_pictures_at_full_size(eager, index):
    stage = eager.schedule.stages[index]
    step, factor = middle(stage), 16 // stage.level
    random = at(eager, step)
    rows = {"images": images(16), "labels": tf.constant(LABELS)}
    eager.config = settings(loss="wgan_gp")
    try:
        loss, logs, _ = eager.phase_loss("Dmain", rows, random)
        g_loss, g_logs, _ = eager.phase_loss("Gmain", rows, random)
    finally:
        eager.config = settings(r1_gamma=3.0)
    now = {"level": stage.level, "alpha": stage.alpha(step)}
    fakes, _, _ = eager._generate(4, random, **now)
    u = (random.integers("mixture", 4, 2**23).numpy().reshape(4, 1, 1, 1) + 0.5) / 2**23
    shown = eager._at_stage(rows["images"], factor, now["alpha"]) * (1 - u) + fakes * u
    shown = enlarge(shown, factor)
    with tf.GradientTape() as tape:
        tape.watch(shown)
        scores = eager.discriminator(shrink(shown, factor), labels=LABELS, **now)
        total = tf.reduce_sum(scores)
    slopes = tf.sqrt(tf.reduce_sum(tf.square(tape.gradient(total, shown)), axis=[1, 2, 3]))
    penalty = tf.square(slopes - 1)
    assert_close(logs["Loss/gradient_penalty"], penalty, 1e-4)
    assert_close(loss, logs["Loss/D/loss"] + 10 * penalty, 1e-5)
    assert_close(g_loss, -g_logs["Loss/scores/fake"][:, 0], 0)


def test_pictures_are_augmented_before_they_are_judged(eager):
    """At 4 px, the least that there is to augment."""
    random = at(eager, 0)
    rows = {"images": images(16), "labels": tf.constant(LABELS)}
    plain = [eager.phase_loss(phase, rows, random)[0] for phase in ("Dmain", "Gmain")]
    off = eager.augmentation
    eager.augmentation = AdaptiveAugmentation(AugmentationConfig(groups="bgc", p=1.0))
    try:
        d_loss, logs, _ = eager.phase_loss("Dmain", rows, random)
        g_loss, _, _ = eager.phase_loss("Gmain", rows, random)
    finally:
        eager.augmentation = off
    assert logs["Augment/p"] == 1
    for before, after in zip(plain, (d_loss, g_loss), strict=True):
        assert np.all(np.isfinite(after)) and not np.allclose(before, after)


@pytest.mark.parametrize("index, rows", list(enumerate((2, 4, 4, 6, 6))))
def test_mixing_and_noise_reach_as_far_as_the_level(eager, index, rows):
    random = at(eager, middle(eager.schedule.stages[index]))
    assert eager.num_rows == rows
    maps = eager._noise(4, random)
    assert [m is not None for m in maps] == [i < rows for i in range(6)]
    cutoffs = set()
    eager.config = settings(style_mixing=1.0)
    for step in range(24):
        w_plus, _, _ = eager._map(2, StepRandom(0, tf.constant(step, tf.int64)))
        changes = np.any(np.diff(w_plus[0], axis=0) != 0, axis=1)
        cutoffs |= {int(np.argmax(changes)) + 1}
        assert changes.sum() == 1
    eager.config = settings(r1_gamma=3.0)
    assert cutoffs == set(range(1, rows))


@pytest.mark.parametrize(
    "variant",
    [
        {"mapping_layers": 0, "z_dim": 5, "learned_constant": False, "use_styles": False,
         "use_noise": False, "normalization": "pixel", "style_mixing": 0.0},
        {"learned_constant": False, "use_noise": False},
        {"use_noise": False},
    ],
    ids=["B", "C", "D"],
)  # fmt: skip
def test_variants_of_the_ablation_have_losses(variant):
    trainer = settings(**variant).build(resolution=8, schedule=SCHEDULE)
    for phase, step in (("Dmain", 0), ("Gmain", 3)):
        random = at(trainer, step)
        loss, _, _ = trainer.phase_loss(phase, {"images": images(8)}, random)
        assert loss.shape == (4,) and np.all(np.isfinite(loss))


# === Training ===


@pytest.fixture(scope="module")
def plain_graphs():
    """Graphs as they are traced: each runs a few times only, and optimising it takes seconds."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


@pytest.fixture(scope="module")
def history(plain_graphs, tmp_path_factory):
    """States before every step of a training, what it held then, and graphs a stage."""
    trainer = TINY.build(resolution=8, schedule=SCHEDULE, seed=1)
    folder, values, graphs = tmp_path_factory.mktemp("growing"), [], {}
    for step in range(STEPS + 1):
        StateFolder(folder / str(step)).save(trainer, {"step": step})
        values.append(arrays(trainer))
        if step < STEPS:
            trainer.step_function(batch(step), step=step)
            (function,) = trainer.step_functions.values()
            graphs[trainer.stage] = function
    counts = {stage: f.experimental_get_tracing_count() for stage, f in graphs.items()}
    return folder, values, counts


def test_every_stage_is_compiled_once(history):
    assert history[2] == dict.fromkeys(SCHEDULE.stages, 1)


def test_a_run_resumed_at_any_step_ends_bit_equal(history):
    """One trainer goes back to the state before each step and repeats it."""
    folder, values, _ = history
    trainer = TINY.build(resolution=8, schedule=SCHEDULE, seed=1)
    for step in range(STEPS):
        facts = StateFolder(folder / str(step)).restore(trainer)
        assert facts["step"] == trainer.current_step() == step
        trainer.step_function(batch(step))
        for actual, expected in zip(arrays(trainer), values[step + 1], strict=True):
            np.testing.assert_array_equal(actual, expected)


def test_optimisers_begin_anew_in_every_stage(history):
    folder, _, _ = history
    trainer = TINY.build(resolution=8, schedule=SCHEDULE)
    optimizer = trainer.optimizers["generator"]
    for step, rate, steps in ((2, 0.01, 2), (5, 0.02, 3), (6, 0.02, 1)):
        StateFolder(folder / str(step)).restore(trainer)
        assert float(optimizer.learning_rate.numpy()) == pytest.approx(rate)
        assert int(optimizer.iterations.numpy()) == steps
    StateFolder(folder / "5").restore(trainer)
    trainer.enter(5)
    for optimizer in trainer.optimizers.values():
        assert float(optimizer.learning_rate.numpy()) == pytest.approx(0.02)
        others = [v for v in optimizer.variables if v is not optimizer.learning_rate]
        assert not any(np.any(v.numpy()) for v in others)


def test_levels_above_the_stage_do_not_learn(history):
    _, values, _ = history
    trainer = TINY.build(resolution=8, schedule=SCHEDULE)
    names = [v.path for v in trainer.variables]
    fine = {n for n in names if "block_8" in n and "noise_constant" not in n}
    assert fine
    for i, name in enumerate(names):
        trained = not np.array_equal(values[0][i], values[2][i])
        assert not (name in fine and trained), name
    grown = {n for i, n in enumerate(names) if not np.array_equal(values[2][i], values[STEPS][i])}
    assert len(grown & fine) > len(fine) / 2


@pytest.mark.large
@pytest.mark.parametrize(
    "changes, options, limit",
    [
        ({"micro_batch": 2, "group_size": 1}, {}, 1e-4),
        ({"group_size": 1}, {"jit_compile": True}, 1e-3),
        ({"group_size": 1}, {"precision": "mixed_bfloat16"}, 0.1),
        ({"group_size": 1}, {"precision": "mixed_float16"}, 0.1),
    ],
    ids=["micro_batch", "xla", "bfloat16", "float16"],
)
def test_a_step_that_fades_is_the_same_however_it_is_computed(changes, options, limit):
    plain = settings(group_size=1).build(resolution=8, schedule=SCHEDULE)
    other = settings(**changes).build(resolution=8, schedule=SCHEDULE, **options)
    for trainer in (plain, other):
        trainer.step.assign(3)
    expected, actual = (t.step_function(batch(3)) for t in (plain, other))
    for name, value in expected.items():
        if not name.startswith("Loss/signs"):
            np.testing.assert_allclose(actual[name], value, rtol=limit, atol=limit, err_msg=name)


def test_batches_of_another_size_are_refused():
    trainer = TINY.build(resolution=8, schedule=SCHEDULE)
    with pytest.raises(ValueError, match=r"steps at 4 px take batches of 8 images. Received: 4"):
        trainer.step_function({"photos": tf.constant(PHOTOS[:4])})


# === Runs ===


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """10 photos of 8 px without labels, the i-th of grey i."""
    folder = tmp_path_factory.mktemp("data") / "records"
    with RecordsWriter(folder, (8, 8, 3)) as writer:
        for i in range(10):
            writer.add(np.full((8, 8, 3), i, np.uint8))
    return DataConfig(source=str(folder), resolution=8)


def config_of(data, **changes):
    values = {"name": "growing", "trainer": TINY, "data": data, "batch_size": 4}
    return RunConfig(**values | changes)


def test_photos_follow_from_the_step_while_batches_change(data):
    """Every epoch shows each photo once, across stages, from whatever step one begins."""
    run = Run(config_of(data, total_kimg=0.034))
    assert run.total_steps == 7  # 2 · 8 + 5 · 4 images
    shown = [b["photos"][:, 0, 0, 0].numpy() for b in itertools.islice(run.batches(0), 9)]
    assert [len(photos) for photos in shown] == [8, 8] + [4] * 7
    epochs = np.concatenate(shown)[:40].reshape(4, 10)
    np.testing.assert_array_equal(np.sort(epochs), np.tile(np.arange(10), (4, 1)))
    for start in range(1, 9):
        np.testing.assert_array_equal(next(run.batches(start))["photos"][:, 0, 0, 0], shown[start])


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"trainer": settings(start_resolution=16)}, "trainer.start_resolution 16 does not lead"),
        ({"trainer": settings(batch_sizes={4: 6})}, "trainer.group_size 4 does not divide the 6"),
        ({"labels": True}, "has no labels"),
    ],
)
def test_runs_that_cannot_be_are_one_line(data, changes, words):
    if "labels" in changes:
        data, changes = dataclasses.replace(data, **changes), {}
    with pytest.raises(UserError) as caught:
        Run(config_of(data, **changes))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_dry_run_foretells_the_time_of_each_stage(data, monkeypatch, capsys):
    times = {4: 0.25, 8: 0.5}
    monkeypatch.setattr(Run, "_seconds_a_step", lambda run, stage: times[stage.level])
    Run(config_of(data, total_kimg=2.0)).describe()
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("time")]
    assert lines == [
        "time at 4 px: 0.250 s a step without lazy penalties, 32.0 images/s, "
        "0:00:00 for 0.016 kimg",
        "time at 8 px, fading in: 0.500 s a step without lazy penalties, 8.0 images/s, "
        "0:00:02 for 0.012 kimg",
        "time at 8 px: 0.500 s a step without lazy penalties, 8.0 images/s, "
        "0:04:06 for 1.972 kimg",
        "time of all stages: 0:04:08",
    ]
