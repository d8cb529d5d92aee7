from .copies import Memorization as Memorization, memorization as memorization
from .distances import (
    MEASURES as MEASURES,
    Coverage as Coverage,
    Estimate as Estimate,
    Measured as Measured,
    at_equal_counts as at_equal_counts,
    coverage as coverage,
    frechet_distance as frechet_distance,
    kernel_distance as kernel_distance,
)
from .image_features import (
    Features as Features,
    network_features as network_features,
    pixel_features as pixel_features,
)
from .inpainting_quality import (
    LesionRule as LesionRule,
    RepairQuality as RepairQuality,
    repair_quality as repair_quality,
)
from .judgment import Judgment as Judgment, judge as judge
from .usefulness import Usefulness as Usefulness, train_on_synthetic as train_on_synthetic
