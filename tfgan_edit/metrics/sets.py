"""Metrics of two sets of pictures, or of one, by their features.

`_full` takes all real pictures, without it N of them; N is the count of pictures to judge.
"""

from tfgan_edit.metrics import distances
from tfgan_edit.metrics.registry import metric

BOTH = ("real", "fake")
FULL = {"[_full]": r"(?P<full>_full)?"}


@metric("fd_EXTRACTOR_N[_full]", BOTH, **FULL)
def frechet(evaluation, name, extractor, num, full):
    """Fréchet distance of features."""
    real, fake = features(evaluation, name, extractor, num, full)
    moments = distances.moments(real), distances.moments(fake)
    return {name: distances.frechet_distance(*moments)}


@metric("fidN[_full]", BOTH, extractors=("inception",), **FULL)
def frechet_inception(evaluation, name, num, full):
    """Fréchet Inception distance; fid50k_full is what NVIDIA publishes."""
    return frechet(evaluation, name, "inception", num, full)


@metric("fd_EXTRACTOR_N_lerp[_full]", ("real", "generator"), **FULL)
def frechet_between(evaluation, name, extractor, num, full):
    """Fréchet distance of pictures between two latents: of --latents, or random ones of w.

    With the latents of test photos, fd_inception_stylemapgan_N_lerp_full is StyleMapGAN's FID-lerp,
    N being as many as there are training pictures.
    """
    real = evaluation.features("real", extractor, None if full else num, name)
    fake = evaluation.features_between(extractor, num)
    moments = distances.moments(real), distances.moments(fake)
    return {name: distances.frechet_distance(*moments)}


@metric("kid_EXTRACTOR_N[_full]", BOTH, **FULL)
def kernel(evaluation, name, extractor, num, full):
    """Kernel distance of features, unbiased: mean of 100 subsets of 1,000 pictures."""
    real, fake = features(evaluation, name, extractor, num, full)
    mean, deviation = distances.kernel_distance(real, fake, seed=evaluation.seed)
    return {name: mean, f"{name}_subset_sd": deviation}


@metric("kidN[_full]", BOTH, extractors=("inception",), **FULL)
def kernel_inception(evaluation, name, num, full):
    """Kernel Inception distance."""
    return kernel(evaluation, name, "inception", num, full)


@metric("pr_EXTRACTOR_N[_full]", BOTH, minimum=4, **FULL)
def precision_recall(evaluation, name, extractor, num, full):
    """Precision and recall of the 3 nearest neighbours; the paper's features are vgg16's."""
    real, fake = features(evaluation, name, extractor, num, full)
    values = distances.neighbourhoods(real, fake, k=3)
    return {f"{name}_{key}": values[key] for key in ("precision", "recall")}


@metric("dc_EXTRACTOR_N[_full]", BOTH, minimum=6, **FULL)
def density_coverage(evaluation, name, extractor, num, full):
    """Density and coverage of the 5 nearest neighbours."""
    real, fake = features(evaluation, name, extractor, num, full)
    values = distances.neighbourhoods(real, fake, k=5)
    return {f"{name}_{key}": values[key] for key in ("density", "coverage")}


@metric("isN", ("fake",), minimum=10, extractors=("inception_logits",))
def inception_score(evaluation, name, num):
    """Inception score, mean of 10 parts, of logits without the output's bias."""
    logits = evaluation.features("fake", "inception_logits", num, name)
    mean, deviation = distances.inception_score(logits)
    return {name: mean, f"{name}_part_sd": deviation}


def features(evaluation, name, extractor, num, full):
    """Features of the real and of the other pictures."""
    real = evaluation.features("real", extractor, None if full else num, name)
    return real, evaluation.features("fake", extractor, num, name)
