# StyleGAN of drawn faces. Ten minutes of one NVIDIA H200, of which another training shared the first four, after a minute of
# compiling, as XLA programs for a machine with a GPU and JAX (docs/devices.md): pip install "tfgan_edit[xla]" "jax[cuda12]".
# Without a GPU, configs/stylegan_avatars_64.py and then its part=2 train small widths on a core.
# Run from the root of a checkout: sh configs/presets/stylegan-avatars-64.sh
set -e
python -m export.training --config configs/stylegan_avatars_64.py:device=gpu --out elsewhere
python elsewhere/run.py
python -m export.training --collect elsewhere --workdir runs/stylegan_avatars_64_gpu
python -m tfgan_edit.pack_preset --preset runs/stylegan_avatars_64_gpu --networks generator,discriminator \
    --out packed/stylegan-avatars-64
