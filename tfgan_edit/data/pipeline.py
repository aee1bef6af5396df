"""Records, pairs or latents -> tf.data. The batch of a step is a pure function of (seed, step).

Position p = first_position + step * batch_size + row of endless training lies in epoch
e = p // num and shows photo permutation(seed, e)[p % num]; whether it is mirrored depends on
(seed, p).

Everything runs as TensorFlow ops. A Python function in the pipeline (`tf.numpy_function`)
that is under way in a background thread when the interpreter ends blocks the process
forever (seen with TF 2.21), and shares the interpreter's lock with the training loop.
"""

import dataclasses
import functools

import numpy as np
import tensorflow as tf

from tfgan_edit.config import UserError
from tfgan_edit.data.records import Records


@dataclasses.dataclass(frozen=True)
class _Share:
    """Which rows of which global batch the k-th element holds."""

    batch_size: int
    start_step: int
    num_shards: int
    first_shard: int
    shards_per_step: int
    first_position: int

    @property
    def rows(self):
        """Rows of one element."""
        return self.batch_size // self.num_shards

    def positions(self, element):
        """Positions of element k in endless training, int64 [rows]."""
        step = self.start_step + element // self.shards_per_step
        shard = self.first_shard + element % self.shards_per_step
        first = self.first_position + step * self.batch_size + shard * self.rows
        return first + tf.range(self.rows, dtype=tf.int64)


def dataset(
    records,
    *,
    batch_size,
    seed=0,
    start_step=0,
    first_position=0,
    mirror=False,
    subset=None,
    num_shards=1,
    shard_index=0,
    labels=True,
    cache=False,
    prefetch=4,
):
    """Endless batches; element k belongs to step `start_step + k`.

    Args:
        records: The `Records` or `Pairs` to read.
        batch_size: Size of the global batch.
        seed: Seed of order and mirroring.
        start_step: Step of the first element; the data position of a resumed run.
        first_position: Position of step 0, for batches that follow others of another size.
        mirror: Whether each photo, or both of a pair, are flipped left to right with
            probability 1/2.
        subset: Train on this many photos, `records.subset_indices`; None = all.
        num_shards: In how many parts each global batch is cut.
        shard_index: Which of the parts, rows [shard_index * b, (shard_index + 1) * b) with
            b = batch_size / num_shards, this dataset yields.
        labels: Whether labels are yielded, if the records have them.
        cache: Whether all photos are copied into memory; for slow network disks, because
            the system keeps what was read from a local disk in memory anyhow.
        prefetch: Batches prepared ahead.

    Returns:
        A `tf.data.Dataset` of {"photos": uint8 [b, H, W, C], "labels": float32 [b, L]}, or of
        pairs {"sources": uint8 [b, H, W, C], "targets": uint8 [b, H, W, C']}.

    Raises:
        ValueError: For a batch that the number of shards does not divide, or values out of
            range.
    """
    if not 0 <= shard_index < num_shards:
        raise ValueError(
            "`shard_index` must be in 0 ... num_shards - 1. Received: "
            f"shard_index={shard_index}, num_shards={num_shards}"
        )
    share = _Share(batch_size, start_step, num_shards, shard_index, 1, first_position)
    return _dataset(records, share, seed, mirror, subset, labels, cache, prefetch)


def replica_dataset(
    records,
    *,
    batch_size,
    num_replicas,
    num_input_pipelines=1,
    input_pipeline_id=0,
    seed=0,
    start_step=0,
    first_position=0,
    mirror=False,
    subset=None,
    labels=True,
    cache=False,
    prefetch=4,
):
    """Per-replica batches for `tf.distribute.Strategy.distribute_datasets_from_function`.

    An input pipeline feeds `num_replicas / num_input_pipelines` replicas in turn: its
    element k belongs to step `start_step + k // local` and to replica
    `input_pipeline_id * local + k % local`. All replicas of a step together see the batch
    that one replica would see.

    Args:
        records: The `Records` or `Pairs` to read.
        batch_size: Size of the global batch.
        num_replicas: `strategy.num_replicas_in_sync`.
        num_input_pipelines: `context.num_input_pipelines`.
        input_pipeline_id: `context.input_pipeline_id`.
        prefetch: Steps prepared ahead.

    The other arguments, the result and the errors are those of `dataset`.
    """
    if num_replicas < 1 or num_replicas % num_input_pipelines:
        raise ValueError(
            "`num_replicas` must be a multiple of `num_input_pipelines`. Received: "
            f"num_replicas={num_replicas}, num_input_pipelines={num_input_pipelines}"
        )
    if not 0 <= input_pipeline_id < num_input_pipelines:
        raise ValueError(
            "`input_pipeline_id` must be in 0 ... num_input_pipelines - 1. Received: "
            f"input_pipeline_id={input_pipeline_id}, "
            f"num_input_pipelines={num_input_pipelines}"
        )
    local = num_replicas // num_input_pipelines
    first = input_pipeline_id * local
    share = _Share(batch_size, start_step, num_replicas, first, local, first_position)
    prefetch = prefetch * local
    return _dataset(records, share, seed, mirror, subset, labels, cache, prefetch)


