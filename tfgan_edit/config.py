"""Errors, verbs and recipes: what a user can get wrong is said here in one line.

A recipe is a Python file in `configs/` with `get_config() -> RunConfig`; it states only what
differs from the defaults, and the defaults are the paper's.
"""

import ast
import dataclasses
import difflib
import importlib.util
import signal
import sys
import types
import typing
from pathlib import Path
from typing import Any


class UserError(ValueError):
    """A mistake of the user: one line that names the thing, the value and the fix."""


def reason_of(error):
    """What an exception says, on one line; its kind where it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__


def run_verb(main, define_flags):
    """Runs a verb: `define_flags(f)` declares absl flags, `main(f)` does what they say.

    Exit code 0 only when `main` returned; a `UserError` is printed to stderr as one
    line without a traceback and exits with 2.
    """
    from absl import app, flags

    def guarded(argv):
        try:
            if len(argv) > 1:
                raise UserError(
                    f"unexpected argument {argv[1]!r}: this command takes only --flags"
                )
            main(flags.FLAGS)
        except UserError as error:
            _refuse(error)
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            sys.exit(128 + signal.SIGINT)

    def parse(argv):
        try:
            return flags.FLAGS(argv)
        except flags.Error as error:
            _refuse(error)

    define_flags(flags.FLAGS)
    app.run(guarded, flags_parser=parse)


def _refuse(error):
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """One training run, resolved.

    `trainer` is the settings dataclass of a system (for instance `StyleGAN2Config`), `data` is a
    `tfgan_edit.data.records.DataConfig`.
    """

    name: str
    trainer: Any
    data: Any
    frozen: dict[str, str] = dataclasses.field(default_factory=dict)  # {role: preset folder}
    batch_size: int = 32  # images a step, over all replicas
    total_kimg: float = 25000.0  # length of the run, thousand real images
    total_minutes: float | None = None  # it ends after so many minutes of training, if that is less
    tick_kimg: float = 4.0  # state, status line and sample pictures every so often
    preset_ticks: int = 10  # a preset every so many ticks, and at the end
    precision: str = "float32"  # auto | float32 | mixed_bfloat16 | mixed_float16
    jit_compile: str = "auto"  # auto | on | off
    strategy: str = "auto"  # auto | one | cpu:N | mirrored | multiworker | tpu
    seed: int = 0
    metrics: tuple[str, ...] = ()
    init_from: str | None = None  # preset whose weights a new run starts from

    def to_json(self):
        """Plain dictionary; `trainer.method` says which system it is."""
        values = dataclasses.asdict(self)
        values["trainer"] = {"method": self.trainer.method, **values["trainer"]}
        return values


# What may change between the start of a run and its resumption.
FREE_KEYS = (
    "total_kimg",
    "total_minutes",
    "preset_ticks",
    "strategy",
    "jit_compile",
    "metrics",
    "data.dest",
)


def load_recipe(path):
    """Returns `get_config()` of a recipe file.

    Args:
        path: "configs/x.py", or "configs/x.py:name=1,other=2" for a recipe with arguments.

    Raises:
        UserError: no such file, no `get_config`, wrong arguments, or an error in it.
    """
    path, separator, text = str(path).partition(".py:")
    arguments = _recipe_arguments(text)
    path = Path(f"{path}.py" if separator else path)
    if not path.is_file():
        known = sorted(str(p) for p in path.parent.glob("*.py")) if path.parent.is_dir() else []
        hint = f"; recipes there: {', '.join(known)}" if known else ""
        raise UserError(f"recipe {str(path)!r} does not exist{hint}")
    spec = importlib.util.spec_from_file_location(f"recipe_{path.stem}", path)
    if spec is None:
        raise UserError(f"recipe {str(path)!r} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for the names in annotations
    try:
        spec.loader.exec_module(module)
        config = module.get_config(**arguments)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserError(f"recipe {str(path)!r} failed: {reason}") from error
    if not isinstance(config, RunConfig):
        raise UserError(f"recipe {str(path)!r}: get_config() must return a RunConfig")
    return config


def _recipe_arguments(text):
    arguments = {}
    for part in filter(None, text.split(",")):
        name, separator, value = part.partition("=")
        if not separator:
            raise UserError(f"recipe argument {part!r} is not of the form name=value")
        try:
            arguments[name.strip()] = _literal(value.strip())
        except ValueError:
            arguments[name.strip()] = value.strip()
    return arguments


def override(config, assignments):
    """Applies `["trainer.r1_gamma=5", …]` to a dataclass, checked against fields and types."""
    for assignment in assignments:
        key, separator, text = assignment.partition("=")
        if not separator or not key:
            raise UserError(f"--set {assignment!r} is not of the form key=value")
        config = _set(config, key.strip().split("."), text.strip(), key.strip())
    return config


def _set(config, path, text, key):
    fields = {field.name: field for field in dataclasses.fields(config)}
    name, *rest = path
    if name not in fields:
        close = difflib.get_close_matches(name, fields, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise UserError(f"--set {key}: {name!r} is unknown; {hint}known: {', '.join(fields)}")
    value = getattr(config, name)
    if dataclasses.is_dataclass(value):
        if not rest:
            inner = ", ".join(f"{key}.{field.name}" for field in dataclasses.fields(value))
            raise UserError(f"--set {key} is a group; set one of {inner}")
        return dataclasses.replace(config, **{name: _set(value, rest, text, key)})
    if rest:
        raise UserError(f"--set {key}: {name!r} has no parts")
    hint = typing.get_type_hints(type(config))[name]
    try:
        parsed = _parse(text, hint)
    except ValueError:
        raise UserError(f"--set {key}={text}: expected {_type_name(hint)}") from None
    return dataclasses.replace(config, **{name: parsed})


def _type_name(hint):
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")


def _parse(text, hint):
    """Reads `text` as a value of the annotated type; ValueError if it is none."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if type(None) in arguments and text.lower() in ("none", ""):
            return None
        for argument in arguments:
            if argument is type(None):
                continue
            try:
                return _parse(text, argument)
            except ValueError:
                continue
        raise ValueError
    if hint is str or hint is Any:
        return text
    if hint is bool:
        if text.lower() not in ("true", "false", "1", "0"):
            raise ValueError
        return text.lower() in ("true", "1")
    if hint is int:
        return int(text)
    if hint is float:
        value = float(text)
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError
        return value
    if origin is tuple:
        parts = [part.strip() for part in text.strip("()[]").replace("x", ",").split(",")]
        if arguments[-1] is Ellipsis:
            separate = [part.strip() for part in text.strip("()[]").split(",")]
            return tuple(_parse(part, arguments[0]) for part in separate if part)
        if len(parts) != len(arguments):
            raise ValueError
        return tuple(_parse(p, a) for p, a in zip(parts, arguments, strict=True))
    if origin is dict:
        value = _literal(text)
        if not isinstance(value, dict):
            raise ValueError
        key, item = arguments
        return {_parse(str(k), key): _parse(str(v), item) for k, v in value.items()}
    raise ValueError


def _literal(text):
    """The value of a Python literal; ValueError if `text` is none."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"{text!r:.60} is not a literal") from error


def flatten(values, prefix=""):
    """{"a": {"b": 1}} -> {"a.b": 1}."""
    flat = {}
    for key, value in values.items():
        if isinstance(value, dict) and value:
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = list(value) if isinstance(value, tuple) else value
    return flat


def with_defaults(values, settings):
    """Values of an earlier version's dataclass, with the defaults of the fields it did not have."""
    filled = dict(values)
    for field in dataclasses.fields(settings):
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        if field.name not in filled and default is not dataclasses.MISSING:
            nested = dataclasses.is_dataclass(default)
            filled[field.name] = dataclasses.asdict(default) if nested else default
        elif dataclasses.is_dataclass(default):
            filled[field.name] = with_defaults(filled[field.name], default)
    return filled


def differences(old, new):
    """Keys on which two resolved configurations disagree, without those that may change."""
    old, new = flatten(old), flatten(new)
    return [
        key
        for key in sorted(old.keys() | new.keys())
        if key not in FREE_KEYS and old.get(key) != new.get(key)
    ]
