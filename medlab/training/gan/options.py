"""The options of adversarial training, checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from medlab import checks

OPTIMIZERS = ("adam", "sgd")
AUGMENTATIONS = ("flip", "color", "translation", "cutout")

# Radford et al. 2016: the options that go with medlab.models.gan.dcgan.
DCGAN = {
    "loss": "nonsaturating",
    "rates": (2e-4, 2e-4),
    "betas": (0.5, 0.999),
    "averaging": 0.0,
    "decay": 0.0,
    "augment": (),
}


def check_rates(rates: Iterable[float]) -> tuple[float, float]:
    """Return the learning rates of generator and critic, or refuse them."""
    pair = tuple(rates)
    if len(pair) != 2:
        msg = f"rates must be two learning rates, the generator's and the critic's, got {pair!r}."
        raise ValueError(msg)
    for rate in pair:
        checks.in_range("rates", rate, 1e-7, 10)
    return float(pair[0]), float(pair[1])


def check_augment(augment: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the augmentations in their fixed order, or refuse an unknown one."""
    asked = {checks.one_of("augment", name, AUGMENTATIONS) for name in augment}
    return tuple(name for name in AUGMENTATIONS if name in asked)


def make_optimizer(name: str, rate: float, betas: tuple[float, float], variables: list[Any]) -> Any:
    """Return an optimizer whose slots are made for these variables."""
    checks.one_of("optimizer", name, OPTIMIZERS)
    if name == "sgd":
        optimizer = keras.optimizers.SGD(rate)
    else:
        for beta in betas:
            checks.in_range("betas", beta, 0, 0.9999)
        optimizer = keras.optimizers.Adam(rate, beta_1=betas[0], beta_2=betas[1])
    optimizer.build(variables)
    return optimizer
