"""Custom gradients that profiles can attribute."""

import tensorflow as tf


def named_gradient(function):
    """`tf.custom_gradient` whose gradient carries the name scope of the call, as tapes' do."""
    scope = tf.get_current_name_scope()

    def with_named_gradient(*args):
        result, gradient = function(*args)

        def named(*upstream):
            with tf.name_scope(f"gradient_tape/{scope}/" if scope else "gradient_tape/"):
                return gradient(*upstream)

        return result, named

    return tf.custom_gradient(with_named_gradient)
