"""Adam in one kernel a weight."""

import keras
import tensorflow as tf

from tfgan_edit.layers.registration import register


@register
class FusedAdam(keras.optimizers.Adam):
    """`keras.optimizers.Adam` with TensorFlow's fused update.

    The same formula and the same state; a GAN's step has a hundred weights in four phases, for
    which Keras' dozen operations each cost more in tracing than in computing.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.amsgrad:
            raise ValueError("amsgrad is not fused. Received: amsgrad=True")

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        dtype = variable.dtype
        step = tf.cast(self.iterations.value + 1, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.constant(self.beta_1, dtype) ** step,
            beta2_power=tf.constant(self.beta_2, dtype) ** step,
            lr=tf.cast(learning_rate, dtype),
            beta1=tf.constant(self.beta_1, dtype),
            beta2=tf.constant(self.beta_2, dtype),
            epsilon=tf.constant(self.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )


@register
class CoupledAdam(FusedAdam):
    """`FusedAdam` of gradient + decay · variable.

    The decay goes through Adam's moments, as PyTorch's `weight_decay` does; that of Keras'
    optimisers, AdamW's, does not (arXiv 1711.05101, algorithm 2).

    Args:
        coupled_decay: factor on the variable.
        others: as of `keras.optimizers.Adam`.
    """

    def __init__(self, *args, coupled_decay=0.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.coupled_decay = coupled_decay

    def update_step(self, gradient, variable, learning_rate):
        decayed = tf.cast(gradient, variable.dtype) + self.coupled_decay * variable
        super().update_step(decayed, variable, learning_rate)

    def get_config(self):
        return {**super().get_config(), "coupled_decay": self.coupled_decay}
