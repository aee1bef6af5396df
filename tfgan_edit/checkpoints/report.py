"""What a conversion says: the table on the screen and the preset's metadata."""

from pathlib import Path

from tfgan_edit.checkpoints.conversion import AVERAGE_NAMES, AVERAGE_SAMPLES
from tfgan_edit.storage import sha256_of


def table(found, chosen, converted):
    """What was recognised and where it went, as aligned text.

    Args:
        found: list of `Found`.
        chosen: {name in the preset: `Found`}.
        converted: {name in the preset: `Converted`}.
    """
    names = {id(item): name for name, item in chosen.items()}
    lines = [("in the file", "recognised as", "size", "channels", "labels", "becomes")]
    for item in found:
        name = names.get(id(item))
        network = converted[name].network if name else None
        lines.append(
            (item.place, f"{item.kind.title}: {item.title}", *_sizes(network), name or "-")
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _sizes(network):
    """(resolution and architecture, channels, labels) of a network as text."""
    if network is None:
        return "", "", ""
    if not hasattr(network, "resolution"):  # convolutional throughout
        if not hasattr(network, "width"):  # of features
            return "", f"{network.count_params():,} weights", ""
        return "any", f"{network.width} at full size, reads {network.in_channels}", "none"
    pyramid = getattr(network, "synthesis", network)
    height, width = network.resolution
    if not hasattr(pyramid, "channels"):  # doubled at every halving
        return f"{width}x{height}", f"{network.width} at full size", str(network.label_dim)
    channels = " ".join(f"{level}:{count}" for level, count in sorted(pyramid.channels.items()))
    labels = str(getattr(network, "label_dim", 0) or "none")
    architecture = getattr(pyramid, "architecture", "")
    return f"{width}x{height} {architecture}".rstrip(), channels, labels


def notes(converted):
    """Lines on what the file does not state or lacks."""
    for name, item in converted.items():
        if item.assumed:
            values = ", ".join(f"{key}={value}" for key, value in item.assumed.items())
            yield f"{name}: assumed, as the file does not say: {values}"
        for absent in item.absent:
            origin = "drawn at random"
            if absent in AVERAGE_NAMES:
                origin = f"estimated from {AVERAGE_SAMPLES:,} latents"
            yield f"{name}: the file has no {absent}; {origin}"


def left_behind(checkpoint, found, converted):
    """Names of what stays behind in the file."""
    used = {item.state.path for item in found}
    beside = {name for item in converted.values() for name in item.found.network.beside}
    names = list(checkpoint.others)
    for state in checkpoint.states:
        if state.path in used:
            names += [
                f"{state.path}/{name}".lstrip("/")
                for item in found
                if item.state is state
                for name in state.arrays
                if item.network.ignores(name)
            ]
        elif not state.path:
            names += [name for name in state.arrays if name not in beside]
        else:
            names.append(state.path.partition("/")[0])
    return list(dict.fromkeys(names))


def metadata(source, checkpoint, converted, others):
    """Metadata of the preset, as in `save_preset`: the file, its hash, what it is."""
    first = next(iter(converted.values()))
    return {
        "method": first.found.kind.method,
        "licence": first.found.kind.licence,
        "parents": {"file": Path(source).name, "sha256": sha256_of(source)},
        "conversion": {
            "format": checkpoint.format,
            "kind": first.found.kind.name,
            "networks": {
                name: {
                    "name": item.found.state.path,
                    "average": item.found.average if item.found.has_averages else None,
                    "assumed": item.assumed,
                    "absent": item.absent,
                }
                for name, item in converted.items()
            },
            "not_converted": others,
        },
    }
