from .augmentation_playground import AugmentationPlayground as AugmentationPlayground
from .convolution_explorer import ConvolutionExplorer as ConvolutionExplorer
from .copy_text import CopyText as CopyText
from .explain_panel import ExplainPanel as ExplainPanel
from .gan_panel import GanPanel as GanPanel
from .live_charts import LiveCharts as LiveCharts
from .map_view import MapView as MapView
from .network_view import NetworkView as NetworkView
from .slice_viewer import SliceViewer as SliceViewer
from .status_line import StatusLine as StatusLine
from .threshold_explorer import ThresholdExplorer as ThresholdExplorer
from .training_panel import SessionPanel as SessionPanel, TrainingPanel as TrainingPanel
