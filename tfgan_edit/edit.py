"""Edits photos and videos: by a direction of a StyleGAN, by target attributes, in one pass, or
drawn in styles.

  python -m tfgan_edit.edit --preset runs/pix2pixhd_smile --photo me.jpg --out smile.png
  python -m tfgan_edit.edit --preset runs/faces --direction directions/smile.npz --strength 2 \\
      --encoder runs/encoder --photo photos/ --out smiles/ --before_after
  python -m tfgan_edit.edit --preset runs/pix2pixhd_smile --photo clip.mp4 --out smile.mp4 \\
      --box 200,80,520,400
  python -m tfgan_edit.edit --preset runs/isf_gan --encoder runs/encoder --photo me.png \\
      --target smile=1,eyeglasses=toggle --samples 5 --before_after --out edits.png
  python -m tfgan_edit.edit --preset runs/isf_gan --encoder runs/encoder --photo me.png \\
      --target smile=toggle --frames 24 --out smile.mp4
  python -m tfgan_edit.edit --preset presets/gnr --photo me.jpg --out drawings.png --styles 8
  python -m tfgan_edit.edit --preset presets/gnr --photo me.jpg --out as_this.png \\
      --style reference:drawing.png
  python -m tfgan_edit.edit --preset presets/gnr --photo clip.mp4 --out clip_drawn.mp4 \\
      --style blend:3 --styles 8 --align mtcnn --follow

StyleMapGAN edits by region: edit_regions.py has its flags, with examples; with --serve it does so
by hand on a page, see edit_page/start.py.

Without --box and --align the middle of a photo is taken, and the result has the editor's size;
with them, the face is cut, edited and pasted back. The same command again goes on with the photos
of a folder that are not done.
"""

import dataclasses
import functools
from pathlib import Path

import numpy as np
from absl import flags
from tqdm import tqdm

from tfgan_edit import edit_regions, sampling
from tfgan_edit.config import UserError, run_verb
from tfgan_edit.data.photos import UnreadablePhoto, whole_photo
from tfgan_edit.data.sources import FileSource
from tfgan_edit.edit_page import start as edit_page
from tfgan_edit.editing import beats, style_plans
from tfgan_edit.editing.alignment import DETECTOR, FEATHER
from tfgan_edit.editing.directions import load_direction
from tfgan_edit.editing.editors import Edit, LatentEditor, load_editor
from tfgan_edit.editing.flicker import Flicker
from tfgan_edit.editing.framing import (
    BoxFinder,
    Follower,
    Framing,
    LandmarkFinder,
    SquareFraming,
    fitted,
)
from tfgan_edit.editing.image_distances import DISTANCES, find_distance
from tfgan_edit.editing.inversion import ProjectionSettings
from tfgan_edit.editing.style_editor import StyleEditor, weight_direction
from tfgan_edit.editing.stylemap_editor import StylemapEditor
from tfgan_edit.editing.video import VIDEO_SUFFIXES, edit_video, first_frame, read_sound
from tfgan_edit.metrics.weights import weight_files
from tfgan_edit.pictures import (
    PICTURE_FORMATS,
    animation_suffix,
    picture_format,
    write_animation,
    write_picture,
)
from tfgan_edit.preset import preset_networks
from tfgan_edit.storage import read_json, sha256_of, write_json

MANIFEST = "edits.json"
OF_TARGETS = ("target", "samples", "seed", "layers", "scorer")
SEFA = "sefa:"  # in --direction, before a number
STYLE_FLAGS = ("style", "styles", "truncation", "backward", "period")
FLICKER_SIDE = 256  # pixels at which flicker is measured where an editor has no size


