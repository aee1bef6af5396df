"""Presets: trained networks on disk, as what others may load.

    preset/  config.json  metadata.json  NAME.weights.h5  README.md  [samples.png]

`config.json` says how to build each network and the hash of its weights; `metadata.json` says
where they come from. A preset holds no code: only network classes of this package are built, as
`cls(**config)` with plain values, and only arrays are read into them.
"""

import dataclasses
import datetime
import importlib
import inspect
import math
import pkgutil
import re
from pathlib import Path

import h5py
import keras
import numpy as np

from tfgan_edit import networks as network_modules
from tfgan_edit.config import UserError
from tfgan_edit.layers.registration import PACKAGE
from tfgan_edit.model_card import model_card
from tfgan_edit.pictures import write_picture
from tfgan_edit.storage import atomic_folder, read_json, require_space, sha256_of, write_json

FORMAT = "tfgan_edit preset"
FORMAT_VERSION = 1
SHIPPED = Path(__file__).parent / "presets"  # those that come with the package
CONFIG, METADATA, CARD, SAMPLES = "config.json", "metadata.json", "README.md", "samples.png"
WEIGHTS_DTYPES = ("float32", "float16")
DTYPE_POLICIES = ("float32", "bfloat16", "float16", "mixed_bfloat16", "mixed_float16")
_NETWORK_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
# Keys by which Keras finds code to run; no network of this package has such an argument.
_KEYS_OF_CODE = {"class_name", "registered_name", "module", "build_config", "__lambda__"}


@dataclasses.dataclass(frozen=True)
class Preset:
    """Networks with what is known about them.

    Attributes:
        networks: name -> built `keras.Model`; a generator holds the averaged weights.
        config: the free dictionary given to `save_preset`, the resolved recipe of a training.
        metadata: method, data, kimg, metrics, licence, parents …
        path: the folder.
        sha256: content hash (of config.json, which holds the hashes of all weights).
    """

    networks: dict
    config: dict
    metadata: dict
    path: Path
    sha256: str

    def require(self, name):
        """The network `name`, or a `UserError` that says which are here."""
        if name not in self.networks:
            raise UserError(_lacks(self.path, name, self.networks, self.metadata))
        return self.networks[name]


def save_preset(path, networks, *, config, metadata, weights_dtype="float32", samples=None):
    """Writes a preset in one step; a preset that is there is replaced.

    Args:
        path: folder to write.
        networks: name -> built `keras.Model` of a class registered under "tfgan_edit". It must
            be restorable by `type(network)(**network.get_config())`.
        config: free dictionary of JSON values.
        metadata: dictionary of JSON values; the model card reads `method`, `data` (`name`,
            `hash`, `num`), `kimg`, `seed`, `metrics`, `hardware`, `time`, `licence`, `limits`
            and `parents`. `created` and `tfgan_edit` (the version) are added where absent.
        weights_dtype: "float16" halves the files; weights are restored as float32, rounded.
        samples: optional photo for the model card, uint8 [H, W, C] or float in [-1, 1].

    Returns:
        The folder's path.

    Raises:
        UserError: something else than a preset is at `path`, or it cannot be written.
        ValueError: a network that cannot be restored, or values that JSON or float16 cannot hold.
    """
    path = Path(path)
    if weights_dtype not in WEIGHTS_DTYPES:
        raise ValueError(
            f"weights_dtype must be one of {', '.join(WEIGHTS_DTYPES)}. "
            f"Received: weights_dtype={weights_dtype!r}"
        )
    if not networks:
        raise ValueError("networks must hold at least one network. Received: {}")
    if path.is_dir() and any(path.iterdir()) and not _is_preset(path):
        raise UserError(
            f"cannot write a preset to {path}: it holds other files; choose another folder"
        )
    metadata = {"created": _now(), "tfgan_edit": _version(), **metadata}
    require_space(path, [v for network in networks.values() for v in network.weights])
    with atomic_folder(path, replace=True) as folder:
        entries = {
            name: _save_network(folder, name, network, weights_dtype)
            for name, network in networks.items()
        }
        header = {"format": FORMAT, "format_version": FORMAT_VERSION}
        write_json(folder / CONFIG, {**header, "networks": entries, "config": config})
        write_json(folder / METADATA, metadata)
        if samples is not None:
            write_picture(folder / SAMPLES, samples)
        shown = {"folder": path.name} if path.parent.resolve() == SHIPPED else {}
        card = model_card(entries, metadata, with_samples=samples is not None, **shown)
        (folder / CARD).write_text(card, encoding="utf-8")
    return path


