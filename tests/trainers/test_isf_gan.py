"""Training ISF-GAN: what learns, what a step sees, what each setting does."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.editing.scorers import Scorer
from tfgan_edit.networks.attribute_classifier import attribute_groups
from tfgan_edit.networks.encoder import LatentEncoder
from tfgan_edit.networks.mobilestylegan import MobileStyleGAN
from tfgan_edit.networks.stylegan import StyleGANGenerator
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.trainers.frozen import class_centres
from tfgan_edit.trainers.isf_gan import ISFGANConfig, ISFGANTrainer
from tfgan_edit.trainers.randomness import StepRandom

TINY = dataclasses.replace(
    ISFGANConfig().tiny(), learning_rate=1e-3, warmup_steps=0, decay_steps=1000, ema_kimg=0.01
)


@pytest.fixture(scope="module")
def frozen():
    keras.utils.set_random_seed(0)
    networks = {role: TINY.untrained(role, 8) for role in ("generator", "scorer")}
    random = np.random.RandomState(0)
    for network in networks.values():
        for weight in network.trainable_variables:
            weight.assign_add(0.3 * random.randn(*weight.shape))
        network.trainable = False
    z = random.randn(64, 8).astype(np.float32)
    logits = networks["scorer"](networks["generator"](z))
    # Each attribute for half of the faces.
    networks["scorer"].logits.bias.assign_sub(np.median(logits, axis=0))
    return networks


BANK = np.float32([[1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 1, 0], [0, 0, 0, 1], [0, 1, 1, 0]])


def build(frozen, config=TINY, **facts):
    """A trainer that is told labels of faces: to score some takes a second each time."""
    names = getattr(frozen.get("scorer"), "label_names", None)
    if names and "labels" not in facts:
        facts |= {"labels": BANK, "label_names": names}
    return config.build(frozen=frozen, **facts)


def changed(**changes):
    return dataclasses.replace(TINY, **changes)


@pytest.fixture(scope="module")
def trainer(frozen):
    return build(frozen)


def positions(size=4):
    return {"positions": tf.range(size, dtype=tf.int64)}


def step_random(step=0):
    return StepRandom(0, tf.constant(step, tf.int64))


def values(network):
    return [v.numpy() for v in network.variables]


# === A step ===


def test_two_networks_learn_and_the_average_follows(frozen):
    trainer = build(frozen)
    average = trainer.averages["style_function"]
    assert average is not trainer.style_function and set(trainer.averages) == {"style_function"}
    before = {name: values(network) for name, network in trainer.networks.items()}
    still = {name: values(network) for name, network in frozen.items()}
    for _ in range(3):
        logs = trainer.step_function(positions())
    assert all(np.isfinite(float(value)) for value in logs.values())
    for name, network in trainer.networks.items():
        pairs = zip(before[name], values(network), strict=True)
        assert all(np.any(old != new) for old, new in pairs), name
    for name, network in frozen.items():
        for old, new in zip(still[name], values(network), strict=True):
            np.testing.assert_array_equal(old, new)
    saved = {id(v) for v in trainer.variables}
    assert not saved & {id(v) for network in frozen.values() for v in network.variables}
    trainer.images_seen.assign(10**6)  # from where on the half-life is that of the settings
    old = values(average)
    trainer.step_function(positions())
    decay = 0.5 ** (4 / 10)
    for a, b, c in zip(old, values(trainer.style_function), values(average), strict=True):
        np.testing.assert_allclose(c, b + decay * (a - b), rtol=1e-4, atol=1e-6)


@pytest.mark.large
def test_a_micro_batch_gives_the_same_losses(frozen):
    """Of the same faces: what is drawn for a part of the batch is a part of what is drawn."""
    logs = [
        build(frozen, changed(micro_batch=micro)).step_function(positions())
        for micro in (None, 2)
    ]
    for name in ("Loss/D/loss", "Loss/M/loss", "Loss/M/latent_cycle"):
        np.testing.assert_allclose(logs[0][name], logs[1][name], rtol=1e-3)


def test_learning_rate():
    """timm's schedule of the published settings, seen from iterations 0, 1, 5000, 5001 and last."""
    class Settings:
        config = ISFGANConfig()

    rates = [
        float(ISFGANTrainer.learning_rate(Settings(), tf.constant(step)))
        for step in (0, 1, 2501, 5000, 5001, 50_001, 60_000)
    ]
    expected = [5e-7, 5e-7, 5.25e-6, 9.9981e-6, 9.8776e-6, 5e-6, 5e-6]
    np.testing.assert_allclose(rates, expected, rtol=1e-4)


