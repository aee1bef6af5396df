"""What the documents take from elsewhere, small: published weights and networks, photos, tools.

Numbers are random, names and formats are the published ones, so that every command of the documents
runs without a download.
"""

import csv
import dataclasses
import functools
import io
import os
import shutil
import sys
import types
import zipfile

import numpy as np
import tensorflow as tf
from PIL import Image

from export import aarch64
from tests import golden_files as golden
from tests.checkpoints import openvino_writer
from tests.checkpoints.convert_verb import run as convert
from tests.metrics import tiny_extractor
from tests.metrics.test_perceptual import SMALL, weight_files
from tests.metrics.weight_states import write_state
from tests.serving import ask, serving
from tfgan_edit import compare_trainings, local_page
from tfgan_edit.checkpoints import mobilestylegan
from tfgan_edit.data import avatars
from tfgan_edit.editing import alignment
from tfgan_edit.editing.scorers import PUBLISHED_NETWORKS
from tfgan_edit.metrics import extractors, perceptual, weights
from tfgan_edit.networks.attribute_classifier import AttributeClassifier
from tfgan_edit.networks.features.faces import EXPRESSIONS
from tfgan_edit.networks.features.lpips import LPIPS
from tfgan_edit.preset import load_preset, save_preset

LEVELS = {4: 8, 8: 8, 16: 8, 32: 4}  # channels of the generator of faces, which draws 64 px
CHECKPOINTS = {  # official file of the documents: one of the official code's, tiny
    "stylegan2-ffhq-config-f.pkl": "stylegan2_tf.pkl",
    "GNR_checkpoint.pt": "gnr_ck_zip.pt",
    "celeba_hq_256_8x8.pt": "stylemapgan_000100_zip.pt",
}
CELEBA = ("Eyeglasses", "Male", "Young", "Smiling", "Wearing_Hat", "Blond_Hair", "Black_Hair")


def checkpoints(folder):
    for name, small in CHECKPOINTS.items():
        shutil.copy(golden.FOLDER / "checkpoints" / small, folder / name)


# === Photo-real faces ===


def faces(monkeypatch, folder):
    """The package random-face, its wheel, what `convert` makes of it, and networks that see it."""
    files = openvino_writer.files_of(openvino_writer.mobilestylegan(levels=LEVELS))
    monkeypatch.setattr(mobilestylegan, "SHA256", openvino_writer.hashes_of(files))
    version = mobilestylegan.VERSION
    wheel = folder / f"random_face-{version}-py3-none-any.whl"
    wheel.write_bytes(openvino_writer.wheel(files))
    openvino_writer.install(monkeypatch, folder / "site", files, version)
    for name in ("mobilestylegan_256", "mobilestylegan_128"):
        convert(source=wheel, out=folder / "runs" / name)
    generator = load_preset(folder / "runs/mobilestylegan_256").networks["generator"]
    z = np.random.default_rng(0).standard_normal((400, generator.z_dim))
    images = np.clip(generator(z, truncation=0.7), -1, 1)
    # A published direction: as many rows as StyleGAN2's generator of 1024 px has.
    np.save(folder / "smile.npy", np.ones((18, generator.w_dim), np.float32))
    classifier(folder / "runs/classifier_faces_64", images)
    published_networks(monkeypatch, images)


def classifier(folder, images):
    """A classifier that knows CelebA's attributes, each of half of the images."""
    network = AttributeClassifier(64, CELEBA, width=4, feature_dim=8)
    logits = network(images).numpy()
    gain = 4 / logits.std(axis=0)
    network.logits.kernel.assign(network.logits.kernel * gain)
    network.logits.bias.assign(-np.median(logits, axis=0) * gain)
    save_preset(folder, {"classifier": network}, config={}, metadata={"method": "classifier"})


class ColourFace:
    """Sees sex, age and smile in the mean red, green and blue of a face."""

    def __init__(self, centre, scale):
        self.centre, self.scale = centre, scale
        self.trainable = True

    def __call__(self, images, training=False):
        colours = (tf.reduce_mean(images, axis=(1, 2)) - self.centre) / self.scale
        sides = tf.sigmoid(6.0 * colours)
        years = 15.0 + 50.0 * sides[:, 1:2]
        smile = sides[:, 2:]
        others = tf.repeat((1 - smile) / (len(EXPRESSIONS) - 1), len(EXPRESSIONS), axis=1)
        happy = tf.one_hot(EXPRESSIONS.index("happy"), len(EXPRESSIONS))
        return {
            "embedding": colours,
            "male": sides[:, :1],
            "ages": tf.nn.softmax(-tf.square(tf.range(100.0) - years) / 8),
            "expressions": others * (1 - happy) + smile * happy,
        }


def published_networks(monkeypatch, images):
    """Networks of `faces:NETWORK`, by which half of the images are of each kind."""
    for network in PUBLISHED_NETWORKS.values():
        box = extractors.EXTRACTORS[network.extractor].box
        top, left, bottom, right = np.round(64 * np.array(box)).astype(int)
        colours = images[:, top:bottom, left:right].mean(axis=(1, 2))
        face = functools.partial(ColourFace, np.median(colours, axis=0), colours.std(axis=0))
        stand_in(monkeypatch, network.extractor, build=face)