def load_preset(path, names=None):
    """Builds the networks of a preset and reads their weights.

    Args:
        path: the preset's folder, a run folder that has one in `preset/`, or a name of
            `shipped_presets()`; a folder of that name goes first.
        names: networks to load; default all.

    Returns:
        A `Preset`.

    Raises:
        UserError: no preset, a damaged one, one of a newer version, or a network that is not
            there; one line each.
    """
    path = _preset_folder(Path(path))
    while True:
        sha256 = sha256_of(path / CONFIG)
        try:
            return _load(path, sha256, names)
        except UserError:
            # Replaced by a training while it was read: read the next one.
            if sha256 == sha256_of(path / CONFIG):
                raise


def shipped_presets():
    """Names of the presets that come with the package, sorted."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{CONFIG}"))


def preset_networks(path):
    """Names of the networks of a preset, none of which is built.

    Raises:
        UserError: no preset, or a damaged one.
    """
    _, entries, _ = read_preset(path)
    return list(entries)


def read_preset(path):
    """What a preset says of itself; no network is built.

    Args:
        path: as of `load_preset`.

    Returns:
        Its folder, {name of a network: its entry of config.json}, and the metadata.

    Raises:
        UserError: no preset, or a damaged one.
    """
    path = _preset_folder(Path(path))
    entries = _checked_config(path)["networks"]
    for name, entry in entries.items():
        _check_entry(path, name, entry)
    return path, entries, _checked_metadata(path)


# === Saving ===


def _save_network(folder, name, network, weights_dtype):
    """Writes one network's weights and returns its entry of config.json."""
    class_name = keras.saving.get_registered_name(type(network)).removeprefix(f"{PACKAGE}>")
    if _class_of(class_name) is not type(network):
        raise ValueError(
            f"networks must be of classes registered under {PACKAGE!r}. "
            f"Received: {name}={type(network).__name__}"
        )
    if not _NETWORK_NAME.fullmatch(name):
        raise ValueError(f"names of networks must be like 'generator'. Received: {name!r}")
    if network.dtype_policy.name not in DTYPE_POLICIES:
        raise ValueError(
            f"dtype policies must be one of {', '.join(DTYPE_POLICIES)}. "
            f"Received: {name}: {network.dtype_policy.name}"
        )
    config = {**network.get_config(), "dtype": network.dtype_policy.name}
    _check_plain(config, f"the config of {name}")
    try:
        inspect.signature(type(network)).bind(**config)
    except TypeError as error:
        raise ValueError(
            f"{name}: {class_name} cannot be restored from its own get_config(): {error}"
        ) from error
    file = folder / f"{name}.weights.h5"
    network.save_weights(file)
    if weights_dtype != "float32":
        _cast_weights(file, np.dtype(weights_dtype), name)
    return {
        "class_name": class_name,
        "config": config,
        "weights": file.name,
        "weights_dtype": weights_dtype,
        "sha256": sha256_of(file),
        "parameters": network.count_params(),
    }


def _cast_weights(path, dtype, name):
    """Rewrites the float32 arrays of a weights file as `dtype`."""
    largest = float(np.finfo(dtype).max)
    wide = path.with_name(f"{name}.wide.h5")
    path.rename(wide)
    with h5py.File(wide, "r") as source, h5py.File(path, "w") as target:

        def copy(key, item):
            if isinstance(item, h5py.Group):
                target.require_group(key).attrs.update(item.attrs)
                return
            values = item[()]
            if values.dtype == np.float32:
                if np.any(np.abs(values) > largest):
                    raise ValueError(
                        f"weights_dtype={dtype} holds values up to {largest:g}. Received: "
                        f"{np.abs(values).max():g} in {name}: {key}"
                    )
                values = values.astype(dtype)
            target.create_dataset(key, data=values).attrs.update(item.attrs)

        source.visititems(copy)
    wide.unlink()


def _now():
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _version():
    from tfgan_edit import __version__  # not yet there while the package imports this file

    return __version__


# === Loading ===


def _is_preset(path):
    try:
        value = read_json(path / CONFIG)
    except UserError:
        return False
    return isinstance(value, dict) and value.get("format") == FORMAT


def _preset_folder(path):
    """The preset at `path`, in it if it is a run folder, or the shipped one of that name."""
    if not path.exists():
        if str(path) in (shipped := shipped_presets()):
            return SHIPPED / path
        raise UserError(
            f"no preset at {path}: there is no such folder; with the package come "
            f"{', '.join(shipped) or 'none'}"
        )
    if not path.is_dir():
        raise UserError(f"{path} is not a preset: it is a file; give the folder it lies in")
    # A run's own config.json has no format entry; a damaged one is reported by what follows.
    if not _is_preset(path) and (path / "preset" / CONFIG).is_file():
        return path / "preset"
    if (path / "state").is_dir():
        raise UserError(f"run folder {path} has no preset yet; train until its first snapshot")
    if not (path / CONFIG).is_file():
        raise UserError(
            f"{path} is not a preset: it has no {CONFIG}; give a folder that train or convert made"
        )
    return path