# === What a step sees ===


def test_faces_are_scored_as_they_are(trainer, frozen):
    faces = trainer.faces(positions(), step_random())
    scores = frozen["scorer"].probabilities(frozen["scorer"](faces["images"])).numpy()
    np.testing.assert_array_equal(faces["labels"][:, :2], scores[:, :2] >= 0.5)
    assert faces["labels"].shape == (4, 4)
    np.testing.assert_array_equal(np.sum(faces["labels"][:, 2:], axis=1), 1)  # one hair colour
    assert faces["w_plus"].shape == (4, 4, 8) and faces["images"].shape == (4, 8, 8, 3)


def test_rows_of_partners(frozen):
    for share in (0.0, 1.0):
        trainer = build(frozen, changed(mix_share=share, mix_rows=(2, 3)))
        mask = trainer._mixed_rows(2000, 6, step_random()).numpy()
        lengths = mask.sum(axis=1)
        assert np.all(lengths == 0) if share == 0 else set(lengths) == {1, 2, 3}  # cut at the end
        edges = np.abs(np.diff(mask.astype(int), axis=1)).sum(axis=1)
        assert edges.max() <= 2  # one run
    starts = mask.argmax(axis=1)
    counts = np.bincount(starts, minlength=6)
    assert counts.min() > 0.8 * 2000 / 6  # all rows are as likely


def test_latents_of_the_data_are_spread_and_mixed(frozen):
    trainer = build(frozen, changed(mix_share=1.0, mix_rows=(2, 2)), latent_shape=(1, 8))
    batch = {"latents": tf.zeros((4, 1, 8)), "partners": tf.ones((4, 1, 8))}
    w_plus = trainer._latents(batch, step_random()).numpy()
    assert w_plus.shape == (4, 4, 8) and set(np.unique(w_plus)) == {0, 1}


def test_latents_are_truncated_as_their_pictures_were(frozen):
    config = changed(mix_share=0.0, truncation=0.5)
    batch = {"latents": tf.ones((2, 4, 8)), "partners": tf.zeros((2, 4, 8))}
    average = frozen["generator"].mapping.w_avg.numpy()
    for facts, factor in (({}, 0.5), ({"truncation": 0.25}, 0.25)):
        trainer = build(frozen, config, latent_shape=(4, 8), **facts)
        expected = np.broadcast_to(average + factor * (1 - average), (2, 4, 8))
        np.testing.assert_allclose(trainer._latents(batch, step_random()), expected, rtol=1e-5)


def test_targets_are_labels_of_other_faces(trainer):
    labels = tf.zeros((500, 4))
    targets = trainer._targets(labels, step_random()).numpy()
    rows = {tuple(row) for row in trainer.frozen.bank}
    assert {tuple(row) for row in targets} <= rows
    np.testing.assert_allclose(
        targets.mean(axis=0), trainer.frozen.bank.mean(axis=0), atol=0.08
    )


def test_faces_are_scored_for_targets_where_the_data_have_no_labels(frozen):
    trainer = build(frozen, changed(bank_size=20), labels=None, label_names=None)
    bank = trainer.frozen.bank
    assert bank.shape == (20, 4) and set(np.unique(bank)) == {0, 1}
    np.testing.assert_array_equal(bank[:, 2:].sum(axis=1), 1)
    assert 0 < bank[:, 0].mean() < 1


