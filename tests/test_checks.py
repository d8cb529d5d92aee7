"""The grammar of errors: what must hold, what came, what to do."""

import numpy as np
import pytest

from medlab import checks


def test_what_is_right_passes_through_unchanged():
    assert checks.one_of("model", "b", ["a", "b"]) == "b"
    assert checks.in_range("rate", 0.5, 0, 1) == 0.5
    assert checks.in_range("count", np.int64(3), 1, whole=True) == 3
    assert checks.finite("images", [1, 2]).tolist() == [1, 2]
    assert checks.same_length(a=[1, 2], b=np.zeros((2, 5))) == 2


def test_a_misspelled_name_is_told_the_nearest():
    with pytest.raises(
        ValueError, match=r"^model must be one of: alpha, beta; got 'alfa'\. Did you mean 'alpha'\?$"
    ):
        checks.one_of("model", "alfa", ["alpha", "beta"])
    assert checks.nearest("zzz", ["alpha"]) == ""


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf")])
def test_numbers_outside_their_range_are_refused(value):
    with pytest.raises(ValueError, match=r"rate must lie between 0 and 1, got"):
        checks.in_range("rate", value, 0, 1)


@pytest.mark.parametrize(("value", "whole"), [("3", False), (True, False), (2.5, True), (None, True)])
def test_what_is_no_number_or_not_whole_is_refused(value, whole):
    with pytest.raises(TypeError, match=r"count must be a (whole )?number, got"):
        checks.in_range("count", value, 0, whole=whole)


def test_an_open_range_says_infinity():
    with pytest.raises(ValueError, match=r"between 1 and infinity, got 0"):
        checks.in_range("epochs", 0, 1)
    with pytest.raises(ValueError, match=r"between -infinity and 0, got 2"):
        checks.in_range("offset", 2, high=0)


def test_nan_is_counted_and_placed():
    images = np.zeros((2, 3), dtype=np.float32)
    images[1, 2] = np.nan
    with pytest.raises(
        ValueError, match=r"images must hold finite numbers, got 1 NaN .* of 6, .* index \(1, 2\)"
    ):
        checks.finite("images", images)


def test_unequal_lengths_are_all_named():
    with pytest.raises(ValueError, match=r"same length, got images 3, labels 2\. Give one row"):
        checks.same_length(images=np.zeros(3), labels=np.zeros(2))
