"""Directions: what they do to w_plus, how they are stored and found, and what is refused."""

import json
import types

import numpy as np
import pytest

from tests.editing import tiny_faces
from tests.editing.tiny_faces import scored
from tfgan_edit.config import UserError
from tfgan_edit.editing.directions import (
    SUPERVISED,
    Direction,
    certain_samples,
    find_direction,
    load_direction,
    principal_direction,
    strip,
    style_kernels,
    weight_direction,
)
from tfgan_edit.networks.stylegan import StyleGANGenerator
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.sampling import Sampler


def w_plus(count=2, num_ws=4, w_dim=6):
    return np.random.default_rng(0).standard_normal((count, num_ws, w_dim)).astype(np.float32)


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.fixture(scope="module")
def generator():
    return StyleGAN2Generator(8, **tiny_faces.SIZES)


# === What a direction does ===


def test_it_moves_its_layers_by_strength():
    start, vector = w_plus(), np.arange(6.0)
    everywhere, some = Direction(vector), Direction(vector, (1, 3))
    np.testing.assert_allclose(everywhere.apply(start, 2), start + 2 * vector, atol=1e-5)
    moved = some.apply(start, [0.5, -1]) - start
    np.testing.assert_allclose(moved[1, 3], -vector, atol=1e-6)
    np.testing.assert_allclose(moved[0, 1], 0.5 * vector, atol=1e-6)
    np.testing.assert_array_equal(moved[:, [0, 2]], 0)


def test_it_may_have_a_vector_for_each_row():
    vectors = w_plus(1)[0]
    direction = Direction(vectors, (0, 2))
    np.testing.assert_array_equal(direction.offsets(4)[[0, 2]], vectors[[0, 2]])
    np.testing.assert_array_equal(direction.offsets(4)[[1, 3]], 0)


def test_a_direction_of_another_generator_is_refused(generator):
    metadata = {"attribute": "smile", "parents": {"generator": {"sha256": "1" * 64}}}
    Direction(np.ones(6), (0, 3), metadata).check(generator, "1" * 64)
    Direction(np.ones((4, 6))).check(generator, "2" * 64)  # it does not say whose it is
    for direction, message in (
        (Direction(np.ones(5)), "w of 5 numbers, this one has 6"),
        (Direction(np.ones((18, 6))), "18 rows of w_plus, this generator has 4"),
        (Direction(np.ones(6), (3, 4)), r"layers \[3, 4\], this generator has 0-3"),
        (Direction(np.ones(6), None, metadata), "another generator .preset 111111111111"),
    ):
        with pytest.raises(UserError, match=message):
            direction.check(generator, "2" * 64)


@pytest.mark.parametrize("vectors", [np.ones((2, 2, 2, 2)), np.ones(0), [np.nan, 1.0], 1.0])
def test_vectors_of_another_form_are_refused(vectors):
    with pytest.raises(ValueError, match="vectors must be"):
        Direction(vectors)


# === Of stylemaps ===


def stylemap_generator(shape=(2, 3, 4)):
    return types.SimpleNamespace(stylemap_shape=shape)


def test_a_direction_of_stylemaps():
    vectors = np.random.RandomState(0).randn(2, 3, 4).astype(np.float32)
    direction = Direction(vectors)
    direction.check(stylemap_generator())
    stylemaps = np.random.RandomState(1).randn(2, 2, 3, 4).astype(np.float32)
    moved = direction.apply(stylemaps, [1.0, -2.0])
    expected = stylemaps + np.reshape([1, -2], (2, 1, 1, 1)) * vectors
    np.testing.assert_allclose(moved, expected, rtol=1e-6)
    mask = np.array([[1, 0, 0], [0, 0, 0.5]])
    part = direction.within(mask).apply(stylemaps, 1.0)
    np.testing.assert_allclose(part - stylemaps, [mask[..., np.newaxis] * vectors] * 2, atol=1e-6)


def test_an_official_boundary_of_stylemaps(tmp_path):
    """StyleMapGAN's files have channels first."""
    boundary = np.random.RandomState(0).randn(4, 2, 3).astype(np.float32)
    np.save(tmp_path / "heavy_makeup.npy", boundary)
    direction = load_direction(tmp_path / "heavy_makeup.npy")
    np.testing.assert_array_equal(direction.vectors[1, 2], boundary[:, 1, 2])
    direction.check(stylemap_generator())
    direction.save(tmp_path / "again.npz")
    assert load_direction(tmp_path / "again.npz").hash == direction.hash


