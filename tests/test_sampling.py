import itertools
import types

import numpy as np
import pytest

from tfgan_edit.networks.stylegan import StyleGANGenerator
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.pictures import as_photos, image_grid
from tfgan_edit.sampling import (
    Sampler,
    class_names,
    deviation_map,
    interpolate,
    interpolation,
    latents_from_seeds,
    layer_groups,
    mix_styles,
    mixing_table,
    noise_from_seed,
    parse_integers,
    parse_label,
    parse_layer_groups,
    parse_layers,
    parse_numbers,
)


class GreyMapping:
    """w_plus rows are [z0, label class, row number]."""

    def __call__(self, z, labels=None, truncation=1.0, truncation_cutoff=None):
        w = np.zeros((len(z), 4, 3), np.float32)
        w[..., 0] = truncation * np.asarray(z)[:, :1]
        if labels is not None:
            w[..., 1] = np.argmax(labels, axis=1)[:, None]
        w[..., 2] = np.arange(4)
        return w


class GreySynthesis:
    """Draws w_plus[0, 0], plus the mean of the noise, as grey."""

    noise_shapes = [(4, 4), (8, 8)]

    def __init__(self):
        self.batches = []

    def __call__(self, w_plus, noise):
        self.batches.append((len(w_plus), noise if isinstance(noise, str) else "maps"))
        value = np.asarray(w_plus)[:, 0, 0] / 10
        if not isinstance(noise, str):
            assert [m.shape for m in noise] == [
                (len(w_plus), h, w, 1) for h, w in self.noise_shapes
            ]
            value = value + noise[1].mean((1, 2, 3))
        return np.tile(value[:, None, None, None], (1, 5, 6, 3))


def grey_generator(label_dim=0):
    return types.SimpleNamespace(
        mapping=GreyMapping(),
        synthesis=GreySynthesis(),
        z_dim=7,
        w_dim=3,
        num_ws=4,
        label_dim=label_dim,
    )


def grey(seed, z_dim=7):
    """The grey value that GreySynthesis gives a seed."""
    value = np.random.RandomState(seed).randn(1, z_dim)[0, 0] / 10
    return round((value + 1) * 127.5)


# === parsing ===


@pytest.mark.parametrize(
    "text, expected",
    [
        ("0-3", [0, 1, 2, 3]),
        ("1,4,9", [1, 4, 9]),
        (" 7 ", [7]),
        ("0-2, 9,9", [0, 1, 2, 9, 9]),
        ("4294967295", [2**32 - 1]),
    ],
)
def test_seeds(text, expected):
    assert parse_integers(text) == expected


@pytest.mark.parametrize(
    "text", ["", "a", "-1", "1-", "3-1", "1,,2", "1.5", "4294967296", "0-4000000", "0x3", "1--2"]
)
def test_seeds_that_are_none(text):
    with pytest.raises(ValueError, match="Received") as caught:
        parse_integers(text)
    assert repr(text) in str(caught.value)


def test_numbers():
    assert parse_numbers("-1,-0.5, 0,1e-1") == [-1, -0.5, 0, 0.1]
    for text in ("", "1,", "a", "1;2", "nan", "0,inf"):
        with pytest.raises(ValueError, match="must be numbers separated by commas. Received"):
            parse_numbers(text)


@pytest.mark.parametrize(
    "num_ws, starts",
    [(18, (4, 8)), (10, (4, 8)), (8, (4, 6)), (6, (2, 4)), (4, (2, 2)), (1, (1, 1))],
)
def test_layer_groups_share_the_levels(num_ws, starts):
    """1024 and 64 pixels as in the paper; 32, 16 and 8 have a level or two for each.

    A DCGAN has one row.
    """
    groups = layer_groups(num_ws)
    assert list(groups) == ["coarse", "middle", "fine"]
    assert (groups["middle"].start, groups["fine"].start) == starts
    assert [row for rows in groups.values() for row in rows] == list(range(num_ws))


