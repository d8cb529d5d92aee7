"""What random layers draw: a function of seed and epoch, so that a resumed training draws the same."""

from typing import Any

import keras
import numpy as np
from keras.src.random.seed_generator import global_seed_generator
from numpy.typing import NDArray

from medlab import backend
from medlab.training.checkpoint import copied


def begin(model: keras.Model, seed: int, epoch: int) -> None:
    """Let random layers draw from the seed of this epoch (from 0), whatever was drawn before."""
    for position, state in enumerate(_seeds(model)):
        # Each layer draws for itself: two of one shape would else drop the same features.
        own = np.random.SeedSequence([seed, epoch, position]).generate_state(2)
        words = np.array(own if position else [seed, epoch + 1], np.uint32)
        # torch has no unsigned seeds, and reads the same 32 bits as a signed number.
        state.assign(words.view(np.int32) if str(state.dtype) == "int32" else words)
    if backend.name() == "torch":
        # There a dropout layer without a seed of its own draws from torch's generator.
        import torch

        torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]))


def kept(model: keras.Model) -> list[NDArray[Any]]:
    """Return the states of all that random layers draw from."""
    states = copied(_states(model))
    if backend.name() == "torch":
        import torch

        states.append(torch.get_rng_state().numpy().copy())
        if torch.cuda.is_available():
            states.append(torch.cuda.get_rng_state().numpy().copy())
    return states


def restore(model: keras.Model, kept_states: list[NDArray[Any]]) -> None:
    """Put back what `kept` returned."""
    states = _states(model)
    for state, value in zip(states, kept_states, strict=False):
        state.assign(value)
    if backend.name() == "torch":
        import torch

        own, *gpu = kept_states[len(states) :]
        torch.set_rng_state(torch.from_numpy(own))
        if gpu and torch.cuda.is_available():
            torch.cuda.set_rng_state(torch.from_numpy(gpu[0]))


def check_known(model: keras.Model, inputs: Any) -> None:
    """Refuse a network that draws from generators whose state no checkpoint can keep.

    Two passes from the same state then differ, wherever the generator is.

    Raises
    ------
    ValueError
        With the names of the layers that are not Keras' own.
    """
    draws, weights = kept(model), copied(model.weights)
    answers = []
    for _ in range(2):
        answers.append(keras.tree.flatten(model(inputs, training=True)))
        restore(model, draws)
        model.set_weights(weights)
    first, second = ([keras.ops.convert_to_numpy(part) for part in answer] for answer in answers)
    pairs = zip(first, second, strict=True)
    if not all(np.allclose(*pair, rtol=1e-4, atol=1e-5, equal_nan=True) for pair in pairs):
        own = [
            layer.name
            for layer in model._flatten_layers(include_self=False)
            if isinstance(layer, keras.layers.Lambda) or not type(layer).__module__.startswith("keras.")
        ]
        drawn = f"other draws, by one of {', '.join(own) or model.name}. Else train without checkpoint"
        msg = f"random layers must draw from a keras.random.SeedGenerator to be resumed, got {drawn}."
        raise ValueError(msg)


def _states(model: keras.Model) -> list[Any]:
    """Return what a network has besides its weights: in every layer, nested ones too, the random state."""
    weights = {id(weight) for weight in model.weights}
    states = [variable for variable in model.variables if id(variable) not in weights]
    # Layers without a generator draw from Keras' own; on JAX Keras refuses them.
    return states if backend.name() == "jax" else [*states, global_seed_generator().state]


def _seeds(model: keras.Model) -> list[Any]:
    """Return the states that are a seed and a counter."""
    return [s for s in _states(model) if tuple(s.shape) == (2,) and "int" in str(s.dtype)]
