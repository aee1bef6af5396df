"""Official checkpoints -> our networks, and back."""

import json
from typing import NamedTuple

import keras
import numpy as np

from tfgan_edit.checkpoints import safetensors
from tfgan_edit.checkpoints.archives import MAX_INFLATED
from tfgan_edit.checkpoints.files import State
from tfgan_edit.checkpoints.key_map import assign_weights, export_arrays
from tfgan_edit.checkpoints.kinds import Kind, Network, kind_named, known_title, recognise
from tfgan_edit.checkpoints.stylegan2_sizes import resample_taps
from tfgan_edit.config import UserError

WHICH = ("g_ema", "g", "d", "all")
AVERAGE_SAMPLES = 10_000  # latents for an average w that a file lacks
AVERAGE_NAMES = {
    *("mapping.w_avg", "dlatent_avg", "latent_avg", "truncation.w_avg", "average stylemap"),
}
AVERAGED, RAW, UNSTATED = "averaged", "raw", "average or raw: not stated"


class Found(NamedTuple):
    """A network that was recognised in a checkpoint."""

    state: State
    kind: Kind
    network: Network
    average: str  # AVERAGED, RAW or UNSTATED

    @property
    def role(self):
        """Name of the network in presets."""
        return self.network.role

    @property
    def place(self):
        """Where in its file a network's state is."""
        return self.state.path or "(whole file)"

    @property
    def title(self):
        """Role for people, and what is averaged where there are two."""
        return f"{self.role}, {self.average}" if self.has_averages else self.role

    @property
    def has_averages(self):
        """Whether the system keeps averaged weights beside those of the last step."""
        return len(self.network.names) > 1


class Converted(NamedTuple):
    """A network of ours with the weights of a file.

    Attributes:
        found: where they come from.
        network: the `keras.Model`.
        assumed: {argument: value} that the file does not state.
        absent: names of optional arrays that the file lacks.
    """

    found: Found
    network: keras.Model
    assumed: dict
    absent: list


def find_networks(checkpoint, kind=None):
    """Networks of a checkpoint that can be converted.

    Args:
        checkpoint: a `Checkpoint`.
        kind: name of a kind; only its networks are looked for.

    Returns:
        List of `Found`.

    Raises:
        UserError: none, or the checkpoint of a system that is known but not convertible.
    """
    found = []
    recognised = [recognise(s.arrays, s.path.rpartition("/")[2]) for s in checkpoint.states]
    certain = {matches[0][0].name for matches in recognised if len(matches) == 1}
    for state, matches in zip(checkpoint.states, recognised, strict=True):
        last = state.path.rpartition("/")[2]
        state_kind, network = _chosen_kind(matches, certain, kind)
        if network is None:
            continue
        if last == network.names[0] or "ema" in last.lower():
            average = AVERAGED
        else:
            average = RAW if last in network.names else UNSTATED
        found.append(Found(state, state_kind, network, average))
    titles = {state.path: known_title(state.arrays) for state in checkpoint.states}
    titles = {path: title for path, title in titles.items() if title}
    if titles and (kind is None or not found):
        path, title = next(iter(titles.items()))
        raise UserError(
            f"it is recognised as {title}{f' ({path})' if path else ''}, which this version "
            "cannot convert yet"
        )
    if not found:
        names = [name for state in checkpoint.states for name in state.arrays]
        what = f"{len(names)} arrays, as {', '.join(names[:3])!s:.120}" if names else "no arrays"
        wanted = "a known system" if kind is None else f"--kind={kind}"
        raise UserError(f"it holds nothing of {wanted}: {checkpoint.format} with {what}")
    return found


def _chosen_kind(matches, certain, kind):
    """The (kind, network) that a state is taken for, of all that it may be.

    StyleMapGAN's discriminator, for one, has the names of rosinality's: what lies beside it in
    the file decides.
    """
    matches = [match for match in matches if kind in (None, match[0].name)]
    beside = (match for match in matches if match[0].name in certain)
    return next(beside, matches[0] if matches else (None, None))


