"""What a user writes, `--set key=value` and recipes, and what is said when it is wrong."""

import dataclasses
import json
import subprocess
import sys
import types
from pathlib import Path
from typing import Any, Optional

import pytest

from tfgan_edit import quick_start
from tfgan_edit.config import (
    FREE_KEYS,
    RunConfig,
    UserError,
    _parse,
    differences,
    flatten,
    load_recipe,
    override,
    with_defaults,
)
from tfgan_edit.data.records import DataConfig
from tfgan_edit.trainers.stylegan2 import StyleGAN2Config


@pytest.fixture
def config():
    return RunConfig(name="line", trainer=StyleGAN2Config(), data=DataConfig())


# === --set ===


@pytest.mark.parametrize(
    "text, hint, value",
    [
        ("3", int, 3),
        ("-3", int, -3),
        ("1e-3", float, 0.001),
        ("5", float, 5.0),
        ("a=b, c", str, "a=b, c"),
        ("", str, ""),
        ("3", Any, "3"),
        ("true", bool, True),
        ("False", bool, False),
        ("1", bool, True),
        ("0", bool, False),
        ("None", int | None, None),
        ("none", Optional[str], None),  # the other way to write it
        ("", float | None, None),
        ("2.5", float | None, 2.5),
        ("x", str | None, "x"),
        ("64", int | tuple[int, int], 64),
        ("48x64", int | tuple[int, int], (48, 64)),
        ("48,64", tuple[int, int], (48, 64)),
        ("(48, 64)", tuple[int, int], (48, 64)),
        ("[48, 64]", tuple[int, int], (48, 64)),
        ("0.5,2", tuple[float, int], (0.5, 2)),
        ("a", tuple[str, ...], ("a",)),
        ("fid50k, box", tuple[str, ...], ("fid50k", "box")),
        ("", tuple[str, ...], ()),
        ("()", tuple[str, ...], ()),
        ("1,2,3", tuple[int, ...], (1, 2, 3)),
        ("{}", dict[str, int], {}),
        ("{'4': 64, 8: 32}", dict[str, int], {"4": 64, "8": 32}),
        ("{'teacher': 'runs/t'}", dict[str, str], {"teacher": "runs/t"}),
        ("None", dict[str, int] | None, None),
    ],
)
def test_text_is_read_as_the_annotated_type(text, hint, value):
    parsed = _parse(text, hint)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    "text, hint",
    [
        ("1.5", int),
        ("", int),
        ("none", int),
        ("five", float),
        ("nan", float),
        ("inf", float),
        ("-inf", float | None),
        ("yes", bool),
        ("2", bool),
        ("x", int | None),
        ("1x2x3", tuple[int, int]),
        ("1", tuple[int, int]),
        ("1,b", tuple[int, ...]),
        ("{'4': 'wide'}", dict[str, int]),
        ("{'4'}", dict[str, int]),
        ("[4, 64]", dict[str, int]),
        ("{4:", dict[str, int]),
        ("{[]: 1}", dict[str, int]),
        ("3", types.FunctionType),
    ],
)
def test_text_of_another_type_is_refused(text, hint):
    with pytest.raises(ValueError):
        _parse(text, hint)


def test_override_changes_what_it_names_and_nothing_else(config):
    changed = override(
        config,
        [
            "batch_size=8",
            "trainer.r1_gamma=5",
            "trainer.channels={'4': 16}",
            "data.resolution=48x64",
            "data.mirror=true",
            "metrics=a,b",
            "init_from=runs/x",
            " seed = 3 ",
            "seed=4",  # the last one counts
        ],
    )
    assert changed == RunConfig(
        name="line",
        trainer=StyleGAN2Config(r1_gamma=5.0, channels={"4": 16}),
        data=DataConfig(resolution=(48, 64), mirror=True),
        batch_size=8,
        metrics=("a", "b"),
        init_from="runs/x",
        seed=4,
    )
    assert config.batch_size == 32
    assert override(config, []) is config


@pytest.mark.parametrize(
    "assignment, words",
    [
        ("batchsize=8", ["--set batchsize", "did you mean 'batch_size'?", "known: name, trainer"]),
        ("trainer.gama=8", ["'gama' is unknown", "r1_gamma"]),
        ("qqq=8", ["'qqq' is unknown; known: name"]),
        ("trainer=stylegan2", ["trainer is a group; set one of trainer.z_dim"]),
        ("data=x", ["data is a group; set one of data.source"]),
        ("batch_size.x=1", ["--set batch_size.x: 'batch_size' has no parts"]),
        ("frozen.teacher=x", ["'frozen' has no parts"]),
        ("trainer.=1", ["'' is unknown"]),
        ("batch_size", ["'batch_size' is not of the form key=value"]),
        ("=3", ["'=3' is not of the form key=value"]),
        ("", ["'' is not of the form key=value"]),
        ("batch_size=many", ["--set batch_size=many: expected int"]),
        ("data.mirror=maybe", ["expected bool"]),
        ("trainer.learning_rate=nan", ["--set trainer.learning_rate=nan: expected float"]),
        ("trainer.micro_batch=x", ["expected int | None"]),
        ("data.resolution=big", ["expected int | tuple[int, int]"]),
        ("frozen={[]: 1}", ["expected dict[str, str]"]),
        ("trainer.channels=64", ["expected dict[str, int] | None"]),
    ],
)
def test_wrong_assignments_are_one_line_that_names_them(config, assignment, words):
    with pytest.raises(UserError) as caught:
        override(config, [assignment])
    for part in words:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


