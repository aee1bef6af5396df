"""Two domains: orders of their own, a face for all replicas, resuming, and what can be wrong."""

import numpy as np
import pytest
from PIL import Image

from tfgan_edit.config import UserError
from tfgan_edit.data import DataConfig, RecordsWriter, UnpairedConfig, prepare
from tfgan_edit.data.unpaired import Unpaired

NUM_A, NUM_B = 9, 13


def write(folder, num, first):
    with RecordsWriter(folder, (8, 8, 3)) as writer:
        for i in range(num):
            writer.add(np.full((8, 8, 3), first + i, np.uint8))
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("unpaired")
    return str(write(root / "a", NUM_A, 0)), str(write(root / "b", NUM_B, 100))


@pytest.fixture(scope="module")
def data(folders):
    return prepare(UnpairedConfig(*folders, resolution=8), progress=False)


def numbers(dataset, count):
    """{name: numbers of the photos} of the first batches, one row a batch."""
    rows = list(dataset.take(count).as_numpy_iterator())
    return {name: np.stack([row[name][:, 0, 0, 0] for row in rows]) for name in rows[0]}


def test_facts(data, folders):
    assert isinstance(data, Unpaired)
    assert data.num == NUM_A + NUM_B and data.resolution == (8, 8) and data.labels is None
    assert data.facts == {"resolution": 8, "img_channels": 3}
    examples = data.examples(12)
    np.testing.assert_array_equal(examples["photos_a"][:, 0, 0, 0], np.arange(12) % NUM_A)
    np.testing.assert_array_equal(examples["photos_b"][:, 0, 0, 0], 100 + np.arange(12))
    other = prepare(UnpairedConfig(*folders[::-1], resolution=8), progress=False)
    assert other.hash != data.hash


def test_each_domain_has_an_order_of_its_own(data):
    found = numbers(data.dataset(batch_size=3, seed=5), 3 * NUM_B)
    shapes = {name: rows.shape for name, rows in found.items()}
    assert shapes == {
        "photos_a": (39, 3), "photos_b": (39, 3), "face_a": (39, 1), "face_b": (39, 1)
    }
    for name, num, first in (("a", NUM_A, 0), ("b", NUM_B, 100)):
        photos = found[f"photos_{name}"].ravel()
        epochs = photos[: len(photos) // num * num].reshape(-1, num)
        for epoch in epochs:
            assert sorted(epoch) == list(range(first, first + num))
        faces = found[f"face_{name}"].ravel()
        assert sorted(faces[:num]) == list(range(first, first + num))
        assert not np.array_equal(faces[:num], epochs[0])
    ranks_a, ranks_b = found["photos_a"].ravel()[:NUM_A], found["photos_b"].ravel()[:NUM_A] - 100
    assert not np.array_equal(np.argsort(ranks_a), np.argsort(ranks_b))


def test_batches_are_a_function_of_seed_and_step(data):
    whole = numbers(data.dataset(batch_size=3, seed=5), 8)
    later = numbers(data.dataset(batch_size=3, seed=5, start_step=5), 3)
    other = numbers(data.dataset(batch_size=3, seed=6), 8)
    for name, rows in whole.items():
        np.testing.assert_array_equal(later[name], rows[5:])
        assert not np.array_equal(other[name], rows)


@pytest.mark.parametrize("workers", (1, 2))
def test_replicas_share_the_batch_and_the_face(data, workers):
    whole = numbers(data.dataset(batch_size=4, seed=5, start_step=2), 5)
    parts = [
        numbers(
            data.replica_dataset(
                batch_size=4,
                seed=5,
                start_step=2,
                num_replicas=2,
                num_input_pipelines=workers,
                input_pipeline_id=i,
            ),
            10 // workers,
        )
        for i in range(workers)
    ]
    for name, rows in whole.items():
        local = [part[name].reshape(5, 2 // workers, -1) for part in parts]
        replicas = np.concatenate(local, axis=1)  # [steps, replicas, rows]
        if name.startswith("face"):
            np.testing.assert_array_equal(replicas, np.stack([rows, rows], axis=1))
        else:
            np.testing.assert_array_equal(replicas.reshape(5, 4), rows)


def test_a_folder_with_both_domains(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder, value in (("trainA", 10), ("trainB", 200)):
        (tmp_path / "both" / folder).mkdir(parents=True)
        for i in range(8):
            picture = Image.fromarray(np.full((12, 10, 3), value + i, np.uint8))
            picture.save(tmp_path / "both" / folder / f"{i}.png")
    data = prepare(UnpairedConfig("both", resolution=8), progress=False)
    assert (data.a.num, data.b.num) == (8, 8)
    assert data.a.photos([0]).max() < 100 < data.b.photos([0]).min()


def test_a_subset_of_each(folders):
    config = UnpairedConfig(*folders, resolution=8, subset=8)
    data = prepare(config, progress=False)
    found = numbers(data.dataset(batch_size=4, seed=1, **config.reading), 8)
    for name in ("photos_a", "photos_b", "face_a", "face_b"):
        assert len(set(found[name].ravel())) == 8


def test_tiny_draws_two_styles():
    first, second = UnpairedConfig("x", "y", seed=3).tiny().domains()
    assert isinstance(first, DataConfig) and first.num == second.num == 16
    assert (first.source, second.source) == ("avatars:avataaars", "avatars:adventurer")
    assert not first.labels and first.seed == 3


def test_each_domain_may_be_cut_otherwise():
    crops = [domain.crop for domain in UnpairedConfig("x", "y", crop="0,0,9,9").domains()]
    assert crops == ["0,0,9,9", "0,0,9,9"]
    config = UnpairedConfig("x", "y", crop="0,0,9,9", target_crop="center")
    assert [domain.crop for domain in config.domains()] == ["0,0,9,9", "center"]


def test_what_can_be_wrong(folders, tmp_path):
    a, b = folders
    few = str(write(tmp_path / "few", 7, 0))
    with RecordsWriter(tmp_path / "grey", (8, 8, 1)) as writer:
        for _ in range(8):
            writer.add(np.zeros((8, 8, 1), np.uint8))
    grey = str(tmp_path / "grey")
    for config, message in (
        (UnpairedConfig(a, resolution=8), "data.target is missing .* holds no trainA and trainB"),
        (UnpairedConfig(a, few, resolution=8), "few has 7 pictures: a domain needs at least 8"),
        (UnpairedConfig(a, b, resolution=8, subset=4), "has 4 pictures: a domain needs"),
        (UnpairedConfig(a, grey, resolution=8), "A has pictures of 8x8x3, domain B of 8x8x1"),
        (UnpairedConfig(a, b, resolution=16), "records .* are 8x8 pixels, the recipe says 16x16"),
    ):
        with pytest.raises(UserError, match=message):
            prepare(config, progress=False)


def test_few_pictures_are_remarked(folders, capsys):
    prepare(UnpairedConfig(*folders, resolution=8))
    assert "has 9 pictures; 1,000 or more are advised" in capsys.readouterr().out
