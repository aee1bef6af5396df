"""preset/: what others may load, written every few ticks and at the end."""

import keras

from tfgan_edit.preset import save_preset


class PresetExport(keras.callbacks.Callback):
    """Saves a run's networks as a preset.

    Args:
        path: folder of the preset.
        networks: {name: keras.Model}.
        config: resolved configuration of the run, a dictionary.
        metadata: function of the last logs -> dictionary for the model card.
        every: ticks between two presets.
        samples: function of no arguments -> photo for the model card, or None.
    """

    def __init__(self, path, networks, config, metadata, every, samples=None):
        super().__init__()
        self.path = path
        self.networks = networks
        self.config = config
        self.metadata = metadata
        self.every = every
        self.samples = samples
        self.logs = None

    def on_epoch_end(self, epoch, logs=None):
        self.logs = logs
        if (epoch + 1) % self.every == 0:
            self._save()
            self.logs = None  # what is saved now is not saved again at the end

    def on_train_end(self, logs=None):
        if logs and logs.get("interrupted"):
            self.logs = logs if "kimg" in logs else None  # a preset also of what was stopped
        if self.logs is not None:
            self._save()

    def _save(self):
        save_preset(
            self.path,
            self.networks,
            config=self.config,
            metadata=self.metadata(self.logs),
            samples=None if self.samples is None else self.samples(),
        )