def define_flags(f):
    kinds = (flags.DEFINE_string, flags.DEFINE_integer, flags.DEFINE_float, flags.DEFINE_enum)
    text, integer, number, choice = (functools.partial(kind, flag_values=f) for kind in kinds)
    text("preset", None, "Preset of a StyleGAN or of a one-pass network, or a run folder.")
    text("photo", None, "Picture, folder of pictures, or video.")
    text("out", None, "Picture, folder or .mp4.")
    number("strength", 1.0, "Of a direction, in its units; in one pass from 0, the photo, to 1.")
    text("target", None, "Attributes for a style function: smile=1,eyeglasses=toggle,hair=red")
    integer("samples", 1, "Outcomes of a style function, side by side.", lower_bound=1)
    integer("seed", 0, "Number of the first outcome.", lower_bound=0)
    text("layers", None, "Rows of w_plus that a style function may change: 4-7, "
         "smile=4-5/eyeglasses=2-3, or a .json file of find_layers. Default: all.")
    text("generator", None, "StyleGAN of a style function. Default: the one it was trained with.")
    text("scorer", None, "Classifier that says which attributes a photo has, for a style function.")
    integer("frames", None, "Write a .gif or .mp4: the way from the photo to its edit, and from "
            "one outcome to the next, in so many steps each.", lower_bound=1)
    number("fps", 24.0, "Frames a second of it.", 0.1)
    text(
        "direction",
        None,
        "Of find_direction, or an official .npy file; for a StyleGAN. Of styles, sefa:K.",
    )
    text("encoder", None, "Preset of an encoder for the StyleGAN; without, photos are projected.")
    integer(
        "steps",
        None,
        "Of the projection; default 1000, or 0 with --encoder. Of a StyleMapGAN, of optimisation "
        "from the encoder's answer on; default 0.",
        lower_bound=0,
    )
    choice("distance", "auto", ["auto", *DISTANCES], "What the projection minimises.")
    flags.DEFINE_multi_string(
        "weights", [], "NAME=FILE, weights of the distance's networks.", flag_values=f
    )
    text("reference", None, "Second photo, for networks of two; a drawing to copy; for masks a,b.")
    text("box", None, "LEFT,TOP,RIGHT,BOTTOM of the face, pixels, a square.")
    text(
        "align",
        None,
        f"Cut the face as in FFHQ by landmarks: a .csv or .json file, or {DETECTOR}, a package "
        "that finds them; in a video by its first frame.",
    )
    flags.DEFINE_bool(
        "follow", False, f"In a video, find the face in every frame, by --align {DETECTOR}.",
        flag_values=f,
    )
    text("style", "random:0", f"Of GANs N' Roses: {style_plans.FORMS}.")
    integer("styles", 1, "Drawings of each photo, in a grid; in a video 8 around it.", 1)
    number("truncation", 1.0, "Of styles: 1 leaves them, 0 is the mean style.")
    flags.DEFINE_bool("backward", False, "Of GANs N' Roses: from drawing to photo.", flag_values=f)
    number(
        "period",
        style_plans.PERIOD,
        "In a video, seconds of an interpolation to and fro, or between changes without beats.",
        0.01,
    )
    choice(
        "flicker",
        None,
        ["auto", "none", *DISTANCES],
        "What measures the flicker of a video; default auto of GANs N' Roses, else none.",
    )
    number("feather", FEATHER, "Soft border of what is pasted back, part of its side.", 0.0, 0.5)
    flags.DEFINE_bool("before_after", False, "Write photo and edit side by side.", flag_values=f)
    integer("batch_size", 8, "Photos computed at a time.", lower_bound=1)
    edit_regions.define_flags(f)
    edit_page.define_flags(f)


def main(f):
    if f.serve:
        serve(f)
    else:
        print(f"wrote {edit(f)}")


def serve(f):
    """Shows the page that --serve asks for, until Ctrl-C."""
    if not f.preset:
        raise UserError("--preset is missing; see --help for examples")
    own = flags.FlagValues()
    define_flags(own)
    edit_page.refuse_flags(f, own)
    edit_page.serve(f, make_editor(f))


