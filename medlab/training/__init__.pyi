from . import gan as gan
from .background import latest as latest
from .checkpoint import checkpoint_in as checkpoint_in
from .fitting import fit as fit
from .run import Run as Run
from .session import TrainSession as TrainSession
from .settings import Settings as Settings
