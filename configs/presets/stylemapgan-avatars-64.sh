# StyleMapGAN of drawn faces. Two hours of one core (Intel Xeon, AVX-512 without bf16).
# Run from the root of a checkout: sh configs/presets/stylemapgan-avatars-64.sh; again, and it goes on.
set -e
python -m tfgan_edit.train --config configs/stylemapgan_avatars.py --set total_kimg=120
python -m tfgan_edit.pack_preset --preset runs/stylemapgan_avatars_64 --out packed/stylemapgan-avatars-64
