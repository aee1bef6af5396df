"""Measures generated pictures: a table, and a line a metric in metric-NAME.jsonl.

Examples:
  python -m tfgan_edit.evaluate --preset runs/faces --metrics fd_lite0_10k,kid_lite0_10k
  python -m tfgan_edit.evaluate --preset runs/faces --data data/photos64 --metrics fid50k_full \\
      --weights inception=pt_inception-2015-12-05-6726825d.pth
  python -m tfgan_edit.evaluate --preset runs/faces --metrics pr_vgg16_10k \\
      --weights vgg16=presets/vgg16
  python -m tfgan_edit.evaluate --preset runs/faces --metrics fd_lite0_5k_lerp --latents projected/
  python -m tfgan_edit.evaluate --preset runs/faces --plot curves.png
  python -m tfgan_edit.evaluate --images edited/ --data photos/ --metrics fd_lite0_500 --out .
  python -m tfgan_edit.evaluate --preset runs/gnr --data trainB/ --sources testA/ --faces 10 \\
      --styles 1000 --metrics dfd_inception,diversity_alex,content
  python -m tfgan_edit.evaluate --preset runs/gnr --sources avatars:avataaars \\
      --scorers classifier-avatars-64,runs/classifier_adventurer_64 --metrics kept_attributes

Without --data, the real pictures are those that the preset was trained on; of GANs N' Roses, those
that it draws like, and without --sources the faces are those that it reads. Names of metrics are
explained by --list.
"""

from pathlib import Path

import numpy as np
from absl import flags

from tfgan_edit.config import UserError, run_verb
from tfgan_edit.data import DataConfig, UnpairedConfig, prepare
from tfgan_edit.data.records import canonical_hash
from tfgan_edit.editing.image_distances import DISTANCES, PhotoDistance, find_distance
from tfgan_edit.editing.scorers import load_scorer
from tfgan_edit.editing.style_editor import with_backward
from tfgan_edit.metrics import (
    METRICS,
    Evaluation,
    append_record,
    cache_folder,
    check_metric,
    evaluate,
    words,
)
from tfgan_edit.metrics.photo_sets import (
    GeneratedPhotos,
    RebuiltPhotos,
    RecordPhotos,
    open_photos,
    read_codes,
)
from tfgan_edit.metrics.plots import plot
from tfgan_edit.metrics.registry import records_folder
from tfgan_edit.metrics.translation import TranslatedPhotos, Translation
from tfgan_edit.metrics.weights import FILES, weight_files
from tfgan_edit.networks.gans_n_roses import GansNRosesGenerator
from tfgan_edit.networks.stylemapgan import StyleMapGANGenerator
from tfgan_edit.pictures import write_picture
from tfgan_edit.preset import load_preset
from tfgan_edit.trainers.strategy import make_strategy, num_workers


def define_flags(f):
    flags.DEFINE_string("preset", None, "Preset, or a run folder that has one.", flag_values=f)
    flags.DEFINE_string(
        "images", None, "Pictures to judge in place of a preset's: folder, zip, records.",
        flag_values=f,
    )
    flags.DEFINE_string(
        "data",
        None,
        "Real pictures: records, a folder or zip of equal sizes, avatars:STYLE or tfds:NAME. "
        "Default: what the preset was trained on.",
        flag_values=f,
    )
    flags.DEFINE_string(
        "references", None, "What local edits copied from, for mse_local.", flag_values=f
    )
    flags.DEFINE_string("masks", None, "White where it was copied, for mse_local.", flag_values=f)
    flags.DEFINE_string(
        "latents",
        None,
        "For …_lerp: an .npz with w_plus, or a folder that project wrote, of test photos; for "
        "StyleMapGAN the photos themselves.",
        flag_values=f,
    )
    flags.DEFINE_string(
        "sources",
        None,
        "Of GANs N' Roses: pictures that are translated; of StyleMapGAN: that are rebuilt, for "
        "metrics of pairs.",
        flag_values=f,
    )
    flags.DEFINE_integer("faces", 100, "How many of them.", 1, flag_values=f)
    flags.DEFINE_integer("styles", 10, "Random styles that each is drawn in.", 1, flag_values=f)
    flags.DEFINE_list(
        "scorers", [], "Of faces and of drawings, for kept_attributes: two presets of classifiers.",
        flag_values=f,
    )
    flags.DEFINE_list(
        "attributes", [], "Of kept_attributes: these alone; default: all that both scorers know.",
        flag_values=f,
    )
    flags.DEFINE_string(
        "distance", "auto", f"Of diversity: auto, {', '.join(DISTANCES)}.", flag_values=f
    )
    flags.DEFINE_list("metrics", [], "Names, separated by commas; see --list.", flag_values=f)
    flags.DEFINE_bool("list", False, "Explain the names of metrics, and stop.", flag_values=f)
    flags.DEFINE_multi_string(
        "weights",
        [],
        "NAME=FILE or NAME=PRESET, trained weights of a feature network; names: "
        f"{', '.join(FILES)}.",
        flag_values=f,
    )
    flags.DEFINE_string(
        "out", None, "Folder of metric-NAME.jsonl; default: the run or preset folder, or here.",
        flag_values=f,
    )
    flags.DEFINE_string(
        "plot",
        None,
        "Picture of the folder's metrics over the training, and of confusions, .png; needs no "
        "--metrics.",
        flag_values=f,
    )
    flags.DEFINE_integer("seed", 0, "Of latents and noise.", flag_values=f)
    flags.DEFINE_integer(
        "repeats", 1, "Repeat with other seeds, for a standard deviation.", 1, flag_values=f
    )
    flags.DEFINE_integer("batch_size", 32, "Pictures drawn at once.", 1, flag_values=f)
    flags.DEFINE_string(
        "strategy",
        "auto",
        "Devices that compute features: auto (all GPUs), one, cpu:N, mirrored, tpu.",
        flag_values=f,
    )
    flags.DEFINE_bool(
        "cache", True, "Keep features of real pictures for the next time.", flag_values=f
    )


