"""The grammar of errors: what must hold, what came, what to do."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
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


@pytest.mark.parametrize(
    "array",
    [
        [0.5, None],
        np.array([0.5, np.nan], dtype=object),
        pd.Series([0.5, None], index=[7, 3]),
        pd.Series([0.5, pd.NA], dtype="Float64"),
        pd.array([1, None], dtype="Int64"),
        pd.Series([True, None]),
        np.ma.array([0.5, 0.7], mask=[False, True]),
        np.ma.array([1, 2], mask=[False, True]),
    ],
    ids=["list", "object", "series", "Float64", "Int64", "booleans", "masked", "masked whole"],
)
def test_a_missing_cell_counts_as_nan_in_whatever_holds_it(array):
    with pytest.raises(
        ValueError, match=r"scores must hold finite numbers, got 1 NaN .* of 2, .* index \(1,\)"
    ):
        checks.finite("scores", array)


def test_objects_that_are_numbers_are_read_as_such():
    cells = [Decimal("0.5"), Fraction(1, 4), np.float32(2), True]
    assert checks.finite("scores", np.array(cells, dtype=object)).tolist() == [0.5, 0.25, 2.0, 1.0]
    assert checks.finite("scores", pd.array([1, 2], dtype="Int64")).tolist() == [1, 2]
    assert checks.finite("flags", [True, False]).dtype == bool


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (["0.5", "0.7"], "got str"),
        (np.array([0.5, "Doe^Jane"], dtype=object), "got str"),
        (pd.Series(["0.5", "0.7"]), "got str"),
        ([1 + 2j], "got complex128"),
        (np.array(["2026-01-01"], dtype="datetime64[D]"), "got datetime64"),
    ],
)
def test_what_is_no_real_number_is_refused(array, words):
    with pytest.raises(ValueError, match=rf"scores must hold real numbers, {words}"):
        checks.finite("scores", array)


def test_ranges_take_whole_numbers_of_any_size_and_give_plain_ones_back():
    assert checks.in_range("count", 10**30, 1, whole=True) == 10**30
    with pytest.raises(ValueError, match=r"seed must lie between 0 and 4\.29497e\+09, got 1000"):
        checks.in_range("seed", 10**400, 0, 2**32 - 1, whole=True)
    assert type(checks.in_range("count", np.int16(3), 1, whole=True)) is int
    assert type(checks.in_range("rate", np.float32(0.5), 0, 1)) is float


@pytest.mark.parametrize(
    "half", [Fraction(1, 2), Decimal("0.5"), np.float16(0.5), np.longdouble(0.5), np.array(0.5)]
)
def test_ranges_take_every_kind_of_number(half):
    value = checks.in_range("rate", half, 0, 1)
    assert (value, type(value)) == (0.5, float)
    with pytest.raises(ValueError, match=r"rate must lie between 0 and 0\.4, got 0\.5\."):
        checks.in_range("rate", half, 0, 0.4)


@pytest.mark.parametrize("value", [np.True_, np.array([0.5]), np.array("0.5"), 1 + 0j, None])
def test_ranges_refuse_what_is_no_number(value):
    with pytest.raises(TypeError, match="rate must be a number, got"):
        checks.in_range("rate", value, 0, 1)


@pytest.mark.parametrize("value", [Decimal("NaN"), np.float16("inf"), np.array(np.nan), 1e400])
def test_ranges_refuse_what_is_not_finite(value):
    with pytest.raises(ValueError, match=r"rate must lie between 0 and infinity, got (nan|inf)\."):
        checks.in_range("rate", value, 0)


def test_unequal_lengths_are_all_named():
    with pytest.raises(ValueError, match=r"same length, got images 3, labels 2\. Give one row"):
        checks.same_length(images=np.zeros(3), labels=np.zeros(2))


def test_two_numbers_are_each_held_to_their_range():
    assert checks.pair("range", (6, 12.5), 4, 25) == [6, 12.5]
    assert checks.pair("counts", np.array([1, 2]), whole=True) == [1, 2]
    for values in ("ab", 5, None, [1], [1, 2, 3], {1, 2}):
        with pytest.raises(TypeError, match=r"range must be two numbers, as in \[6, 12\], got"):
            checks.pair("range", values)
    with pytest.raises(ValueError, match=r"range must lie between 4 and 25, got 26"):
        checks.pair("range", [6, 26], 4, 25)


def test_what_is_wrong_is_said_together_and_once():
    def refuse(error):
        raise error

    checks.together(lambda: None)
    errors = [ValueError("a"), TypeError("b"), FileExistsError("c"), ValueError("a")]
    with pytest.raises(ValueError, match=r"^a\nb\nc$"):
        checks.together(*(lambda error=error: refuse(error) for error in errors))
    with pytest.raises(ZeroDivisionError):
        checks.together(lambda: 1 / 0)


def test_a_new_folder_is_one_that_is_not_there_or_empty(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert checks.new_folder("--to", "~/new") == tmp_path / "new"
    assert checks.new_folder("--to", tmp_path) == tmp_path
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    refused = {".": f"'{tmp_path.name}' holds files", "file": "'file' is a file", "": "'' is no name"}
    for path, said in refused.items():
        with pytest.raises(FileExistsError, match=rf"--to must be new or empty, but {said}\. Name another"):
            checks.new_folder("--to", path)
