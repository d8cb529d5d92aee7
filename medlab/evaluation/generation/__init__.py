"""How good generated images are: near the real ones, as varied as they, of use, and not copied from them."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "distances": ["Estimate", "frechet_distance", "kernel_distance"],
        "neighbors": ["Coverage", "coverage"],
        "counts": ["MEASURES", "at_equal_counts", "floor"],
        "embedding": ["Features", "network_features", "pixel_features"],
        "copies": ["Memorization", "memorization"],
        "inpainting_quality": ["LesionRule", "RepairQuality", "repair_quality"],
        "usefulness": ["Usefulness", "train_on_synthetic"],
        "judging": ["Judgment", "judge"],
    },
)
