#!/usr/bin/env bash
# Makes the bundled model anew, with the project's export extra:
#   tools/bundle_model.sh                          trains one first: the smile of drawn faces
#   tools/bundle_model.sh PRESET NAME "Title"      of a preset that there is
# It is exported with half-precision weights, verified, and installed under NAME.
set -euo pipefail
cd "$(dirname "$0")/../.."
preset=${1:-runs/bundled_smile}
name=${2:-smile}
title=${3:-A smile for drawn faces}
if [ $# = 0 ]; then
    python -m tfgan_edit.train --config configs/mobile_s_avatars_64.py --workdir "$preset" \
        --set total_kimg=6 --set tick_kimg=1 --set trainer.constant_kimg=3 \
        --set trainer.decay_kimg=3 --set trainer.ema_kimg=0.3 --set trainer.d_width=8
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python -m export --preset "$preset" --format tflite --quantize fp16 --out "$place/$name"
python -m export.android --models "$place/$name" --title "$title"