def test_flipped_targets_differ_in_one_attribute(frozen):
    trainer = build(frozen, changed(flip_share=1.0))
    labels = np.tile(np.float32([0, 1, 1, 0]), (300, 1))
    targets = trainer._targets(tf.constant(labels), step_random()).numpy()
    groups = attribute_groups(trainer.style_function.label_names).values()
    differs = np.stack([np.any((targets != labels)[:, g], axis=1) for g in groups], axis=1)
    assert np.all(differs.sum(axis=1) == 1) and np.all(differs.sum(axis=0) > 50)
    np.testing.assert_array_equal(targets[:, 2:].sum(axis=1), 1)


def test_positive_labels_are_balanced(frozen):
    bank = np.float32([[1, 0, 1, 0]] * 3 + [[1, 1, 0, 1]])
    facts = {"labels": bank, "label_names": frozen["scorer"].label_names, "latent_shape": (1, 8)}
    weights = build(frozen, **facts).frozen.positive_weights
    np.testing.assert_allclose(weights, [1 / 5, 4 / 2, 2 / 4, 4 / 2])
    config = changed(balance=False, positive_weights={"smile": 3.0})
    np.testing.assert_allclose(build(frozen, config, **facts).frozen.positive_weights, [3, 1, 1, 1])


def test_chosen_attributes(frozen):
    trainer = build(frozen, changed(attributes=("hair_color", "smile")))
    names = ["smile", "hair_color=black", "hair_color=red"]
    assert trainer.style_function.label_names == names
    assert trainer.faces(positions(), step_random())["labels"].shape == (4, 3)
    assert trainer.discriminator.label_dim == 3


def test_labels_of_the_data_do_without_a_scorer(frozen):
    labels = np.float32([[0, 1], [1, 0]])
    facts = {"labels": labels, "label_names": ["a", "b"], "latent_shape": (4, 8)}
    trainer = build({"generator": frozen["generator"]}, changed(mix_share=0.0), **facts)
    batch = {"latents": tf.zeros((2, 4, 8)), "partners": tf.zeros((2, 4, 8)), "labels": labels}
    np.testing.assert_array_equal(trainer.faces(batch, step_random())["labels"], labels)


def test_any_scorer_gives_labels(frozen):
    """As that of published networks, which is no preset."""

    def brightness(images):
        return tf.sigmoid(tf.reduce_mean(images, axis=(1, 2)))[:, :2]

    scorer = Scorer(brightness, ["red", "green"], None)
    trainer = build({**frozen, "scorer": scorer})
    faces = trainer.faces(positions(), step_random())
    means = np.mean(faces["images"], axis=(1, 2))[:, :2]
    np.testing.assert_array_equal(faces["labels"], means >= 0)


def test_photos_go_through_the_encoder(frozen):
    encoder = LatentEncoder(8, 4, 8, channel_max=4)
    trainer = build({**frozen, "encoder": encoder}, resolution=8)
    photos = np.random.RandomState(0).randint(0, 256, (2, 8, 8, 3), np.uint8)
    faces = trainer.faces({"photos": tf.constant(photos)}, step_random())
    images = photos / np.float32(127.5) - 1
    np.testing.assert_allclose(faces["images"], images, atol=1e-6)
    np.testing.assert_allclose(faces["w_plus"], encoder(images), rtol=1e-5, atol=1e-6)


def test_an_encoder_learns_behind_its_copy(frozen):
    encoder = LatentEncoder(8, 4, 8, channel_max=4)
    trainer = build({**frozen, "encoder": encoder}, changed(encoder_rate=0.5), resolution=8)
    assert [phase.name for phase in trainer.phases] == ["Dmain", "Mmain", "Emain"]
    assert trainer.encoder is not encoder and set(trainer.averages) == {"style_function", "encoder"}
    photos = np.random.RandomState(0).randint(0, 256, (2, 8, 8, 3), np.uint8)
    images = tf.constant(photos / np.float32(127.5) - 1)
    for a, b in zip(values(trainer.encoder), values(encoder), strict=True):
        np.testing.assert_array_equal(a, b)
    trainer.encoder.dense.bias.assign_add(tf.ones_like(trainer.encoder.dense.bias))
    batch = trainer.faces({"photos": tf.constant(photos)}, step_random())
    np.testing.assert_allclose(batch["w_plus"], trainer.encoder(images), rtol=1e-5, atol=1e-6)
    with tf.GradientTape() as tape:
        total, logs, _ = trainer.phase_loss("Emain", batch, step_random())
    gradients = tape.gradient(total, [v.value for v in trainer.encoder.trainable_variables])
    assert all(np.any(g != 0) for g in gradients)
    assert {"Loss/E/reconstruction", "Loss/E/content", "Loss/E/loss"} <= set(logs)


