"""The batch of a step depends on (seed, step) and on nothing else."""

import itertools
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.data import pipeline
from tfgan_edit.data.records import RecordsWriter, open_records

NUM = 37


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """37 photos in 4 shards whose pixels tell their number and column."""
    folder = tmp_path_factory.mktemp("records") / "numbers"
    size = 8 * 8 * 3
    with RecordsWriter(
        folder, (8, 8, 3), label_names=["number"], shard_bytes=10 * size
    ) as writer:
        for index in range(NUM):
            photo = np.full((8, 8, 3), index, np.uint8)
            photo[:, :, 1] = np.arange(8)
            writer.add(photo, [index])
    return open_records(folder)


def take(dataset, num):
    return [
        {name: value.numpy() for name, value in batch.items()} for batch in dataset.take(num)
    ]


def equal(first, second):
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


def test_batches_have_static_shapes_and_fitting_labels(records):
    dataset = records.dataset(batch_size=6)
    spec = dataset.element_spec
    assert spec["photos"] == tf.TensorSpec((6, 8, 8, 3), tf.uint8)
    assert spec["labels"] == tf.TensorSpec((6, 1), tf.float32)
    for batch in take(dataset, 10):
        np.testing.assert_array_equal(batch["photos"][:, 0, 0, 0], batch["labels"][:, 0])
        np.testing.assert_array_equal(batch["photos"][0, 0, :, 1], np.arange(8))
    assert set(records.dataset(batch_size=6, labels=False).element_spec) == {"photos"}


def test_every_epoch_shows_every_photo_once_in_another_order(records):
    batches = take(records.dataset(batch_size=1, seed=5), 3 * NUM)
    shown = np.array([batch["labels"][0, 0] for batch in batches]).reshape(3, NUM)
    for epoch in shown:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(NUM))
    orders = {tuple(epoch) for epoch in shown} | {tuple(range(NUM))}
    assert len(orders) == 4
    other = take(records.dataset(batch_size=1, seed=6), NUM)
    assert tuple(batch["labels"][0, 0] for batch in other) not in orders


def test_starting_at_a_step_equals_having_run_to_it(records):
    settings = dict(batch_size=8, seed=3, mirror=True)
    whole = take(records.dataset(**settings), 12)  # crosses two ends of epochs
    equal(whole, take(records.dataset(**settings), 12))
    for start in (1, 4, 9):
        resumed = take(records.dataset(start_step=start, **settings), 12 - start)
        equal(whole[start:], resumed)
    far = take(records.dataset(start_step=10**12, **settings), 1)
    assert far[0]["photos"].shape == (8, 8, 8, 3)


def test_batches_of_another_size_go_on_where_others_ended(records):
    """5 of 8 photos, then some of 3, show what batches of 1 show."""
    settings = dict(seed=3, mirror=True)
    single = take(records.dataset(batch_size=1, **settings), 61)
    changing = take(records.dataset(batch_size=8, **settings), 5) + take(
        records.dataset(batch_size=3, first_position=40, start_step=2, **settings), 5
    )
    for name in ("photos", "labels"):
        shown = np.concatenate([batch[name] for batch in single])
        parts = np.concatenate([batch[name] for batch in changing])
        np.testing.assert_array_equal(parts, np.concatenate([shown[:40], shown[46:61]]))


def test_memory_copy_and_mapped_files_give_the_same(records):
    settings = dict(batch_size=8, mirror=True)
    equal(
        take(records.dataset(**settings), 6), take(records.dataset(cache=True, **settings), 6)
    )