def edit(f):
    """Does what the parsed flags `f` say; returns a line about what was written."""
    for flag in ("preset", "photo", "out"):
        if not f[flag].value:
            raise UserError(f"--{flag} is missing; see --help for examples")
    photo = Path(f.photo)
    if not photo.exists():
        raise UserError(f"--photo={f.photo}: there is no such file or folder")
    if f.follow and (f.align != DETECTOR or photo.suffix.lower() not in VIDEO_SUFFIXES):
        raise UserError(f"--follow finds faces of a video: it needs --align={DETECTOR}")
    editor = make_editor(f)
    framing = make_framing(f, editor)
    plan = make_plan(f, editor)
    for change in plan.changes:
        editor.check(change)
    if f.frames:
        return animate(f, framing, plan.edits())
    if photo.is_dir():
        return edit_folder(f, framing, plan)
    if photo.suffix.lower() in VIDEO_SUFFIXES:
        return edit_clip(f, framing, plan)
    picture_format(f.out)
    try:
        whole = whole_photo(photo)
        place = framing.find(whole, photo.name)
    except UnreadablePhoto as error:
        raise UserError(f"--photo={f.photo} cannot be edited: {error}") from error
    (result,) = results(f, framing, [whole], [place], plan, plan.edits())
    write_picture(f.out, result)
    return f"{f.out} ({result.shape[1]}x{result.shape[0]} pixels)"


def make_editor(f):
    steps = f.steps
    encodes = bool(f.encoder) or "encoder" in preset_networks(f.preset)
    if steps is None:
        steps = 0 if encodes else ProjectionSettings().steps
    sefa = (f.direction or "").startswith(SEFA)
    editor = load_editor(
        f.preset,
        direction=load_direction(f.direction) if f.direction and not sefa else None,
        backward=f.backward,
        encoder=f.encoder,
        projection=ProjectionSettings(steps=steps) if steps or not encodes else None,
        distance=f.distance,
        given=weight_files(f.weights),
        batch_size=f.batch_size,
        progress=True,
        generator=f.generator,
        scorer=f.scorer,
        layers=f.layers,
    )
    if isinstance(editor, StyleEditor):
        if sefa:
            component = f.direction.removeprefix(SEFA)
            if not component.isdigit():
                raise UserError(f"--direction={f.direction}: must be {SEFA}NUMBER")
            editor.direction = weight_direction(editor, int(component))
        return editor
    for flag in STYLE_FLAGS:
        if f[flag].value != f[flag].default:
            raise UserError(f"--{flag} is for GANs N' Roses; {f.preset} has no styles")
    if sefa:
        raise UserError(f"--direction={f.direction}: of a StyleGAN, find_direction --method sefa")
    return editor


def make_framing(f, editor):
    if f.box and f.align:
        raise UserError("give --box or --align, not both")
    if f.box:
        try:
            left, top, right, bottom = (int(edge) for edge in f.box.split(","))
        except ValueError:
            raise UserError(f"--box={f.box}: must be LEFT,TOP,RIGHT,BOTTOM in pixels") from None
        return SquareFraming(editor, BoxFinder((left, top, right, bottom)), f.feather)
    if f.align:
        return SquareFraming(editor, LandmarkFinder(f.align), f.feather)
    return Framing(editor)


def make_plan(f, editor):
    """`Plan` of the flags."""
    if not isinstance(editor, StyleEditor):
        return style_plans.Plan(make_edits(f, editor))
    if f.target is not None or f.samples > 1:
        raise UserError(f"{f.preset} has styles: --target and --samples are for ISF-GAN")
    edit_regions.refuse_flags(f)
    request = style_request(f)
    is_video = Path(f.photo).suffix.lower() in VIDEO_SUFFIXES
    return style_plans.StylePlan(
        editor,
        request,
        f.styles,
        f.truncation,
        change=Edit(strength=f.strength),
        beats=find_beats(f) if request.kind == "beats" and is_video else None,
        period=f.period,
    )


def style_request(f):
    """`StyleRequest` of --style, or of --reference, which is short for one of its forms."""
    if not f.reference:
        return style_plans.parse_style(f.style)
    if f["style"].present:
        raise UserError(f"give --style or --reference, not both (--style={f.style})")
    return style_plans.StyleRequest("reference", file=f.reference)


def find_beats(f):
    """Seconds of the beats of a video's sound, or None with a line that says why."""
    samples = read_sound(f.photo, beats.RATE)
    found = [] if samples is None else beats.beat_times(samples)
    if len(found):
        print(f"{len(found)} beats in {f.photo}")
        return found
    lack = "no sound" if samples is None else "no clear beat"
    print(f"{f.photo} has {lack}: the style changes every {f.period:g} s instead")
    return None


