import json

import numpy as np
import pytest
import tensorflow as tf

from tests.editing.teachers import NAMES, bright_direction, colour_scorer, save_generator
from tfgan_edit.config import UserError
from tfgan_edit.editing import pairs as module
from tfgan_edit.editing.latents import draw_z
from tfgan_edit.editing.pair_choice import DistanceBound
from tfgan_edit.editing.pair_tasks import (
    AttributePairs,
    BlendedPairs,
    MixedPairs,
    RefinedPairs,
)
from tfgan_edit.editing.pairs import make_pairs
from tfgan_edit.editing.refinement import LatentRefiner, Refinement
from tfgan_edit.ops.images import image_to_photo
from tfgan_edit.preset import load_preset

STRENGTHS = (-3.0, -1.5, 0.0, 1.5, 3.0)


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    return save_generator(tmp_path_factory.mktemp("generator") / "preset")


@pytest.fixture(scope="module")
def direction(preset):
    return bright_direction(preset)


@pytest.fixture(scope="module")
def task(direction):
    return attribute_task(direction, keep=("red",))


def attribute_task(direction, **settings):
    settings = {"strengths": STRENGTHS, **settings}
    return AttributePairs(direction, colour_scorer(), "bright", **settings)


@pytest.fixture(scope="module", autouse=True)
def small_parts():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SETS_PER_PART", 16)
        yield


@pytest.fixture(scope="module")
def made(preset, task, small_parts, tmp_path_factory):
    """An `Outcome` of 40 pairs, in a folder of its own."""
    path = tmp_path_factory.mktemp("made") / "bright"
    return make_pairs(path, preset, task, num=40, batch_size=20, progress=False)


# === pairs along a direction ===


def test_pairs_are_what_was_asked_for(preset, task, made):
    pairs = made.pairs
    assert pairs.num == 40 and pairs.resolution == (16, 16)
    assert made.sets == pairs.manifest["sets"] and 0 < made.busy <= 1
    scores = pairs.scores()
    assert (scores["source_scores"][:, 0] <= 0.1).all()
    assert (scores["target_scores"][:, 0] >= 0.9).all()
    red = scores["source_scores"][:, 1] >= 0.5, scores["target_scores"][:, 1] >= 0.5
    np.testing.assert_array_equal(*red)
    # What was stored is what was scored.
    again = colour_scorer()(tf.cast(pairs.targets[:], tf.float32) / 127.5 - 1)
    np.testing.assert_allclose(again["bright"], scores["target_scores"][:, 0], atol=1e-5)
    manifest = pairs.manifest
    assert manifest["parents"] == {
        "generator": preset.sha256,
        "direction": task.direction.hash,
        "scorer": "scorer",
    }
    assert manifest["licence"] == "for research"  # the generator's
    assert manifest["fitting"] + sum(manifest["rejected"].values()) == manifest["sets"]
    assert {"red changes", "no picture certain of the source's class"} & set(manifest["rejected"])
    request = json.loads((pairs.path / "manifest.json").read_text())["request"]
    assert request["names"] == list(NAMES) and request["strengths"] == list(STRENGTHS)
    assert (pairs.path / "pairs.png").is_file()
    assert not list(pairs.path.parent.glob(".*"))


def test_pictures_are_those_along_the_direction(preset, task, made):
    pairs = made.pairs
    scores, generator = pairs.scores(), preset.networks["generator"]
    z = draw_z(1, 0, 16, 8)
    w_plus = generator.mapping(z, truncation=0.7).numpy()
    all_faces = [
        image_to_photo(
            generator.synthesis(task.direction.apply(w_plus, s), noise="constant")
        ).numpy()
        for s in STRENGTHS
    ]
    for side, photos in (("source", pairs.sources), ("target", pairs.targets)):
        place = STRENGTHS.index(scores[f"{side}_strengths"][0])
        errors = np.abs(all_faces[place].astype(int) - photos[0]).max(axis=(1, 2, 3))
        assert errors.min() <= 1


