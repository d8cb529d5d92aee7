from .deletion_curves import Curves as Curves, deletion as deletion, insertion as insertion
from .localization import mass_inside as mass_inside, pointing_game as pointing_game
from .perturbation import infidelity as infidelity, sensitivity as sensitivity
from .weight_randomization import Randomization as Randomization, randomized_weights as randomized_weights
