"""The Pix2PixHD trainer at 16 px: order of a step, losses, pool, schedule, students, resuming."""

import numpy as np
import pytest
import tensorflow as tf

from tests.cases import assert_close
from tfgan_edit.config import UserError
from tfgan_edit.losses import adversarial
from tfgan_edit.losses.distillation import attention_loss
from tfgan_edit.losses.reconstruction import feature_matching_loss, l1_loss, perceptual_loss
from tfgan_edit.networks.features.stacks import VGG
from tfgan_edit.ops.images import photo_to_image
from tfgan_edit.trainers import pix2pixhd
from tfgan_edit.trainers.adaptive_augmentation import AugmentationConfig
from tfgan_edit.trainers.pix2pixhd import Pix2PixHDConfig, Pix2PixHDTrainer, source_images
from tfgan_edit.trainers.randomness import StepRandom

TINY = {
    "width": 2,
    "num_downsamplings": 1,
    "num_blocks": 1,
    "num_local_blocks": 1,
    "d_width": 2,
    "d_layers": 2,
    "perceptual_weight": 0.0,
    "learning_rate": 0.01,
}


RANDOM = StepRandom(0, tf.constant(0, tf.int64), 0, 1)


def settings(**changes):
    return Pix2PixHDConfig(**{**TINY, **changes})


def pairs(count=2, channels=3, seed=0):
    random = np.random.RandomState(seed)
    return {
        "sources": tf.constant(random.randint(0, 256, (count, 16, 16, channels), np.uint8)),
        "targets": tf.constant(random.randint(0, 256, (count, 16, 16, 3), np.uint8)),
    }


def values(network):
    return {v.path: v.numpy() for v in network.weights}


def unchanged(before, network):
    """Paths of the weights that learn and did not."""
    return {v.path for v in network.trainable_variables if np.array_equal(before[v.path], v)}


# === One step ===


@pytest.mark.parametrize(
    "changes, precision",
    (
        ({"generator": "local"}, "float32"),
        ({"generator": "mobile-s", "norm": "demodulated", "ema_kimg": 0.01}, "mixed_bfloat16"),
        ({"adversarial_loss": "logistic", "upsampling": "bilinear", "pool_size": 2}, "float32"),
        ({"micro_batch": 1, "pixel_weight": 1.0}, "float32"),
        ({"augmentation": AugmentationConfig("bgcfnc", p=0.8), "pool_size": 2}, "float32"),
        ({}, "mixed_float16"),
    ),
)
def test_a_step_trains_both_networks(changes, precision):
    trainer = settings(**changes).build(resolution=16, precision=precision)
    if trainer.loss_scaling:
        trainer.loss_scale.assign(256.0)  # so that the first step is finite
    generator, discriminator = values(trainer.generator), values(trainer.discriminator)
    logs = {name: float(value) for name, value in trainer.train_step(pairs()).items()}
    assert all(np.isfinite(value) for value in logs.values()), logs
    assert {"Loss/G/loss", "Loss/G/features", "Loss/D/loss"} <= set(logs)
    assert not unchanged(generator, trainer.generator)
    assert not unchanged(discriminator, trainer.discriminator)
    assert set(trainer.averages) == ({"generator"} if "ema_kimg" in changes else set())
    assert trainer.current_step() == 1 and int(trainer.images_seen) == 2


@pytest.mark.parametrize("generator", ("global", "mobile-s"))
def test_a_residual_translator_begins_with_the_source(generator):
    batch = pairs()
    trainer = settings(generator=generator, residual=True, pixel_weight=1.0).build(resolution=16)
    before = values(trainer.generator)
    logs = trainer.train_step(batch)
    distance = np.abs(np.subtract(batch["sources"], batch["targets"], dtype=np.float32))
    assert_close(logs["Loss/G/pixels"], np.mean(distance) / 127.5, 1e-5)
    trainer.train_step(batch)  # colours first: nothing passes them as long as they are 0
    assert not unchanged(before, trainer.generator)


