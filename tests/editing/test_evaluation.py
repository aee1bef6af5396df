import types

import numpy as np
import pytest

from tests.editing.teachers import bright_direction, colour_scorer, save_generator
from tfgan_edit.config import UserError
from tfgan_edit.data.pairs import PairsWriter, open_pairs
from tfgan_edit.editing import evaluation
from tfgan_edit.editing.evaluation import (
    EditMeasure,
    Faces,
    changed_region,
    classified_faces,
    compare_edits,
    generated_faces,
    mean_psnr,
    paired_faces,
    scores_of,
)
from tfgan_edit.editing.image_distances import PhotoDistance, find_distance
from tfgan_edit.metrics.distances import frechet_distance, moments


def faces_of(upper, lower):
    """Photos uint8 [N, 16, 16, 3] with these grey levels in their halves."""
    photos = np.zeros((len(upper), 16, 16, 3), np.uint8)
    photos[:, :8] = np.reshape(upper, (-1, 1, 1, 1))
    photos[:, 8:] = np.reshape(lower, (-1, 1, 1, 1))
    return photos


@pytest.fixture(scope="module")
def measure():
    return EditMeasure(colour_scorer(), "bright")


def test_success_and_what_is_kept(measure):
    before = faces_of([40, 40, 40, 40], [50, 50, 200, 200])
    after = faces_of([220, 220, 60, 220], [50, 200, 200, 200])
    numbers = measure(before, after)
    assert numbers["success"] == 0.75
    assert numbers["kept_red"] == 0.75 and numbers["kept_tone"] == 1
    assert numbers["kept"] == 0.875 and numbers["all_kept"] == 0.75
    assert EditMeasure(colour_scorer(), "bright", keep=["tone"])(before, after)["kept"] == 1
    back = EditMeasure(colour_scorer(), "bright", reverse=True)(before, after)
    assert back["success"] == 0.25 and back["gain"] == pytest.approx(-numbers["gain"])
    rows = [scores_of(photos, colour_scorer()) for photos in (before, after)]
    change = {name: rows[1][:, i] - rows[0][:, i] for i, name in enumerate(colour_scorer().names)}
    assert numbers["gain"] == pytest.approx(change["bright"].mean(), rel=1e-5)
    assert numbers["change_red"] == pytest.approx(np.abs(change["red"]).mean(), rel=1e-5)


def test_identity_of_equal_and_of_opposite_photos(measure):
    before = faces_of([0, 255], [255, 0])
    assert measure(before, before)["identity_scorer"] == pytest.approx(1)
    assert measure(before, 255 - before)["identity_scorer"] == pytest.approx(-1)


