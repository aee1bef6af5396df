# Smiles of drawn faces in one pass, and the student for phones: pix2pixhd-smile-64 and
# mobile-s-smile-64. 110 min of one shared core (Intel Xeon, AVX-512 without bf16).
# Run from the root of a checkout: sh configs/presets/pix2pixhd-smile-64.sh; again, and it goes on.
set -e
python -m tfgan_edit.distill --preset stylegan2-avatars-64 --scorer classifier-avatars-64 --attribute smile \
    --truncation 1 --keep all --balance eyes_closed,facial_hair --refine 20 --refine_layers 2-7 --pairs 5000 \
    --config configs/pix2pixhd_avatars_64.py --student mobile-s --faces avatars:avataaars:smile --out distilled/smile
python -m tfgan_edit.pack_preset --preset distilled/smile/pix2pixhd --networks generator \
    --out packed/pix2pixhd-smile-64
python -m tfgan_edit.pack_preset --preset distilled/smile/student --networks generator \
    --out packed/mobile-s-smile-64
