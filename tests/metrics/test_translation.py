"""Metrics of GANs N' Roses: its pictures, what contents keep, by the verb and by hand."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from absl import flags

from tests.editing.rose_presets import rose_generator, save_roses
from tests.metrics import tiny_extractor
from tfgan_edit import evaluate as verb
from tfgan_edit.config import UserError
from tfgan_edit.data import RecordsWriter
from tfgan_edit.editing.scorers import Scorer
from tfgan_edit.metrics import Evaluation, distances, evaluate
from tfgan_edit.metrics.extractors import FeatureFunction
from tfgan_edit.metrics.translation import TranslatedPhotos, Translation
from tfgan_edit.ops.images import image_to_photo, photo_to_image

SIDE, FACES, STYLES = 16, 4, 5


def photos(num, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (num, SIDE, SIDE, 3), np.uint8)


class GeneratorLike:
    style_dim, img_channels, resolution = 3, 3, (SIDE, SIDE)


@pytest.fixture(scope="module")
def generators():
    return rose_generator(1), rose_generator(2)


@pytest.fixture
def extractor(monkeypatch, tmp_path):
    tiny_extractor.install(monkeypatch, tmp_path / "weights")


def test_each_face_has_styles_of_its_own(generators):
    translation = Translation(*generators, photos(FACES))
    drawn = TranslatedPhotos(translation, STYLES, name="x")
    assert drawn.num == FACES * STYLES and drawn.shape == (SIDE, SIDE, 3)
    assert [list(rows) for rows in drawn.groups.values()][1] == list(range(5, 10))
    whole = np.concatenate(list(drawn.batches(drawn.num, 7)))
    np.testing.assert_array_equal(drawn.photos([13, 2]), whole[[13, 2]])
    style = np.random.default_rng((0, 2, 3)).standard_normal(3, np.float32)
    image = generators[0](photo_to_image(photos(FACES)[2:3]), style[np.newaxis])
    np.testing.assert_array_equal(image_to_photo(image)[0], whole[2 * STYLES + 3])
    other = TranslatedPhotos(Translation(*generators, photos(FACES), seed=1), STYLES, name="x")
    assert other.hash != drawn.hash and np.any(other.photos([0]) != whole[:1])


def test_content_of_a_translation_that_loses_everything(generators, monkeypatch):
    translation = Translation(*generators, photos(8))
    results = evaluate("content", [Evaluation(translation=translation)])["results"]
    assert set(results) == {"content", "content_style_spread"}
    assert results["content"] < 1 and results["content_style_spread"] > 0

    # A way back that draws what was there keeps all of it.
    class Identity(GeneratorLike):
        def encode(self, images):
            return images, images[:, 0, 0]

        def decode(self, content, styles):
            return content

    exact = Translation(Identity(), Identity(), photos(8))
    results = evaluate("content", [Evaluation(translation=exact)])["results"]
    assert results["content"] == 1


def brightness(names, places):
    """A scorer that sees an attribute where a colour's mean is above grey."""

    def score(images):
        means = (tf.reduce_mean(images, axis=(1, 2)) + 1) / 2
        return tf.gather(means, places, axis=1)

    return Scorer(score, names, None)


