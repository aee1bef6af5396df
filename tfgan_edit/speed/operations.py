"""Table "operations": where the time of a training step goes, from TensorFlow's profiler."""

import collections
import dataclasses
import re
import tempfile
from pathlib import Path

import tensorflow as tf

from tfgan_edit.run import Run
from tfgan_edit.speed import training
from tfgan_edit.speed.measurement import Table, row

SHOWN = 0.005  # share from which on a kind or part has a row; the others are summed up
_BACKWARD = "gradient_tape/"
_NETWORK = {  # of outermost scopes
    "synthesis": "generator",
    "mapping": "generator",
    "discriminator": "discriminator",
}


@dataclasses.dataclass(frozen=True)
class Operation:
    """One execution: kind ("Conv2D"), name with its scopes ("discriminator/conv/…"), time."""

    kind: str
    name: str
    milliseconds: float


def measure(config, settings):
    """Milliseconds a step by kind of operation and by part of the networks.

    The main phases together, and each lazy phase alone. With `settings.out` the profiles stay
    in its folder `profile`, for TensorBoard.
    """
    rows, notes = [], []
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(settings.out or folder) / "profile"
        for precision in settings.precisions:
            run = Run(dataclasses.replace(config, precision=precision))
            main = run.trainer.main_phases()
            for phases in [main, *([phase] for phase in training.lazy_phases(run))]:
                setting = f"{'+'.join(phases)}, {precision}"
                step = training.steps(run, settings.steps, phases)
                step()
                milliseconds = 1000 * config.batch_size / step()
                repeats = [
                    profile(step, kept / f"{'_'.join(phases)}_{precision}")
                    for _ in range(settings.repeats)
                ]
                rows += _rows(repeats, setting, settings.steps)
                total = sum(o.milliseconds for o in repeats[0]) / settings.steps
                notes.append(
                    f"{setting}: a step takes {milliseconds:.1f} ms without the profiler; its "
                    f"operations take {total:.1f} ms, over all threads that run at the same time"
                )
    notes.append("calls, share: a step's, and of all its operations; a part is a name scope")
    if settings.out:
        notes.append(f"pip install tensorboard-plugin-profile && tensorboard --logdir {kept}")
    return Table(rows, notes)


def profile(function, folder):
    """Runs `function` under the profiler: [Operation]."""
    levels = tf.profiler.experimental.ProfilerOptions(host_tracer_level=2, python_tracer_level=0)
    tf.profiler.experimental.start(str(folder), levels)
    function()
    tf.profiler.experimental.stop()
    # Named by the second: repeats of less than one replace each other.
    latest = max(folder.rglob("*.xplane.pb"), key=lambda file: file.stat().st_mtime_ns)
    return read_profile(latest.read_bytes())


def read_profile(content):
    """[Operation] of a serialized XSpace.

    Where GPUs took part their kernels count, else what TensorFlow's executor ran on the
    processor; the time of an operation is without that of those that ran within it.
    """
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace.FromString(content)
    gpus = [plane for plane in space.planes if plane.name.startswith("/device:GPU")]
    if gpus:
        return [operation for plane in gpus for operation in _kernels(plane)]
    planes = [plane for plane in space.planes if plane.name == "/host:CPU"]
    return [operation for plane in planes for operation in _executed(plane)]


def part_of(name):
    """ "gradient_tape/synthesis_1/conv/Conv2D" -> "generator, backward"."""
    inner = re.sub(f"^({_BACKWARD})+", "", name)  # several in gradients of gradients
    backward = inner != name
    scope, separator, _ = inner.partition("/")
    if not separator:
        return "outside of all scopes"
    scope = re.sub(r"_\d+$", "", scope)
    part = _NETWORK.get(scope, scope)
    if backward:
        return f"{part}, backward"
    return f"{part}, forward" if part in _NETWORK.values() else part


def _rows(repeats, setting, steps):
    rows = []
    for title, key in (("", lambda o: o.kind), ("in ", lambda o: part_of(o.name))):
        times = [_summed(operations, key, steps) for operations in repeats]
        calls = collections.Counter(key(o) for o in repeats[0])
        total = sum(times[0].values()) or 1.0
        ordered = [name for name, _ in times[0].most_common()]
        shown = [name for name in ordered if times[0][name] >= SHOWN * total]
        groups = [[name] for name in shown]
        groups += [ordered[len(shown) :]] if ordered[len(shown) :] else []
        for group in groups:
            values = [sum(repeat[name] for name in group) for repeat in times]
            name = group[0] if group[0] in shown else f"{len(group)} others"
            share = f"{100 * sum(times[0][n] for n in group) / total:.1f} %"
            count = sum(calls[n] for n in group) / steps
            rows.append(row(title + name, setting, values, "ms/step", share=share, calls=count))
    return rows


def _summed(operations, key, steps):
    times = collections.Counter()
    for operation in operations:
        times[key(operation)] += operation.milliseconds / steps
    return times


def _executed(plane):
    """Events named "node:Kind", of each thread without those inside them."""
    for line in plane.lines:
        events = []
        for event in line.events:
            name = plane.event_metadata[event.metadata_id].name
            if match := re.fullmatch(r"([^:\s]+):_?([A-Za-z]\w*)", name):
                kind = match[2].removeprefix("MklNative").removeprefix("Mkl")
                events.append((event.offset_ps, -event.duration_ps, kind, match[1]))
        own = []
        open_events = []  # indices in `own` of those that have not ended yet
        for start, negative, kind, name in sorted(events):
            duration = -negative
            while open_events and open_events[-1][1] <= start:
                open_events.pop()
            if open_events:
                own[open_events[-1][0]][2] -= duration
            open_events.append((len(own), start + duration))
            own.append([kind, name, duration])
        yield from (Operation(kind, name, ps / 1e9) for kind, name, ps in own)


def _kernels(plane):
    """Kernels of a GPU's streams; their TensorFlow operation is the statistic "tf_op"."""
    for line in plane.lines:
        if not line.name.startswith("Stream"):
            continue
        for event in line.events:
            kernel = plane.event_metadata[event.metadata_id].name
            kind = re.split(r"[<(]", kernel.removeprefix("void "))[0]
            yield Operation(kind, _operation_name(plane, event), event.duration_ps / 1e9)


def _operation_name(plane, event):
    metadata = plane.event_metadata[event.metadata_id]
    for stat in [*event.stats, *metadata.stats]:
        if plane.stat_metadata[stat.metadata_id].name == "tf_op":
            text = stat.str_value or plane.stat_metadata[stat.ref_value].name
            return text.rpartition(":")[0] or text
    return ""