def main(f):
    if f.list:
        print(*(f"{entry.form:32} {entry.summary}" for entry in METRICS), words(), sep="\n")
        return
    if f.metrics or not f.plot:
        for record in run(f):
            print(*rows(record), sep="\n")
        print(f"appended to {out_folder(f)}/metric-NAME.jsonl")
    if f.plot:
        write_picture(f.plot, plot(out_folder(f)))
        print(f"wrote {f.plot}")


def run(f):
    """Yields the record of each metric after it is written."""
    if bool(f.preset) == bool(f.images):
        raise UserError("give either --preset or --images, what is to be judged")
    if not f.metrics:
        raise UserError("--metrics is missing; --list explains the names")
    if f.images and f.repeats > 1:
        raise UserError(f"--repeats={f.repeats}: pictures of --images do not change; leave it out")
    given = weight_files(f.weights)
    for name in f.metrics:
        check_metric(name, given)
    folder = out_folder(f)
    folder.mkdir(parents=True, exist_ok=True)  # before all that takes long
    evaluations = make_evaluations(f, given)
    for name in f.metrics:
        record = evaluate(name, evaluations)
        append_record(folder, record)
        yield record


def make_evaluations(f, given):
    """An `Evaluation` a repeat."""
    settings = {"given": given, "cache": cache_folder() if f.cache else None}
    settings["strategy"] = make_strategy(f.strategy)
    if num_workers(settings["strategy"]) > 1:
        raise UserError(f"--strategy={f.strategy}: pictures are measured in one process; give one")
    if f.images:
        fake = open_photos(f.images)
        real = open_photos(f.data, fake.shape[:2]) if f.data else None
        settings |= {k: open_photos(f[k].value) for k in ("references", "masks") if f[k].value}
        settings |= distance_of(f, fake.shape, given)
        return [Evaluation(real, fake, seed=f.seed, **settings)]
    preset = load_preset(f.preset, names=["generator"])
    generator = preset.require("generator")
    if isinstance(generator, GansNRosesGenerator):
        settings |= distance_of(f, (*generator.resolution, generator.img_channels), given)
        scorers = scorers_of(f)
        return [translated(f, preset, i, scorers, settings) for i in range(f.repeats)]
    if isinstance(generator, StyleMapGANGenerator) and f.sources:
        rebuilt = rebuilt_photos(f.sources, f.preset)
        return [Evaluation(rebuilt.photos, rebuilt, seed=f.seed, **settings)]
    if f.sources:
        raise UserError(
            f"--sources is for GANs N' Roses and StyleMapGAN; {f.preset} reads no pictures"
        )
    real = real_photos(f.data, preset, generator)
    fakes = [
        GeneratedPhotos(
            generator,
            name=f"preset {preset.path}",
            hash=preset.sha256,
            labels=real.records.labels if generator.label_dim else None,
            seed=f.seed + i,
            batch_size=f.batch_size,
        )
        for i in range(f.repeats)
    ]
    codes = None
    if f.latents and isinstance(generator, StyleMapGANGenerator):
        codes = rebuilt_photos(f.latents, f.preset).stylemaps(f.batch_size)
    elif f.latents:
        codes = read_codes(f.latents)
    first = Evaluation(real, fakes[0], generator=generator, codes=codes, seed=f.seed, **settings)
    return [first, *(first.with_fake(fake) for fake in fakes[1:])]


