"""Sex and age of faces by two small networks of dlib's model collection, which are CC0."""

import keras

from tfgan_edit.layers.registration import register
from tfgan_edit.networks.features.faces import ExpectedClass
from tfgan_edit.networks.features.frozen import FeatureNetwork

# Mean colours and scale, of colours in [0, 1]: (255 p - mean) / 256.
MEAN = tuple(value / 255 for value in (122.782, 117.001, 104.298))
STD = (256 / 255,) * 3


@register
class DlibGender(FeatureNetwork):
    """Plain convolutions, dlib-models' `dnn_gender_classifier_v1`; 131,540 values.

    Call: faces [N, 32, 32, 3] in [-1, 1] -> {"male": [N, 1], probability}.

    Args:
        widths: of two blocks of two convolutions each, of which each halves the picture.
        hidden: units between pictures and classes.
    """

    def __init__(self, widths=(32, 64), hidden=16, name=None, dtype=None):
        widths = tuple(widths)

        def graph(x, layers):
            x = layers.rescale(x, MEAN, STD)
            for block, filters in enumerate(widths):
                for i in (1, 2):
                    name = f"conv{2 * block + i}"
                    x = layers.conv(x, filters, 3, name=name, activation="relu")
                x = layers.average_pool(x)
            x = keras.layers.Flatten(dtype=layers.policy)(x)
            x = layers.dense(x, hidden, name="feats", activation="relu")
            x = layers.dense(x, 2, name="gender_pred", activation="softmax")  # female, male
            return {"male": x[:, 1:]}

        super().__init__(graph, (32, 32, 3), {"widths": widths, "hidden": hidden}, name, dtype)


@register
class DlibAge(FeatureNetwork):
    """Residual network, dlib-models' `dnn_age_predictor_v1`; 2,689,617 values.

    Call: faces [N, 64, 64, 3] in [-1, 1] -> {"ages": [N, 81], probabilities of the years 0 to 80,
    "age": [N, 1], their mean}.

    Strided convolutions have no padding. Where a shortcut has fewer channels than its branch, or
    the branch is smaller, zeros follow its last channels, rows and columns.

    Args:
        units: (filters, strides) of the residual units.
        stem: filters of the first convolution.
    """

    def __init__(
        self,
        units=((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)),
        stem=64,
        name=None,
        dtype=None,
    ):
        units = tuple(tuple(unit) for unit in units)

        def graph(x, layers):
            x = layers.rescale(x, MEAN, STD)
            x = layers.conv(
                x, stem, 7, 2, name="stem", activation="relu", padding="valid"
            )
            x = layers.max_pool(x)
            for i, (filters, strides) in enumerate(units, start=1):
                padding = "same" if strides == 1 else "valid"
                y = layers.conv(
                    x,
                    filters,
                    3,
                    strides,
                    name=f"unit{i}_conv1",
                    activation="relu",
                    padding=padding,
                )
                y = layers.conv(y, filters, 3, name=f"unit{i}_conv2")
                x = x if strides == 1 else layers.average_pool(x)
                x = keras.ops.relu(layers.add(*_padded(x, y)))
            ages = layers.dense(layers.mean(x), 81, name="age_pred", activation="softmax")
            # The mean takes the youngest to be a quarter of a year old.
            age = ExpectedClass()(ages) + 0.25 * keras.ops.cast(ages[:, :1], "float32")
            return {"ages": ages, "age": age}

        super().__init__(graph, (64, 64, 3), {"units": units, "stem": stem}, name, dtype)


def _padded(x, y):
    """Both with zeros behind, so that they have the larger of their two sizes on each axis."""
    shape = [max(a, b) for a, b in zip(x.shape[1:], y.shape[1:], strict=True)]
    pads = [[(0, 0), *((0, b - a) for a, b in zip(t.shape[1:], shape))] for t in (x, y)]
    return [keras.ops.pad(t, p) if any(b for _, b in p) else t for t, p in zip((x, y), pads)]