@pytest.mark.parametrize(
    "text, num_ws, expected",
    [
        ("fine", 18, range(8, 18)),
        ("coarse", 18, range(4)),
        ("2,0-1,2", 8, range(3)),
        ("7", 8, [7]),
    ],
)
def test_layers(text, num_ws, expected):
    assert parse_layers(text, num_ws) == list(expected)


def test_several_groups_of_layers():
    groups = {"coarse": [0, 1], "middle": [2, 3], "fine": [4, 5]}
    assert parse_layer_groups("coarse/middle/fine", 6) == groups
    assert parse_layer_groups("7,5/coarse", 8) == {"7,5": [5, 7], "coarse": [0, 1, 2, 3]}
    with pytest.raises(ValueError, match="must be coarse, middle, fine, or numbers.*Received: ''"):
        parse_layer_groups("fine/", 8)


@pytest.mark.parametrize(
    "text, num_ws, match",
    [
        ("middle", 4, "must be coarse, fine, or numbers: must be like .* Received: 'middle'"),
        ("0-8", 8, "must be coarse, middle, fine, or numbers: must be rising ranges in 0-7"),
        ("Coarse", 8, "Received: 'Coarse'"),
    ],
)
def test_layers_that_are_none(text, num_ws, match):
    with pytest.raises(ValueError, match=match):
        parse_layers(text, num_ws)


def test_labels():
    assert parse_label("2", 3).tolist() == [0, 0, 1]
    assert parse_label("0.5,-1,2", 3).tolist() == [0.5, -1, 2]
    assert parse_label("0.25", 1).tolist() == [0.25]
    for text in ("3", "-1", "1.5", "a", "1,2", "1,2,nan", "1,2,x", ""):
        with pytest.raises(ValueError, match="must be a class in 0-2 or 3 numbers"):
            parse_label(text, 3)


def test_labels_by_name():
    names = ["smile", "hair=red", "hair=blond", "beard=red"]
    assert parse_label("hair=red", 4, names).tolist() == [0, 1, 0, 0]
    assert parse_label("blond, smile", 4, names).tolist() == [1, 0, 1, 0]
    assert parse_label("beard=red,hair=red", 4, names).tolist() == [0, 1, 0, 1]
    assert parse_label("3", 4, names).tolist() == [0, 0, 0, 1]
    assert parse_label("0,0,1,0.5", 4, names).tolist() == [0, 0, 1, 0.5]
    for text in ("red", "green", "blond,green", "", "Smile"):
        with pytest.raises(ValueError, match="of smile, hair=red, hair=blond, beard=red. Rec"):
            parse_label(text, 4, names)
    with pytest.raises(ValueError, match="or of 0=a, .*, 19=a and 5 more. Received: 'b'"):
        parse_label("b", 25, [f"{i}=a" for i in range(25)])


def test_classes_are_the_words_of_one_column():
    assert class_names(2) == ["0", "1"]
    assert class_names(2, ["kind=cat", "kind=a=b"]) == ["cat", "a=b"]
    assert class_names(3, ["kind=cat", "kind=dog", "smile"]) is None
    assert class_names(1, ["smile"]) is None


# === latents ===


def test_seeds_give_the_latents_of_the_official_scripts():
    z = latents_from_seeds([0, 7], 512)
    assert z.shape == (2, 512) and z.dtype == np.float32
    # NumPy's legacy generator is frozen: first normal numbers of seeds 0 and 7.
    np.testing.assert_allclose(z[:, 0], [1.7640524, 1.6905257], rtol=1e-7)


def test_noise_follows_z():
    draws = noise_from_seed(5, 16, [(4, 4), (8, 6)])
    maps = next(draws)
    random = np.random.RandomState(5)
    random.randn(16)
    np.testing.assert_array_equal(maps[0].ravel(), random.randn(16).astype(np.float32))
    np.testing.assert_array_equal(maps[1].ravel(), random.randn(48).astype(np.float32))
    assert maps[1].shape == (1, 8, 6, 1)
    np.testing.assert_array_equal(next(draws)[0].ravel(), random.randn(16).astype(np.float32))


# === paths ===


def test_linear_path():
    start, end = np.zeros((2, 3), np.float32), np.full((2, 3), 4, np.float32)
    assert interpolate(start, end, 0.25).tolist() == [[1] * 3] * 2