def distance_of(f, shape, given):
    """{"distance": …} of photos [H, W, C], if a metric needs one."""
    if "diversity" not in f.metrics:
        return {}
    return {
        "distance": PhotoDistance(find_distance(f.distance, side=min(shape[:2]), given=given))
    }


def rebuilt_photos(path, preset):
    """`RebuiltPhotos` of photos by encoder and generator of a StyleMapGAN."""
    preset = load_preset(preset, names=["generator", "encoder"])
    generator = preset.require("generator")
    photos = open_photos(path, generator.resolution)
    return RebuiltPhotos(photos, preset.require("encoder"), generator, hash=preset.sha256)


def scorers_of(f):
    """Scorers of faces and of drawings, or None."""
    if len(f.scorers) not in (0, 2):
        raise UserError(
            f"--scorers={','.join(f.scorers)}: give two, of the faces and of the drawings"
        )
    return tuple(load_scorer(path) for path in f.scorers) or None


def translated(f, preset, repeat, scorers, settings):
    """The `Evaluation` of a repeat of what GANs N' Roses makes of faces."""
    networks = with_backward(preset).networks
    shape = networks["generator"].resolution
    sources, real = (
        open_photos(given, shape) if given else domain_photos(preset, domain, flag)
        for given, domain, flag in ((f.sources, "a", "sources"), (f.data, "b", "data"))
    )
    faces = np.concatenate(list(sources.batches(min(f.faces, sources.num), f.batch_size)))
    if faces.shape[1:3] != shape:
        raise UserError(
            f"--sources: {sources.name} has pictures of {faces.shape[2]}x{faces.shape[1]}, "
            f"{preset.path} reads {shape[1]}x{shape[0]}: bring them to that size by prepare_data"
        )
    seed = f.seed + repeat
    translation = Translation(
        networks["generator"],
        networks.get("backward_generator"),
        faces,
        seed,
        scorers,
        tuple(f.attributes),
    )
    fake = TranslatedPhotos(
        translation,
        f.styles,
        name=f"preset {preset.path}",
        hash=canonical_hash([preset.sha256, sources.hash]),
    )
    return Evaluation(real, fake, translation=translation, seed=seed, **settings)


def domain_photos(preset, domain, flag):
    """Pictures of domain "a" or "b" that a preset was trained on."""
    try:
        data = prepare(UnpairedConfig(**preset.config["data"]))
    except (KeyError, TypeError):
        raise UserError(f"--{flag} is missing: {preset.path} does not say its data") from None
    return RecordPhotos(getattr(data, domain))


def real_photos(data, preset, generator):
    """The pictures that --data names, or those that the preset was trained on."""
    if data:
        return open_photos(data, generator.resolution)
    try:
        return RecordPhotos(prepare(DataConfig(**preset.config["data"])))
    except (KeyError, TypeError):
        raise UserError(f"--data is missing: {preset.path} does not say its data") from None


def out_folder(f):
    """Where metric-*.jsonl go."""
    if f.out or not f.preset:
        return Path(f.out or ".")
    if not Path(f.preset).is_dir():  # comes with the package, which nothing is written into
        return Path(".")
    return records_folder(f.preset)


def rows(record):
    """Lines of the table about one metric."""
    facts = [f"{side} {p['num']:,}" for side, p in record["pictures"].items() if p["num"]]
    facts += [" ".join(_extractor(e)) for e in record["extractors"]]
    tail = "; ".join([*facts, f"{record['seconds']:.1f} s"])
    for key, value in record["results"].items():
        yield f"{key:36} {value:12.5g}   {tail}"
        tail = ""


def _extractor(identity):
    yield identity["extractor"]
    if identity["size"]:
        yield f"{identity['size']} px {identity['resize']}"
    if not all(source["official"] for source in identity["weights"].values()):
        yield "(weights unverified)"


if __name__ == "__main__":
    run_verb(main, define_flags)