def test_distance_to_real_photos_and_to_the_truth():
    random = np.random.RandomState(0)
    photos, real, edited = (random.randint(0, 256, (n, 16, 16, 3), np.uint8) for n in (9, 20, 9))

    def features(photos):
        return photos[:, :2, 0].reshape(len(photos), -1) / 255

    class SixNumbers:
        identity, batch_size = {"extractor": "six"}, 4

        def __call__(self, photos):
            return features(photos)

    measure = EditMeasure(
        colour_scorer(), "bright", features=SixNumbers(), real=real,
        distance=PhotoDistance(find_distance("pixels", side=16)),
    )
    numbers = measure(photos, edited, truth=real[:9])
    expected = frechet_distance(moments(features(real)), moments(features(edited)))
    assert numbers["fd_six_9"] == pytest.approx(expected)
    x, y = features(photos), features(edited)
    cosines = np.sum(x * y, 1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    assert numbers["identity_six"] == pytest.approx(cosines.mean())
    truth, images = (x.astype(float) / 127.5 - 1 for x in (real[:9], edited))
    halves = [x.reshape(9, 8, 2, 8, 2, 3).mean(axis=(2, 4)) for x in (truth, images)]
    errors = [np.square(truth - images).mean(), np.square(halves[0] - halves[1]).mean()]
    assert numbers["pixels_truth"] == pytest.approx(np.mean(errors), rel=1e-5)
    assert numbers["psnr_truth"] == pytest.approx(mean_psnr(real[:9], edited))


def test_peak_signal_to_noise():
    x = np.zeros((2, 4, 4, 3), np.uint8)
    y = x.copy()
    y[0] += 255  # error 4 of a range of 2, so 0 dB
    assert mean_psnr(x[:1], y[:1]) == pytest.approx(0)
    assert mean_psnr(x, y) == pytest.approx((20 * np.log10(2 / (0.5 / 127.5)) + 0) / 2)


def test_the_changed_region_holds_nine_tenths():
    before = np.full((2, 8, 8, 3), 100, np.uint8)
    after = before.copy()
    after[0, 2:4, 2:4] = 140  # 4 pixels of 1600
    after[1, 5, 5] = 120  # one of 400
    region = changed_region(before, after)
    assert region.sum() == 4 and region[2:4, 2:4].all()
    assert not changed_region(before, before).any()


def test_pixels_outside_of_the_region(measure):
    before, after = faces_of([40], [50]), faces_of([200], [50])
    upper = np.zeros((16, 16), bool)
    upper[:8] = True
    best = 20 * np.log10(2 / (0.5 / 127.5))
    assert measure(before, after, region=upper)["psnr_outside"] == pytest.approx(best)
    assert "psnr_outside" not in measure(before, after, region=np.ones_like(upper))


def test_editors_are_compared_with_the_truth(measure):
    photos = faces_of([40, 60], [50, 50])
    truth = faces_of([220, 220], [50, 50])
    numbers, edited = compare_edits(
        Faces("drawn", photos, {"truth": truth}),
        {"exact": lambda p: truth, "none": lambda p: p},
        measure,
    )
    assert list(numbers) == ["truth", "exact", "none"] == list(edited)
    assert numbers["exact"]["success"] == 1 and numbers["none"]["success"] == 0
    assert numbers["exact"]["psnr_truth"] > 50 > numbers["none"]["psnr_truth"]
    assert numbers["exact"]["psnr_outside"] == numbers["truth"]["psnr_outside"]
    assert "psnr_truth" not in numbers["truth"]


def test_generated_faces_are_of_the_source_class(tmp_path, monkeypatch):
    preset = save_generator(tmp_path / "preset")
    direction, scorer = bright_direction(preset), colour_scorer()
    settings = {"direction": direction, "strength": 4.0}
    faces = generated_faces(preset, scorer, "bright", num=20, **settings)
    measure = EditMeasure(scorer, "bright")
    assert faces.photos.shape == (20, 16, 16, 3)
    assert measure(faces.photos, faces.photos)["success"] == 0
    assert measure(faces.photos, faces.others["latent edit"])["success"] > 0.9
    monkeypatch.setattr(evaluation, "PIXELS_AT_ONCE", 24 * 16**2)  # 64 faces in three parts
    parts = generated_faces(preset, scorer, "bright", num=20, **settings)
    assert np.abs(parts.photos.astype(int) - faces.photos).max() <= 1
    with pytest.raises(UserError, match="generated faces are certainly without the edit"):
        generated_faces(preset, scorer, "bright", num=1, threshold=1.1)


def test_photos_are_chosen_by_the_scorer():
    photos = faces_of([40, 220, 30, 230, 20], [50] * 5)
    photo_set = types.SimpleNamespace(
        name="some", num=5, batches=lambda num, size: iter([photos[:2], photos[2:]])
    )
    faces = classified_faces(photo_set, colour_scorer(), "bright", num=2)
    np.testing.assert_array_equal(faces.photos, photos[[0, 2]])
    photo_set.batches = lambda num, size: iter([photos[[1, 3]]])
    with pytest.raises(UserError, match=r"some: none of its pictures is without the edit"):
        classified_faces(photo_set, colour_scorer(), "bright", num=2)


def test_pairs_bring_their_truth(tmp_path):
    photos = faces_of([1, 2, 3], [4, 5, 6])
    with PairsWriter(tmp_path / "some", (16, 16)) as writer:
        for photo in photos:
            writer.add(photo, 255 - photo)
    faces = paired_faces(open_pairs(tmp_path / "some"), 2)
    np.testing.assert_array_equal(faces.photos, photos[:2])
    np.testing.assert_array_equal(faces.others["truth"], 255 - photos[:2])
