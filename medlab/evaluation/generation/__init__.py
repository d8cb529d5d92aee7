"""How good generated images are: near the real ones, as varied as they, of use, and not copied from them."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "copies": ["Memorization", "memorization"],
        "distances": [
            "MEASURES",
            "Coverage",
            "Estimate",
            "at_equal_counts",
            "coverage",
            "floor",
            "frechet_distance",
            "kernel_distance",
        ],
        "image_features": ["Features", "network_features", "pixel_features"],
        "inpainting_quality": ["LesionRule", "RepairQuality", "repair_quality"],
        "judgment": ["Judgment", "judge"],
        "usefulness": ["Usefulness", "train_on_synthetic"],
    },
)
