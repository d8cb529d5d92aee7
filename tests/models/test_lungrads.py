import numpy as np
import pytest

from medlab.data.phantoms import NODULE_TYPES as SIMULATED_TYPES
from medlab.models import lungrads as rules
from medlab.models.lungrads import CATEGORIES, lung_rads


def names(*args, **options):
    return [CATEGORIES[category] for category in lung_rads(*args, **options)]


def test_solid_nodules_change_category_at_6_8_and_15_mm():
    sizes = [5.9, 6.0, 7.9, 8.0, 14.9, 15.0, 40.0]
    assert names(sizes, ["solid"] * 7) == ["2", "3", "3", "4A", "4A", "4B", "4B"]


def test_part_solid_nodules_go_by_the_whole_first_and_then_by_the_solid_part():
    whole, core = [5.9, 6.0, 20.0, 20.0, 20.0, 20.0], [5.8, 1.0, 5.9, 6.0, 7.9, 8.0]
    assert names(whole, ["part-solid"] * 6, core) == ["2", "3", "3", "4A", "4A", "4B"]


def test_non_solid_nodules_never_reach_4_by_size():
    assert names([5.0, 29.9, 30.0, 90.0], ["non-solid"] * 4) == ["2", "2", "3", "3"]


def test_spiculation_makes_a_suspicious_nodule_4x_and_leaves_category_2():
    assert names([5.0, 7.0, 9.0], ["solid"] * 3, spiculated=[1, 1, 1]) == ["2", "4X", "4X"]
    assert names([5.0, 7.0, 9.0], ["solid"] * 3, spiculated=[0, 0, 0]) == ["2", "3", "4A"]


@pytest.mark.parametrize("answer", [None, np.nan])
def test_an_unknown_spiculation_is_refused(answer):
    with pytest.raises(ValueError, match=r"spiculated must hold finite numbers, got 1 NaN .* index \(1,\)"):
        lung_rads([7.0, 9.0], ["solid"] * 2, spiculated=[False, answer])


def test_diameters_are_rounded_to_a_tenth_first():
    assert names([5.949, 5.951], ["solid"] * 2) == ["2", "3"]


def test_numbers_name_the_types_in_the_order_of_the_simulated_cohort():
    assert rules.NODULE_TYPES == SIMULATED_TYPES
    sizes, core = [9.0, 9.0, 9.0], [9.0, 6.5, 0.0]
    assert names(sizes, [0, 1, 2], core) == names(sizes, list(SIMULATED_TYPES), core) == ["4A", "4A", "2"]


@pytest.mark.parametrize("kind", rules.NODULE_TYPES)
def test_a_larger_nodule_is_never_less_suspicious(kind):
    sizes = np.arange(1, 40, 0.1)
    assert np.all(np.diff(lung_rads(sizes, [kind] * len(sizes), 0.6 * sizes)) >= 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.0], ["solid"]), "diameter_mm must be positive, got 0. Give millimeters"),
        (([np.nan], ["solid"]), "diameter_mm must hold finite"),
        ((["8.0"], ["solid"]), "diameter_mm must hold real numbers, got str"),
        (([8.0], ["ground glass"]), "nodule_type must be one of: solid, part-solid, non-solid"),
        (([8.0], [3]), "nodule_type must lie between 0 and 2"),
        (([8.0], ["part-solid"]), "solid_mm must be given for part-solid nodules, got none for 1"),
        (([8.0], ["part-solid"], [9.0]), "between 0 and its diameter, got 9 of 8 mm"),
        (([8.0], ["part-solid"], [np.nan]), "solid_mm of part-solid nodules must hold finite"),
        (([8.0, 9.0], ["solid"]), "same length, got diameter_mm 2, nodule_type 1"),
        (([8.0], ["part-solid"], [1.0, 2.0]), "same length, got diameter_mm 1, solid_mm 2"),
    ],
)
def test_refuses_what_has_no_category(arguments, message):
    with pytest.raises(ValueError, match=message):
        lung_rads(*arguments)
