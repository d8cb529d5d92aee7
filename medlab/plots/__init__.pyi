from .canvas import Picture as Picture, missing_glyphs as missing_glyphs, short as short
from .charting import (
    Chart as Chart,
    Line as Line,
    chart_beside_tiles as chart_beside_tiles,
    charts as charts,
    mosaic as mosaic,
)
from .comparing import estimates as estimates, results_vs_published as results_vs_published
from .counting import class_counts as class_counts
from .judging import (
    confusion as confusion,
    operating_point as operating_point,
    precision_recall as precision_recall,
    roc as roc,
    score_histogram as score_histogram,
)
from .learning import history as history, learning_curve as learning_curve
from .overlaying import overlay as overlay
from .sectioning import planes as planes
from .sequences import lines as lines, states as states
from .tiles import feature_maps as feature_maps, image_grid as image_grid
