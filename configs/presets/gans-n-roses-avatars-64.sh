# GANs N' Roses from drawn faces of one artist to those of another. The shipped networks began with 49
# kimg of attempts without classifiers (docs/gans_n_roses.md); this begins with them, as a run did that
# was stopped after 20 of the 90 kimg. The last 20 kimg have the settings of the shipped ones.
# Run from the root of a checkout: sh configs/presets/gans-n-roses-avatars-64.sh; again, and it goes on.
set -e
python -m tfgan_edit.train --config configs/classifier_avatars_64.py:crop=face,views=1
python -m tfgan_edit.train --config configs/classifier_avatars_64.py:style=adventurer,crop=face,views=1
python -m tfgan_edit.train \
    --config configs/gans_n_roses_avatars.py:scorer_a=runs/classifier_avatars_64_face_views,scorer_b=runs/classifier_adventurer_64_face_views
python -m tfgan_edit.train \
    --config configs/gans_n_roses_avatars.py:scorer_a=runs/classifier_avatars_64_face_views,scorer_b=runs/classifier_adventurer_64_face_views \
    --workdir runs/gans_n_roses_last --set init_from=runs/gans_n_roses_avatars_64_kept --set total_kimg=20 \
    --set trainer.learning_rate=0.001 --set trainer.halving_steps=3000
python -m tfgan_edit.pack_preset --preset runs/gans_n_roses_last --out packed/gans-n-roses-avatars-64
