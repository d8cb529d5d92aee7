from .copies import Memorization as Memorization, memorization as memorization
from .counts import MEASURES as MEASURES, at_equal_counts as at_equal_counts, floor as floor
from .distances import (
    Estimate as Estimate,
    frechet_distance as frechet_distance,
    kernel_distance as kernel_distance,
)
from .embedding import (
    Features as Features,
    network_features as network_features,
    pixel_features as pixel_features,
)
from .judging import Judgment as Judgment, judge as judge
from .neighbors import Coverage as Coverage, coverage as coverage
from .usefulness import Usefulness as Usefulness, train_on_synthetic as train_on_synthetic
