#!/usr/bin/env bash
# Makes the bundled models anew, with the project's export extra:
#   tools/bundle_model.sh                          of the presets that come with the package
#   tools/bundle_model.sh PRESET NAME "Title"      of another one
# They are exported with half-precision weights, verified, and installed under NAME.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ $# = 0 ]; then
    "$0" mobile-s-smile-64 smile "A smile for drawn faces"
    "$0" mobile-s-eyeglasses-64 eyeglasses "Glasses for drawn faces"
    exec "$0" gans-n-roses-avatars-64 drawings "Drawn faces by another artist"
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python -m export --preset "$1" --format tflite --quantize fp16 --out "$place/$2"
python -m export.android --models "$place/$2" --title "$3"
