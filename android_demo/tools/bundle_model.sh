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
    # Pix2PixHD's generator with 12 channels, one halving and two blocks: few products, soon sharp.
    python -m tfgan_edit.train --config configs/mobile_s_avatars_64.py --workdir "$preset" \
        --set data.num=2000 --set total_kimg=12 --set tick_kimg=1 \
        --set trainer.generator=global --set trainer.width=12 --set trainer.num_downsamplings=1 \
        --set trainer.num_blocks=2 --set trainer.learning_rate=0.001 --set trainer.pixel_weight=100 \
        --set trainer.d_width=8 --set trainer.num_scales=1 --set trainer.constant_kimg=6 \
        --set trainer.decay_kimg=6 --set trainer.ema_kimg=0.2
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python -m export --preset "$preset" --format tflite --quantize fp16 --out "$place/$name"
python -m export.android --models "$place/$name" --title "$title"
