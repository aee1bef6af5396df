"""Every command that the documents, recipes and `--help` texts show is one that its verb takes.

Commands are not run here (a training takes hours): flags are parsed by the verb itself, recipes
loaded with what the command overrides, and links between documents followed.
"""

import ast
import importlib
import json
import re
import shlex
from pathlib import Path

import absl.flags
import pytest

from tfgan_edit import quick_start
from tfgan_edit.config import load_recipe, override, with_defaults
from tfgan_edit.distill import student_of
from tfgan_edit.preset import load_preset, shipped_presets

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "android_demo").glob("*.md")),
]
SCRIPTS = sorted((ROOT / "configs/presets").glob("*.sh"))
CODE = [
    *SCRIPTS,
    *sorted((ROOT / "configs").glob("*.py")),
    *sorted((ROOT / "tfgan_edit").glob("*.py")),
    *sorted((ROOT / "export").glob("**/*.py")),
]
FILES = [path for path in DOCUMENTS + CODE if path.is_file()]
COMMAND = re.compile(
    r"\bpython -m ((?:tfgan_edit|export)(?:\.\w+)*)((?:\"[^\"]*\"|'[^'\n]*'|[^\n`|&;<>()\"'])*)"
)
# Names in capitals, values of a shell and "…" stand for what the reader puts there.
PLACEHOLDER = re.compile(r"…|\$|(?:NEW|FILE)\.py|\bD\b")


def shown(path):
    """What a file shows as code: fenced blocks and spans, the lines of its docstring, a script."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".sh":
        return re.sub(r"\\\n\s*", " ", text).splitlines()
    if path.suffix == ".md":
        blocks = map(unrolled, re.findall(r"```\w*\n(.*?)```", text, re.DOTALL))
        spans = re.findall(r"[^`]`(python -m [^`]*)`", text)
        return [re.sub(r"\\\n\s*", " ", block) for block in blocks] + [
            span.replace("\n", " ") for span in spans
        ]
    text = ast.get_docstring(ast.parse(text)) or ""
    text = re.sub(r"\n +(--\w)", r" \1", text.replace("\\\n", ""))
    return re.findall(r"^ *(?:[Cc]ommand: )?(python -m .*)", text, re.MULTILINE)


def unrolled(text):
    """A script with its loops repeated and its variables replaced."""
    text = re.sub(
        r"for (\w+) in ([^;$\n]+); do\n(.*?)\ndone",
        lambda loop: "\n".join(loop[3].replace(f"${loop[1]}", v) for v in loop[2].split()),
        text,
        flags=re.DOTALL,
    )
    for name, quoted, word in re.findall(r'^(\w+)=(?:"([^"]*)"|(\S+))$', text, re.MULTILINE):
        text = text.replace(f"${name}", " ".join((quoted or word).split()))
    return text


def commands(path):
    """(module, flags) of every command that a file shows."""
    for text in shown(path):
        for module, rest in COMMAND.findall(text):
            yield module, " ".join(re.split(r"(?:^|\s)#", rest)[0].split())


def verb(module):
    package = module in ("export", "export.web")
    return importlib.import_module(f"{module}.__main__" if package else module)


def parsed(module, rest):
    flags = absl.flags.FlagValues()
    verb(module).define_flags(flags)
    left = flags(["", *shlex.split(rest)])[1:]
    assert not left, f"arguments without a flag: {left}"
    return flags


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_have_flags_that_exist(path):
    for module, rest in commands(path):
        if PLACEHOLDER.search(rest):
            continue
        try:
            flags = parsed(module, rest)
        except (absl.flags.Error, ImportError, ValueError) as error:
            pytest.fail(f"python -m {module} {rest}: {error}")
        if module == "tfgan_edit.train":
            recipe = load_recipe(str(ROOT / flags.config)) if flags.config else None
            override(recipe or quick_start.get_config(), flags.set)


def trained_by(script):
    """{folder of a run: its `RunConfig`} of the trainings in a script."""
    runs, config = {}, None
    for module, rest in commands(script):
        flags = parsed(module, rest)
        if module == "export.training" and flags.collect:
            runs[flags.workdir] = config  # that of the command before
        elif module in ("tfgan_edit.train", "tfgan_edit.distill", "export.training"):
            config = override(load_recipe(str(ROOT / flags.config)), flags.set)
            if module == "tfgan_edit.train":
                runs[flags.workdir or f"runs/{config.name}"] = config
            elif module == "tfgan_edit.distill":
                runs[f"{flags.out}/pix2pixhd"] = config
                if flags.student:
                    runs[f"{flags.out}/student"] = student_of(config, flags.student, "pix2pixhd")
    return runs


def packed_by(script):
    """(name of a preset, flags of `pack_preset`) of each that a script packs."""
    for module, rest in commands(script):
        if module == "tfgan_edit.pack_preset":
            flags = parsed(module, rest)
            assert Path(flags.out).parent == Path("packed")
            yield Path(flags.out).name, flags


def as_read(settings):
    """Settings as `json` gives them back: keys are text, tuples are lists."""
    return json.loads(json.dumps(settings))


def test_each_preset_has_a_script():
    names = [name for script in SCRIPTS for name, _ in packed_by(script)]
    assert sorted(names) == sorted(shipped_presets())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_has_the_settings_of_its_presets(script):
    runs = trained_by(script)
    for name, flags in packed_by(script):
        shipped, config = load_preset(name), runs[flags.preset]
        trainer = with_defaults(shipped.config["trainer"], config.trainer)
        assert as_read(trainer) == as_read(config.to_json()["trainer"])
        assert shipped.config["batch_size"] == config.batch_size
        assert not flags.networks or set(flags.networks) == set(shipped.networks)


def test_there_are_commands_to_check():
    found = [module for path in FILES for module, _ in commands(path)]
    verbs = {
        f"tfgan_edit.{path.stem}"
        for path in (ROOT / "tfgan_edit").glob("*.py")
        if path.stem != "config" and "run_verb(main" in path.read_text(encoding="utf-8")
    }
    assert len(found) > 150 and verbs | {"export", "export.benchmark"} <= set(found)


def test_a_wrong_flag_is_seen(tmp_path):
    (tmp_path / "a.md").write_text("```sh\npython -m tfgan_edit.generate \\\n    --sedes 1\n```\n")
    [(module, rest)] = commands(tmp_path / "a.md")
    with pytest.raises(absl.flags.Error, match="sedes"):
        parsed(module, rest)


@pytest.mark.parametrize(
    "path", [p for p in DOCUMENTS if p.is_file()], ids=lambda path: str(path.relative_to(ROOT))
)
def test_links_lead_to_files(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not re.match(r"[a-z]+:", link):
            assert (path.parent / link).exists(), link
