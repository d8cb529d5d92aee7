"""What dropout draws: a function of seed and epoch, so that a resumed training drops the same features."""

from __future__ import annotations

import importlib
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from medlab import backend


def begin(model: keras.Model, seed: int, epoch: int) -> None:
    """Let dropout draw from the seed of this epoch (from 0), whatever was drawn before."""
    for generator in _generators(model):
        generator.state.assign([seed, epoch + 1])
    if backend.name() == "torch":
        # There a dropout layer without a seed of its own draws from torch's generator.
        torch = importlib.import_module("torch")
        torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]))


def kept(model: keras.Model) -> list[NDArray[Any]]:
    """Return the states of all that dropout draws from."""
    states = [
        np.array(keras.ops.convert_to_numpy(generator.state), copy=True) for generator in _generators(model)
    ]
    if backend.name() == "torch":
        torch = importlib.import_module("torch")
        states.append(torch.get_rng_state().numpy().copy())
        if torch.cuda.is_available():
            states.append(torch.cuda.get_rng_state().numpy().copy())
    return states


def restore(model: keras.Model, states: list[NDArray[Any]]) -> None:
    """Put back what `kept` returned."""
    generators = _generators(model)
    for generator, state in zip(generators, states, strict=False):
        generator.state.assign(state)
    if backend.name() == "torch":
        torch = importlib.import_module("torch")
        own, *gpu = states[len(generators) :]
        torch.set_rng_state(torch.from_numpy(own))
        if gpu and torch.cuda.is_available():
            torch.cuda.set_rng_state(torch.from_numpy(gpu[0]))


def _generators(model: keras.Model) -> list[Any]:
    found = (getattr(layer, "seed_generator", None) for layer in model.layers)
    return [generator for generator in found if generator is not None]
