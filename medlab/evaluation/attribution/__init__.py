"""Why a prediction came out as it did: Captum's methods on a Keras network of any backend."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "attribution_maps": ["Attribution"],
        "captum_attribution": ["attribute"],
        "feature_masks": ["superpixels"],
        "methods": ["METHODS", "REFUSED"],
        "torch_bridge": ["Bridge", "Canceled"],
    },
)