def test_shards_are_the_rows_of_the_global_batch(records):
    settings = dict(batch_size=12, seed=1, mirror=True, start_step=2)
    whole = take(records.dataset(**settings), 7)
    shards = [
        take(records.dataset(num_shards=3, shard_index=index, **settings), 7)
        for index in range(3)
    ]
    joined = [
        {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        for parts in zip(*shards, strict=True)
    ]
    equal(whole, joined)


@pytest.mark.parametrize("replicas, pipelines", [(1, 1), (2, 1), (2, 2), (4, 2)])
def test_replicas_together_see_the_global_batch(records, replicas, pipelines):
    settings = dict(batch_size=8, seed=1, mirror=True, start_step=3)
    whole = take(records.dataset(**settings), 6)
    local = replicas // pipelines
    elements = [
        take(
            records.replica_dataset(
                num_replicas=replicas,
                num_input_pipelines=pipelines,
                input_pipeline_id=index,
                **settings,
            ),
            6 * local,
        )
        for index in range(pipelines)
    ]
    for step, expected in enumerate(whole):
        parts = list(
            itertools.chain.from_iterable(
                stream[step * local : (step + 1) * local] for stream in elements
            )
        )
        joined = {name: np.concatenate([part[name] for part in parts]) for name in expected}
        equal([expected], [joined])


def test_a_mirrored_strategy_deals_out_the_global_batch(records):
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    distributed = strategy.distribute_datasets_from_function(
        lambda context: records.replica_dataset(
            batch_size=8,
            num_replicas=context.num_replicas_in_sync,
            num_input_pipelines=context.num_input_pipelines,
            input_pipeline_id=context.input_pipeline_id,
        )
    )
    iterator = iter(distributed)
    dealt = [
        {name: value.numpy() for name, value in next(iterator).items()} for _ in range(3)
    ]
    equal(take(records.dataset(batch_size=8), 3), dealt)


def test_half_of_the_photos_are_mirrored_and_only_left_to_right(records):
    settings = dict(batch_size=NUM, seed=2)
    straight = take(records.dataset(**settings), 40)
    mirrored = take(records.dataset(mirror=True, **settings), 40)
    turned = []
    for before, after in zip(straight, mirrored, strict=True):
        for one, other in zip(before["photos"], after["photos"], strict=True):
            turned.append(not np.array_equal(one, other))
            expected = one[:, ::-1] if turned[-1] else one
            np.testing.assert_array_equal(other, expected)
    turned = np.array(turned)
    # 1,480 fair coins: four standard deviations are 0.052
    assert abs(turned.mean() - 0.5) < 0.052
    assert abs(np.corrcoef(turned[1:], turned[:-1])[0, 1]) < 0.11
    # the same photo is not always turned
    assert 0 < turned[::NUM].mean() < 1


def test_coins_are_splitmix64(records):
    def splitmix(state):
        mask = 2**64 - 1
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & mask
        return state ^ (state >> 31)

    seed, positions = 12345, [0, 1, 2, 10**15]
    start = splitmix(seed)
    expected = [
        splitmix((start + p * 0x9E3779B97F4A7C15) % 2**64) >> 63 == 1 for p in positions
    ]
    coins = pipeline.mirrored(tf.constant(positions, tf.int64), seed)
    assert coins.numpy().tolist() == expected


def test_a_subset_shows_its_photos_only(records):
    batches = take(records.dataset(batch_size=5, subset=5), 4)
    for batch in batches:
        np.testing.assert_array_equal(
            np.sort(batch["labels"][:, 0]), records.subset_indices(5)
        )


@pytest.mark.parametrize(
    "settings, message",
    [
        (dict(batch_size=0), "batch_size=0"),
        (dict(batch_size=8, num_shards=3), "multiple of the 3 shards"),
        (dict(batch_size=8, num_shards=2, shard_index=2), "shard_index=2"),
        (dict(batch_size=8, start_step=-1), "start_step=-1"),
        (dict(batch_size=8, subset=NUM + 1), "subset=38"),
    ],
)
def test_wrong_settings_are_named(records, settings, message):
    with pytest.raises((ValueError, UserError), match=message):
        records.dataset(**settings)


def test_wrong_replica_settings_are_named(records):
    with pytest.raises(ValueError, match="num_replicas=3"):
        records.replica_dataset(batch_size=6, num_replicas=3, num_input_pipelines=2)
    with pytest.raises(ValueError, match="input_pipeline_id=2"):
        records.replica_dataset(
            batch_size=8, num_replicas=4, num_input_pipelines=2, input_pipeline_id=2
        )


def test_a_program_ends_while_batches_are_under_way(records):
    program = f"""
        from tfgan_edit.data import open_records
        iterator = iter(open_records({str(records.path)!r}).dataset(
            batch_size=4096, mirror=True, prefetch=64))
        next(iterator)
        """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], timeout=100)
    assert ended.returncode == 0
