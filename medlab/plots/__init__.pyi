from .canvas import Picture as Picture, missing_glyphs as missing_glyphs, short as short
from .classification import (
    confusion as confusion,
    precision_recall as precision_recall,
    reliability as reliability,
    roc as roc,
    score_histogram as score_histogram,
)
from .diagram import Diagram as Diagram
from .estimate_charts import (
    class_counts as class_counts,
    estimates as estimates,
    results_vs_published as results_vs_published,
)
from .image_figures import (
    add_outlines as add_outlines,
    image_grid as image_grid,
    map_colors as map_colors,
    maps_beside as maps_beside,
    overlay as overlay,
    planes as planes,
)
from .line_charts import (
    Chart as Chart,
    Line as Line,
    chart_beside_tiles as chart_beside_tiles,
    charts as charts,
    dots as dots,
    history as history,
    lines as lines,
    mosaic as mosaic,
)
