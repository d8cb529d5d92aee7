import numpy as np
import pytest

from medlab.data.phantoms import NODULE_TYPES as SIMULATED_TYPES
from medlab.models import lungrads as rules
from medlab.models.lungrads import CATEGORIES, lung_rads, lung_rads_followup


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


NEW = np.nan


def later(size, kind, before, category="2", months=12, core=0.0, old_core=0.0, spiculated=None):
    """Return the category of one nodule on a later scan."""
    facts = {"prior_mm": [before], "prior_category": [category], "prior_solid_mm": [old_core]}
    spiculated = None if spiculated is None else [spiculated]
    return CATEGORIES[
        lung_rads_followup([size], [kind], [core], **facts, months=months, spiculated=spiculated)[0]
    ]


@pytest.mark.parametrize(
    ("size", "category"),
    [(3.9, "2"), (4.0, "3"), (5.9, "3"), (6.0, "4A"), (7.9, "4A"), (8.0, "4B"), (20, "4B")],
)
def test_new_solid_nodules_change_category_at_4_6_and_8_mm(size, category):
    assert later(size, "solid", NEW) == category


@pytest.mark.parametrize(
    ("size", "before", "months", "category"),
    [
        (5.0, 3.5, 12, "2"),  # exactly 1.5 mm is no growth
        (5.1, 3.5, 12, "4A"),
        (5.1, 3.5, 3, "4A"),
        (7.9, 6.0, 6, "4A"),
        (8.0, 6.0, 6, "4B"),
        (7.4, 4.4, 24, "4B"),  # 1.5 mm in 12 months: slow growth
        (7.5, 4.4, 24, "4A"),  # 1.55 mm in 12 months: growth
        (6.5, 5.5, 12, "3"),  # into the next category by size, without growth
        (8.2, 7.5, 12, "4A"),
    ],
)
def test_solid_nodules_grow_by_more_than_one_and_a_half_mm_within_12_months(size, before, months, category):
    assert later(size, "solid", before, months=months) == category


@pytest.mark.parametrize(
    ("before", "months", "category"),
    [
        ("2", 12, "2"),
        ("3", 5, "3"),
        ("3", 5.6, "2"),
        ("3", 6, "2"),
        ("4A", 2, "4A"),
        ("4A", 3, "3"),
        ("4A", 12, "3"),
        ("4B", 12, "4B"),
        ("4X", 12, "4X"),
    ],
)
def test_stable_and_shrinking_nodules_go_down_one_step(before, months, category):
    for size in (7.0, 6.2):
        assert later(size, "solid", 7.0, before, months) == category
        assert later(size, "part-solid", 7.0, before, months, 3.0, 3.0) == category


@pytest.mark.parametrize(
    ("size", "core", "category"),
    [
        (5.9, 0.0, "3"),
        (5.9, 3.9, "3"),
        (5.9, 4.0, "4B"),  # a new solid part of 4 mm, whatever the whole
        (6.0, 0.0, "3"),
        (6.0, 3.9, "4A"),
        (12.0, 4.0, "4B"),
    ],
)
def test_new_part_solid_nodules_go_by_the_whole_and_by_their_solid_part(size, core, category):
    assert later(size, "part-solid", NEW, core=core) == category


@pytest.mark.parametrize(
    ("core", "old_core", "category"),
    [
        (3.9, 0.0, "4A"),  # a solid part that was not there
        (4.0, 0.0, "4B"),
        (3.9, 2.0, "4A"),  # one that grows
        (4.0, 2.4, "4B"),
        (4.0, 2.5, "2"),  # by 1.5 mm: stable
        (6.0, 5.0, "4A"),  # into the next category by size
    ],
)
def test_part_solid_nodules_go_by_the_growth_of_their_solid_part(core, old_core, category):
    assert later(12.0, "part-solid", 12.0, "3", 6, core, old_core) == category


def test_a_part_solid_nodule_that_grows_around_a_stable_core_takes_no_step_down():
    assert later(12.0, "part-solid", 10.0, "3", 6, 3.0, 3.0) == "3"
    assert later(12.0, "part-solid", 10.0, "4A", 6, 3.0, 3.0) == "4A"
    assert later(12.0, "part-solid", 10.0, "3", 24, 3.0, 3.0) == "4B"  # slowly