def test_directions_of_other_latents_are_named(generator):
    cube = Direction(np.ones((2, 3, 4)))
    with pytest.raises(UserError, match=r"of \[2, 3, 4\] numbers, this generator has w"):
        cube.check(generator)
    with pytest.raises(UserError, match=r"this generator has stylemaps of \[4, 4, 4\]"):
        cube.check(stylemap_generator((4, 4, 4)))
    with pytest.raises(UserError, match=r"of \[6\] numbers, this generator has stylemaps"):
        Direction(np.ones(6)).check(stylemap_generator())


# === Files ===


def test_a_saved_direction_is_the_same(tmp_path):
    metadata = {"attribute": "smile", "method": "centres", "parents": {"latents": {"hash": "x"}}}
    direction = Direction(w_plus(1)[0], (1, 2), metadata)
    direction.save(tmp_path / "smile.npz")
    loaded = load_direction(tmp_path / "smile.npz")
    np.testing.assert_array_equal(loaded.vectors, direction.vectors)
    assert (loaded.layers, loaded.metadata) == ((1, 2), metadata)
    assert loaded.hash == direction.hash != Direction(direction.vectors, (1,)).hash
    with pytest.raises(UserError, match="must end in .npz"):
        direction.save(tmp_path / "smile.npy")


@pytest.mark.parametrize(("shape", "kept"), [((18, 6), (18, 6)), ((1, 6), (6,)), ((6,), (6,))])
def test_official_files_load_as_they_are(shape, kept, tmp_path):
    vectors = np.random.default_rng(0).standard_normal(shape)
    np.save(tmp_path / "age.npy", vectors)
    direction = load_direction(tmp_path / "age.npy")
    assert direction.name == "age" and direction.layers is None
    np.testing.assert_allclose(direction.vectors, vectors.reshape(kept), rtol=1e-6)


def test_what_is_no_direction_is_refused_in_one_line(tmp_path):
    direction = Direction(np.ones(6))
    direction.save(tmp_path / "whole.npz")
    data = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.npy").write_text("text")
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    np.save(tmp_path / "integers.npy", np.arange(6))
    np.save(tmp_path / "cube.npy", np.ones((2, 2, 2, 2)))
    np.save(tmp_path / "nan.npy", np.full(6, np.nan))
    np.savez(tmp_path / "other.npz", vectors=np.ones(6))
    with np.load(tmp_path / "whole.npz") as arrays:
        np.savez(tmp_path / "changed.npz", vectors=np.zeros(6), manifest=arrays["manifest"])
        manifest = {**json.loads(arrays["manifest"].item()), "format_version": 9}
        np.savez(tmp_path / "newer.npz", vectors=np.ones(6), manifest=json.dumps(manifest))
    for name, message in (
        ("nowhere.npz", "cannot read direction"),
        ("smile.txt", "give an .npz file"),
        ("cut.npz", "cut.npz: it is a truncated zip archive"),
        ("text.npy", "damaged .npy file"),
        ("objects.npy", "objects.npy"),
        ("integers.npy", "int64"),
        ("cube.npy", r"\[2, 2, 2, 2\]"),
        ("nan.npy", "must be finite"),
        ("other.npz", "not a direction"),
        ("newer.npz", "has format 9, this version reads 1; upgrade"),
        ("changed.npz", "hash does not fit"),
    ):
        with pytest.raises(UserError, match=message) as caught:
            load_direction(tmp_path / name)
        assert "\n" not in str(caught.value)


# === Finding ===