def make_edits(f, editor):
    """An `Edit` for each outcome."""
    if f.samples > 1 and f.target is None:
        raise UserError(f"--samples={f.samples}: only edits by --target have several outcomes")
    if isinstance(editor, StylemapEditor):
        change, reference = edit_regions.make_change(f, editor)
        return [Edit(strength=f.strength, reference=reference, target=f.target, stylemap=change)]
    edit_regions.refuse_flags(f)
    reference = None
    if f.reference:
        try:
            whole = whole_photo(f.reference)
        except UnreadablePhoto as error:
            raise UserError(f"--reference={f.reference} cannot be read: {error}") from error
        if editor.resolution is None:
            raise UserError(f"--reference: {f.preset} does not say its size; train it again")
        reference = fitted(whole, editor.resolution)
    change = Edit(strength=f.strength, reference=reference, target=f.target, sample=f.seed)
    return [dataclasses.replace(change, sample=f.seed + i) for i in range(f.samples)]


def results(f, framing, photos, places, plan, edits):
    """What is written of each photo; see `laid_out`."""
    variations = framing.variations(photos, places, edits)
    return laid_out(f, framing, photos, plan, variations)


def laid_out(f, framing, photos, plan, variations):
    """The outcomes of each photo side by side, with --before_after behind the photo; or a grid."""
    pictures = []
    for photo, *edited in zip(photos, *variations, strict=True):
        if plan.grid and len(edited) > 1:
            pictures.append(style_plans.grid_of(photo, edited))
            continue
        before = [framing.before(photo)] if f.before_after else []
        if before and before[0].shape == edited[0].shape == (*(framing.editor.resolution or ()), 3):
            before += [other for change in plan.changes for other in edit_regions.sources(change)]
        pictures.append(np.concatenate(before + edited, axis=1))
    return pictures


def animate(f, framing, changes):
    """Writes the way from a photo to its edits, of the face as the editor sees it."""
    editor = framing.editor
    animation_suffix(f.out)
    if not isinstance(editor, (LatentEditor, StylemapEditor)):
        raise UserError(f"--frames={f.frames}: {f.preset} does not edit latents")
    try:
        photo = whole_photo(f.photo)
        faces = framing.faces([photo], [framing.find(photo, Path(f.photo).name)])
    except UnreadablePhoto as error:
        raise UserError(f"--photo={f.photo} cannot be edited: {error}") from error
    codes = editor.encode(faces)
    if isinstance(editor, StylemapEditor):
        steps = np.linspace(0, f.strength, f.frames + 1)
        path = [dataclasses.replace(changes[0], strength=float(step)) for step in steps]
        write_animation(f.out, (editor.apply(codes, change)[0] for change in path), f.fps)
        return f"{f.out} ({len(path)} frames)"
    stops = [editor.moved(codes, dataclasses.replace(changes[0], strength=0.0))]
    stops += [editor.moved(codes, change) for change in changes]
    path = sampling.interpolation(np.stack(stops), f.frames)
    frames = (editor.draw(w_plus, codes)[0] for w_plus in path)
    write_animation(f.out, frames, f.fps)
    return f"{f.out} ({len(path)} frames)"


