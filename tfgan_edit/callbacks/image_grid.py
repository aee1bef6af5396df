"""Sample pictures: the same latents at every tick, and their evolution as a GIF."""

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from tfgan_edit.pictures import image_grid, write_animation, write_picture

GIF_FRAMES = 60  # at most; evenly spaced over the run


class ImageGrid(keras.callbacks.Callback):
    """Writes samples/fakesNNNNNNNN.png (N images seen) with the averaged generator.

    Args:
        folder: run folder.
        draw: function of no arguments -> images [N, H, W, C] in [-1, 1].
        columns: of the grid.
        every: ticks between two pictures.
    """

    def __init__(self, folder, draw, columns, every=1):
        super().__init__()
        self.folder = folder / "samples"
        self.draw = draw
        self.columns = columns
        self.every = every
        self.writer = tf.summary.create_file_writer(str(folder / "tensorboard"))

    def on_train_begin(self, logs=None):
        if logs["step"] == 0:
            self._write(0.0, 0)

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0:
            self._write(logs["kimg"], int(logs["step"]))

    def on_train_end(self, logs=None):
        self.writer.close()
        if logs and logs.get("interrupted"):
            return
        pictures = sorted(self.folder.glob("fakes*.png"))
        chosen = np.linspace(0, len(pictures) - 1, min(len(pictures), GIF_FRAMES)).round()
        paths = [pictures[int(i)] for i in chosen]
        if paths:
            frames = (np.asarray(Image.open(path).convert("RGB")) for path in paths)
            write_animation(self.folder / "evolution.gif", frames, fps=6)

    def _write(self, kimg, step):
        grid = image_grid(self.draw(), columns=self.columns)
        write_picture(self.folder / f"fakes{round(kimg * 1000):08d}.png", grid)
        with self.writer.as_default(step=step):
            tf.summary.image("fakes", grid[np.newaxis])
        self.writer.flush()
