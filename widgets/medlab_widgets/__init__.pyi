from .copy_text import CopyText as CopyText
from .gan_panel import GanPanel as GanPanel
from .live_charts import LiveCharts as LiveCharts
from .threshold_explorer import ThresholdExplorer as ThresholdExplorer
from .training_panel import SessionPanel as SessionPanel, TrainingPanel as TrainingPanel