def test_the_discriminator_sees_augmented_pictures_with_conditions_that_moved_alike(monkeypatch):
    """Cut out or shifted with p = 1; what is compared by its features is transformed alike."""
    trainer = settings(augmentation=AugmentationConfig("cutout", p=1.0)).build(resolution=16)
    seen = []
    call = type(trainer.discriminator).call

    def record(self, images, conditions=None, **kwargs):
        seen.append((np.all(images == 0, axis=3), conditions))
        return call(self, images, conditions, **kwargs)

    monkeypatch.setattr(type(trainer.discriminator), "call", record)
    batch = pairs()
    given = trainer._conditions(batch["sources"])
    trainer.phase_loss("Gmain", batch, RANDOM)
    (fakes, _), (reals, conditions) = seen
    np.testing.assert_array_equal(fakes, reals)
    assert np.all(np.any(fakes, axis=(1, 2)))
    np.testing.assert_array_equal(conditions, given)  # no part of a condition is cut out
    batch["fakes"] = tf.ones([2, 16, 16, 3])
    logs = trainer.phase_loss("Dmain", batch, RANDOM)[1]
    assert float(logs["Augment/p"]) == 1.0
    masks, _ = seen[-1]
    assert len(masks) == 4 and len(np.unique(masks, axis=0)) > 2  # each has its own draw

    shifted = settings(augmentation=AugmentationConfig("bg", p=1.0)).build(resolution=16)
    batch["targets"] = batch["sources"]
    pictures = []
    monkeypatch.setattr(
        type(trainer.discriminator),
        "call",
        lambda self, *args: pictures.append(args) or call(self, *args),
    )
    shifted.phase_loss("Gmain", batch, RANDOM)
    real, conditions = pictures[-1]
    assert_close(real, conditions, 1e-6)
    assert np.abs(real - given).max() > 0.1


def test_losses_of_both_networks_are_of_the_weights_before_the_step():
    """The numbers of the definitions, with copies of the networks that do not learn."""
    trainer = settings(pixel_weight=3.0, feature_weight=5.0).build(resolution=16)
    generator, discriminator = (
        type(network).from_config(network.get_config()) for network in trainer.networks.values()
    )
    for copy, network in zip((generator, discriminator), trainer.networks.values(), strict=True):
        copy.set_weights(network.get_weights())
    batch = pairs()
    logs = trainer.train_step(batch)
    sources, targets = (photo_to_image(batch[name]) for name in ("sources", "targets"))
    fakes = generator(sources)
    fake_maps, real_maps = discriminator(fakes, sources), discriminator(targets, sources)
    fake, real = ([scale[-1].numpy() for scale in maps] for maps in (fake_maps, real_maps))
    expected = {
        "Loss/G/adversarial": sum(np.mean((x - 1) ** 2) for x in fake),
        "Loss/G/features": np.mean(feature_matching_loss(fake_maps, real_maps)),
        "Loss/G/pixels": np.mean(l1_loss(fakes, targets)),
        "Loss/D/loss": sum(
            (np.mean((y - 1) ** 2) + np.mean(x**2)) / 2 for x, y in zip(fake, real, strict=True)
        ),
    }
    expected["Loss/G/loss"] = (
        expected["Loss/G/adversarial"]
        + 5 * expected["Loss/G/features"]
        + 3 * expected["Loss/G/pixels"]
    )
    for name, value in expected.items():
        assert float(logs[name]) == pytest.approx(value, rel=1e-4), name
    assert "Loss/G/perceptual" not in logs and "Loss/G/teacher" not in logs


def test_vgg19_compares_fakes_with_targets():
    config = settings(perceptual_weight=7.0)
    plain = settings().build(resolution=16)
    vgg19 = VGG((2, 2, 4, 4, 4), widths=(2,) * 5, mean=(0.5,) * 3, std=(0.5,) * 3)
    trainer = Pix2PixHDTrainer(
        plain.generator,
        plain.discriminator,
        config,
        resolution=(16, 16),
        planes=("photo",) * 3,
        num_labels=0,
        vgg19=vgg19,
        vgg19_source={"file": "a"},
    )
    conditions, reals = (photo_to_image(x) for x in pairs().values())
    loss, logs, _ = trainer._generator_loss(conditions, reals, RANDOM)
    expected = perceptual_loss(vgg19(plain.generator(conditions)), vgg19(reals))
    assert_close(logs["Loss/G/perceptual"], expected, 1e-5)
    without, _, _ = plain._generator_loss(conditions, reals, RANDOM)
    assert_close(loss, without + 7 * expected, 1e-5)
    assert trainer.metadata()["perceptual_loss"] == {"file": "a"}
    # Frozen weights are no part of the state.
    assert not any("conv1_1" in v.path for v in trainer.weights)