def test_attributes_that_drawings_show_as_their_faces(generators):
    values = np.uint8([[255, 0, 0], [255, 255, 0], [0, 255, 0], [0, 0, 255]])
    faces = np.broadcast_to(values[:, np.newaxis, np.newaxis], (4, SIDE, SIDE, 3))

    class Inverted(GeneratorLike):
        """Inverts green, keeps red; the third colour is of the first scorer alone."""

        def __call__(self, images, styles):
            return images * tf.constant([1.0, -1.0, 1.0])

    translation = Translation(
        Inverted(),
        None,
        faces,
        scorers=(
            brightness(["red", "green", "blue"], [0, 1, 2]),
            brightness(["green", "red", "black=yes", "black=no"], [1, 0, 2, 2]),
        ),
    )
    drawings = TranslatedPhotos(translation, 2, name="x")
    record = evaluate("kept_attributes", [Evaluation(fake=drawings, translation=translation)])
    assert record["results"] == {
        "kept_attributes": 0.5,
        "kept_attributes_red": 1.0,
        "kept_attributes_green": 0.0,
        # Of the face before: red is as in faces 1 and 3, green is not as in faces 0 and 2.
        "kept_attributes_by_chance": pytest.approx((2 / 4 + 2 / 4) / 2),
    }
    assert record["pictures"]["fake"]["num"] == 8
    red = dataclasses.replace(translation, attributes=("red",))
    record = evaluate("kept_attributes", [Evaluation(fake=drawings, translation=red)])
    assert record["results"] == {
        "kept_attributes": 1.0, "kept_attributes_red": 1.0, "kept_attributes_by_chance": 0.5
    }
    blue = dataclasses.replace(translation, attributes=("red", "blue"))
    with pytest.raises(UserError, match="attributes blue: both scorers know red, green"):
        evaluate("kept_attributes", [Evaluation(fake=drawings, translation=blue)])
    for scorers, message in (
        (None, "kept_attributes needs a scorer of faces and one of drawings: give --scorers"),
        ((brightness(["a"], [0]), brightness(["b"], [0])), "know nothing in common; the first"),
    ):
        other = dataclasses.replace(translation, scorers=scorers)
        with pytest.raises(UserError, match=message):
            evaluate("kept_attributes", [Evaluation(fake=drawings, translation=other)])


def test_what_the_metric_needs(generators):
    for translation, message in (
        (None, "content needs a translation into styles: give --preset of GANs N' Roses"),
        (Translation(generators[0], None, photos(4)), "needs the generators of both directions"),
        (Translation(*generators, photos(1)), "compares faces with each other: give at least 2"),
    ):
        with pytest.raises(UserError, match=message):
            evaluate("content", [Evaluation(translation=translation)])


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """run: a preset that knows its data; alone: one that does not, of one direction."""
    folder = tmp_path_factory.mktemp("translation")
    for name, num in (("a", 12), ("b", 20)):
        with RecordsWriter(folder / name, (SIDE, SIDE, 3)) as writer:
            for photo in photos(num, seed=num):
                writer.add(photo)
    data = {"source": str(folder / "a"), "target": str(folder / "b"), "resolution": SIDE}
    save_roses(folder / "run", data=data)
    save_roses(folder / "alone", backward=False)
    return folder


@pytest.fixture
def run(inputs, tmp_path, extractor):
    def run(preset, *arguments):
        values = flags.FlagValues()
        verb.define_flags(values)
        values(["evaluate", f"--preset={inputs / preset}", f"--out={tmp_path}", *arguments])
        return list(verb.run(values))

    return run


def test_the_protocol_by_the_verb(run, inputs):
    """DFID: of each face's drawings against all real ones, then the mean."""
    sizes = ("--faces=4", "--styles=5")
    records = run("run", "--metrics=dfd_lite0,fd_lite0_20,content", *sizes)
    diversity, whole, content = (record["results"] for record in records)
    translation = Translation(rose_generator(1), rose_generator(2), None)
    function = FeatureFunction("lite0", {})
    order = np.argsort(np.random.Philox(key=0).random_raw(12), kind="stable")
    faces = photos(12, seed=12)[np.sort(order[:4])]
    drawn = TranslatedPhotos(
        Translation(translation.forward, translation.backward, faces), 5, name="x"
    )
    real = distances.moments(function.of_all(photos(20, seed=20)))
    values = [
        distances.frechet_distance(real, distances.moments(function.of_all(drawn.photos(rows))))
        for rows in drawn.groups.values()
    ]
    assert diversity["dfd_lite0"] == pytest.approx(np.mean(values), rel=1e-3)
    assert whole["fd_lite0_20"] > 0 and "content" in content
    assert records[1]["pictures"]["fake"]["num"] == 20
    again = run("run", "--metrics=content", *sizes)
    assert again[0]["results"] == content
    given = run("run", "--metrics=fd_lite0_20", *sizes, f"--sources={inputs / 'b'}")
    assert given[0]["results"] != whole


def test_mistakes(run, inputs):
    for preset, arguments, message in (
        ("alone", ["--metrics=fd_lite0_4"], "--sources is missing: .* does not say its data"),
        ("run", ["--metrics=fd_lite0_50", "--faces=4"], "needs at least 50 pictures"),
        ("run", ["--metrics=kept_attributes", "--scorers=a"], "--scorers=a: give two"),
    ):
        with pytest.raises(UserError, match=message):
            run(preset, *arguments)