def edit_folder(f, framing, plan):
    """Edits every picture of a folder that is not done; names those that cannot be."""
    out = Path(f.out)
    if out.suffix.lower() in (*PICTURE_FORMATS, *VIDEO_SUFFIXES):
        raise UserError(f"--out={f.out}: --photo is a folder, so give a folder")
    names = FileSource(f.photo).pictures
    claim_folder(out, request_of(f, framing))
    targets = {name: out / written_name(name) for name in names}
    waiting = [name for name in names if not targets[name].exists()]
    skipped, batch = {}, []

    def write(batch):
        photos, places = zip(*(item[1:] for item in batch), strict=True)
        edited = results(f, framing, photos, places, plan, plan.edits())
        for (name, *_), result in zip(batch, edited, strict=True):
            write_picture(targets[name], result)
            bar.update()

    with tqdm(total=len(waiting), unit="photo", delay=5) as bar:
        for name in waiting:
            try:
                photo = whole_photo(Path(f.photo) / name)
                item = name, photo, framing.find(photo, name)
            except UnreadablePhoto as error:
                skipped[name] = str(error)
                bar.update()
                continue
            if batch and (len(batch) == f.batch_size or batch[0][1].shape != photo.shape):
                write(batch)
                batch = []
            batch.append(item)
        if batch:
            write(batch)
    for name, reason in skipped.items():
        print(f"skipped {name}: {reason}")
    if len(skipped) == len(names):
        raise UserError(f"--photo={f.photo}: none of its {len(names)} pictures could be edited")
    done, now = len(names) - len(skipped), len(waiting) - len(skipped)
    return f"{done} pictures to {out}, {now} of them now"


def request_of(f, framing):
    """What decides the results, and what they were made from."""
    styles = {}
    if isinstance(framing.editor, StyleEditor):
        styles = {flag: f[flag].value for flag in STYLE_FLAGS}
        files = style_plans.files_of(style_request(f))
        styles |= {"direction": f.direction, "files": [sha256_of(file) for file in files]}
    return {
        **styles,
        "parents": framing.editor.parents,
        "strength": f.strength,
        **references_of(f, framing.editor),
        "steps": f.steps,
        "distance": f.distance,
        "box": f.box,
        "align": f.align if f.align in (None, DETECTOR) else sha256_of(f.align),
        "feather": f.feather,
        "before_after": f.before_after,
        **{name: f[name].value for name in OF_TARGETS if f.target is not None},
    }


def references_of(f, editor):
    if isinstance(editor, StylemapEditor):
        return edit_regions.request_of(f)
    return {"reference": sha256_of(f.reference) if f.reference else None}


def claim_folder(out, request):
    """Writes the manifest of a folder of edits, or checks that it was begun with the same."""
    if (out / MANIFEST).exists():
        found = read_json(out / MANIFEST)
        changed = [key for key in request if found.get(key) != request[key]]
        if changed:
            raise UserError(
                f"--out={out} holds other edits (they differ in {', '.join(changed)}): choose "
                "another folder, or remove it"
            )
    write_json(out / MANIFEST, request)


def written_name(name):
    """A picture's name in the output; formats that are not written become PNG."""
    return name if Path(name).suffix.lower() in PICTURE_FORMATS else f"{name}.png"


def edit_clip(f, framing, plan):
    """Edits a video; the face is where it is in the first frame, or followed."""
    name = Path(f.photo).name
    follower = Follower(framing.find) if f.follow else None
    try:
        place = framing.find(first_frame(f.photo), name)
    except UnreadablePhoto as error:
        raise UserError(f"--photo={f.photo} cannot be edited: {error}") from error
    size = framing.editor.resolution or (FLICKER_SIDE, FLICKER_SIDE)
    flicker = None
    wanted = f.flicker or ("auto" if isinstance(framing.editor, StyleEditor) else "none")
    if wanted != "none":
        distance = find_distance(wanted, side=min(size), given=weight_files(f.weights))
        flicker = Flicker(distance)

    def edit(photos, times):
        places = [place] * len(photos)
        if follower is not None:
            moments = zip(photos, times, strict=True)
            places = [follower(photo, name, time) for photo, time in moments]
        variations = framing.variations(photos, places, plan.at(times))
        if flicker is not None:
            pair = [[fitted(x, size) for x in side] for side in (photos, variations[0])]
            flicker.add(*map(np.stack, pair))
        return np.stack(laid_out(f, framing, photos, plan, variations))

    count = edit_video(f.photo, f.out, edit, f.batch_size)
    if follower is not None and follower.lost:
        print(f"{follower.lost} of {count} frames show no face: the last place was kept")
    measured = f"; {flicker}" if flicker is not None and flicker.counts else ""
    return f"{f.out} ({count} frames){measured}"


if __name__ == "__main__":
    run_verb(main, define_flags)