@pytest.mark.large
def test_large_pictures_are_averaged(frozen):
    generator = StyleGAN2Generator(512, z_dim=8, w_dim=8, mapping_layers=1, channel_max=1)
    trainer = build({**frozen, "generator": generator}, changed(bank_size=1))
    assert trainer.discriminator.resolution == (256, 256) == trainer.picture_size
    assert trainer.faces(positions(1), step_random())["images"].shape == (1, 256, 256, 3)


# === Settings ===


@pytest.mark.parametrize("teacher", [StyleGANGenerator, MobileStyleGAN])
def test_other_teachers(frozen, teacher):
    generator = teacher(16, z_dim=8, w_dim=8, mapping_layers=1, channel_max=8)
    trainer = build({**frozen, "generator": generator})
    faces = trainer.faces(positions(2), step_random())
    z = tf.random.stateless_normal((3, 2, 4), (1, 2))
    with tf.GradientTape() as tape:
        terms = trainer.style_terms(faces, list(z), step_random())
        total = tf.add_n([weight * tf.reduce_mean(loss) for weight, loss in terms.values()])
    gradients = tape.gradient(total, [v.value for v in trainer.style_function.trainable_variables])
    assert all(np.all(np.isfinite(g)) and np.any(g != 0) for g in gradients)
    assert trainer.style_function.num_ws == generator.num_ws


@pytest.mark.parametrize("noise, same", [("random", False), ("constant", True), ("none", True)])
def test_noise(frozen, noise, same):
    parts = build(frozen, changed(noise=noise)).frozen
    w_plus = tf.ones((2, 4, 8))
    first, second = (parts.noisy_images(w_plus, step_random(step)) for step in (0, 1))
    assert bool(np.all(first == second)) is same
    assert bool(np.all(first[0] == first[1])) is same


def test_the_penalty_is_on_the_head_of_choice(frozen):
    found = {}
    for target in ("attributes", "source"):
        trainer = build(frozen, changed(r1_target=target))
        faces = trainer.faces(positions(), step_random())
        terms = trainer.discriminator_terms(faces, tf.zeros((4, 4)), step_random())
        images = faces["images"]
        with tf.GradientTape() as tape:
            tape.watch(images)
            source, attributes = trainer.discriminator.heads(images)
            total = tf.reduce_sum(attributes if target == "attributes" else source)
        square = np.sum(np.square(tape.gradient(total, images)), axis=(1, 2, 3))
        weight, penalty = terms["r1"]
        assert weight == 0.5
        np.testing.assert_allclose(penalty, square, rtol=1e-3)
        found[target] = terms
    np.testing.assert_allclose(
        found["source"]["attributes"][1], found["attributes"]["attributes"][1], rtol=1e-4
    )


