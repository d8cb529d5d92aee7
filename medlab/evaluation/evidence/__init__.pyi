from .deletion_curves import Curves as Curves, deletion as deletion, insertion as insertion
from .map_measures import (
    infidelity as infidelity,
    mass_inside as mass_inside,
    pointing_game as pointing_game,
    sensitivity as sensitivity,
)
from .weight_randomization import Randomization as Randomization, randomized_weights as randomized_weights
