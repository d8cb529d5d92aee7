"""Layers whose weights are divided by their largest singular value: a critic that cannot grow steep.

Keras' own wrapper, ``keras.layers.SpectralNormalization``, writes the divided kernel back into the weight.
In a training step of one's own that is a different method on each backend: on TensorFlow the gradient does
not pass through the division and the stored kernel is replaced at each call; on JAX the written kernel is
lost and the gradient does pass through it. Here the kernel stays as it is and the division is a part of the
computation, as in the paper, everywhere alike.

Source: Miyato et al. 2018, https://openreview.net/forum?id=B1QRgziT-.
"""

from typing import Any

import keras
from keras import layers, ops

TINY = 1e-12


def _normalized(layer: Any, training: bool) -> Any:
    """Return the kernel of a layer over its largest singular value, by one step of the power method.

    The kernel counts as a matrix, shape (inputs, outputs), inputs being the window times the channels. In
    training the estimate of the singular vector, shape (outputs,), is kept for the next call.
    """
    matrix = ops.reshape(layer.kernel, (-1, layer.kernel.shape[-1]))
    # The vectors are constants of the gradient; new tensors too, because torch saves them for its backward
    # pass and refuses to go on when one is overwritten.
    fixed = ops.stop_gradient(matrix)
    left = ops.matmul(fixed, ops.stop_gradient(ops.convert_to_tensor(layer.singular_vector)))
    left = left / (ops.norm(left) + TINY)
    right = ops.matmul(ops.transpose(fixed), left)
    right = right / (ops.norm(right) + TINY)
    if training:
        layer.singular_vector.assign(right)
    largest = ops.sum(left * ops.matmul(matrix, right))
    return layer.kernel / (largest + TINY)


class _Spectral:
    """What both layers add to Keras' own: the estimate of the singular vector, in files too."""

    def build(self, input_shape: Any) -> None:
        """Make kernel, bias and the estimate of the singular vector."""
        layer: Any = self
        super().build(input_shape)  # type: ignore[misc]
        self.singular_vector = layer.add_weight(
            shape=(layer.kernel.shape[-1],),
            initializer="random_normal",
            trainable=False,
            name="singular_vector",
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return what the layer makes of its inputs with its kernel divided."""
        layer: Any = self
        outputs = layer._linear(inputs, _normalized(layer, training))
        if layer.use_bias:
            outputs = outputs + layer.bias
        return layer.activation(outputs) if layer.activation is not None else outputs

    # Keras' own dense and convolution layers write and read kernel and bias only.
    save_own_variables = layers.Layer.save_own_variables
    load_own_variables = layers.Layer.load_own_variables


@keras.saving.register_keras_serializable(package="medlab")
class SpectralConv2D(_Spectral, layers.Conv2D):
    """A convolution of images (N, H, W, C) with a kernel of spectral norm 1, as a matrix.

    Takes what ``keras.layers.Conv2D`` takes.
    """

    def _linear(self, inputs: Any, kernel: Any) -> Any:
        return self.convolution_op(inputs, kernel)


@keras.saving.register_keras_serializable(package="medlab")
class SpectralDense(_Spectral, layers.Dense):
    """A dense layer on vectors (N, F) with a kernel of spectral norm 1; takes what ``Dense`` takes."""

    def _linear(self, inputs: Any, kernel: Any) -> Any:
        return ops.matmul(inputs, kernel)