def test_spherical_path_turns_at_constant_speed():
    start, end = np.float32([2, 0]), np.float32([0, 2])
    for t in (0, 0.25, 0.5, 1):
        angle = t * np.pi / 2
        expected = 2 * np.array([np.cos(angle), np.sin(angle)])
        np.testing.assert_allclose(interpolate(start, end, t, "spherical"), expected, atol=1e-6)


def test_spherical_path_keeps_the_length_of_latents():
    z = latents_from_seeds([1, 2], 512)
    length = np.linalg.norm(interpolate(z[0], z[1], 0.5, "spherical"))
    assert length == pytest.approx(np.linalg.norm(z, axis=1).mean(), rel=0.02)
    assert np.linalg.norm(interpolate(z[0], z[1], 0.5)) < 0.8 * length


@pytest.mark.parametrize("factor", [1, 2, -1, 0])
def test_spherical_path_of_parallel_codes_is_a_line(factor):
    start = np.float32([1, 2, 3])
    middle = interpolate(start, factor * start, 0.5, "spherical")
    np.testing.assert_allclose(middle, (1 + factor) / 2 * start, atol=1e-3)
    assert middle.dtype == np.float32


@pytest.mark.parametrize("path", ["linear", "spherical"])
@pytest.mark.parametrize("loop", [False, True])
def test_path_goes_through_every_code(path, loop):
    codes = np.random.RandomState(0).randn(3, 4, 5).astype(np.float32)
    steps = interpolation(codes, 6, path, loop)
    assert steps.shape == (18 if loop else 13, 4, 5) and steps.dtype == np.float32
    np.testing.assert_allclose(steps[::6][:3], codes, atol=1e-6)
    jumps = np.linalg.norm(np.diff(steps, axis=0).reshape(len(steps) - 1, -1), axis=1)
    assert jumps.max() < 2 * np.linalg.norm(codes) / 6
    if loop:  # one more step closes the circle
        closing = interpolate(codes[2], codes[0], 5 / 6, path)
        np.testing.assert_allclose(steps[-1], closing, atol=1e-6)


def test_paths_that_are_none():
    codes = np.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match="at least two codes.*Received: 1 codes"):
        interpolation(codes[:1], 3)
    with pytest.raises(ValueError, match="frames=0"):
        interpolation(codes, 0)
    with pytest.raises(ValueError, match="path='round'"):
        interpolation(codes, 3, "round")


# === style mixing ===


def test_mixed_styles_take_the_layers_of_their_column():
    rows = np.random.RandomState(0).randn(2, 6, 3)
    columns = np.random.RandomState(1).randn(3, 6, 3)
    before = rows.copy()
    mixed = mix_styles(rows, columns, [1, 4])
    assert mixed.shape == (2, 3, 6, 3)
    for r in range(2):
        for c in range(3):
            np.testing.assert_array_equal(mixed[r, c, [1, 4]], columns[c, [1, 4]])
            np.testing.assert_array_equal(mixed[r, c, [0, 2, 3, 5]], rows[r, [0, 2, 3, 5]])
    np.testing.assert_array_equal(rows, before)


def test_table_has_the_sources_at_its_edges():
    photos = np.arange(1, 12, dtype=np.uint8)[:, None, None, None]  # 3 columns, 2 rows, 6 mixed
    table = mixing_table(photos, 2, 3).ravel().tolist()
    assert table == [255, 1, 2, 3, 4, 6, 7, 8, 5, 9, 10, 11]
    photos = np.arange(1, 8, dtype=np.uint8)[:, None, None, None]  # 1 column, 2 rows, twice mixed
    assert mixing_table(photos, 2, 1).ravel().tolist() == [255, 1, 2, 4, 3, 5, 2, 6, 3, 7]


# === noise ===


def test_deviation_of_photos():
    photos = np.zeros((4, 1, 3, 3), np.uint8)
    photos[:, 0, 0] = 77
    photos[:, 0, 1, 0] = [0, 30, 0, 30]  # grey 0 or 10: deviation 5
    photos[::2, 0, 2] = 200
    deviation = deviation_map(iter(photos))
    assert deviation.dtype == np.uint8 and deviation.shape == (1, 3, 3)
    assert deviation[0].tolist() == [[0] * 3, [20] * 3, [255] * 3]


