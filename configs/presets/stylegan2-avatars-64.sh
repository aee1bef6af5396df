# StyleGAN2 of drawn faces. Six minutes of one NVIDIA H200, after a minute of compiling, as XLA programs
# for a machine with a GPU and JAX (docs/devices.md): pip install "tfgan_edit[xla]" "jax[cuda12]".
# Without a GPU, configs/stylegan2_avatars_64.py trains the small widths.
# Run from the root of a checkout: sh configs/presets/stylegan2-avatars-64.sh
set -e
python -m export.training --config configs/stylegan2_avatars_64.py:device=gpu --out elsewhere
python elsewhere/run.py --minutes 6
python -m export.training --collect elsewhere --workdir runs/stylegan2_avatars_64_gpu
python -m tfgan_edit.pack_preset --preset runs/stylegan2_avatars_64_gpu --networks generator,discriminator \
    --out packed/stylegan2-avatars-64
