"""Names of metrics, and what it takes to evaluate one.

A name says what is measured, by which extractor and on how many pictures: `fd_lite0_10k` is the
Fréchet distance of EfficientNet-Lite0 features of 10,000 real and 10,000 generated pictures. Only
the features that Heusel et al. used give an `fid`.
"""

import dataclasses
import datetime
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tfgan_edit.config import UserError
from tfgan_edit.data.records import canonical_hash
from tfgan_edit.metrics.extractors import EXTRACTORS, FeatureFunction
from tfgan_edit.metrics.perceptual import BACKBONES, PairDistance, lpips_files
from tfgan_edit.metrics.photo_sets import InterpolatedPhotos, check_sizes, paired
from tfgan_edit.metrics.weights import find_file
from tfgan_edit.storage import atomic_file

COUNT = r"(?P<num>[1-9][0-9]*k?)"


@dataclasses.dataclass(frozen=True)
class Metric:
    """A family of metrics.

    Attributes:
        form: of the names, for people.
        pattern: of the names; its groups are arguments of `function`.
        function: (evaluation, name=…, **groups) -> {result: number}.
        inputs: attributes of `Evaluation` that it reads.
        extractors: those that it needs beside one that the name gives, or "lpips_BACKBONE".
        minimum: pictures that it needs at least.
        summary: one line.
    """

    form: str
    pattern: re.Pattern
    function: Callable
    inputs: tuple[str, ...]
    extractors: tuple[str, ...]
    minimum: int
    summary: str


METRICS = []


def metric(form, inputs, *, extractors=(), minimum=2, **groups):
    """Registers a metric.

    Args:
        form: of its names. N stands for a count of pictures like 500 or 10k, EXTRACTOR for one
            of `EXTRACTORS`, BACKBONE for one of LPIPS's.
        inputs, extractors, minimum: as in `Metric`.
        groups: further words in `form` and the regular expressions that they stand for.
    """
    groups = {
        "EXTRACTOR": f"(?P<extractor>{'|'.join(EXTRACTORS)})",
        "BACKBONE": f"(?P<backbone>{'|'.join(BACKBONES)})",
        **groups,
        "N": COUNT,
    }
    words = re.split(f"({'|'.join(map(re.escape, groups))})", form)
    pattern = "".join(groups.get(word, re.escape(word)) for word in words)

    def register(function):
        summary = function.__doc__.strip().splitlines()[0]
        METRICS.append(
            Metric(form, re.compile(pattern), function, inputs, extractors, minimum, summary)
        )
        return function

    return register


def find_metric(name):
    """The `Metric` of a name, and its arguments.

    Raises:
        UserError: no metric has such a name.
    """
    for entry in METRICS:
        match = entry.pattern.fullmatch(name)
        if match:
            arguments = match.groupdict()
            if "num" in arguments:
                arguments["num"] = _count(arguments["num"])
            return entry, arguments
    known = ", ".join(entry.form for entry in METRICS)
    raise UserError(f"metric {name!r} is unknown; known: {known}; {words()}")


def words():
    """What the words in capitals in names of metrics stand for, one line."""
    return (
        f"N is a count like 500 or 10k, EXTRACTOR one of {', '.join(EXTRACTORS)}, BACKBONE one of "
        f"{', '.join(BACKBONES)}, SPACE z or w (of ppl: zfull, zend, wfull, wend)"
    )


def _count(text):
    return int(text[:-1]) * 1000 if text.endswith("k") else int(text)


