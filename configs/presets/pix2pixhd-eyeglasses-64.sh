# Glasses on drawn faces in one pass, and the student for phones: pix2pixhd-eyeglasses-64 and
# mobile-s-eyeglasses-64. About two hours of one core (Intel Xeon, AVX-512 without bf16): 4,000 pairs
# of truncation 0.7, then 5,000 of truncation 1 with closed eyes and beards balanced, see
# docs/distillation.md.
# Run from the root of a checkout: sh configs/presets/pix2pixhd-eyeglasses-64.sh; again, and it goes on.
set -e
python -m tfgan_edit.distill --preset stylegan2-avatars-64 --scorer classifier-avatars-64 --attribute eyeglasses \
    --out distilled/eyeglasses --config configs/pix2pixhd_avatars_64.py --pairs 4000 \
    --faces avatars:avataaars:eyeglasses
python -m tfgan_edit.train --workdir runs/mobile_s_first \
    --config configs/mobile_s_avatars_64.py:pairs=distilled/eyeglasses/pairs,teacher=distilled/eyeglasses/pix2pixhd
python -m tfgan_edit.make_pairs --preset stylegan2-avatars-64 --scorer classifier-avatars-64 --truncation 1 --num 5000 \
    --direction distilled/eyeglasses/direction.npz --balance eyes_closed,facial_hair \
    --keep smile,facial_hair,long_hair,hair_color,skin_tone,clothing_color,background --out pairs/eyeglasses
python -m tfgan_edit.train --config configs/pix2pixhd_avatars_64.py:pairs=pairs/eyeglasses \
    --workdir runs/pix2pixhd_eyeglasses --set init_from=distilled/eyeglasses/pix2pixhd --set total_kimg=32 \
    --set trainer.constant_kimg=14 --set trainer.decay_kimg=18 --set trainer.pixel_weight=30
python -m tfgan_edit.train \
    --config configs/mobile_s_avatars_64.py:pairs=pairs/eyeglasses,teacher=runs/pix2pixhd_eyeglasses \
    --workdir runs/mobile_s_eyeglasses --set init_from=runs/mobile_s_first --set total_kimg=24 \
    --set trainer.constant_kimg=10 --set trainer.decay_kimg=14
python -m tfgan_edit.pack_preset --preset runs/pix2pixhd_eyeglasses --networks generator \
    --out packed/pix2pixhd-eyeglasses-64
python -m tfgan_edit.pack_preset --preset runs/mobile_s_eyeglasses --networks generator \
    --out packed/mobile-s-eyeglasses-64
