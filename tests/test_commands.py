"""Commands of the documents run, from top to bottom, on shipped presets and with small numbers.

What a document takes for granted (a photo, a run) is put there first. `ELSEWHERE` says which are
left out; `test_documents.py` parses those and all others.
"""

import re
import shutil
from pathlib import Path

import absl.flags
import pytest
from PIL import Image

from tests.editing.test_video import make_video
from tests.test_documents import ROOT, commands, parsed, verb
from tfgan_edit import quick_start
from tfgan_edit.config import UserError, load_recipe
from tfgan_edit.data import PairsWriter, avatars
from tfgan_edit.networks.encoder import LatentEncoder
from tfgan_edit.preset import SHIPPED, save_preset

DOCUMENTS = (
    "README",
    "ada",
    "data",
    "dcgan",
    "distillation",
    "exporting",
    "gans_n_roses",
    "isf_gan",
    "pix2pixhd",
    "stylegan",
    "stylemapgan",
)
PRESETS = {  # what runs and checkpoints of the documents are here
    "stylegan2-avatars-64": "presets/ffhq runs/faces runs/stylegan2_avatars_64 "
    "runs/stylegan2_avatars_64_gpu runs/stylegan2_photos_64",
    "classifier-avatars-64": "runs/classifier runs/classifier_avatars_64",
    "pix2pixhd-smile-64": "distilled/smile/pix2pixhd runs/pix2pixhd_smile",
    "pix2pixhd-eyeglasses-64": "runs/distilled_eyeglasses/pix2pixhd",
    "mobile-s-smile-64": "distilled/smile/student",
    "isf-gan-avatars-64": "runs/isf_gan runs/isf_gan_avatars_64",
    "gans-n-roses-avatars-64": "presets/gnr runs/gans_n_roses runs/gnr",
    "stylemapgan-avatars-64": "presets/celeba_hq",
}
SMALL = {  # by module: flags that come last, and so count
    "tfgan_edit.distill": "--latents=1000 --pairs=16 --test=8 --set=total_kimg=0.016",
    "tfgan_edit.train": "--tiny --set=init_from=none --set=total_kimg=0.008",
    "tfgan_edit.project": "--steps=2 --frames=2 --distance=pixels",
    "tfgan_edit.score_latents": "--num=600",
    "tfgan_edit.make_pairs": "--num=8",
    "tfgan_edit.compare_edits": "--num=32 --distance=none",
    "tfgan_edit.evaluate_edits": "--num=8 --features=none",
    "tfgan_edit.evaluate_regions": "--num=8",
    "tfgan_edit.find_layers": "--num=8",
    "tfgan_edit.prepare_data": "--num=96",
    "export": "--nocheck_gpu --calibration_samples=8",
    "export.android": "--assets=assets/models",
    "export.benchmark": "--repeats=1",
    "export.evaluate": "--num=8 --features=none",
}
ELSEWHERE = {  # in a command: why it is not run
    "…": "stands for other flags",
    "--serve": "waits for a browser: tests/edit_page",
    "export.web": "waits for a browser: tests/export/web",
    "aarch64": "needs an emulator",
    "tfgan_edit.benchmark": "takes minutes: tests/test_benchmark.py",
    "eyeglasses_dynamic": "four files, of which the page shows how to make one",
    "tfgan_edit.compare_trainings": "takes its minutes: tests/test_compare_trainings.py",
    "lite0": "weights of the extra named weights",
    "inception": "weights from elsewhere",
    "alex": "weights from elsewhere",
    "lpips": "weights from elsewhere",
    "random-face": "a package of the extra faces",
    "random_face": "a package of the extra faces",
    "presets/faces": "made of that package",
    "faces:": "weights from elsewhere",
    "mobilestylegan": "made of that package",
    "latents/faces": "scored with those",
    "isf_gan_faces": "trained on those",
    "gans_n_roses_faces": "trained on those",
    "mtcnn": "the extra named align",
    "ffhq-config-f.pkl": "a checkpoint from elsewhere: tests/test_convert.py",
    "--to gans-n-roses": "a network of the official code's: tests/checkpoints",
    "_checkpoint.pt": "a checkpoint from elsewhere",
    "_8x8.pt": "a checkpoint from elsewhere",
    "celeba": "photos from elsewhere",
    "selfie2anime": "photos from elsewhere",
    "tfds:": "a download",
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with all that the documents speak of."""
    monkeypatch.chdir(tmp_path)
    for preset, links in PRESETS.items():
        for link in links.split():
            (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(SHIPPED / preset, tmp_path / link)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    faces = [avatars.draw("avataaars", i)[0] for i in range(12)]
    for folder in ("photos", "drawings", "faces"):
        (tmp_path / folder).mkdir()
        for i in range(12):
            Image.fromarray(faces[i]).save(tmp_path / folder / f"{i}.png")
    for i, name in enumerate(("me.png", "me.jpg", "drawing.png", "a.png", "b.png")):
        Image.fromarray(faces[i]).save(tmp_path / name)
    make_video(tmp_path / "clip.mp4", 4, size=(480, 640))
    encoder = LatentEncoder(64, num_ws=10, w_dim=128, channel_max=8, name="encoder")
    for folder in ("runs/encoder", "runs/encoder_avatars_64"):
        save_preset(folder, {"encoder": encoder}, config={}, metadata={"method": "encoder"})
    for folder in ("pairs/smile", "runs/distilled_eyeglasses/pairs"):
        with PairsWriter(folder, (64, 64)) as writer:
            for photo in faces:
                writer.add(photo, photo)
    return tmp_path


def small(module, rest, number):
    """The flags of a command with small numbers; a training leaves runs alone that are here."""
    rest = re.sub(r"--real \S+", "", rest)  # wants the extra named weights
    flags = parsed(module, f"{rest} {SMALL.get(module, '')}")
    if module == "tfgan_edit.train":
        config = load_recipe(flags.config) if flags.config else quick_start.get_config()
        workdir = f"runs/{config.name}"
        flags.workdir = flags.workdir or (
            f"trained/{number}" if Path(workdir).exists() else workdir
        )
        if "data.source" in rest:  # of another size than a tiny recipe reads
            flags.set = [*flags.set, "data.source=avatars:avataaars"]
    return flags


def run(module, flags):
    if module == "tfgan_edit.distill":
        shutil.rmtree(flags.out, ignore_errors=True)
    verb(module).main(flags)


@pytest.mark.large
@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_run_when_small(name, place):
    path = ROOT / ("README.md" if name == "README" else f"docs/{name}.md")
    failures, done = [], 0
    for module, rest in commands(path):
        line = f"python -m {module} {rest}"
        if any(part in line for part in ELSEWHERE) or re.search(r"\$|\b[A-Z]+\b", rest):
            continue
        if not rest and module != "tfgan_edit.train":  # a verb is spoken of
            continue
        print(line, flush=True)
        try:
            run(module, small(module, rest, done))
            done += 1
        except (UserError, absl.flags.Error) as error:
            failures.append(f"{line}\n    {error}")
    assert done and not failures, "\n".join(failures)
