"""Run by test_saving.py in a process of its own: loads what was saved and runs it.

python load_saved.py FOLDER: for every FOLDER/x.keras with FOLDER/x.inputs.npz, writes
FOLDER/x.outputs.npz. Imports nothing of the package but its name.
"""

import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

import tfgan_edit  # noqa: F401  registers the classes

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.keras")):
    network = keras.saving.load_model(path)
    inputs = np.load(path.with_suffix(".inputs.npz"))
    outputs = tf.nest.flatten(network(*inputs.values()))
    np.savez(path.with_suffix(".outputs.npz"), *outputs)
