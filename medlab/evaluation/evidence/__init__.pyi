from .curves import Curves as Curves, deletion as deletion, insertion as insertion
from .inside import mass_inside as mass_inside, pointing_game as pointing_game
from .perturbing import infidelity as infidelity, sensitivity as sensitivity
from .randomizing import Randomization as Randomization, randomized_weights as randomized_weights
