"""Every command of documents and scripts runs, from top to bottom, on presets and small numbers.

What a document takes for granted (a photo, a run) is put there first, what it takes from elsewhere
(weights, checkpoints, other packages) is a stand-in of random numbers. `LEFT_OUT` says what is not
run; `test_documents.py` parses those commands and all others.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import absl.flags
import numpy as np
import pytest
from PIL import Image

from tests import stand_ins, tools
from tests.editing.test_video import make_video
from tests.speed.recipes import tiny_recipe
from tests.speed.test_rival import FAKE
from tests.test_documents import DOCUMENTS, ROOT, SCRIPTS, commands, parsed, verb
from tfgan_edit import benchmark, quick_start
from tfgan_edit.config import UserError, load_recipe
from tfgan_edit.data import PairsWriter, RecordsWriter, avatars
from tfgan_edit.networks.encoder import LatentEncoder
from tfgan_edit.networks.stylegan2 import StyleGAN2Generator
from tfgan_edit.preset import SHIPPED, save_preset
from tfgan_edit.run import tiny
from tfgan_edit.speed import data, replicas, rival, training
from tfgan_edit.speed.child import Child

PRESETS = {  # what runs and checkpoints of the documents are here
    "stylegan2-avatars-64": "runs/faces runs/stylegan2_avatars_64 runs/stylegan2_avatars_64_gpu "
    "runs/stylegan2_photos_64 RUN",
    "classifier-avatars-64": "runs/classifier runs/classifier_avatars_64 runs/judge_faces "
    "runs/judge_adventurer",
    "pix2pixhd-smile-64": "distilled/smile/pix2pixhd runs/pix2pixhd_smile",
    "pix2pixhd-eyeglasses-64": "runs/distilled_eyeglasses/pix2pixhd",
    "mobile-s-smile-64": "distilled/smile/student runs/smile",
    "isf-gan-avatars-64": "runs/isf_gan runs/isf_gan_avatars_64",
    "gans-n-roses-avatars-64": "runs/gans_n_roses runs/gnr runs/gans_n_roses_faces_kept",
    "stylemapgan-avatars-64": "P",
}
PHOTOS = (
    "photos drawings faces faces_test testA trainB data/adventurer128_test TEST EDITED SOURCES R"
)
SMALL = {  # by module: flags that come last, and so count
    "tfgan_edit.benchmark": "--repeats=1 --steps=1 --resolutions=8 --precisions=float32",
    "tfgan_edit.compare_edits": "--num=32 --distance=none",
    "tfgan_edit.compare_trainings": "--minutes=0.01 --metrics=fd_lite0_32,kid_lite0_32",
    "tfgan_edit.distill": "--latents=1000 --pairs=16 --test=8 --set=total_kimg=0.016",
    "tfgan_edit.evaluate_edits": "--num=8 --features=none",
    "tfgan_edit.evaluate_regions": "--num=8",
    "tfgan_edit.find_layers": "--num=8",
    "tfgan_edit.make_pairs": "--num=8",
    "tfgan_edit.prepare_data": "--num=96",
    "tfgan_edit.project": "--steps=2 --frames=2 --distance=pixels",
    "tfgan_edit.score_latents": "--num=600",
    "tfgan_edit.train": "--tiny --set=init_from=none --set=total_kimg=0.008",
    "export": "--nocheck_gpu --calibration_samples=8",
    "export.android": "--assets=assets/models",
    "export.benchmark": "--repeats=1",
    "export.evaluate": "--num=8 --features=none",
    "export.training": "--tiny --platform=cpu --set=total_kimg=0.128",
}
FEWER = (  # patterns of flags, and what is put there
    (r"((?:fd|kid)_\w+?_|fid)\d+k?", r"\g<1>32"),
    (r"--faces \d+ --styles \d+", "--faces 4 --styles 8"),
    (r"(configs/pix2pixhd_faces_256\.py\S*)", r"\1 --set data.resolution=64"),
    (r"(trainer\.generator=local)", r"\1 --set trainer.width=2"),  # its global part has twice that
    (r"(stylegan_avatars_64\.py:device=gpu)", r"\1 --set trainer.start_resolution=16"),  # one stage
    (r"exports/NAME,exports/OTHER|FOLDER,FOLDER", "exports/smile"),
    (r"--resolution \d+( --dest data/others\d+)", r"--resolution 16\1"),  # as --tiny
    (r"(--dest data/photos64) --resolution 64", r"\1 --resolution 16"),
    (r"\bNAME\b", "smile"),
    (r"/shared/", "shared/"),
)
# Trained on what is here, a few steps, where what follows needs more than --tiny.
WHOLE = dict.fromkeys(
    ("configs/isf_gan_faces.py", "trainer.norm="),
    "--set=total_kimg=0.008 --set=tick_kimg=0.004 --set=batch_size=4 "
    "--set=trainer.linear_steps=0 --set=trainer.scorer_steps=1 --set=trainer.hidden_dim=8",
)
LEFT_OUT = {  # in a command: why
    "…": "stands for other flags",
    "--device gpu": "needs a GPU",
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with all that the documents speak of."""
    monkeypatch.chdir(tmp_path)
    for preset, links in PRESETS.items():
        for link in links.split():
            (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(SHIPPED / preset, tmp_path / link)
    shutil.copytree(ROOT / "configs", "configs")
    for name in ("configs/NEW.py", "FILE.py"):
        shutil.copy(ROOT / "configs/stylegan2_avatars_64.py", name)
    photos(tmp_path)
    small_networks()
    stand_ins.feature_weights(monkeypatch, tmp_path / "weights")
    stand_ins.checkpoints(tmp_path)
    stand_ins.celeba(tmp_path)
    stand_ins.faces(monkeypatch, tmp_path)
    stand_ins.arm(monkeypatch)
    stand_ins.detector(monkeypatch)
    stand_ins.visitor(monkeypatch)
    stand_ins.rival(monkeypatch, lambda rest: run(*small("tfgan_edit.train", rest, "rivals")))
    small_benchmark(monkeypatch)
    return tmp_path


def photos(folder):
    faces = [avatars.draw("avataaars", i)[0] for i in range(32)]
    for name in PHOTOS.split():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i, face in enumerate(faces):
            Image.fromarray(face).save(folder / name / f"{i}.png")
    (folder / "PHOTOS").mkdir()
    for i in range(32):
        Image.fromarray(faces[i]).resize((89, 109)).save(folder / "PHOTOS" / f"{i}.jpg")
    for i, name in enumerate(("me.png", "me.jpg", "drawing.png", "a.png", "b.png")):
        Image.fromarray(faces[i]).save(folder / name)
    make_video(folder / "clip.mp4", 4, size=(480, 640))
    for name in ("pairs/smile", "runs/distilled_eyeglasses/pairs", "SCENES"):
        with PairsWriter(folder / name, (64, 64)) as writer:
            for photo in faces[:12]:
                writer.add(photo, photo)
    with RecordsWriter(folder / "DRAWINGS", (16, 16, 3)) as writer:  # as --tiny
        for photo in faces:
            writer.add(photo[::4, ::4])
    # Numbers of CelebAMask-HQ, 0 to 18, a block each.
    labels = np.minimum(np.arange(20), 18).reshape(5, 4).repeat(13, 0).repeat(16, 1)[:64]
    for name, picture in (("LABELS", labels), ("M", np.where(labels == 1, 255, 0))):
        (folder / name).mkdir()
        for i in range(len(faces)):
            Image.fromarray(picture.astype(np.uint8)).save(folder / name / f"{i}.png")


def small_networks():
    encoder = LatentEncoder(64, num_ws=10, w_dim=128, channel_max=8, name="encoder")
    for folder in ("runs/encoder", "runs/encoder_avatars_64"):
        save_preset(folder, {"encoder": encoder}, config={}, metadata={"method": "encoder"})
    names = ["kind=ant", "kind=bee"]
    generator = StyleGAN2Generator(16, z_dim=8, w_dim=8, channel_max=8, label_dim=len(names))
    metadata = {"method": "stylegan2", "data": {"label_names": names}}
    save_preset("LABELLED", {"generator": generator}, config={}, metadata=metadata)


def small_benchmark(monkeypatch):
    monkeypatch.setattr(training, "PIPELINE_SECONDS", 0.02)
    monkeypatch.setattr(data, "PHOTOS", 6)
    monkeypatch.setattr(data, "DRAWINGS", 2)
    monkeypatch.setattr(replicas, "COUNTS", (1, 2))
    monkeypatch.setattr(quick_start, "get_config", tiny_recipe)
    monkeypatch.setattr(benchmark, "load_recipe", lambda path: tiny(load_recipe(path)))
    monkeypatch.setattr(rival, "_rival", lambda *_: Child("fake", [sys.executable, "-c", FAKE]))


def small(module, rest, number):
    """(verb, its flags) of a command with small numbers; a training leaves runs alone that are
    here."""
    for pattern, few in FEWER:
        rest = re.sub(pattern, few, rest)
    end = SMALL.get(module, "")
    if module == "tfgan_edit.train":
        end = next((few for recipe, few in WHOLE.items() if recipe in rest), end)
    flags = parsed(module, f"{rest} {end}")
    if module == "tfgan_edit.train":
        config = load_recipe(flags.config) if flags.config else quick_start.get_config()
        workdir = f"runs/{config.name}"
        flags.workdir = flags.workdir or (
            f"trained/{number}" if Path(workdir).exists() else workdir
        )
        if "data.source" in rest:  # of another size than a tiny recipe reads
            flags.set = [*flags.set, "data.source=avatars:avataaars"]
    return module, flags


def run(module, flags):
    if module == "tfgan_edit.distill":
        shutil.rmtree(flags.out, ignore_errors=True)
    if module == "export.training" and flags.collect:  # on the other machine
        shutil.rmtree(flags.workdir, ignore_errors=True)
        subprocess.run([sys.executable, f"{flags.collect}/run.py"], check=True)
    if module == "export.web" and shutil.which("npm") is None:
        return tools.missing("npm is missing, which fetches LiteRT.js")
    return verb(module).main(flags)


def to_run(path):
    """(module, flags) of the commands of a document that are run."""
    for module, rest in commands(path):
        bare = not rest and module not in ("tfgan_edit.train", "tfgan_edit.benchmark")
        if not bare and not any(part in f"{module} {rest}" for part in LEFT_OUT):
            yield module, rest


FILES = [path for path in DOCUMENTS + SCRIPTS if path.is_file()]
NAMES = {str(path.relative_to(ROOT)): path for path in FILES if any(to_run(path))}


@pytest.mark.large
@pytest.mark.parametrize("name", NAMES)
def test_commands_run_when_small(name, place, monkeypatch):
    if "tfds:" in NAMES[name].read_text():
        stand_ins.flowers(monkeypatch, place / "tfds")
    failures = []
    for number, (module, rest) in enumerate(to_run(NAMES[name])):
        line = f"python -m {module} {rest}"
        print(line, flush=True)
        try:
            run(*small(module, rest, number))
        except (UserError, absl.flags.Error) as error:
            failures.append(f"{line}\n    {error}")
    assert not failures, "\n".join(failures)
