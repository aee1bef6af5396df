"""Exports a preset to a file for a phone, a browser or a server, and proves that both agree.

  python -m export --preset runs/pix2pixhd_smile --format tflite --quantize fp16 --out exports/smile
  python -m export --preset runs/pix2pixhd_smile --format tflite --quantize int8 \\
      --data pairs/smile --out exports/smile_int8
  python -m export --preset runs/faces --format onnx --latent w --truncation 0.7 --out exports/faces
  python -m export --preset runs/faces --format saved_model --out exports/serving

--out holds the file and export.json: inputs, outputs, ranges, how photos are cut and resized,
operations, bytes, and the errors against Keras. Nothing is written when these exceed the limits of
the quantisation, except with --allow_error. export.benchmark measures speed.
"""

import functools

from absl import flags

from export.exporter import FORMATS, Settings, export
from export.report import summary
from export.serving import LATENTS, NOISE, Options
from export.tflite import QUANTIZATIONS
from tfgan_edit.config import UserError, run_verb
from tfgan_edit.data.preparation import parse_resolution
from tfgan_edit.metrics.weights import weight_files


def define_flags(f):
    kinds = (flags.DEFINE_string, flags.DEFINE_integer, flags.DEFINE_float, flags.DEFINE_enum)
    text, integer, number, choice = (functools.partial(kind, flag_values=f) for kind in kinds)
    yes = functools.partial(flags.DEFINE_bool, flag_values=f)
    text("preset", None, "Preset, or a run folder that has one.")
    text("out", None, "Folder to write; an earlier export there is replaced.")
    choice("format", "tflite", FORMATS, "tflite: phones; onnx; saved_model: TF Serving.")
    choice(
        "quantize",
        "none",
        QUANTIZATIONS,
        "none: float32; fp16: half the size; dynamic: int8 weights; int8: weights and activations.",
    )
    text("resolution", None, "256 or HEIGHTxWIDTH, for networks of any size; default as trained.")
    choice("latent", None, LATENTS, "What a StyleGAN reads; default z.")
    number("truncation", None, "Of a StyleGAN, fixed in the file; default 1.")
    choice("noise", None, NOISE, "Of a StyleGAN; default constant.")
    text("data", None, "Records or pairs, for int8's ranges and for the comparison with Keras.")
    integer("calibration_samples", 100, "Of --data, or of seeds, for int8.", lower_bound=1)
    yes("allow_error", False, "Write a file that exceeds its limits, and say so in export.json.")
    yes("check_gpu", True, "Compile for a graphics processor alone, where a driver is installed.")
    text("aarch64", None, "Folder of export.aarch64: run the file on an emulated phone, too.")
    flags.DEFINE_multi_string(
        "weights", [], "NAME=FILE, weights of LPIPS' networks.", flag_values=f
    )


def main(f):
    for flag in ("preset", "out"):
        if not f[flag].value:
            raise UserError(f"--{flag} is missing; see --help for examples")
    resolution = None if f.resolution is None else parse_resolution(f.resolution)
    settings = Settings(
        format=f.format,
        quantize=f.quantize,
        options=Options(resolution, f.latent, f.truncation, f.noise),
        data=f.data,
        calibration_samples=f.calibration_samples,
        allow_error=f.allow_error,
        check_gpu=f.check_gpu,
        aarch64=f.aarch64,
        weights=weight_files(f.weights),
    )
    print(summary(export(f.preset, f.out, settings)))
    print(f"wrote {f.out}")


if __name__ == "__main__":
    run_verb(main, define_flags)