# === Weights ===


def stand_in(monkeypatch, name, **changes):
    """An extractor that keeps the weights with which it is built."""
    changes["load"] = lambda network, arrays: None
    extractor = dataclasses.replace(extractors.EXTRACTORS[name], **changes)
    monkeypatch.setitem(extractors.EXTRACTORS, name, extractor)


def feature_weights(monkeypatch, folder):
    """Files of all weights that documents measure with, in a folder that the package looks in."""
    tiny_extractor.install(monkeypatch, folder)
    nothing = write_state(folder / "nothing.pth", {"a": np.zeros(1, np.float32)})
    for name in ("inception", "faceres", "emotion", "dlib_gender", "dlib_age"):
        found(monkeypatch, name, nothing)
    stand_in(monkeypatch, "inception", size=75)
    monkeypatch.setattr(perceptual, "LPIPS", lambda name: LPIPS(name, SMALL[name]))
    for backbone in ("alex", "vgg"):
        (folder / backbone).mkdir()
        paths, _ = weight_files(folder / backbone, backbone, perceptual.LPIPS(backbone))
        for name, path in paths.items():
            found(monkeypatch, name, path)


def found(monkeypatch, name, path):
    """Lets the file be that of the weights `name`."""
    name_in_folder = path.relative_to(os.environ[weights.VARIABLE])
    changes = {"file": str(name_in_folder), "sha256": "", "parts": {}, "package": ""}
    file = dataclasses.replace(weights.FILES[name], **changes)
    monkeypatch.setitem(weights.FILES, name, file)


# === Photos ===


def celeba(folder, num=96):
    """CelebA's aligned photos and their table, 178×218, drawn."""
    random = np.random.default_rng(0)
    with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive, open(
        folder / "list_attr_celeba.csv", "w", newline=""
    ) as table:
        rows = csv.writer(table)
        rows.writerow(["image_id", *CELEBA])
        for i in range(num):
            file = io.BytesIO()
            face = Image.fromarray(avatars.draw("avataaars", i)[0])
            face.resize((178, 218)).save(file, "JPEG")
            archive.writestr(f"img_align_celeba/{i + 1:06}.jpg", file.getvalue())
            rows.writerow([f"{i + 1:06}.jpg", *random.choice([-1, 1], len(CELEBA))])


def flowers(monkeypatch, folder):
    """The data sets of TFDS, all of which are twelve drawings."""
    import tensorflow_datasets as tfds  # slow to import

    kinds = {"image": tfds.features.Image(), "label": tfds.features.ClassLabel(num_classes=3)}
    features = tfds.features.FeaturesDict(kinds)

    class Drawings(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples()}

        def _generate_examples(self):
            for i in range(12):
                yield i, {"image": avatars.draw("avataaars", i)[0], "label": i % 3}

    monkeypatch.setattr(tfds, "builder", lambda name: Drawings(data_dir=folder))


# === Tools ===


def arm(monkeypatch):
    """A phone's processor, which is this machine's."""
    monkeypatch.setattr(aarch64, "emulated", lambda folder: ([sys.executable, "-P"], os.environ))
    monkeypatch.setattr(aarch64, "prepare", lambda folder: folder.mkdir(parents=True))


class Detector:
    """MTCNN, which sees one face in the middle of every photo."""

    def detect_faces(self, photo):
        height, width = photo.shape[:2]
        places = {
            "left_eye": (0.4, 0.4), "right_eye": (0.6, 0.4), "nose": (0.5, 0.5),
            "mouth_left": (0.43, 0.62), "mouth_right": (0.57, 0.62),
        }  # fmt: skip
        points = {name: (x * width, y * height) for name, (x, y) in places.items()}
        return [{"box": [0, 0, width, height], "keypoints": points}]


def detector(monkeypatch):
    monkeypatch.setitem(sys.modules, "mtcnn", types.SimpleNamespace(MTCNN=Detector))
    monkeypatch.setattr(alignment, "_detector", Detector)


def visitor(monkeypatch):
    """Somebody who opens each local page and closes it again."""

    def run(app, **_):
        with serving(app) as url:
            assert ask(url)[0] == 200

    monkeypatch.setattr(local_page, "run", run)


def rival(monkeypatch, train):
    """stylegan2-pytorch, which draws noise; `train` runs the flags of a `tfgan_edit.train`."""
    monkeypatch.setattr(compare_trainings, "check_python", lambda python: None)

    def finish(what, command):
        if "tfgan_edit.train" in command:
            return train(" ".join(command[command.index("tfgan_edit.train") + 1 :]))
        (what / "drawn").mkdir(exist_ok=True)
        random = np.random.default_rng(0)
        for i in range(32):
            noise = random.integers(0, 256, (16, 16, 3), np.uint8)  # as --tiny
            Image.fromarray(noise).save(what / "drawn" / f"{i}.png")
        return (what / "facts.json").write_text('{"kimg": 0.03, "seconds": 1.5}')

    monkeypatch.setattr(compare_trainings, "finish", finish)