def _checked_config(path):
    """Content of config.json of a version that this package reads."""
    config = read_json(path / CONFIG)
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise UserError(f"{path} is not a preset: its {CONFIG} does not say {FORMAT!r}")
    version = config.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _damaged(path, f"format_version={version!r}")
    if version > FORMAT_VERSION:
        raise UserError(
            f"{path} has preset format {version}, this tfgan_edit reads up to {FORMAT_VERSION}; "
            "upgrade tfgan_edit"
        )
    entries, free = config.get("networks"), config.get("config")
    if not isinstance(entries, dict) or not entries or not isinstance(free, dict):
        raise _damaged(path, f"networks={entries!r:.60}, config={free!r:.60}")
    return config


def _checked_metadata(path):
    metadata = read_json(path / METADATA)
    if not isinstance(metadata, dict):
        raise _damaged(path, f"{METADATA} holds {metadata!r:.60}")
    return metadata


def _load(path, sha256, names):
    config = _checked_config(path)
    entries, free = config["networks"], config["config"]
    metadata = _checked_metadata(path)
    for name, entry in entries.items():
        _check_entry(path, name, entry)
    for name in names or ():
        if name not in entries:
            raise UserError(_lacks(path, name, entries, metadata))
    networks = {
        name: _load_network(path, name, entry)
        for name, entry in entries.items()
        if names is None or name in names
    }
    return Preset(networks, free, metadata, path, sha256)


def _load_network(path, name, entry):
    cls = _class_of(entry["class_name"])
    if cls is None:
        raise UserError(
            f"{path}: {name} is of class {entry['class_name']!r:.60}, which this tfgan_edit does "
            "not have; upgrade it or check where the preset comes from"
        )
    weights = path / entry["weights"]
    if not weights.is_file():
        raise UserError(f"{path} is damaged: {weights.name} is missing; copy the preset again")
    if sha256_of(weights) != entry["sha256"]:
        raise UserError(
            f"{path} is damaged: {weights.name} is not the file that {CONFIG} names (its SHA-256 "
            "differs); copy the preset again"
        )
    try:
        network = cls(**entry["config"])
    except Exception as error:  # whatever a constructor says about a value of the file
        raise _damaged(path, f"{name} cannot be built: {_first_line(error)}") from error
    if not network.built or network.count_params() != entry["parameters"]:
        count = network.count_params() if network.built else "unknown"
        raise _damaged(path, f"{name}: parameters={entry['parameters']}, built: {count}")
    try:
        network.load_weights(weights)
    except Exception as error:  # HDF5 and Keras raise OSError, KeyError, ValueError …
        raise _damaged(path, f"{weights.name}: {_first_line(error)}") from error
    return network


def _check_entry(path, name, entry):
    """Raises unless an entry of config.json has the fields and types that saving writes."""
    fields = {
        "class_name": str,
        "config": dict,
        "weights": str,
        "weights_dtype": str,
        "sha256": str,
        "parameters": int,
    }
    if not _NETWORK_NAME.fullmatch(name) or not isinstance(entry, dict):
        raise _damaged(path, f"networks: {name!r:.60}: {entry!r:.60}")
    for field, kind in fields.items():
        if not isinstance(entry.get(field), kind):
            raise _damaged(path, f"{name}: {field}={entry.get(field)!r:.60}")
    if entry["weights"] != f"{name}.weights.h5":
        raise _damaged(path, f"{name}: weights={entry['weights']!r:.60}")
    try:
        _check_plain(entry["config"], name)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, _first_line(error)) from error
    if entry["config"].get("dtype") not in DTYPE_POLICIES:
        raise _damaged(path, f"{name}: dtype={entry['config'].get('dtype')!r:.60}")


def _check_plain(value, where):
    """Raises unless `value` is made of dictionaries, lists, strings, numbers and None."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or key in _KEYS_OF_CODE:
                raise ValueError(f"{where} has the key {key!r:.60}, which is not allowed")
            _check_plain(item, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check_plain(item, where)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where}={value} is not a finite number")
    elif not isinstance(value, (str, int, float, type(None))):
        raise ValueError(f"{where} is a {type(value).__name__}, which is not a plain value")


def _class_of(class_name):
    """The registered network class of this package, or None."""
    registered = f"{PACKAGE}>{class_name}"
    if keras.saving.get_registered_object(registered) is None:
        for module in pkgutil.iter_modules(network_modules.__path__):
            importlib.import_module(f"{network_modules.__name__}.{module.name}")
    cls = keras.saving.get_registered_object(registered)
    return cls if isinstance(cls, type) and issubclass(cls, keras.Model) else None


def _lacks(path, name, names, metadata):
    method = metadata.get("method", "not stated")
    return (
        f"{path} has no network {name!r}: it has {', '.join(names)} (method: {method!r:.60}); "
        "give a preset of another method"
    )


def _damaged(path, what):
    return UserError(f"{path} is damaged: {what}; copy or make the preset again")


def _first_line(error):
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