# === Resolved configurations ===


def test_to_json_names_the_method_and_survives_json(config):
    values = override(config, ["data.resolution=48x64", "frozen={'teacher': 'x'}"]).to_json()
    assert next(iter(values["trainer"])) == "method"
    assert values["trainer"]["method"] == "stylegan2"
    assert set(values) == {field.name for field in dataclasses.fields(RunConfig)}
    assert set(values["data"]) == {field.name for field in dataclasses.fields(DataConfig)}
    stored = json.loads(json.dumps(values, allow_nan=False))
    assert stored["data"]["resolution"] == [48, 64]
    assert stored["frozen"] == {"teacher": "x"}
    assert differences(stored, values) == []


def test_flatten_joins_keys_by_dots():
    values = {"a": {"b": {"c": 1}, "d": {}}, "e": (1, 2), "f": None}
    assert flatten(values) == {"a.b.c": 1, "a.d": {}, "e": [1, 2], "f": None}


@pytest.mark.parametrize(
    "changes, keys",
    [
        ([], []),
        (["trainer.r1_gamma=7", "batch_size=8"], ["batch_size", "trainer.r1_gamma"]),
        (["trainer.channels={'4': 16}"], ["trainer.channels.4"]),
        (["data.resolution=48x64"], ["data.resolution"]),
        (["frozen={'teacher': 'x'}"], ["frozen", "frozen.teacher"]),
        (["init_from=runs/x"], ["init_from"]),
        (
            ["total_kimg=1", "preset_ticks=1", "strategy=one", "jit_compile=off", "data.dest=x"],
            [],
        ),
    ],
)
def test_differences_lists_the_keys_that_make_another_run(config, changes, keys):
    other = override(config, changes)
    assert differences(config.to_json(), other.to_json()) == keys
    assert differences(other.to_json(), config.to_json()) == keys


def test_a_run_of_an_earlier_version_has_the_defaults_of_new_settings(config):
    values = config.to_json()
    earlier = {k: v for k, v in values["trainer"].items() if k not in ("augmentation", "ema_kimg")}
    assert with_defaults(earlier, config.trainer) == values["trainer"]
    part = {**values["trainer"], "augmentation": {"groups": "bgc"}}
    filled = with_defaults(part, config.trainer)
    assert filled["augmentation"] == {**values["trainer"]["augmentation"], "groups": "bgc"}
    assert with_defaults({**earlier, "ema_kimg": 3.0}, config.trainer)["ema_kimg"] == 3.0


def test_every_free_key_exists(config):
    assert set(FREE_KEYS) <= set(flatten(config.to_json()))


# === Recipes ===


def write_recipe(folder, body, name="recipe.py"):
    path = folder / name
    path.write_text(
        "import dataclasses\nfrom tfgan_edit import quick_start\n\n" + body, encoding="utf-8"
    )
    return path


ARGUMENTS = """
def get_config(name="plain", size=32, rate=0.5, flag=False):
    config = quick_start.get_config()
    trainer = dataclasses.replace(config.trainer, learning_rate=rate)
    return dataclasses.replace(config, name=f"{name}_{flag}", batch_size=size, trainer=trainer)
"""


def test_a_recipe_without_arguments(tmp_path):
    body = "def get_config():\n    return quick_start.get_config()\n"
    assert load_recipe(write_recipe(tmp_path, body)) == quick_start.get_config()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", ("plain_False", 32, 0.5)),
        (":", ("plain_False", 32, 0.5)),
        (":size=8", ("plain_False", 8, 0.5)),
        (":name=faces,rate=1e-3, flag = True", ("faces_True", 32, 0.001)),
        (":name='a b',size=4,", ("a b_False", 4, 0.5)),
    ],
)
def test_arguments_of_a_recipe(tmp_path, text, expected):
    config = load_recipe(f"{write_recipe(tmp_path, ARGUMENTS)}{text}")
    assert (config.name, config.batch_size, config.trainer.learning_rate) == expected


