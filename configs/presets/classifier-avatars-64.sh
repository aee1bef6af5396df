# Attributes of drawn faces. 34 min of two shared cores (Intel Xeon, AVX-512 without bf16).
# Run from the root of a checkout: sh configs/presets/classifier-avatars-64.sh; again, and it goes on.
set -e
python -m tfgan_edit.train --config configs/classifier_avatars_64.py
python -m tfgan_edit.pack_preset --preset runs/classifier_avatars_64 --out packed/classifier-avatars-64
