"""Profiles: what is read from them, and how it is summed up."""

import dataclasses

import pytest
import tensorflow as tf

from tests.speed.recipes import SETTINGS, tiny_recipe
from tfgan_edit.speed import operations
from tfgan_edit.speed.operations import Operation, part_of, profile, read_profile


def space(plane_name, lines, stats=None):
    """A serialized XSpace; lines = {name: [(event name, start ms, length ms)]}."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    result = xplane_pb2.XSpace()
    plane = result.planes.add(name=plane_name)
    plane.stat_metadata[1].name = "tf_op"
    for line_name, events in lines.items():
        line = plane.lines.add(name=line_name)
        for name, start, length in events:
            number = len(plane.event_metadata) + 1
            plane.event_metadata[number].name = name
            event = line.events.add(
                metadata_id=number,
                offset_ps=round(start * 1e9),
                duration_ps=round(length * 1e9),
            )
            if stats and name in stats:
                event.stats.add(metadata_id=1, str_value=stats[name])
    return result.SerializeToString()


def test_operations_are_counted_without_those_inside_them():
    content = space(
        "/host:CPU",
        {
            "one": [
                ("ExecutorState::Process", 0, 20),
                ("outer/call:Call", 0, 10),
                ("inner/a:Mul", 1, 2),
                ("inner/b:_MklNativeConv2D", 4, 3),
                ("next:Add", 10, 1),
            ],
            "two": [("inner/a:Mul", 1, 5), ("EagerLocalExecute: Mul", 1, 5)],
        },
    )
    assert sorted(read_profile(content), key=lambda o: (o.kind, o.milliseconds)) == [
        Operation("Add", "next", 1.0),
        Operation("Call", "outer/call", 5.0),
        Operation("Conv2D", "inner/b", 3.0),
        Operation("Mul", "inner/a", 2.0),
        Operation("Mul", "inner/a", 5.0),
    ]


def test_on_gpus_their_kernels_count():
    kernel = "void implicit_gemm<float, 3>(Params)"
    content = space(
        "/device:GPU:0",
        {"Stream #14": [(kernel, 0, 2), ("memcpy", 3, 1)], "Steps": [("1", 0, 9)]},
        {kernel: "discriminator/conv/Conv2D:Conv2D"},
    )
    assert read_profile(content) == [
        Operation("implicit_gemm", "discriminator/conv/Conv2D", 2.0),
        Operation("memcpy", "", 1.0),
    ]


@pytest.mark.parametrize(
    "name, part",
    [
        ("synthesis_3/conv0/Conv2D", "generator, forward"),
        ("mapping/dense_2/MatMul", "generator, forward"),
        ("gradient_tape/synthesis_1/conv0/Conv2DBackpropInput", "generator, backward"),
        ("gradient_tape/gradient_tape/discriminator_1/x/y", "discriminator, backward"),
        ("fused_adam_1/ResourceApplyAdam_4", "fused_adam"),
        ("SelectV2_26", "outside of all scopes"),
        ("gradient_tape/mul", "outside of all scopes"),
    ],
)
def test_parts_are_the_outermost_scopes(name, part):
    assert part_of(name) == part


def test_a_real_profile_has_the_operations(tmp_path):
    matrix = tf.ones([64, 64])

    @tf.function(autograph=False)
    def multiply(x):
        with tf.name_scope("discriminator"):
            return tf.linalg.matmul(x, x)

    def thrice():
        for _ in range(3):
            multiply(matrix).numpy()

    thrice()
    for _ in range(2):  # within a second, where a profile replaces the last
        found = [o for o in profile(thrice, tmp_path) if "MatMul" in o.kind]
        assert [part_of(o.name) for o in found] == ["discriminator, forward"] * 3
        assert all(o.milliseconds > 0 for o in found)


def test_phases_of_a_recipe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = dataclasses.replace(SETTINGS, out="out", repeats=1)
    table = operations.measure(tiny_recipe(), settings)
    rows = {(r.setting, r.measure): r for r in table.rows}
    assert {setting for setting, _ in rows} == {"Gmain+Dmain, float32", "Dreg, float32"}
    for part in ("generator, forward", "discriminator, forward"):
        assert rows["Gmain+Dmain, float32", f"in {part}"].value > 0
    assert ("Dreg, float32", "in generator, forward") not in rows
    for setting in ("Gmain+Dmain, float32", "Dreg, float32"):
        kinds, parts = (
            sum(r.value for (s, name), r in rows.items() if s == setting and _is_part(name) is part)
            for part in (False, True)
        )
        assert kinds == pytest.approx(parts)
        assert len(list((tmp_path / "out/profile").glob(f"{setting[:4]}*_float32/**/*.pb"))) == 1
    assert "tensorboard --logdir out/profile" in table.notes[-1]


def _is_part(name):
    return name.startswith("in ")


def test_rows_share_and_sum_what_is_small():
    first = [
        *[Operation("Conv2D", "discriminator/a", 4.0)] * 2,
        Operation("Mul", "synthesis/b", 1.97),
        *[Operation("Add", "c", 0.01), Operation("Sub", "d", 0.02)],
    ]
    second = [Operation("Conv2D", "discriminator/a", 10.0)]
    rows = operations._rows([first, second], "Dreg", steps=2)
    assert [(r.measure, r.low, r.high, r.more["share"], r.more["calls"]) for r in rows] == [
        ("Conv2D", pytest.approx(4), 5, "80.0 %", 1),
        ("Mul", 0, pytest.approx(0.985), "19.7 %", 0.5),
        ("2 others", 0, pytest.approx(0.015), "0.3 %", 1),
        ("in discriminator, forward", pytest.approx(4), 5, "80.0 %", 1),
        ("in generator, forward", 0, pytest.approx(0.985), "19.7 %", 0.5),
        ("in 1 others", 0, pytest.approx(0.015), "0.3 %", 1),
    ]