@pytest.mark.parametrize(
    "text, words",
    [
        (":colour=red", "TypeError: get_config() got an unexpected keyword argument 'colour'"),
        (":size", "recipe argument 'size' is not of the form name=value"),
        (":size=(4,5)", "recipe argument '5)' is not of the form name=value"),
    ],
)
def test_wrong_arguments_of_a_recipe(tmp_path, text, words):
    with pytest.raises(UserError) as caught:
        load_recipe(f"{write_recipe(tmp_path, ARGUMENTS)}{text}")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "body, words",
    [
        ("def get_config(:\n", "SyntaxError"),
        ("import no_such_module_here\n", "no_such_module_here"),
        ("x = 1\n", "has no attribute 'get_config'"),
        ("def get_config():\n    raise KeyError('gamma')\n", "KeyError: 'gamma'"),
        ("def get_config():\n    raise ValueError('one\\ntwo')\n", "ValueError: one"),
        ("def get_config():\n    return {}\n", "get_config() must return a RunConfig"),
        ("def get_config():\n    return None\n", "get_config() must return a RunConfig"),
    ],
)
def test_recipes_that_do_not_work_are_one_line(tmp_path, body, words):
    path = write_recipe(tmp_path, body)
    with pytest.raises(UserError) as caught:
        load_recipe(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_recipe_may_define_its_own_dataclass(tmp_path):
    body = """
@dataclasses.dataclass(frozen=True)
class Sizes:
    batch: "int" = 4


def get_config():
    return dataclasses.replace(quick_start.get_config(), batch_size=Sizes().batch)
"""
    assert load_recipe(write_recipe(tmp_path, body)).batch_size == 4


def test_a_missing_recipe_lists_those_beside_it(tmp_path):
    path = write_recipe(tmp_path, ARGUMENTS)
    with pytest.raises(UserError) as caught:
        load_recipe(tmp_path / "recip.py:size=3")
    assert f"recip.py' does not exist; recipes there: {path}" in str(caught.value)
    with pytest.raises(UserError, match=r"nowhere/x.py' does not exist$"):
        load_recipe("nowhere/x.py")


def test_a_file_that_is_not_python_is_no_recipe(tmp_path):
    (tmp_path / "recipe.json").write_text("{}")
    with pytest.raises(UserError, match="is not a Python file"):
        load_recipe(tmp_path / "recipe.json")


# === The command line ===

PACKAGE = str(Path(quick_start.__file__).parent)
VERB = '''"""Says what it was given.

Examples:
  python verb.py --size 3
"""

from absl import flags

from tfgan_edit.config import UserError, run_verb


def define_flags(f):
    flags.DEFINE_integer("size", 1, "How many.", lower_bound=0, flag_values=f)


def main(f):
    if f.size == 13:
        raise UserError("size 13 is unlucky: use another")
    if f.size == 14:
        raise RuntimeError("a fault of the program")
    print(f"size {f.size}")


if __name__ == "__main__":
    run_verb(main, define_flags)
'''


@pytest.fixture(scope="module")
def verb(tmp_path_factory):
    """Function: runs the verb with flags -> (exit code, output, errors)."""
    path = tmp_path_factory.mktemp("verb") / "verb.py"
    path.write_text(VERB)

    def run(*flags):
        # Only the part of the package that a verb needs: TensorFlow takes seconds to start.
        code = (
            "import runpy, sys, types\n"
            "package = types.ModuleType('tfgan_edit')\n"
            f"package.__path__ = [{PACKAGE!r}]\n"
            "sys.modules['tfgan_edit'] = package\n"
            f"sys.argv = [{str(path)!r}, *{list(flags)!r}]\n"
            f"runpy.run_path({str(path)!r}, run_name='__main__')\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=120
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_a_verb_that_ends_well_exits_with_0(verb):
    assert verb("--size", "3") == (0, "size 3\n", "")


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--size=13"], "error: size 13 is unlucky: use another"),
        (["--sise=3"], "Unknown command line flag 'sise'. Did you mean: size"),
        (["--size=big"], "size=big"),
        (["--size=-1"], "size=-1"),
        (["--size"], "Missing value for flag --size"),
        (["3"], "unexpected argument '3': this command takes only --flags"),
        (["--size=3", "--", "x"], "unexpected argument 'x'"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(verb, flags, words):
    code, output, errors = verb(*flags)
    assert code == 2
    assert output == ""
    assert words in errors
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1, errors


def test_faults_of_the_program_keep_their_traceback(verb):
    code, _, errors = verb("--size=14")
    assert code not in (0, 2)
    assert "Traceback" in errors and "a fault of the program" in errors


def test_help_shows_the_example_and_writes_nothing_else(verb):
    code, output, errors = verb("--help")
    assert code == 1  # 0 is for a verb that did its work
    assert "python verb.py --size 3" in output
    assert "--size: How many." in output
    assert errors == ""
