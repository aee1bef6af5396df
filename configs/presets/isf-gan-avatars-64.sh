# ISF-GAN on stylegan2-avatars-64, in the six steps of docs/isf_gan.md. An hour and 40 min of one core
# (Intel Xeon, AVX-512 without bf16), other work beside.
# Run from the root of a checkout: sh configs/presets/isf-gan-avatars-64.sh; again, and it goes on.
set -e
python -m tfgan_edit.train --config configs/isf_gan_avatars_64.py
python -m tfgan_edit.train --config configs/isf_gan_avatars_64.py:part=2 --set total_kimg=23.4
python -m tfgan_edit.train --config configs/isf_gan_avatars_64.py:part=2 --workdir runs/isf_8 \
    --set init_from=runs/isf_gan_avatars_64 --set trainer.scorer_steps=3000 --set total_kimg=16 \
    --set trainer.decay_steps=2000 --set trainer.learning_rate=4e-4 --set trainer.pixel_weight=8 \
    --set trainer.diversity_weight=10
python -m tfgan_edit.train --config configs/isf_gan_avatars_64.py:part=2 --workdir runs/isf_4 \
    --set init_from=runs/isf_8 --set trainer.scorer_steps=4000 --set total_kimg=24 --set trainer.decay_steps=3000 \
    --set trainer.learning_rate=4e-4 --set trainer.pixel_weight=4 --set trainer.diversity_weight=6
python -m tfgan_edit.train --config configs/isf_gan_avatars_64.py:part=2 --workdir runs/isf_all \
    --set init_from=runs/isf_4 --set trainer.scorer_steps=0 --set total_kimg=4.8 --set trainer.decay_steps=600 \
    --set trainer.learning_rate=3e-4 --set trainer.pixel_weight=4 --set trainer.diversity_weight=6 \
    --set trainer.adversarial_weight=4 --set trainer.ema_kimg=0.5
python -m tfgan_edit.train --config configs/isf_gan_avatars_64.py:part=2 --workdir runs/isf_last \
    --set init_from=runs/isf_all --set trainer.scorer_steps=0 --set total_kimg=2.4 --set trainer.decay_steps=300 \
    --set trainer.learning_rate=2e-4 --set trainer.pixel_weight=4 --set trainer.diversity_weight=20 \
    --set trainer.adversarial_weight=4 --set trainer.ema_kimg=0.4
python -m tfgan_edit.pack_preset --preset runs/isf_last --networks style_function --out packed/isf-gan-avatars-64