# === Students and the local enhancer ===


def test_a_teacher_is_a_second_target_and_does_not_learn():
    config = settings(generator="mobile-s", teacher_weight=2.0, attention_weight=3.0)
    teacher = settings().build(resolution=16).generator
    before = values(teacher)
    trainer = config.build(resolution=16, frozen={"teacher": teacher})
    conditions, reals = (photo_to_image(x) for x in pairs().values())
    loss, logs, _ = trainer._generator_loss(conditions, reals, RANDOM)
    student = trainer.generator
    expected = l1_loss(student(conditions), teacher(conditions))
    attention = attention_loss(student.features(conditions), teacher.features(conditions))
    assert_close(logs["Loss/G/teacher"], expected, 1e-5)
    assert_close(logs["Loss/G/attention"], attention, 1e-5)
    logs = {name: x for name, x in logs.items() if name not in ("Loss/G/loss",)}
    others = logs["Loss/G/adversarial"] + 10 * logs["Loss/G/features"]
    assert_close(loss, others + 2 * expected + 3 * attention, 1e-5)
    trainer.train_step(pairs())
    assert unchanged(before, teacher) == {v.path for v in teacher.trainable_variables}
    assert len(trainer.generator.weights) == len(student.weights)


def test_an_enhancer_starts_from_a_global_generator_and_learns_its_finest_level():
    config = settings(generator="local", train_global=False)
    start = config.untrained("global", 16)
    trainer = config.build(resolution=16, frozen={"global": start})
    enhancer = trainer.generator
    for mine, theirs in zip(enhancer.trunk.weights, start.trunk.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    before = values(enhancer)
    trainer.train_step(pairs())
    changed = {v.path for v in enhancer.weights if not np.array_equal(before[v.path], v)}
    assert {path.split("/")[1] for path in changed} == {"enhancer0", "to_image"}


# === Schedule, pool, resuming ===


def test_the_learning_rate_falls_by_the_images_seen():
    config = settings(constant_kimg=2.0, decay_kimg=4.0, learning_rate=0.1)
    trainer = config.build(resolution=16)
    for images, expected in ((0, 0.1), (2000, 0.1), (4000, 0.05), (6000, 0.0), (9000, 0.0)):
        trainer.images_seen.assign(images)
        for optimizer in trainer.optimizers.values():
            assert float(optimizer.learning_rate) == pytest.approx(expected)
    before = values(trainer.generator)
    trainer.train_step(pairs())
    assert len(unchanged(before, trainer.generator)) == len(
        trainer.generator.trainable_variables
    )


def exchange(trainer, fakes, images_seen):
    trainer.images_seen.assign(images_seen)
    random = StepRandom(0, tf.constant(images_seen, tf.int64))
    seen, ((variable, pool),) = trainer._exchange(tf.constant(fakes), random)
    assert variable is trainer.pool
    variable.assign(pool)
    return seen.numpy()


def test_the_pool_exchanges_half_of_the_fakes():
    trainer = settings(pool_size=8).build(resolution=16)
    shape = (4, *trainer.pool.shape[1:])
    ever = []
    swaps = 0
    for step in range(40):
        fakes = np.arange(4, dtype=np.float32)[:, None, None, None] + 4 * step
        fakes = np.broadcast_to(fakes, shape)
        held = set(trainer.pool.numpy()[:, 0, 0, 0])
        seen = exchange(trainer, fakes, 4 * step)
        assert np.ptp(seen, axis=(1, 2, 3)).max() == 0
        numbers, fresh = seen[:, 0, 0, 0], fakes[:, 0, 0, 0]
        if step < 2:  # the pool fills
            np.testing.assert_array_equal(numbers, fresh)
            continue
        earlier = numbers != fresh
        assert set(numbers[earlier]) <= held
        # What was seen leaves, what took its place stays.
        after = set(trainer.pool.numpy()[:, 0, 0, 0])
        assert after == held - set(numbers[earlier]) | set(fresh[earlier])
        swaps += earlier.sum()
        ever.extend(numbers)
    assert len(set(ever)) == len(ever)  # none is seen twice
    assert 50 < swaps < 102  # of 152, half


def test_a_resumed_run_ends_with_the_same_bits(tmp_path):
    config = settings(pool_size=4, constant_kimg=0.002, decay_kimg=0.01, ema_kimg=0.01)
    batches = [pairs(seed=seed) for seed in range(3)]

    def run(trainer, batches):
        for batch in batches:
            trainer.train_step(batch)
        return [v.numpy() for v in trainer.weights]

    expected = run(config.build(resolution=16), batches)
    first = config.build(resolution=16)
    run(first, batches[:2])
    first.save_weights(tmp_path / "trainer.weights.h5")
    second = config.build(resolution=16, seed=0)
    second.load_weights(tmp_path / "trainer.weights.h5")
    for a, b in zip(run(second, batches[2:]), expected, strict=True):
        np.testing.assert_array_equal(a, b)


# === Inputs and samples ===


def test_planes_of_sources():
    sources = np.zeros((1, 2, 2, 5), np.uint8)
    sources[0, 0, 0] = (2, 255, 0, 255, 51)
    planes = ("labels", "edges", "photo", "photo", "photo")
    images = source_images(tf.constant(sources), planes, 3).numpy()
    assert images.shape == (1, 2, 2, 7)
    np.testing.assert_allclose(images[0, 0, 0], [0, 0, 1, 1, -1, 1, -0.6], rtol=1e-6)
    np.testing.assert_allclose(images[0, 1, 1], [1, 0, 0, 0, -1, -1, -1])


def test_label_maps_train():
    trainer = settings().build(resolution=16, planes=("labels", "edges"), num_labels=5)
    assert trainer.generator.in_channels == 6 and trainer.discriminator.in_channels == 9
    batch = pairs(channels=2)
    batch["sources"] = batch["sources"] % 5
    logs = trainer.train_step(batch)
    assert np.isfinite(float(logs["Loss/G/loss"]))
    assert trainer.metadata()["inputs"] == {"planes": ["labels", "edges"], "num_labels": 5}
    targets, draw = trainer.sampler({k: v.numpy() for k, v in batch.items()}, seed=0)
    grey = (draw()[:, :, :16] + 1) * 127.5
    levels = {0, 255 // 4, 2 * 255 // 4, 3 * 255 // 4, 255}
    assert set(np.round(np.unique(grey)).astype(int)) == levels


def test_samples_show_source_output_and_target():
    trainer = settings(ema_kimg=1.0).build(resolution=16)
    batch = {name: x.numpy() for name, x in pairs(count=9).items()}
    targets, draw = trainer.sampler(batch, seed=0)
    np.testing.assert_array_equal(targets, batch["targets"])
    pictures = draw()
    assert pictures.shape == (9, 16, 16 * trainer.pictures_per_sample, 3)
    source, output, target = np.split(pictures, 3, axis=2)
    assert_close(source, photo_to_image(batch["sources"]), 1e-6)
    assert_close(target, photo_to_image(batch["targets"]), 1e-6)
    average = trainer.averages["generator"]
    assert_close(output, average(photo_to_image(batch["sources"])), 1e-5)
    for weight in average.weights:
        weight.assign(weight + 0.1)
    assert not np.array_equal(draw(), pictures)


# === Weights and wrong settings ===


def test_without_vgg19_it_says_so(monkeypatch, capsys):
    monkeypatch.delenv("TFGAN_EDIT_WEIGHTS", raising=False)
    trainer = settings(perceptual_weight=10.0).build(resolution=16)
    assert trainer.frozen.vgg19 is None and trainer.metadata()["perceptual_loss"] is None
    said = capsys.readouterr().out
    assert "vgg19-dcbb9e9d.pth" in said and "TFGAN_EDIT_WEIGHTS" in said
    with pytest.raises(UserError, match="there is no vgg19 at 'nowhere'"):
        settings(perceptual_weight=1.0, weights={"vgg19": "nowhere"}).build(resolution=16)


def test_a_file_of_vgg19_is_read(monkeypatch, tmp_path):
    """Names and layouts of torchvision, for a network of two channels."""
    arrays, channels, index = {}, 3, 0
    for repeats in (2, 2, 4, 4, 4):
        for _ in range(repeats):
            kernel = np.random.RandomState(index).randn(2, channels, 3, 3)
            arrays[f"features.{index}.weight"] = kernel.astype(np.float32)
            arrays[f"features.{index}.bias"] = np.full(2, index, np.float32)
            channels, index = 2, index + 2
        index += 1
    file = tmp_path / "vgg19.pth"
    file.write_bytes(b"")
    monkeypatch.setattr(pix2pixhd, "read_file", lambda name, given: (arrays, {"file": "a"}))
    monkeypatch.setattr(
        pix2pixhd, "VGG", lambda *args, **settings: VGG(*args, widths=(2,) * 5, **settings)
    )
    config = settings(perceptual_weight=1.0, weights={"vgg19": str(file)})
    network = config.build(resolution=16).frozen.vgg19
    assert not network.trainable_variables
    images = np.random.RandomState(0).randn(1, 16, 16, 3).astype(np.float32)
    kernel = arrays["features.0.weight"].transpose(2, 3, 1, 0)
    expected = tf.nn.relu(tf.nn.conv2d(images, kernel, 1, "SAME"))  # in [-1, 1] as they are
    assert_close(network(images)["relu1_1"], expected, 1e-5)
    del arrays["features.34.bias"]
    with pytest.raises(UserError, match="vgg19.pth: it is another network's file"):
        config.build(resolution=16)


@pytest.mark.parametrize(
    "changes, batch_size, replicas, words",
    (
        ({"generator": "unet"}, 8, 1, "trainer.generator must be global, local, mobile-s"),
        ({"norm": "batch"}, 8, 1, "trainer.norm must be instance, demodulated"),
        ({"adversarial_loss": "wgan"}, 8, 1, "trainer.adversarial_loss must be least_squares"),
        ({"train_global": False}, 8, 1, "trainer.train_global=false is for"),
        ({"decay_kimg": 0.0}, 8, 1, "trainer.decay_kimg must be positive"),
        ({"micro_batch": 3}, 8, 1, "trainer.micro_batch 3"),
        ({"pool_size": 50}, 8, 2, "trainer.pool_size 50 needs one replica"),
        ({"pool_size": 4}, 8, 1, "batch_size .here 8. of at most that"),
    ),
)
def test_settings_that_contradict_each_other_are_named(changes, batch_size, replicas, words):
    with pytest.raises(UserError, match=words):
        settings(**changes).check(batch_size=batch_size, num_replicas=replicas)


@pytest.mark.parametrize(
    "changes, arguments, words",
    (
        ({"num_downsamplings": 4}, {}, "16x16 pixels cannot be halved 4 times"),
        ({"num_downsamplings": 2}, {"resolution": (16, 18)}, "16x18 pixels cannot be halved"),
        ({}, {"role": "global"}, "frozen.global starts a local enhancer"),
        ({}, {"role": "teacher", "planes": ("edges",)}, "translator of 1 channels into 3"),
        ({"residual": True}, {"planes": ("labels",), "num_labels": 3}, "trainer.residual draws"),
    ),
)
def test_pairs_and_networks_that_do_not_fit_are_named(changes, arguments, words):
    config = settings(**changes)
    arguments = {"resolution": 16, **arguments}
    if role := arguments.pop("role", None):
        arguments["frozen"] = {role: config.untrained(role, 16)}
    with pytest.raises(UserError, match=words):
        config.build(**arguments)


def test_every_loss_has_its_two_sides():
    for name, (of_generator, of_discriminator) in pix2pixhd.LOSSES.items():
        assert of_generator is getattr(adversarial, f"{name}_generator_loss")
        assert of_discriminator is getattr(adversarial, f"{name}_discriminator_loss")


def test_tiny_settings_fit_16_px():
    for generator in ("global", "local", "mobile-l"):
        tiny = Pix2PixHDConfig(generator=generator).tiny()
        tiny.check(batch_size=4, num_replicas=1)
        assert tiny.build(resolution=16).generator.count_params() < 40_000
