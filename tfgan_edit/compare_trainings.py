"""Trains several recipes for the same time on this machine, and compares what they draw.

Example:
  python -m tfgan_edit.compare_trainings --data data/photos64 --minutes 240 \\
      --recipe configs/stylegan2_photos_64.py --recipe configs/dcgan_photos_64.py \\
      --rival_python rival/bin/python --out compared/photos64

The trainings run one after the other, each for --minutes of its own clock: compiling, states and
sample pictures count, the start of the process does not. --rival_python, an interpreter that has
stylegan2-pytorch, adds that package's trainer on the same pictures. The same command again goes on
where it was stopped, also with more --minutes. Averaged generators are then measured by the same
extractor on equal numbers of pictures; comparison.json in --out has the table and its facts.
"""

import functools
import signal
import subprocess
import sys
from pathlib import Path

from absl import flags
from PIL import Image, ImageOps
from tqdm import tqdm

from tfgan_edit.config import UserError, load_recipe, override, run_verb
from tfgan_edit.metrics import Evaluation, cache_folder, check_metric, evaluate
from tfgan_edit.metrics.photo_sets import FilePhotos, GeneratedPhotos, RecordPhotos, open_photos
from tfgan_edit.metrics.registry import find_metric
from tfgan_edit.metrics.weights import FILES, weight_files
from tfgan_edit.preset import load_preset
from tfgan_edit.speed.rival import check_python
from tfgan_edit.storage import atomic_folder, read_json, write_json

RIVAL = "stylegan2_pytorch"
PROGRAM = Path(__file__).parent / "speed" / "rival_training.py"
ENDLESS_KIMG = 1e9  # only the time ends a training


def define_flags(f):
    text = functools.partial(flags.DEFINE_string, flag_values=f)
    several = functools.partial(flags.DEFINE_multi_string, default=[], flag_values=f)
    text("data", None, "Records that prepare_data made.")
    several("recipe", help="Recipe to train; give the flag once for each.")
    several("set", help="key=value, overrides every recipe. Example: tick_kimg=1")
    flags.DEFINE_float("minutes", None, "Of each training.", lower_bound=0.01, flag_values=f)
    text("rival_python", None, "Interpreter with stylegan2-pytorch; without, no rival.")
    several("rival_set", help="key=value for its Trainer. Example: network_capacity=8")
    flags.DEFINE_list(
        "metrics", ["fd_lite0_5k", "kid_lite0_5k"], "As of evaluate.", flag_values=f
    )
    several("weights", help=f"NAME=FILE or NAME=PRESET, see evaluate; names: {', '.join(FILES)}.")
    text("out", None, "Folder of the run folders and of comparison.json.")


def main(f):
    print(*lines(run(f)), sep="\n")
    print(f"wrote {Path(f.out) / 'comparison.json'}")


def lines(records):
    """Lines of the table, a training each."""
    table = {name: {"kimg": r["kimg"], **r["results"]} for name, r in records.items()}
    names = list(next(iter(table.values())))
    yield "".join([f"{'':28}", *(f"{name:>{len(name) + 2}}" for name in names)])
    for training, numbers in table.items():
        cells = (f"{numbers[name]:{len(name) + 2}.4g}" for name in names)
        yield "".join([f"{training:28}", *cells])


def run(f):
    """Does what the parsed flags `f` say: {name of a training: record}."""
    for name in ("data", "minutes", "out"):
        if not f[name].value:
            raise UserError(f"--{name} is missing; see --help for an example")
    recipes = load_recipes(f.recipe, f.set)
    given = weight_files(f.weights)
    for metric in f.metrics:
        check_metric(metric, given)
    real = open_photos(f.data)
    if not isinstance(real, RecordPhotos):
        raise UserError(f"--data={f.data}: make records of it by prepare_data and give these")
    if f.rival_python:
        check_python(f.rival_python)
    out = Path(f.out)
    fakes = {}
    for name, (recipe, _) in recipes.items():
        settings = [f"data.source={f.data}", f"total_kimg={ENDLESS_KIMG}"]
        settings += [*f.set, f"total_minutes={f.minutes}"]
        train(recipe, out / name, settings)
        fakes[name] = drawn_by_preset(out / name)
    if f.rival_python:
        mirror = any(config.data.mirror for _, config in recipes.values())
        fakes[RIVAL] = train_rival(f, out / RIVAL, real, mirror)
    records = {}
    for name, (fake, facts) in fakes.items():
        evaluation = Evaluation(real, fake, given=given, cache=cache_folder())
        measured = [evaluate(metric, [evaluation]) for metric in f.metrics]
        results = {key: value for record in measured for key, value in record["results"].items()}
        records[name] = {"minutes": f.minutes, **facts, "results": results, "metrics": measured}
    write_json(out / "comparison.json", records)
    return records