@pytest.mark.parametrize("method", SUPERVISED)
def test_every_method_finds_a_linear_attribute(method):
    """Unit: one standard deviation of the projections; here that of a standard normal w."""
    latents = scored()
    direction = find_direction(latents, "smile", method=method, layers=(0, 1))
    assert cosine(direction.vectors, np.eye(6)[0]) > 0.99
    projections = latents.w @ (direction.vectors / np.linalg.norm(direction.vectors))
    assert np.linalg.norm(direction.vectors) == pytest.approx(projections.std(), rel=1e-5)
    facts = direction.metadata
    assert facts["held_out_accuracy"] > 0.99
    assert facts["deviation"] == pytest.approx(projections.std(), rel=1e-5)
    # Certain: 6 |w| > log 9; the mean of a normal beyond a is density(a) / (1 - distribution(a)).
    assert facts["centre_distance"] == pytest.approx(2 * 1.05, abs=0.1)
    assert facts["counts"]["positive"] == np.sum(latents.scores[:, 0] >= 0.9)
    assert direction.layers == (0, 1)
    assert facts["parents"]["latents"]["hash"] == latents.hash
    assert facts["parents"]["generator"] == latents.manifest["parents"]["generator"]


def test_centres_are_those_of_the_samples_that_are_not_held_out():
    latents = scored(500)
    chosen, positive = certain_samples(latents, "smile", 0.9)
    means = []
    for side in (True, False):
        rows = latents.w[chosen[positive == side]]
        means.append(np.delete(rows, slice(4, None, 5), axis=0).mean(axis=0, dtype=np.float64))
    found = find_direction(latents, "smile", method="centres").vectors
    assert cosine(found, means[0] - means[1]) == pytest.approx(1, abs=1e-6)


def test_accuracy_is_of_samples_that_it_did_not_see():
    """Labels of noise: whatever fits the seen ones says nothing of the others."""
    latents = scored(2000, normals=np.zeros((2, 6)), noise=10)
    accuracy = find_direction(latents, "smile", method="logistic").metadata["held_out_accuracy"]
    assert accuracy == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("method", SUPERVISED)
def test_conditioning_removes_the_other_directions(method):
    normals = np.array([[0.8, 0.6, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 0.6, 0.8, 0, 0]])
    latents = scored(4000, names=("smile", "glasses", "hat"), normals=normals)
    plain = find_direction(latents, "smile", method=method)
    assert cosine(plain.vectors, normals[0]) > 0.98
    freed = find_direction(latents, "smile", method=method, condition_on=("glasses", "hat"))
    other = find_direction(latents, "glasses", method=method)
    assert abs(cosine(freed.vectors, normals[1])) < 0.05
    assert abs(cosine(freed.vectors, other.vectors)) < 0.05
    assert cosine(freed.vectors, np.eye(6)[0]) > 0.97
    assert freed.metadata["condition_on"] == ["glasses", "hat"]
    with pytest.raises(UserError, match="'smile' lies in the span of smile"):
        find_direction(_all_seen(latents), "smile", method="centres", condition_on=("smile",))


def _all_seen(latents):
    """Every sample five times, so that those that are seen and all have the same centres."""
    repeated = {name: np.repeat(getattr(latents, name), 5, axis=0) for name in ("z", "w", "scores")}
    return type(latents)(latents.path, latents.manifest, **repeated)


def test_a_category_against_the_rest_or_another():
    latents = scored(2000, names=("hair=black", "hair=red", "hair=blond"), normals=np.eye(3, 6))
    scores = np.eye(3, dtype=np.float32)[np.argmax(latents.w[:, :3], axis=1)]
    latents.scores[:] = 0.94 * scores + 0.02
    rest = find_direction(latents, "hair=red")
    assert cosine(rest.vectors, np.array([-1, 2, -1, 0, 0, 0])) > 0.99
    pair = find_direction(latents, "hair=red:hair=black")
    assert cosine(pair.vectors, np.array([-1, 1, 0, 0, 0, 0])) > 0.98
    chosen, positive = certain_samples(latents, "hair=red:hair=black", 0.9)
    np.testing.assert_array_equal(scores[chosen[positive]], np.tile([0, 1, 0], (positive.sum(), 1)))
    assert np.all(scores[chosen[~positive], 0] == 1)


