"""What critic and generator minimize, on scores of shape (N, 1): tensors of any backend.

A score s is a number without bounds. Where the critic is a discriminator ("minimax", "nonsaturating"), its
probability of "real" is D = sigmoid(s), so that log D = -softplus(-s) and log(1 - D) = -softplus(s).
"""

from collections.abc import Callable
from typing import Any

from keras import ops

from medlab import checks
from medlab.models.gradients import differentiable_gradient

LOSSES = ("minimax", "nonsaturating", "hinge", "wasserstein")


def critic_loss(loss: str, real: Any, fake: Any) -> Any:
    """Return what the critic minimizes.

    Parameters
    ----------
    loss : str
        "minimax" and "nonsaturating": -mean log D(real) - mean log(1 - D(fake)), minus the value of the
        game; "hinge": mean max(0, 1 - real) + mean max(0, 1 + fake); "wasserstein": mean fake - mean real.
    real, fake : tensors, shape (N, 1)
        Scores.

    Returns
    -------
    loss : tensor without axes

    Raises
    ------
    ValueError
        If there is no such loss.

    Notes
    -----
    Sources: Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661 (minimax, non-saturating); Miyato et
    al. 2018, https://openreview.net/forum?id=B1QRgziT- (hinge); Arjovsky et al. 2017,
    https://proceedings.mlr.press/v70/arjovsky17a.html (Wasserstein).

    Examples
    --------
    At D = 1/2 everywhere, scores 0, "minimax" gives 2 log 2 = 1.386.
    """
    checks.one_of("loss", loss, LOSSES)
    if loss == "hinge":
        return ops.mean(ops.relu(1.0 - real)) + ops.mean(ops.relu(1.0 + fake))
    if loss == "wasserstein":
        return ops.mean(fake) - ops.mean(real)
    return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))


def generator_loss(loss: str, fake: Any) -> Any:
    """Return what the generator minimizes.

    Parameters
    ----------
    loss : str
        "minimax": mean log(1 - D(fake)), flat where the critic is sure; "nonsaturating": -mean log D(fake);
        "hinge" and "wasserstein": -mean fake.
    fake : tensor, shape (N, 1)
        Scores of the generator's images.

    Returns
    -------
    loss : tensor without axes

    Raises
    ------
    ValueError
        If there is no such loss.

    Examples
    --------
    At D = 1/2, "minimax" gives log(1/2) = -0.693 and "nonsaturating" log 2 = 0.693.
    """
    checks.one_of("loss", loss, LOSSES)
    if loss == "minimax":
        return -ops.mean(ops.softplus(fake))
    if loss == "nonsaturating":
        return ops.mean(ops.softplus(-fake))
    return -ops.mean(fake)


def gradient_penalty(critic: Callable[[Any], Any], inputs: Any) -> Any:
    """Return mean (|gradient of the score| - 1)^2 at some images.

    Parameters
    ----------
    critic : callable
        Scores, shape (N, 1), of images; the score of one image must depend on that image only.
    inputs : tensor, shape (N, ...)
        Between real and generated images.

    Notes
    -----
    Source: Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028, equation 3.
    """
    gradient = differentiable_gradient(lambda x: ops.sum(critic(x)), inputs)
    flat = ops.reshape(gradient, (ops.shape(gradient)[0], -1))
    # The small number keeps the square root's own gradient finite where a gradient is exactly zero.
    norm = ops.sqrt(ops.sum(ops.square(flat), axis=1) + 1e-12)
    return ops.mean(ops.square(norm - 1.0))
