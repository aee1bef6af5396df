"""Latents as data of a training: where they come from, what a batch holds, what does not fit."""

import numpy as np
import pytest

from tests.checkpoints import official_files as files
from tests.checkpoints.pickle_writer import dumps
from tests.editing.teachers import colour_scorer, save_generator
from tfgan_edit.config import UserError
from tfgan_edit.data import LatentsConfig, prepare
from tfgan_edit.editing.latents import open_latents, score_latents
from tfgan_edit.networks.attribute_classifier import label_vectors

TEXT = "3\nmale\tsmile\nb.png\t0\t1\na.png\t1\t1\nc.png 0 0\n"


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("latents")
    preset = save_generator(folder / "faces")
    score_latents(
        folder / "scored", preset, colour_scorer(), num=20, truncation=0.8, progress=False
    )
    return folder / "scored"


def w_plus(*shape):
    return np.random.RandomState(0).randn(*shape).astype(np.float32)


def batch(data, **settings):
    return {k: v.numpy() for k, v in next(iter(data.dataset(**settings))).items()}


def test_scored_latents(scored):
    data, latents = prepare(LatentsConfig(str(scored))), open_latents(scored)
    assert data.num == 20 and data.hash == latents.hash
    facts = data.facts
    assert facts["latent_shape"] == (1, 8) and facts["truncation"] == 0.8
    assert facts["label_names"] == ["bright", "red", "tone=warm", "tone=cold"]
    np.testing.assert_array_equal(facts["labels"], label_vectors(latents.scores, latents.names))
    first = batch(data, batch_size=20, seed=3)
    rows = [int(np.flatnonzero((latents.w == w).all(axis=1))[0]) for w in first["latents"][:, 0]]
    assert sorted(rows) == list(range(20))
    np.testing.assert_array_equal(first["labels"], facts["labels"][rows])
    partners = first["partners"][:, 0]
    assert {tuple(w) for w in partners} == {tuple(w) for w in latents.w}
    assert np.mean(np.all(partners == first["latents"][:, 0], axis=1)) < 0.5


def test_a_batch_is_a_function_of_seed_and_step(scored):
    data = prepare(LatentsConfig(str(scored)))
    whole = batch(data, batch_size=6, seed=1, start_step=2)
    halves = [
        batch(data, batch_size=6, seed=1, start_step=2, num_shards=2, shard_index=i)
        for i in range(2)
    ]
    for key, value in whole.items():
        np.testing.assert_array_equal(value, np.concatenate([half[key] for half in halves]))
    assert np.any(batch(data, batch_size=6, seed=2, start_step=2)["latents"] != whole["latents"])


def test_drawn_latents_are_places():
    data = prepare(LatentsConfig())
    assert data.num == 0 and data.facts["latent_shape"] is None
    np.testing.assert_array_equal(
        batch(data, batch_size=3, start_step=2)["positions"], [6, 7, 8]
    )
    np.testing.assert_array_equal(data.examples(3)["positions"], [0, 1, 2])
    assert LatentsConfig("x", seed=4).tiny() == LatentsConfig(seed=4)


@pytest.mark.parametrize(
    "shape, equal_rows, expected",
    [
        ((3, 8), False, (3, 1, 8)),
        ((3, 6, 8), False, (3, 6, 8)),
        ((3, 1, 6, 8), False, (3, 6, 8)),
        ((3, 1, 6, 8), True, (3, 1, 8)),  # as in StyleFlow's files: w in all rows
    ],
)
def test_files_of_latents(tmp_path, shape, equal_rows, expected):
    latents = w_plus(*shape)
    if equal_rows:
        latents[:] = latents[..., :1, :]
    np.save(tmp_path / "wp.npy", latents)
    data = prepare(LatentsConfig(str(tmp_path / "wp.npy")))
    assert data.latents.shape == expected
    last = latents.reshape(3, -1, 8)
    np.testing.assert_array_equal(data.latents, last if not equal_rows else last[:, :1])
    examples = data.examples(4)
    np.testing.assert_array_equal(examples["latents"], data.latents[[0, 1, 2, 0]])


def test_a_pickle_of_single_latents(tmp_path):
    """StyleFlow's are a dictionary with a list of [1, 18, 512]; order by number, not by name."""
    latents = w_plus(12, 1, 6, 8)
    value = {"Latent": [files.numpy_value(row) for row in latents]}
    (tmp_path / "sg2latents.pickle").write_bytes(dumps(value, protocol=3))
    data = prepare(LatentsConfig(str(tmp_path / "sg2latents.pickle")))
    np.testing.assert_array_equal(data.latents, latents[:, 0])


def test_labels_of_files(tmp_path):
    np.save(tmp_path / "wp.npy", w_plus(3, 6, 8))
    table = np.array([[1, 30, 0.9], [0, 65, 0.2], [0, 20, 0.6]])[..., np.newaxis]
    np.save(tmp_path / "attributes.npy", table)
    (tmp_path / "list.txt").write_text(TEXT)
    config = LatentsConfig(
        str(tmp_path / "wp.npy"), str(tmp_path / "attributes.npy"), ("male", "-", "smile")
    )
    data = prepare(config)
    assert data.label_names == ["male", "smile"]
    np.testing.assert_array_equal(data.labels, [[1, 1], [0, 0], [0, 1]])
    listed = prepare(LatentsConfig(config.source, str(tmp_path / "list.txt")))
    np.testing.assert_array_equal(listed.labels, [[1, 1], [0, 1], [0, 0]])  # by names: a, b, c
    assert listed.label_names == ["male", "smile"] and listed.hash != data.hash


@pytest.mark.parametrize(
    "change, words",
    [
        ({"source": "nowhere.npy"}, "there is no such file"),
        ({"source": "bad.npy"}, r"bad.npy holds float32 \[2, 2, 2, 2\]: latents are finite"),
        ({"labels": "attributes.npy"}, "data.label_names is missing"),
        (
            {"labels": "attributes.npy", "label_names": ("a",)},
            r"has the shape \[4, 2\], data.label_names names 1 columns",
        ),
        (
            {"labels": "attributes.npy", "label_names": ("a", "-")},
            "has 4 rows, data.source=wp.npy 3 latents: they must be of the same pictures",
        ),
        (
            {"labels": "attributes.npy", "label_names": ("a", "b")},
            "'b' has values from 20 to 20; labels are in 0…1: leave it out",
        ),
        ({"labels": "none.txt"}, "cannot read labels none.txt"),
        ({"labels": "odd.txt"}, "odd.txt is no list of attributes"),
        ({"source": "drawn", "labels": "list.txt"}, "it is for a file of latents"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, monkeypatch, change, words):
    monkeypatch.chdir(tmp_path)
    np.save("wp.npy", w_plus(3, 6, 8))
    np.save("bad.npy", w_plus(2, 2, 2, 2))
    np.save("attributes.npy", np.array([[1.0, 20.0]] * 4))
    (tmp_path / "odd.txt").write_text("2\na b\nx 1\n")
    with pytest.raises(UserError, match=words) as caught:
        prepare(LatentsConfig(**{"source": "wp.npy", **change}))
    assert "\n" not in str(caught.value)