def test_what_cannot_be_found_is_said_in_one_line():
    few, flat, good = scored(100), scored(400), scored(400)
    flat.scores[:, 0] = 0.95
    few.scores[:, 0] = np.linspace(0.8, 0.95, 100)
    few.scores[:3, 0] = 0.05
    for latents, attribute, settings, message in (
        (few, "smile", {}, "too few certain samples: 34 of 100 are certainly it and 3 certainly"),
        (flat, "smile", {}, "only one class: 400 of 400"),
        (flat, "smile", {}, "threshold 0.9.*score more latents, or lower the threshold"),
        (good, "smiles", {}, "did you mean smile"),
        (good, "smile:hat", {}, "attribute 'hat' is unknown"),
        (good, "smile", {"condition_on": ("hat",)}, "attribute 'hat' is unknown"),
        (good, "smile", {"threshold": 1.0}, "threshold 1.0 must be"),
    ):
        with pytest.raises(UserError, match=message) as caught:
            find_direction(latents, attribute, **settings)
        assert "\n" not in str(caught.value)


# === Without attributes ===


def test_ganspace_finds_the_principal_components():
    latents = scored()
    scales = np.array([1, 3, 1, 2, 1, 1], np.float32)
    latents.w[:] = latents.w * scales
    first, second = (principal_direction(latents, i) for i in (0, 1))
    np.testing.assert_allclose(first.vectors, 3 * np.eye(6)[1], atol=0.2)
    np.testing.assert_allclose(second.vectors, 2 * np.eye(6)[3], atol=0.2)
    assert first.metadata["share"] == pytest.approx(9 / 17, abs=0.03)
    with pytest.raises(UserError, match="component 6 is not in 0-5"):
        principal_direction(latents, 6)


def test_sefa_maximises_the_change_of_styles(generator):
    """‖A n‖ of the first component is the largest of all unit vectors', of the last the least."""
    latents = scored()
    layers = (0, 2)
    a = np.concatenate([style_kernels(generator)[i] for i in layers], axis=1).T
    lengths = []
    for component in range(6):
        direction = weight_direction(latents, generator, component, layers)
        lengths.append(np.linalg.norm(a @ direction.vectors) / np.linalg.norm(direction.vectors))
    assert lengths == sorted(lengths, reverse=True)
    expected = np.linalg.svd(a)[1]
    np.testing.assert_allclose(lengths[: len(expected)], expected, rtol=1e-4)
    with pytest.raises(UserError, match="sefa needs layers with a convolution"):
        weight_direction(latents, generator, 0, (3,))


@pytest.mark.parametrize("cls", [StyleGAN2Generator, StyleGANGenerator])
def test_style_kernels_are_those_of_the_rows(cls):
    """Moving w in one row changes the style of its layer by w · kernel."""
    sizes = {"z_dim": 6, "w_dim": 6, "mapping_layers": 1, "channel_max": 4}
    generator = cls(8, **sizes)
    kernels = style_kernels(generator)
    blocks = generator.synthesis.blocks
    layers = [x for b in blocks for x in (getattr(b, "styles", None) or b.convolutions)]
    assert len(kernels) == len(layers) >= generator.num_ws - 1
    w, step = np.ones((1, 6), np.float32), np.eye(1, 6, dtype=np.float32)
    for layer, kernel in zip(layers, kernels, strict=True):
        change = layer.affine(w + step) - layer.affine(w)
        np.testing.assert_allclose(change, step @ kernel, atol=1e-6)


def test_a_strip_has_a_row_a_face_and_a_column_a_strength(generator):
    sampler = Sampler(generator)
    photo = strip(sampler, Direction(np.ones(6)), [4, 7], strengths=(-1, 0, 1))
    still = strip(sampler, Direction(np.zeros(6)), [4, 7], strengths=(-1, 0, 1))
    faces = list(sampler.photos(sampler.w_plus(sampler.z([4, 7])), [4, 7]))
    height, width = photo.shape[0] - 2 * 8 - 2, photo.shape[1]
    assert height > 0 and width > 3 * 8
    cells = np.argwhere(photo != still)
    assert len(cells)  # strengths of ±1 change pictures …
    middle = _find(photo, faces[0])
    assert middle is not None  # … and 0 does not
    row, column = middle
    np.testing.assert_array_equal(photo[row : row + 8, column : column + 8], faces[0])
    np.testing.assert_array_equal(still[row : row + 8, column : column + 8], faces[0])


def _find(photo, face):
    """(row, column) of a face in a photo, or None."""
    height, width = face.shape[:2]
    for row in range(photo.shape[0] - height + 1):
        for column in range(photo.shape[1] - width + 1):
            if np.array_equal(photo[row : row + height, column : column + width], face):
                return row, column
    return None