# === sampler ===


def test_photos_come_in_batches():
    generator = grey_generator()
    sampler = Sampler(generator, batch_size=3)
    photos = list(sampler.photos(sampler.w_plus(sampler.z(range(7))), range(7)))
    assert [photo[0, 0, 0] for photo in photos] == [grey(seed) for seed in range(7)]
    assert photos[0].shape == (5, 6, 3) and photos[0].dtype == np.uint8
    assert generator.synthesis.batches == [(3, "constant"), (3, "constant"), (1, "constant")]


def test_random_noise_belongs_to_the_seed_not_to_the_batch():
    alone, together = (Sampler(grey_generator(), noise="random", batch_size=n) for n in (1, 4))
    w_plus = alone.w_plus(alone.z([3, 5, 8]))
    photos = [list(s.photos(w_plus, [3, 5, 8])) for s in (alone, together)]
    np.testing.assert_array_equal(*photos)
    other = list(alone.photos(w_plus, [4, 5, 8]))
    assert (other[0] != photos[0][0]).any() and (other[1] == photos[0][1]).all()


def test_grid_has_a_seed_a_cell():
    photo = Sampler(grey_generator()).grid([3, 4, 5], columns=2, padding=0)
    assert photo.shape == (10, 12, 3)
    assert photo[::5, ::6, 0].tolist() == [[grey(3), grey(4)], [grey(5), 255]]


def test_grid_without_label_has_a_class_a_column():
    generator = grey_generator(label_dim=3)
    seen = []
    generator.synthesis = lambda w_plus, noise: (
        seen.append(w_plus) or np.zeros((len(w_plus), 5, 6, 3))
    )
    Sampler(generator).grid([3, 4])
    w_plus = np.concatenate(seen)
    assert w_plus[:, 0, 1].tolist() == [0, 1, 2, 0, 1, 2]
    for row in (w_plus[:3], w_plus[3:]):
        assert len(set(row[:, 0, 0])) == 1
    seen.clear()
    Sampler(generator, label=np.eye(3)[1]).grid([3, 4])
    assert np.concatenate(seen)[:, 0, 1].tolist() == [1, 1]


def test_noise_study_of_a_network_without_noise():
    generator = grey_generator()
    generator.synthesis.noise_shapes = []
    with pytest.raises(ValueError, match="this network adds no noise"):
        Sampler(generator).noise_study([3], 2)


def test_animation_in_z_and_w():
    for space in ("z", "w"):  # equal here, where the mapping is linear
        photos = list(Sampler(grey_generator()).animation([1, 2], space, frames=4))
        values = [int(photo[0, 0, 0]) for photo in photos]
        assert len(values) == 5 and values[0] == grey(1) and values[4] == grey(2)
        assert sorted(values) in (values, values[::-1])


def test_animation_keeps_its_noise():
    sampler = Sampler(grey_generator(), noise="random")
    same = list(sampler.animation([1, 1, 1], frames=3))
    assert len({photo[0, 0, 0] for photo in same}) == 1


@pytest.mark.parametrize(
    "settings, match",
    [
        ({"noise": "white"}, "noise='white'"),
        ({"truncation": float("nan")}, "truncation=nan"),
        ({"truncation_cutoff": 5}, "truncation_cutoff must be in 0-4. Received: 5"),
        ({"truncation_cutoff": -1}, "Received: -1"),
    ],
)
def test_sampler_refuses(settings, match):
    with pytest.raises(ValueError, match=match):
        Sampler(grey_generator(), **settings)


# === on the real networks ===


@pytest.fixture(scope="module", params=[StyleGANGenerator, StyleGAN2Generator])
def generator(request):
    generator = request.param(
        16, channel_base=256, channel_max=8, z_dim=16, w_dim=16, mapping_layers=2
    )
    random = np.random.RandomState(0)
    for weight in generator.weights:
        weight.assign_add(0.1 * random.randn(*weight.shape))
    return generator