def check_metric(name, given=None, evaluation=None):
    """Raises UserError unless the metric exists and what it needs is here.

    Args:
        name: of the metric.
        given: {name of weights: path} by the user.
        evaluation: `Evaluation` that must have its pictures, or None to look at weights alone.
    """
    entry, arguments = find_metric(name)
    if evaluation is not None:
        for attribute in entry.inputs:
            if getattr(evaluation, attribute) is None:
                raise UserError(f"{name} needs {INPUTS[attribute]}")
        if {"real", "fake"} <= set(entry.inputs):
            check_sizes(evaluation.real, evaluation.fake)
        for side in {"real", "fake"} & set(entry.inputs):
            getattr(evaluation, side).require(arguments.get("num") or entry.minimum, name)
    if arguments.get("num", entry.minimum) < entry.minimum:
        raise UserError(f"{name}: it needs a count of at least {entry.minimum}")
    extractors = [*entry.extractors]
    if "extractor" in arguments:
        extractors.append(arguments["extractor"])
    if "backbone" in arguments:
        extractors.append(f"lpips_{arguments['backbone']}")
    for extractor in extractors:
        for file in _files_of(extractor):
            find_file(file, given)


def _files_of(extractor):
    """Names of the weight files of an extractor or of "lpips_BACKBONE"."""
    if extractor in EXTRACTORS:
        return EXTRACTORS[extractor].files
    return lpips_files(extractor.removeprefix("lpips_"))


INPUTS = {  # attribute of `Evaluation`: what to give
    "real": "real pictures: give --data",
    "fake": "pictures to judge: give --preset or --images",
    "generator": "a generator: give --preset",
    "pairs": "pairs: give --images and --data, pictures of the same names or order",
    "groups": "groups: give --images, a folder with a folder of pictures for each source, or "
    "--preset of GANs N' Roses",
    "references": "what was copied: give --references",
    "masks": "where it was copied: give --masks",
    "distance": "a distance of pictures: give --distance",
    "translation": "a translation into styles: give --preset of GANs N' Roses",
}


def cache_folder():
    """Where features of real pictures are kept: `tfgan_edit/features` in the user's cache."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "tfgan_edit" / "features"


class Evaluation:
    """Two sets of pictures, or a generator, and what was computed from them so far.

    Args:
        real, fake: `PhotoSet`s, or None.
        generator: network for metrics that choose their own latents, or None.
        references, masks: `PhotoSet`s of local edits, or None.
        codes: float32 [K, num_ws, w_dim] of test photos, or None for random ones.
        translation: `metrics.translation.Translation`, or None.
        distance: `editing.image_distances.PhotoDistance`, or None.
        given: {name of weights: path} by the user.
        seed: of what metrics draw at random.
        cache: folder for features of real pictures, or None for none.
        strategy: `tf.distribute.Strategy` over whose replicas features are computed, or None.

    Attributes:
        used: identities of the extractors used by the last metric.
        counts: {"real": pictures, "fake": pictures} of the last metric.
    """

    def __init__(
        self,
        real=None,
        fake=None,
        *,
        generator=None,
        references=None,
        masks=None,
        codes=None,
        translation=None,
        distance=None,
        given=None,
        seed=0,
        cache=None,
        strategy=None,
    ):
        self.real, self.fake, self.generator = real, fake, generator
        self.translation, self.distance = translation, distance
        self.references, self.masks, self.codes = references, masks, codes
        self.given, self.seed, self.cache = given, seed, cache
        self.strategy = strategy
        self.used, self.counts = [], {}
        self._functions, self._features = {}, {"real": {}, "fake": {}}

    @property
    def pairs(self):
        """(real, fake) where picture i of one belongs to picture i of the other, else None."""
        return paired(self.real, self.fake)

    @property
    def groups(self):
        """{folder: numbers of pictures} of the pictures to judge, or None."""
        return getattr(self.fake, "groups", None)

    def function(self, extractor):
        """`FeatureFunction` of an extractor, or `PairDistance` of "lpips_BACKBONE"."""
        if extractor not in self._functions:
            self._functions[extractor] = (
                FeatureFunction(extractor, self.given, strategy=self.strategy)
                if extractor in EXTRACTORS
                else PairDistance(extractor.removeprefix("lpips_"), self.given)
            )
        function = self._functions[extractor]
        if function.identity not in self.used:
            self.used.append(function.identity)
        return function

    def features(self, side, extractor, num, name):
        """Features float32 [num, D] of the "real" or the "fake" pictures.

        Raises:
            UserError: there are fewer, or the two sides have different sizes.
        """
        photo_set = getattr(self, side)
        num = photo_set.num if num is None else num
        photo_set.require(num, name)
        self.counts[side] = num
        function = self.function(extractor)
        known = self._features[side]
        if (extractor, num) not in known:
            known[extractor, num] = self._compute(photo_set, function, num, side)
        return known[extractor, num]

    def features_between(self, extractor, num):
        """Features float32 [num, D] of pictures between two latents of the generator's."""
        self.counts["fake"] = num
        photos = InterpolatedPhotos(self.fake, self.codes)
        return self.function(extractor).of_photos(photos, num, f"between {extractor}")

    def _compute(self, photo_set, function, num, side):
        title = f"{side} {function.identity['extractor']}"
        if side != "real" or self.cache is None:
            return function.of_photos(photo_set, num, title)
        key = canonical_hash([function.identity, photo_set.hash, num])
        path = Path(self.cache) / f"{key}.npy"
        if not path.is_file():
            features = function.of_photos(photo_set, num, title)
            with atomic_file(path) as file:
                np.save(file, features, allow_pickle=False)
        return np.load(path, mmap_mode="r", allow_pickle=False)

    def with_fake(self, fake):
        """An evaluation of other pictures to judge, which shares what is known of the real ones."""
        other = Evaluation(
            self.real,
            fake,
            generator=self.generator,
            codes=self.codes,
            distance=self.distance,
            given=self.given,
            seed=self.seed,
            cache=self.cache,
            strategy=self.strategy,
        )
        other._functions = self._functions
        other._features["real"] = self._features["real"]
        return other


