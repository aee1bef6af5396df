"""Stages, steps and images: closed forms."""

import pytest

from tfgan_edit.trainers.schedule import Schedule, Stage, constant_schedule

# 3 steps of 8 images, 2 of 4, then batches of 2 without end.
STAGES = (Stage(8, 0, 0, 3), Stage(4, 3, 24, 2), Stage(2, 5, 32))


@pytest.mark.parametrize(
    "step, stage, images",
    [(0, 0, 0), (2, 0, 16), (3, 1, 24), (4, 1, 28), (5, 2, 32), (6, 2, 34), (1005, 2, 2032)],
)
def test_a_step_has_a_stage_and_images_before_it(step, stage, images):
    schedule = Schedule(STAGES)
    assert schedule.stage(step) is STAGES[stage]
    assert schedule.images(step) == images


@pytest.mark.parametrize(
    "images, steps",
    [(0.5, 1), (8, 1), (8.5, 2), (24, 3), (25, 4), (28, 4), (32, 5), (33, 6), (2032, 1005)],
)
def test_steps_are_the_fewest_that_see_so_many_images(images, steps):
    schedule = Schedule(STAGES)
    assert schedule.steps(images) == steps
    assert schedule.images(steps) >= images > schedule.images(steps - 1)


@pytest.mark.parametrize(
    "start, end, parts",
    [
        (0, 6, [(0, 0, 3), (1, 3, 5), (2, 5, 6)]),
        (1, 3, [(0, 1, 3)]),
        (4, 5, [(1, 4, 5)]),
        (3, 900, [(1, 3, 5), (2, 5, 900)]),
        (7, 7, []),
    ],
)
def test_steps_are_cut_at_the_ends_of_stages(start, end, parts):
    found = Schedule(STAGES).parts(start, end)
    assert list(found) == [(STAGES[i], first, last) for i, first, last in parts]


@pytest.mark.parametrize(
    "kimg, batch_size, steps", [(1, 8, 125), (0.001, 8, 1), (1, 3, 334), (25000, 32, 781250)]
)
def test_length_of_a_run_with_equal_batches(kimg, batch_size, steps):
    schedule = constant_schedule(batch_size=batch_size, resolution=64)
    assert schedule.steps(kimg * 1000) == steps
    assert schedule.images(steps) == steps * batch_size
    assert [stage.label for stage in schedule.stages] == [""]