def test_reversed_pairs(direction):
    task = attribute_task(direction, reverse=True)
    photos = np.arange(2 * 5, dtype=np.uint8).reshape(2, 5, 1, 1, 1)
    bright = np.array([[0.0, 0.05, 0.5, 0.92, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0]])
    scores = np.stack([bright, bright, bright, 1 - bright], axis=-1)
    arrays, rejected = task.select(photos, scores)
    assert (arrays["sources"].item(), arrays["targets"].item()) == (3, 1)
    assert (arrays["source_strengths"].item(), arrays["target_strengths"].item()) == (1.5, -1.5)
    assert rejected == {"no picture certain of the source's class": 1}


def test_smaller_photos(preset, direction, tmp_path):
    task = attribute_task(direction)
    make = {"num": 4, "progress": False}
    small = make_pairs(tmp_path / "small", preset, task, resolution=8, **make).pairs
    assert small.resolution == (8, 8)
    assert small.manifest["request"]["reduction"] == "bicubic_antialiased"
    with pytest.raises(UserError, match="resolution 32: the generator draws 16x16 pixels"):
        make_pairs(tmp_path / "large", preset, task, resolution=32, **make)


def interrupted(monkeypatch, path, *arguments, **make):
    """Two parts of pairs, and no more."""
    add = module._Parts.add

    def stopping(parts, selections):
        if len(parts.files) == 2:
            raise KeyboardInterrupt
        add(parts, selections)

    with monkeypatch.context() as patch:
        patch.setattr(module._Parts, "add", stopping)
        with pytest.raises(KeyboardInterrupt):
            make_pairs(path, *arguments, **make)
    assert not path.exists()


def test_interrupted_work_goes_on(preset, task, made, tmp_path, monkeypatch):
    make = {"num": 40, "batch_size": 20, "progress": False}
    interrupted(monkeypatch, tmp_path / "cut", preset, task, **make)
    with pytest.raises(UserError, match="holds the beginning of other pairs: remove it"):
        make_pairs(tmp_path / "cut", preset, task, seed=2, **make)
    rest = make_pairs(tmp_path / "cut", preset, task, **make)
    assert rest.pairs.hash == made.pairs.hash
    assert rest.sets == made.sets - 2 * 16
    again = make_pairs(tmp_path / "cut", preset, task, **make)
    assert again.sets == 0 and again.pairs.hash == made.pairs.hash
    with pytest.raises(UserError, match=r"cut holds other pairs \(they differ in seed\)"):
        make_pairs(tmp_path / "cut", preset, task, seed=2, **make)


@pytest.mark.parametrize("num", [3, 50])
def test_interrupted_work_goes_on_to_another_number(preset, task, num, tmp_path, monkeypatch):
    make = {"batch_size": 20, "progress": False}
    interrupted(monkeypatch, tmp_path / "cut", preset, task, num=40, **make)
    changed = make_pairs(tmp_path / "cut", preset, task, num=num, **make).pairs
    fresh = make_pairs(tmp_path / "fresh", preset, task, num=num, **make).pairs
    assert changed.num == num
    assert changed.hash == fresh.hash
    assert changed.manifest["sets"] == fresh.manifest["sets"]