def _dataset(records, share, seed, mirror, subset, labels, cache, prefetch):
    if share.batch_size < 1 or share.batch_size % share.num_shards:
        raise ValueError(
            f"`batch_size` must be a multiple of the {share.num_shards} shards. "
            f"Received: batch_size={share.batch_size}"
        )
    if share.start_step < 0:
        raise ValueError(
            f"`start_step` must not be negative. Received: start_step={share.start_step}"
        )
    with tf.device("CPU:0"):
        loader = getattr(records, "loader", None) or functools.partial(_photo_loader, records)
        read = loader(
            seed=_signed(seed), mirror=mirror, subset=subset, labels=labels, cache=cache
        )

    def load(element):
        return read(share.positions(element))

    options = tf.data.Options()
    # Every element says itself which rows it holds, so nothing may be dealt out again.
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    # Both rewrite the pipeline, for which all photos are copied into memory.
    options.experimental_optimization.apply_default_optimizations = False
    options.autotune.enabled = False
    endless = tf.data.Dataset.range(tf.int64.max).map(load)
    return endless.prefetch(prefetch).with_options(options)


def _photo_loader(records, *, seed, mirror, subset, labels, cache):
    """Returns a function of positions in endless training, int64 [n] -> batch."""
    chosen = None
    if subset is not None:
        chosen = tf.constant(records.subset_indices(subset))
    table = None
    if labels and records.labels is not None:
        table = tf.constant(records.labels)
    columns = {"photos": records} if isinstance(records, Records) else records.columns
    readers = {name: _photo_reader(column, cache) for name, column in columns.items()}
    num = subset or records.num

    def load(positions):
        count = positions.shape[0]
        indices = permuted(positions, num, seed)
        if chosen is not None:
            indices = tf.gather(chosen, indices)
        mask = mirrored(positions, seed) if mirror else None
        batch = {}
        for name, column in columns.items():
            photos = readers[name](indices)
            if mirror:
                # Whole photos are selected as rows: ten times as fast as `photos[:, :, ::-1]`
                # and a mask that is broadcast over pixels.
                turned = tf.reshape(tf.reverse(photos, [2]), (count, -1))
                straight = tf.reshape(photos, (count, -1))
                photos = tf.where(mask[:, None], turned, straight)
            batch[name] = tf.reshape(photos, (count, *column.resolution, column.channels))
        if table is not None:
            batch["labels"] = tf.gather(table, indices)
        return batch

    return load


def _signed(seed):
    """The 64 low bits of an integer as an int64."""
    return int(np.uint64(int(seed) % 2**64).astype(np.int64))


def permuted(positions, num, seed):
    """Photo shown at each position: int64 [n] -> int64 [n] in 0 ... num - 1."""
    epochs = positions // num
    keys = [tf.fill(tf.shape(epochs), tf.constant(seed, tf.int64)), epochs, epochs * 0]
    # `tf.random.experimental.index_shuffle` wraps this op, but pads [n, 3] seeds wrongly.
    return tf.raw_ops.RandomIndexShuffle(
        index=positions % num,
        seed=tf.stack(keys, axis=1),
        max_index=tf.fill(tf.shape(epochs), tf.constant(num - 1, tf.int64)),
        rounds=4,
    )


def mirrored(positions, seed):
    """A fair coin for each position: int64 [n] -> bool [n].

    The top bit of SplitMix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number
    generators", 2014, figure 15) at counter `positions`, started from the mixed seed.
    """
    start = _splitmix(tf.bitcast(tf.constant(seed, tf.int64), tf.uint64))
    state = start + tf.bitcast(positions, tf.uint64) * _u64(0x9E3779B97F4A7C15)
    return tf.bitwise.right_shift(_splitmix(state), _u64(63)) > 0


def _splitmix(state):
    state = tf.bitwise.bitwise_xor(state, tf.bitwise.right_shift(state, _u64(30)))
    state *= _u64(0xBF58476D1CE4E5B9)
    state = tf.bitwise.bitwise_xor(state, tf.bitwise.right_shift(state, _u64(27)))
    state *= _u64(0x94D049BB133111EB)
    return tf.bitwise.bitwise_xor(state, tf.bitwise.right_shift(state, _u64(31)))


def _u64(value):
    return tf.constant(value, tf.uint64)


def _photo_reader(records, cache):
    """Returns a function indices int64 [n] -> photos uint8 [n, H, W, C]."""
    if cache:
        photos = tf.constant(records[:])
        return lambda indices: tf.gather(photos, indices)
    shards = [_mapped_tensor(file) for file in records.shard_files]
    if len(shards) == 1:
        return lambda indices: tf.gather(shards[0], indices)
    starts = tf.constant(records.shard_starts)

    def read(indices):
        shard = tf.searchsorted(starts, indices, side="right") - 1
        places = indices - tf.gather(starts, shard)
        rows = tf.range(tf.size(indices))
        parts = [
            tf.gather(photos, chosen)
            for photos, chosen in zip(
                shards, tf.dynamic_partition(places, shard, len(shards)), strict=True
            )
        ]
        return tf.dynamic_stitch(
            tf.dynamic_partition(rows, shard, len(shards)), parts
        )

    return read


def _mapped_tensor(file):
    """An .npy file as a tensor that is read from disk page by page, without a copy."""
    # DLPack exports writable arrays only: "c" is copy on write, and nothing writes.
    try:
        array = np.load(file, mmap_mode="c", allow_pickle=False)
    except (OSError, ValueError) as error:  # it was sound when the records were opened
        what = "missing" if isinstance(error, FileNotFoundError) else "truncated or damaged"
        raise UserError(f"{file} is {what} by now; restore it or make the folder again") from error
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
