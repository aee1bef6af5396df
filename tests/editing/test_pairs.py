import json

import numpy as np
import pytest
import tensorflow as tf

from tests.editing.teachers import NAMES, bright_direction, colour_scorer, save_generator
from tfgan_edit.config import UserError
from tfgan_edit.editing import pairs as module
from tfgan_edit.editing.latents import draw_z
from tfgan_edit.editing.pair_choice import DistanceBound
from tfgan_edit.editing.pairs import (
    AttributePairs,
    BlendedPairs,
    MixedPairs,
    make_pairs,
)
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


def test_interrupted_work_goes_on(preset, task, made, tmp_path, monkeypatch):
    make = {"num": 40, "batch_size": 20, "progress": False}
    add = module._Parts.add

    def interrupted(parts, selections):
        if len(parts.files) == 2:
            raise KeyboardInterrupt
        add(parts, selections)

    with monkeypatch.context() as patch:
        patch.setattr(module._Parts, "add", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make_pairs(tmp_path / "cut", preset, task, **make)
    assert not (tmp_path / "cut").exists()
    with pytest.raises(UserError, match="holds the beginning of other pairs: remove it"):
        make_pairs(tmp_path / "cut", preset, task, seed=2, **make)
    rest = make_pairs(tmp_path / "cut", preset, task, **make)
    assert rest.pairs.hash == made.pairs.hash
    assert rest.sets == made.sets - 2 * 16
    again = make_pairs(tmp_path / "cut", preset, task, **make)
    assert again.sets == 0 and again.pairs.hash == made.pairs.hash
    with pytest.raises(UserError, match=r"cut holds other pairs \(they differ in seed\)"):
        make_pairs(tmp_path / "cut", preset, task, seed=2, **make)


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