def test_identity_is_a_loss_of_its_own(frozen):
    embedding = frozen["scorer"]
    trainer = build({**frozen, "embedding": embedding}, changed(identity_weight=0.5))
    faces = trainer.faces(positions(), step_random())
    z = [tf.zeros((4, 4))] * 3
    weight, loss = trainer.style_terms(faces, z, step_random())["identity"]
    edited = trainer.style_function(faces["w_plus"], faces["targets"], z[0])
    drawn = trainer._images_of([edited, edited, edited], step_random())[0]
    x, y = (embedding.embed(images).numpy() for images in (drawn, faces["images"]))
    cosine = np.sum(x * y, 1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    assert weight == 0.5
    assert trainer.metadata()["identity"]["distance"] == "embedding"
    np.testing.assert_allclose(loss, 1 - cosine, atol=1e-4)
    _, alone = trainer.scorer_terms(faces, z, step_random())["identity"]
    np.testing.assert_allclose(alone, loss, atol=1e-4)


def test_the_scorer_says_what_an_edit_misses_and_pixels_what_it_changes(frozen):
    """Of what is edited the targets count, of all else what the source shows."""
    trainer = build(
        frozen,
        changed(
            attributes=("smile",),
            scorer_weight=2.0,
            scorer_temperature=2.0,
            pixel_weight=3.0,
            noise="none",
        ),
    )
    faces = trainer.faces(positions(), step_random())
    z = [tf.zeros((4, 4))] * 3
    terms = trainer.style_terms(faces, z, step_random())
    edited = trainer.style_function(faces["w_plus"], faces["targets"], z[0])
    drawn = trainer.frozen.images(edited, "none").numpy()
    scorer = trainer.frozen.scorer
    source, now = (np.array(scorer.probabilities(x)) for x in (faces["images"], drawn))
    labels = np.stack([source[:, 0] >= 0.5, source[:, 1] >= 0.5], axis=1).astype(float)
    labels = np.concatenate([labels, np.eye(2)[np.argmax(source[:, 2:], axis=1)]], axis=1)
    labels[:, 0] = faces["targets"][:, 0]
    now = 1 / (1 + np.sqrt(1 / now - 1))  # at a temperature of 2
    expected = -np.sum(labels * np.log(now) + (1 - labels) * np.log(1 - now), axis=1)
    weight, loss = terms["scorer"]
    assert weight == 2.0
    np.testing.assert_allclose(loss, expected, rtol=1e-3)
    weight, loss = terms["pixels"]
    assert weight == 3.0
    np.testing.assert_allclose(
        loss, np.mean(np.abs(drawn - faces["images"]), axis=(1, 2, 3)), rtol=1e-3
    )


def test_class_centres():
    latents = np.float32([[0, 1], [2, 1], [4, 0], [0, 0]])
    labels = np.float32([[1, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, 0]])
    np.testing.assert_allclose(class_centres(latents, labels), [[-1, 1], [0, 0], [1, 0]])


def test_the_linear_edit_is_learned_first(frozen):
    config = changed(
        linear_steps=60,
        linear_strength=2.0,
        learning_rate=0.005,
        hidden_dim=32,
        after_dim=32,
        residual=True,
        bank_size=64,
        layers=(0, 2),
        beta_1=0.9,
    )
    trainer = config.build(frozen={k: frozen[k] for k in ("generator", "scorer")})
    centres = trainer.frozen.centres
    assert centres.shape == (4, 8) and np.any(centres != 0)
    assert [trainer.phases_at(step) for step in (0, 59, 60)] == [
        ("Mlinear",),
        ("Mlinear",),
        ("Dmain", "Mmain"),
    ]
    faces = trainer.faces(positions(), step_random())
    w_plus, changes = faces["w_plus"], faces["targets"] - faces["labels"]
    z = tf.zeros((4, 4))
    _, loss = trainer.linear_terms(faces, z)["linear"]
    edited = trainer.style_function(w_plus, faces["targets"], z)
    linear = w_plus + 2 * np.matmul(changes, centres)[:, np.newaxis]
    errors = np.square(edited - linear)[:, [0, 2]].mean(axis=(1, 2))
    np.testing.assert_allclose(loss, errors, rtol=1e-4)
    losses = [float(trainer.step_function(positions(16))["Loss/M/linear"]) for _ in range(60)]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    with pytest.raises(ValueError, match="trainer.linear_steps needs the latents"):
        build(frozen, changed(linear_steps=1))


def test_the_linear_edit_of_labelled_latents_needs_no_pictures(frozen, monkeypatch):
    random = np.random.RandomState(3)
    latents = random.randn(16, 1, 8).astype(np.float32)
    labels = BANK[random.randint(0, len(BANK), 16)]
    trainer = build(
        frozen,
        changed(linear_steps=5),
        latents=latents,
        latent_shape=(1, 8),
        labels=labels,
        label_names=frozen["scorer"].label_names,
        truncation=0.5,
    )
    w_avg = frozen["generator"].mapping.w_avg.numpy()
    w = w_avg + 0.5 * (latents[:, 0] - w_avg)
    np.testing.assert_allclose(trainer.frozen.centres, class_centres(w, labels), atol=1e-5)
    monkeypatch.setattr(trainer.frozen, "images", None)
    batch = {"latents": latents[:4], "partners": latents[4:8], "labels": labels[:4]}
    trainer.active_phases = ("Mlinear",)
    faces = trainer.faces({key: tf.constant(x) for key, x in batch.items()}, step_random())
    assert set(faces) == {"w_plus", "labels", "targets"}
    np.testing.assert_array_equal(faces["labels"], labels[:4])
    np.testing.assert_allclose(faces["w_plus"][:, 1], w[:4], atol=1e-5)


def test_the_first_steps_have_the_scorer_alone(frozen):
    trainer = build(frozen, changed(scorer_weight=1.0, scorer_steps=2, noise="none"))
    assert [trainer.phases_at(step) for step in (0, 1, 2, 3)] == [
        ("Mscorer",),
        ("Mscorer",),
        ("Dmain", "Mmain"),
        ("Dmain", "Mmain"),
    ]
    assert trainer.main_phases() == trainer.heaviest_phases() == ("Dmain", "Mmain")
    before = values(trainer.discriminator)
    function = values(trainer.style_function)
    for _ in range(2):
        logs = trainer.step_function(positions())
        assert {"Loss/M/scorer", "Loss/M/neighbourhood", "Loss/M/diversity"} < set(logs)
        assert not any("D/" in name or "cycle" in name for name in logs)
    for old, new in zip(before, values(trainer.discriminator), strict=True):
        np.testing.assert_array_equal(old, new)
    assert any(
        np.any(a != b) for a, b in zip(function, values(trainer.style_function), strict=True)
    )
    assert {"Loss/M/scorer", "Loss/M/latent_cycle", "Loss/D/r1"} < set(
        trainer.step_function(positions())
    )


def test_outcomes_part_in_the_steps_of_the_scorer(frozen):
    """Their difference is rewarded by `diversity_weight`, and is not computed without it."""
    terms = {}
    for weight in (0.0, 3.0):
        trainer = build(frozen, changed(scorer_steps=1, diversity_weight=weight, noise="none"))
        faces, z = trainer.faces(positions(), step_random()), tf.random.normal((3, 4, 4))
        terms[weight] = trainer.scorer_terms(faces, tf.unstack(z), step_random())
    assert "diversity" not in terms[0.0]
    weight, loss = terms[3.0]["diversity"]
    edits = [trainer.style_function(faces["w_plus"], faces["targets"], z[i]) for i in (0, 2)]
    first, second = (trainer.frozen.images(edit, "none") for edit in edits)
    expected = np.abs(first - second).mean(axis=(1, 2, 3))
    assert weight == -3.0 and np.all(expected > 0)
    np.testing.assert_allclose(loss, expected, rtol=1e-4)


@pytest.mark.parametrize("space, num_ws", [("w_plus", 4), ("w", 1)])
def test_spaces(frozen, space, num_ws):
    trainer = build(frozen, changed(space=space))
    assert trainer.style_function.num_ws == num_ws
    faces = trainer.faces(positions(), step_random())
    assert trainer.style_function(
        faces["w_plus"], faces["targets"], tf.zeros((4, 4))
    ).shape == (4, 4, 8)


@pytest.mark.parametrize("data", ["drawn", pytest.param("stored", marks=pytest.mark.large)])
def test_samples_show_faces_and_their_edits(trainer, data):
    latents = np.random.RandomState(0).randn(3, 1, 8).astype(np.float32)
    examples = {"positions": np.arange(3)} if data == "drawn" else {"latents": latents}
    reference, draw = trainer.sampler(examples, seed=0)
    drawn = draw()
    assert trainer.pictures_per_sample == 4
    assert reference.shape == (3, 8, 8, 3) and reference.dtype == np.uint8
    assert drawn.shape == (3, 8, 32, 3)
    photos = np.clip((drawn[:, :, :8] + 1) * 127.5, 0, 255)
    np.testing.assert_allclose(photos, reference, atol=0.501)
    assert np.all(np.abs(drawn[:, :, :8] - drawn[:, :, 8:16]).max(axis=(1, 2, 3)) > 0)
    np.testing.assert_array_equal(draw(), drawn)


# === What does not fit ===


@pytest.mark.parametrize(
    "roles, facts, changes, words",
    [
        (["scorer"], {}, {}, "frozen.generator is missing"),
        (["generator"], {}, {}, "frozen.scorer is missing: these data have no labels"),
        (
            ["generator"],
            {"labels": np.zeros((2, 1)), "label_names": ["a"], "latent_shape": (4, 8)},
            {},
            "mixed latents have other attributes than the data say",
        ),
        (
            ["generator"],
            {"labels": np.zeros((2, 1)), "label_names": ["a"], "latent_shape": (4, 8)},
            {"scorer_weight": 1.0, "mix_share": 0.0},
            "trainer.scorer_weight is of its opinion",
        ),
        (["generator", "scorer"], {"latent_shape": (18, 512)}, {}, "latents have 18x512 numbers"),
        (["generator", "scorer"], {"resolution": 8}, {}, "photos need frozen.encoder"),
        (["generator", "scorer", "encoder"], {}, {}, "photos need frozen.encoder"),
        (["generator", "scorer"], {}, {"encoder_rate": 1.0}, "frozen.encoder, which is missing"),
        (
            ["generator", "scorer", "encoder"],
            {"resolution": 16},
            {},
            "draws 8x8 pixels, the photos have 16x16 of 3 colours",
        ),
        (
            ["generator", "scorer", "narrow"],
            {"resolution": 8},
            {},
            "frozen.encoder gives 4x6 numbers, frozen.generator takes 4x8",
        ),
        (
            ["generator", "scorer"],
            {},
            {"attributes": ("smlie",)},
            "attribute 'smlie' is unknown; did you mean smile",
        ),
    ],
)
def test_what_does_not_fit_is_named(frozen, roles, facts, changes, words):
    networks = {
        **frozen,
        "encoder": LatentEncoder(8, 4, 8, channel_max=4),
        "narrow": LatentEncoder(8, 4, 6, channel_max=4),
    }
    given = {role.replace("narrow", "encoder"): networks[role] for role in roles}
    with pytest.raises(ValueError, match=words):
        build(given, changed(**changes), **facts)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"space": "z"}, "trainer.space 'z' is unknown: use w_plus, w"),
        ({"norm": "batch"}, "trainer.norm 'batch' is unknown"),
        ({"noise": "some"}, "trainer.noise 'some' is unknown: use random"),
        ({"r1_target": "both"}, "trainer.r1_target 'both' is unknown: use attributes, source"),
        ({"perceptual": "x"}, "trainer.perceptual 'x' is unknown: use auto, lpips_vgg"),
        ({"mix_share": 2.0}, "trainer.mix_share must be in 0…1"),
        ({"mix_rows": (3, 2)}, "trainer.mix_rows must be rising"),
        ({"decay_steps": 0}, "trainer.decay_steps and"),
        ({"linear_steps": -1}, "trainer.linear_steps must not be negative, got -1"),
        ({"scorer_temperature": 0.0}, "trainer.scorer_temperature must be above 0"),
        ({"scorer_steps": 5}, "trainer.scorer_steps must .* needs a trainer.scorer_weight above 0"),
        ({"encoder_rate": -1.0}, "trainer.encoder_rate must not be negative"),
        ({"micro_batch": 3}, "trainer.micro_batch 3 does not divide"),
    ],
)
def test_settings_that_contradict_each_other_are_named(changes, words):
    with pytest.raises(UserError, match=words):
        changed(**changes).check(batch_size=16, num_replicas=2)