def test_sets_that_give_no_pair_stop_the_work(preset, direction, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SETS_BEFORE_DOUBT", 32)
    task = attribute_task(direction, strengths=(0.0, 0.01))
    with pytest.raises(UserError, match="^0 of 32 sets gave a pair .*class: .*lower the thresh"):
        make_pairs(tmp_path / "p", preset, task, num=10, progress=False)


# === guards ===


def test_bounds_reject_what_is_far(direction, made):
    x, y = made.pairs.sources[:2], made.pairs.targets[:2]
    distances = DistanceBound("pixels", 1).distances(x, y)
    task = attribute_task(direction, bounds=[DistanceBound("pixels", float(distances.mean()))])
    photos = np.stack([x, y, y, y, y], axis=1)
    scores = np.tile(np.array([0.0, 1, 1, 1, 1])[:, np.newaxis], (2, 1, 4))
    arrays, rejected = task.select(photos, scores)
    np.testing.assert_array_equal(arrays["targets"], y[[np.argmin(distances)]])
    assert list(rejected.values()) == [1] and next(iter(rejected)).startswith("pixels above ")


# === two sources ===


def test_mixed_and_blended_triplets(preset, tmp_path):
    generator = preset.networks["generator"]
    z = draw_z(3, 0, 16, 2 * 8).reshape(16, 2, 8)
    w_plus = generator.mapping(z.reshape(-1, 8), truncation=0.7).numpy().reshape(16, 2, 6, 8)
    mixed = w_plus[:, 0].copy()
    mixed[:, [0, 1]] = w_plus[:, 1, [0, 1]]
    targets = {"mix": mixed, "blend": 0.75 * w_plus[:, 0] + 0.25 * w_plus[:, 1]}
    tasks = {"mix": MixedPairs([0, 1]), "blend": BlendedPairs(0.25)}
    for kind, task in tasks.items():
        pairs = make_pairs(tmp_path / kind, preset, task, num=5, seed=3, progress=False).pairs
        assert pairs.planes == ("photo",) * 6 and pairs.scores() == {}
        expected = [
            image_to_photo(generator.synthesis(rows[:5], noise="constant")).numpy()
            for rows in (w_plus[:, 0], w_plus[:, 1], targets[kind])
        ]
        found = [pairs.sources[:][..., :3], pairs.sources[:][..., 3:], pairs.targets[:]]
        assert max(np.abs(a.astype(int) - b).max() for a, b in zip(expected, found)) <= 1
        assert pairs.manifest["rejected"] == {} and pairs.manifest["kind"] == kind


# === mistakes ===


@pytest.mark.parametrize(
    "settings, match",
    [
        ({"threshold": 1.0}, "threshold 1 must be in 0.5…1, below 1"),
        ({"strengths": (1.0,)}, "strengths .* must be two or more different numbers"),
        ({"strengths": (1.0, 1.0)}, "strengths .* must be two or more different numbers"),
        ({"keep": ("smile",)}, "keep 'smile': must be one of red, tone"),
        ({"keep": ("bright",)}, "keep 'bright': must be one of red, tone"),
    ],
)
def test_values_out_of_range(direction, settings, match):
    with pytest.raises(UserError, match=match):
        attribute_task(direction, **settings)


def test_directions_of_other_generators(task, tmp_path):
    save_generator(tmp_path / "other")
    (tmp_path / "other" / "config.json").write_text(
        (tmp_path / "other" / "config.json").read_text() + "\n"
    )
    other = load_preset(tmp_path / "other")
    with pytest.raises(UserError, match="'bright' was found for another generator"):
        make_pairs(tmp_path / "p", other, task, num=1, progress=False)


# === optimised pairs, and balanced faces ===


def refined_task(direction, **others):
    settings = {"strengths": STRENGTHS, "keep": ("red", "tone"), **others}
    refinement = Refinement(steps=15, learning_rate=0.2, pixel_weight=1.0)
    return RefinedPairs(direction, colour_scorer(), "bright", refinement=refinement, **settings)


def test_refined_pairs_start_at_unchanged_faces(preset, direction, tmp_path):
    task = refined_task(direction)
    pairs = make_pairs(tmp_path / "pairs", preset, task, num=12, progress=False).pairs
    scores = pairs.scores()
    assert (scores["source_scores"][:, 0] <= 0.1).all()
    assert (scores["target_scores"][:, 0] >= 0.9).all()
    assert (scores["source_strengths"] == 0).all()
    again = colour_scorer()(tf.cast(pairs.targets[:], tf.float32) / 127.5 - 1)
    np.testing.assert_allclose(again["bright"], scores["target_scores"][:, 0], atol=1e-5)
    request = pairs.manifest["request"]["refinement"]
    assert request["steps"] == 15 and request["layers"] is None
    # A source is the face of a latent as it was drawn.
    generator = preset.networks["generator"]
    z = draw_z(1, 0, 16 * task.candidates, 8)
    faces = image_to_photo(generator(z, truncation=0.7, noise="constant")).numpy().astype(int)
    assert np.abs(faces - pairs.sources[0]).max(axis=(1, 2, 3)).min() <= 1


def test_optimising_succeeds_more_often_than_the_direction(preset, direction):
    """Among faces that are dark, without a change of any other attribute."""
    generator = preset.networks["generator"]
    w_plus = generator.mapping(draw_z(5, 0, 64, 8))[:, np.newaxis]

    def photos_of(rows):
        return image_to_photo(generator.synthesis(rows, noise="constant"))

    yields = []
    for task in (attribute_task(direction, keep=("red", "tone")), refined_task(direction)):
        task.prepare(preset)
        drawn = task.compute(generator, w_plus, photos_of)
        arrays, rejected = task.select(*(t.numpy() for t in drawn))
        yields.append(len(arrays["sources"]))
        assert yields[-1] + sum(rejected.values()) == 64
    assert yields[1] > yields[0]


def test_only_the_layers_named_move(preset, direction):
    generator = preset.networks["generator"]
    refiner = LatentRefiner(
        generator, colour_scorer(), "bright", keep=("red",), settings=Refinement(3, layers=(1, 4))
    )
    w_plus = generator.mapping(draw_z(5, 0, 4, 8))
    moved = np.abs(refiner(w_plus, w_plus) - w_plus).max(axis=(0, 2)) > 0
    assert moved.tolist() == [False, True, False, False, True, False]


def test_an_attribute_that_nothing_else_holds_back_is_reached(preset):
    generator = preset.networks["generator"]
    settings = Refinement(30, learning_rate=0.2, keep_weight=0.0, pixel_weight=0.0)
    refiner = LatentRefiner(
        generator, colour_scorer(), "bright", keep=(), reverse=True, settings=settings
    )
    w_plus = generator.mapping(draw_z(5, 0, 32, 8))
    rows = tf.function(refiner)(w_plus, w_plus)
    scores = colour_scorer()(generator.synthesis(rows, noise="constant"))["bright"]
    assert (scores < 0.1).mean() > 0.9


def test_balance_prefers_rare_classes(direction):
    task = attribute_task(direction, balance=("red",))
    random = np.random.RandomState(0)
    scores = np.zeros((8000, 4))
    scores[:, 1] = random.uniform(size=8000) < 0.05
    chosen = task.choose(scores, 200, np.random.RandomState(1))
    assert len(set(chosen)) == 200
    assert 0.4 < scores[chosen, 1].mean() < 0.6
    assert attribute_task(direction).candidates == 1


def test_faces_of_the_wrong_class_are_not_refined(direction):
    scores = np.zeros((100, 4))
    scores[:80, 0] = 1.0  # bright already
    chosen = refined_task(direction).choose(scores, 20, np.random.RandomState(1))
    assert sorted(chosen) == list(range(80, 100))


def test_refinements_that_cannot_be(preset, direction):
    with pytest.raises(UserError, match="pairs to refine start at strength 0"):
        refined_task(direction, strengths=(-1.0, 1.0))
    with pytest.raises(UserError, match="refine 0: must be at least one step"):
        Refinement(0)
    with pytest.raises(UserError, match="pixel_weight -1: must not be negative"):
        Refinement(pixel_weight=-1.0)
    with pytest.raises(UserError, match="refine_layers 2,7: the generator has rows 0 to 5"):
        LatentRefiner(
            preset.networks["generator"], colour_scorer(), "bright", keep=(),
            settings=Refinement(layers=(2, 7)),
        )
    with pytest.raises(UserError, match="balance 'bright': must be one of red, tone"):
        attribute_task(direction, balance=("bright",))