def load_recipes(paths, settings):
    """{name of a recipe: (its path, with arguments; `RunConfig`)}.

    Raises:
        UserError: a recipe that cannot be loaded, none, or two of one name.
    """
    recipes = {}
    for path in paths:
        config = override(load_recipe(path), settings)
        if config.name in (*recipes, RIVAL):
            raise UserError(f"--recipe={path}: another training is called {config.name!r} too")
        recipes[config.name] = path, config
    if not recipes:
        raise UserError("--recipe is missing; see --help for an example")
    return recipes


def train(recipe, workdir, settings):
    """Trains a recipe in a process of its own, or goes on with it, until it is complete."""
    command = [sys.executable, "-m", "tfgan_edit.train"]
    command += [f"--config={recipe}", f"--workdir={workdir}"]
    finish(workdir, command + [f"--set={setting}" for setting in settings])


def finish(what, command):
    """Runs a command to its end, which says itself what is wrong and saves when it is stopped.

    Raises:
        UserError: it failed.
        KeyboardInterrupt: after the command has ended.
    """
    print(f"training {what}", flush=True)
    process = subprocess.Popen(command)
    previous = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        code = process.wait()
    except KeyboardInterrupt:  # the terminal has sent it to the command as well
        process.wait()
        raise
    finally:
        signal.signal(signal.SIGTERM, previous)
    if code:
        raise UserError(f"the training {what} ended with code {code}: see above; to go on, repeat")


def drawn_by_preset(workdir):
    """(photos of a run's averaged generator, facts about the run)."""
    preset = load_preset(workdir, names=["generator"])
    generator = preset.networks["generator"]
    state = max((workdir / "state").glob("[0-9]*"))
    facts = {
        "kimg": preset.metadata["kimg"],
        "seconds": read_json(state / "state.json")["seconds"],
        "generator": generator.count_params(),
        "hardware": preset.metadata["hardware"],
    }
    return GeneratedPhotos(generator, name=str(workdir), hash=preset.sha256), facts


def train_rival(f, workdir, real, mirror):
    """The same as `drawn_by_preset` of stylegan2-pytorch.

    Args:
        f: the flags.
        workdir: folder of that training.
        real: `RecordPhotos` to train on.
        mirror: whether it also sees them mirrored, as the recipes do; it does not do so by itself.
    """
    if not (workdir / "photos").is_dir():
        write_photos(workdir / "photos", real, mirror)
    num = max(find_metric(metric)[1].get("num", 0) for metric in f.metrics)
    command = [f.rival_python, str(PROGRAM), f"--workdir={workdir}"]
    command += [f"--seconds={60 * f.minutes}", f"--num={num}", f"--image_size={real.shape[0]}"]
    finish(workdir, command + [f"--set={setting}" for setting in f.rival_set])
    return FilePhotos(workdir / "drawn"), read_json(workdir / "facts.json")


def write_photos(path, photos, mirror):
    """Writes all photos of a `PhotoSet` as files, and with `mirror` mirrored ones beside them."""
    with atomic_folder(path) as folder, tqdm(total=photos.num, unit="photo", delay=5) as bar:
        for photo in (photo for batch in photos.batches(photos.num, 256) for photo in batch):
            picture = Image.fromarray(photo.squeeze())
            picture.save(folder / f"{bar.n:06d}.png")
            if mirror:
                ImageOps.mirror(picture).save(folder / f"{bar.n:06d}_mirrored.png")
            bar.update()


if __name__ == "__main__":
    run_verb(main, define_flags)