def test_sampler_equals_a_call(generator):
    sampler = Sampler(generator, truncation=0.5, truncation_cutoff=2, noise="none", batch_size=2)
    z = latents_from_seeds(range(3), 16)
    images = generator(z, truncation=0.5, truncation_cutoff=2, noise="none").numpy()
    expected = np.clip(np.round((images + 1) * 127.5), 0, 255)
    photos = np.stack(list(sampler.photos(sampler.w_plus(z), range(3))))
    # Another batch size sums in another order: at most one grey value at a rounding edge.
    assert np.abs(photos.astype(int) - expected).max() <= 1


def photos_of(generator, seed, **settings):
    sampler = Sampler(generator, batch_size=1, **settings)
    return next(sampler.photos(sampler.w_plus(sampler.z([seed])), [seed]))


def test_table_of_no_layers_repeats_the_rows_and_of_all_the_columns(generator):
    layers = {"none": [], "all": list(range(generator.num_ws))}
    photo = Sampler(generator, batch_size=1).table([1, 2], [3, 4], layers)
    one, two, three, four = (photos_of(generator, seed) for seed in (1, 2, 3, 4))
    expected = [np.full_like(one, 255), three, four, one, one, one, two, two, two]
    expected += [one, three, four, two, three, four]
    labels = ["", "none 1", "none 2", "all 1", "all 2"]
    expected = image_grid(np.stack(expected), 3, row_labels=labels, column_labels=["", "3", "4"])
    np.testing.assert_array_equal(photo, expected)


def test_groups_of_layers_mix_what_their_rows_feed(generator):
    """Each group changes its own rows only, and all together make the column's picture."""
    sampler = Sampler(generator)
    row, column = sampler.w_plus(sampler.z([1])), sampler.w_plus(sampler.z([2]))
    groups = layer_groups(generator.num_ws)
    w_plus = row
    for layers in groups.values():
        before, w_plus = w_plus, mix_styles(w_plus, column, layers)[0]
        first, second = sampler.photos(np.concatenate([before, w_plus]), [1, 1])
        assert (first != second).any()
    np.testing.assert_array_equal(w_plus, column)


def test_sweep_has_a_seed_a_row_and_a_truncation_a_column(generator):
    cut = {"truncation_cutoff": 4, "noise": "random"}
    photo = Sampler(generator, batch_size=1, **cut).truncation_sweep([1, 2], [-1, 0, 0.5])
    cells = [photos_of(generator, n, truncation=t, **cut) for n in (1, 2) for t in (-1, 0, 0.5)]
    names = {"row_labels": ["1", "2"], "column_labels": ["-1", "0", "0.5"]}
    np.testing.assert_array_equal(photo, image_grid(np.stack(cells), 3, **names))


def test_noise_study(generator):
    shapes = generator.synthesis.noise_shapes
    photo = Sampler(generator, batch_size=1).noise_study([1, 2], 3)
    expected = []
    for seed in (1, 2):
        draws = list(itertools.islice(noise_from_seed(seed, 16, shapes), 3))
        none, fine, coarse = (
            [None] * len(shapes),
            [m if m.shape[1] == 16 else None for m in draws[0]],
            [m if m.shape[1] < 16 else None for m in draws[0]],
        )
        w_plus = generator.mapping(latents_from_seeds([seed], 16))
        images = [
            as_photos(generator.synthesis(w_plus, noise=maps))[0]
            for maps in (draws[0], none, fine, coarse, *draws)
        ]
        assert len({image.tobytes() for image in images}) == 6
        expected += [*images[:4], deviation_map(images[4:])]
    names = ["all noise", "none", "fine", "coarse", "4 x deviation"]
    expected = image_grid(np.stack(expected), 5, row_labels=["1", "2"], column_labels=names)
    assert np.abs(photo.astype(int) - expected).max() <= 1  # noise of zero, or none


def test_random_noise_changes_real_pictures(generator):
    sampler = Sampler(generator, noise="random")
    one, same, other = sampler.photos(sampler.w_plus(sampler.z([1, 1, 1])), [1, 1, 2])
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