@pytest.mark.parametrize(
    ("size", "before", "months", "category"),
    [
        (12.0, NEW, 12, "2"),
        (12.0, 6.0, 12, "2"),  # growing
        (30.0, NEW, 12, "3"),
        (31.0, 31.0, 12, "2"),  # stable
        (34.0, 31.0, 24, "2"),  # growing slowly
        (34.0, 31.0, 12, "3"),
        (30.0, 29.5, 12, "3"),  # has just reached 30 mm
    ],
)
def test_non_solid_nodules_below_30_mm_stay_in_category_2(size, before, months, category):
    assert later(size, "non-solid", before, "2", months) == category


def test_spiculation_raises_category_3_and_4_of_later_scans_too():
    assert later(5.0, "solid", NEW, spiculated=True) == "4X"
    assert later(3.0, "solid", NEW, spiculated=True) == "2"
    assert later(5.0, "solid", NEW, spiculated=False) == "3"


@pytest.mark.parametrize("kind", rules.NODULE_TYPES)
def test_new_nodules_are_at_least_as_suspicious_as_those_of_a_first_scan(kind):
    sizes = np.arange(2, 40, 0.1)
    types, core = [kind] * len(sizes), 0.6 * sizes
    facts = {"prior_mm": np.full(len(sizes), NEW), "prior_category": ["2"] * len(sizes), "months": 12}
    new = lung_rads_followup(sizes, types, core, **facts)
    assert np.all(new >= lung_rads(sizes, types, core))
    assert np.all(np.diff(new) >= 0)


def test_many_nodules_are_judged_as_each_by_itself():
    rng = np.random.default_rng(4)
    n = 300
    size, before = rng.uniform(3, 35, (2, n)).round(1)
    before[rng.random(n) < 0.3] = NEW
    core, old_core = size * rng.random(n), np.nan_to_num(before) * rng.random(n)
    kind, prior, months = rng.integers(0, 3, n), rng.integers(0, 5, n), rng.uniform(1, 30, n)
    facts = {"prior_mm": before, "prior_category": prior, "months": months, "prior_solid_mm": old_core}
    together = lung_rads_followup(size, kind, core, **facts)
    alone = [
        lung_rads_followup(
            size[[i]], kind[[i]], core[[i]], **{name: value[[i]] for name, value in facts.items()}
        )
        for i in range(n)
    ]
    np.testing.assert_array_equal(together, np.concatenate(alone))
    assert set(together) == set(range(5))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"diameter_mm": [0.0]}, "diameter_mm must be positive"),
        ({"prior_mm": [0.0]}, "prior_mm must be positive, got 0. NaN marks a nodule that is new"),
        ({"prior_category": ["1"]}, "prior_category must be one of: 2, 3, 4A, 4B, 4X; got '1'"),
        ({"prior_category": [5]}, "prior_category must lie between 0 and 4"),
        ({"prior_mm": [5.0, 6.0]}, "same length, got diameter_mm 1, prior_mm 2"),
        ({"months": 0}, "months must be positive, got 0. Give the time"),
        ({"months": np.nan}, "months must hold finite"),
        ({"prior_mm": [np.inf]}, "prior_mm must hold finite numbers, got 1 NaN or infinite of 1"),
        ({"prior_solid_mm": None}, "prior_solid_mm must be given for part-solid nodules"),
        ({"solid_mm": None}, "solid_mm must be given for part-solid nodules"),
        (
            {"prior_solid_mm": [9.0]},
            "prior_solid_mm of a part-solid nodule must lie between 0 and its diameter, got 9 of 8 mm",
        ),
    ],
)
def test_refuses_a_later_scan_that_cannot_be_judged(change, message):
    facts = {"diameter_mm": [8.0], "nodule_type": ["part-solid"], "solid_mm": [3.0], "prior_mm": [8.0]}
    facts |= {"prior_category": ["3"], "months": 6, "prior_solid_mm": [3.0]} | change
    with pytest.raises(ValueError, match=message):
        lung_rads_followup(**facts)
