# StyleGAN of drawn faces, growing from 16 to 64 px, then without noise. 79 min of one core (AMD EPYC).
# Run from the root of a checkout: sh configs/presets/stylegan-avatars-64.sh; again, and it goes on.
set -e
python -m tfgan_edit.train --config configs/stylegan_avatars_64.py
python -m tfgan_edit.train --config configs/stylegan_avatars_64.py:part=2
python -m tfgan_edit.pack_preset --preset runs/stylegan_avatars_64 --out packed/stylegan-avatars-64