def evaluate(name, evaluations):
    """Computes one metric.

    Args:
        name: of the metric.
        evaluations: one `Evaluation` a repeat, which differ in what is random.

    Returns:
        Record with "metric", "results" {name: number}, "seconds", "time", the pictures, their
        counts and the extractors. With repeats, results are means, and NAME_sd are standard
        deviations (N - 1) over the repeats.
    """
    check_metric(name, evaluations[0].given, evaluations[0])
    entry, arguments = find_metric(name)
    start = time.perf_counter()
    values = []
    for evaluation in evaluations:
        evaluation.used, evaluation.counts = [], {}
        values.append(entry.function(evaluation, name=name, **arguments))
    results = {key: float(np.mean([v[key] for v in values])) for key in values[0]}
    if len(values) > 1:
        results |= {
            f"{key}_sd": float(np.std([v[key] for v in values], ddof=1)) for key in values[0]
        }
    last = evaluations[-1]
    given = {} if last.codes is None else {"latents": canonical_hash(last.codes.tolist())}
    photos = {side: getattr(last, side) for side in last.counts if getattr(last, side)}
    return {
        "metric": name,
        "results": results,
        "repeats": len(values),
        "seed": evaluations[0].seed,
        "pictures": {
            side: {"name": p.name, "hash": p.hash, "num": last.counts[side]}
            for side, p in photos.items()
        },
        **given,
        "extractors": last.used,
        "seconds": round(time.perf_counter() - start, 3),
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def append_record(folder, record):
    """Appends a record to `metric-NAME.jsonl` in a folder.

    Raises:
        UserError: the file cannot be written.
    """
    path = Path(folder) / f"metric-{record['metric']}.jsonl"
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from error


def read_records(folder):
    """Yields the records of metric-NAME.jsonl in a folder, those of a metric oldest first."""
    for path in sorted(Path(folder).glob("metric-*.jsonl")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):  # cut short by a crash
                continue
            if _is_record(record):
                yield record


def _is_record(record):
    if not isinstance(record, dict) or not isinstance(record.get("metric"), str):
        return False
    results = record.get("results")
    numbers = [*results.values(), record.get("kimg", 0)] if isinstance(results, dict) else [None]
    return all(type(number) in (int, float) for number in numbers)


def records_folder(path):
    """Where the records of a preset's folder are: beside it in the run folder, if it is in one."""
    path = Path(path)
    return path.parent if (path.parent / "config.json").is_file() else path
