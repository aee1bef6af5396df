"""Trains stylegan2-pytorch for some time and draws with it; the rival of `compare_trainings`.

Run by an interpreter that has that package; knows nothing of this one. Its own trainer runs as its
command runs it, with that command's settings, on WORKDIR/photos. WORKDIR/models resumes it (without
the moments of its optimisers, which its files do not hold); facts.json and drawn/ are the result.
"""

import argparse
import ast
import contextlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from rival_process import import_rival

NAME = "rival"
SAVE_STEPS = 20
DRAWN_AT_ONCE = 25
AVERAGED_FROM = 20000  # steps; before, the rival's averages are copies that it makes now and then
# Of its command, where they are not those of its class.
SETTINGS = {"batch_size": 5, "gradient_accumulate_every": 6, "ttur_mult": 1.5, "trunc_psi": 0.75}


def main(argv):
    parser = argparse.ArgumentParser()
    parser.add_argument("--workdir", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--num", type=int, required=True)
    parser.add_argument("--image_size", type=int, required=True)
    parser.add_argument("--set", action="append", default=[])
    f = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = {"image_size": f.image_size, **SETTINGS, **dict(map(parse, f.set))}
    facts = read_facts(f.workdir, settings)
    torch, package = import_rival()
    if not torch.cuda.is_available():  # it moves all to a GPU by name
        torch.Tensor.cuda = torch.nn.Module.cuda = lambda self, *ignored, **options: self
    torch.manual_seed(0)
    trainer = package.Trainer(NAME, base_dir=f.workdir, save_every=SAVE_STEPS, **settings)
    trainer.load()  # the last model, or new networks
    trainer.steps = facts["steps"]
    if facts["seconds"] < f.seconds:
        trainer.set_data_src(str(f.workdir / "photos"))
        train(trainer, package, f, facts)
    if facts.get("drawn") != [facts["steps"], f.num]:
        draw(torch, trainer, f.workdir / "drawn", f.num)
        write_facts(f.workdir, {**facts, "drawn": [facts["steps"], f.num]})


def parse(assignment):
    """("key", value) of "key=value"; a value that is no Python literal is text."""
    key, _, text = assignment.partition("=")
    try:
        return key, ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return key, text


def read_facts(workdir, settings):
    path = workdir / "facts.json"
    facts = {"seconds": 0.0, "steps": 0, "settings": settings}
    if path.exists():
        facts = json.loads(path.read_text())
    if facts["settings"] != settings:
        sys.exit(f"error: {path} has other settings: {facts['settings']}; choose another folder")
    return facts


def write_facts(workdir, facts):
    (workdir / "facts.json.new").write_text(json.dumps(facts, indent=2) + "\n")
    os.replace(workdir / "facts.json.new", workdir / "facts.json")


def train(trainer, package, f, facts):
    """Steps until the time is over; the clock stands in `facts`."""
    from tqdm import tqdm

    images = trainer.batch_size * trainer.gradient_accumulate_every
    facts["generator"] = sum(
        p.numel() for network in (trainer.GAN.G, trainer.GAN.S) for p in network.parameters()
    )
    done, before = facts["seconds"], time.perf_counter()
    with tqdm(total=f.seconds, initial=done, unit="s", unit_scale=True) as bar:
        try:
            while facts["seconds"] < f.seconds:
                with contextlib.suppress(package.NanException):  # it went back to its last model
                    trainer.train()
                facts["seconds"] = done + time.perf_counter() - before
                facts |= {"steps": trainer.steps, "kimg": trainer.steps * images / 1000}
                bar.update(facts["seconds"] - bar.n)
                if trainer.steps % SAVE_STEPS == 0:
                    save(trainer, f.workdir, facts)
        finally:  # also when it is stopped
            save(trainer, f.workdir, facts)


def save(trainer, workdir, facts):
    """Writes the model, in place of earlier ones, and the facts that belong to it."""
    trainer.save(trainer.checkpoint_num)
    write_facts(workdir, facts)
    newest = Path(trainer.model_name(trainer.checkpoint_num))
    for path in newest.parent.glob("model_*.pt"):
        if path != newest:
            path.unlink()


def draw(torch, trainer, folder, num):
    """Writes `num` pictures of the rival's averaged generator, without truncation."""
    from PIL import Image

    network = trainer.GAN
    if trainer.steps <= AVERAGED_FROM:
        network.reset_parameter_averaging()
    torch.manual_seed(0)
    size, layers = trainer.image_size, network.GE.num_layers
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with torch.no_grad():
        for start in range(0, num, DRAWN_AT_ONCE):
            count = min(DRAWN_AT_ONCE, num - start)
            style = network.SE(torch.randn(count, network.G.latent_dim).cuda())
            noise = torch.rand(count, size, size, 1).cuda()
            images = network.GE(style[:, None].expand(-1, layers, -1), noise)
            photos = (images.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
            for i, photo in enumerate(photos, start):
                Image.fromarray(photo).save(folder / f"{i:06d}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