def select(found, which=None):
    """{name in the preset: `Found`} that `which` asks for.

    Args:
        found: list of `Found`.
        which: "g_ema", "g", "d"; "all": averaged and raw generator and the others; None: the
            averaged generator, or the only one, and the others.

    Raises:
        UserError: it is not there.
    """
    order = {AVERAGED: 0, UNSTATED: 1, RAW: 2}
    found = sorted(found, key=lambda f: order[f.average])
    generators = [f for f in found if f.role == "generator"]
    averaged = next((f for f in generators if f.average != RAW), None)
    raw = next((f for f in generators if f.average == RAW), None)
    if which == "g_ema":
        chosen = {"generator": averaged}
    elif which == "g":
        chosen = {"generator": raw or next((f for f in generators if f.average != AVERAGED), None)}
    elif which == "d":
        chosen = {"discriminator": next((f for f in found if f.role == "discriminator"), None)}
    else:
        chosen = {"generator": averaged or raw}
        if which == "all":
            better = {f.role for f in found if f.average != RAW}
            chosen |= {
                f"raw_{f.role}": f for f in found if f.average == RAW and f.role in better
            }
        chosen |= {f.role: f for f in reversed(found) if f.role != "generator"}
    chosen = {name: f for name, f in chosen.items() if f is not None}
    if not chosen:
        there = "; ".join(f"{f.place}: {f.title}" for f in found)
        raise UserError(f"--which={which}: the file has no such network; it has {there}")
    return chosen


def convert_network(found, checkpoint, size):
    """Builds the network of a `Found` and fills it.

    Args:
        found: one of `find_networks`.
        checkpoint: where it was found.
        size: bytes of the file; arrays may stand for no more than it can hold.

    Returns:
        A `Converted`.

    Raises:
        UserError: missing or surplus names, shapes that do not fit, settings that our networks
            do not have.
    """
    network, settings = found.network, found.state.settings
    arrays = dict(found.state.arrays)
    for state in checkpoint.states:
        arrays |= {n: a for n, a in state.arrays.items() if n in network.beside}
    if sum(array.nbytes for array in arrays.values()) > 21 * size + MAX_INFLATED:
        raise UserError("its arrays repeat their contents so often that they cannot be weights")
    try:
        arguments = {
            **network.sizes(arrays),
            **resample_taps(arrays),
            **network.settings(settings),
        }
        model = network.build(**arguments, name=network.role)
    except UserError:
        raise
    except Exception as error:  # whatever a constructor says about a value of the file
        reason = " ".join(str(error).split())
        raise UserError(f"its network cannot be built: {reason:.200}") from error
    if network.prepare is not None:
        arrays = network.prepare(arrays, settings, model)
    weights = {n: a for n, a in arrays.items() if not network.ignores(n)}
    absent = assign_weights(model, network.rows(model), weights)
    if network.average is not None:
        absent.append(network.average)
    if AVERAGE_NAMES & set(absent):
        model.mapping.w_avg.assign(average_w(model.mapping))
    assumed = {} if settings else network.settings({})
    return Converted(found, model, assumed, absent)


def average_w(mapping, samples=AVERAGE_SAMPLES, batch=1000):
    """Mean w [w_dim] of a mapping network over random z and, if it has any, random classes."""
    random = np.random.RandomState(0)
    total = 0.0
    for _ in range(samples // batch):
        z = random.randn(batch, mapping.z_dim).astype(np.float32)
        labels = None
        if mapping.label_dim:
            classes = random.randint(mapping.label_dim, size=batch)
            labels = np.eye(mapping.label_dim, dtype=np.float32)[classes]
        w = keras.ops.convert_to_numpy(mapping.w(z, labels))
        total = total + np.sum(w, axis=0, dtype=np.float64)
    return total / (samples // batch * batch)


def export_networks(path, networks, kind):
    """Writes networks under official names as one safetensors file.

    Names of arrays are the official ones; of several networks, behind the network's own name, as
    "G_ema.mapping.fc0.weight". The metadata hold the original constructor's arguments.

    Args:
        path: file to write.
        networks: {name in a preset: `keras.Model`}.
        kind: name of a writable kind.

    Returns:
        {name in a preset: name in the file}.

    Raises:
        UserError: networks that the kind does not have, or the file cannot be written.
    """
    kind = kind_named(kind)
    arrays, settings, written = {}, {}, {}
    for name, model in networks.items():
        role = name.removeprefix("raw_")
        same = (n for n in kind.networks if n.role == role and n.build is type(model))
        network = next(same, None)
        if network is None:
            raise UserError(f"{kind.name} has no network like {name} ({type(model).__name__})")
        official = network.names[-1 if name.startswith("raw_") else 0]
        settings[official] = network.official(model)
        prefix = f"{official}." if len(networks) > 1 else ""
        for source, array in export_arrays(network.rows(model)).items():
            if source not in network.beside:
                arrays[prefix + source] = array
            else:  # one for all generators, the averaged one's
                arrays.setdefault(source, array)
        written[name] = official
    settings = settings if len(settings) > 1 else next(iter(settings.values()))
    metadata = {"format": "pt", "meta": json.dumps({"kind": kind.name, "ctor": settings})}
    safetensors.write(path, arrays, metadata)
    return written
