"""Registration: every layer and network is found as "tfgan_edit>ClassName"."""

import keras

PACKAGE = "tfgan_edit"

register = keras.saving.register_keras_serializable(package=PACKAGE)
