"""Whether an attribution can be believed: whether it depends on the weights, the output, the lesion."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "deletion_curves": ["Curves", "deletion", "insertion"],
        "localization": ["mass_inside", "pointing_game"],
        "perturbation": ["infidelity", "sensitivity"],
        "weight_randomization": ["Randomization", "randomized_weights"],
    },
)
