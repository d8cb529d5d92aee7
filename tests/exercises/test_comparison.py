"""Each refusal of an answer, by its words."""

from __future__ import annotations

import numpy as np
import pytest

from medlab.exercises import comparison
from medlab.exercises.comparison import Hint, NotAnswered


@pytest.mark.parametrize("value", [3, 3.0, np.int16(3), np.float32(3), np.array(3), np.array([[3]])])
def test_numbers_of_any_library_are_numbers(value):
    assert comparison.as_number(value) == 3.0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("3", r"The answer should be one number, but is '3'\."),
        (True, r"should be one number, but is True"),
        (np.bool_(True), r"should be one number, but is True"),
        (np.array([True]), r"should be one number, but is \[ ?True\]"),
        ([3], r"should be one number, but is \[3\]"),
        (np.zeros((2, 3)), r"should be one number, but is \[\[0\., 0\., 0\.\], \[0\., 0\., 0\.\]\]"),
        (np.zeros((20, 30)), r"should be one number, but is an array of shape \(20, 30\)"),
        (3j, r"should be one number, but is 3j"),
        (len, r"should be one number, but is the function len"),
        (float("nan"), r"should be a finite number, but is nan"),
        (np.array([-np.inf]), r"should be a finite number, but is -inf"),
    ],
)
def test_what_is_no_number_is_told_so(value, words):
    with pytest.raises(Hint, match=words):
        comparison.as_number(value)


def test_none_is_not_answered():
    with pytest.raises(NotAnswered, match="The kernel is None"):
        comparison.as_number(None, "The kernel")
    with pytest.raises(NotAnswered, match="The kernel is None"):
        comparison.as_array(None, (2, 3), "The kernel")
    with pytest.raises(NotAnswered, match="The answer is None"):
        comparison.compare(None, "3")
    with pytest.raises(NotAnswered, match="Your function returns None"):
        comparison.compare_function(lambda side: None, lambda side: side, [(2,)])


def test_nested_lists_of_the_right_shape_are_arrays():
    assert comparison.as_array([[1, 2, 3], (4, 5, 6)], (2, 3)).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert comparison.as_array([np.zeros(3), np.ones(3)], (2, 3)).sum() == 3


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros((3, 2)), r"should be an array of shape \(2, 3\), but has the shape \(3, 2\)"),
        ([[1, 2, 3]], r"should be an array of shape \(2, 3\), but is \[\[1, 2, 3\]\]"),
        ([[1, 2, 3], [4, 5]], r"but is \[\[1, 2, 3\], \[4, 5\]\]"),
        (range(10**15), r"but is range\(0, 10+\)"),
        (np.full((2, 3), "x"), r"should hold numbers, but its type is <U1"),
        ([[1, 2, 3], [4, 5, np.nan]], r"1 of 6 are NaN or infinite"),
    ],
)
def test_what_is_no_such_array_is_told_so(value, words):
    with pytest.raises(Hint, match=words):
        comparison.as_array(value, (2, 3))


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (2.5, 3, r"The answer is 2\.5, expected 3\."),
        ("3A", "4A", r"The answer is '3A', expected '4A'\."),
        (4, "4", r"The answer is 4, expected '4'\."),
        ((1, 2), (1, 3), r"The answer, value 2 of 2, is 2, expected 3\."),
        (5, (1, 3), r"should be 2 values, as in `return a, b`, but is 5"),
        ("ab", (1, 3), r"should be 2 values"),
        ([1, 2, 3], (1, 3), r"should be 2 values"),
        (
            [[1, 2, 3], [4, 5, 7]],
            np.array([[1, 2, 3], [4, 5, 6]]),
            r"1 of 6 numbers are off; at \[1, 2\] it is 7, exp",
        ),
    ],
)
def test_differences_are_told_with_both_values(answer, expected, words):
    with pytest.raises(Hint, match=words):
        comparison.compare(answer, expected)


def test_rounding_of_float32_is_no_difference():
    comparison.compare(np.float32(1 / 3), 1 / 3)
    comparison.compare(np.full((2, 3), 1 / 3, "float32"), np.full((2, 3), 1 / 3))
    comparison.compare(" 4A ", "4A")


def test_a_number_is_told_which_way_it_is_off_or_the_known_mistake():
    comparison.compare_number(2.0001, 2)
    with pytest.raises(Hint, match=r"2\.1 is too large"):
        comparison.compare_number(2.1, 2)
    with pytest.raises(Hint, match=r"1\.9 is too small"):
        comparison.compare_number(1.9, 2)
    with pytest.raises(Hint, match=r"^half of it$"):
        comparison.compare_number(1, 2, mistakes=[(1, "half of it")])


def twice(side: int) -> int:
    return 2 * side


def test_a_function_is_held_to_every_case():
    comparison.compare_function(lambda x: x + x, twice, [(1,), (5,)])
    with pytest.raises(Hint, match=r"With side=5 the result is 7, expected 10"):
        comparison.compare_function(lambda x: x + 2, twice, [(2,), (5,)])
    with pytest.raises(Hint, match=r"^squared$"):
        comparison.compare_function(
            lambda x: x * x, twice, [(2,), (5,)], mistakes=[(lambda side: side**2, "squared")]
        )
    with pytest.raises(Hint, match=r"With side=5 the result is 7"):
        comparison.compare_function(
            lambda x: x + 2, twice, [(2,), (5,)], mistakes=[(lambda side: side**2, "squared")]
        )


def test_a_path_without_return_is_a_mistake_and_not_unanswered():
    with pytest.raises(Hint, match=r"With side=5 the result is None") as caught:
        comparison.compare_function(lambda x: None if x > 3 else 2 * x, twice, [(2,), (5,)])
    assert not isinstance(caught.value, NotAnswered)


def test_what_a_function_raises_is_told_by_type_and_message():
    with pytest.raises(
        Hint, match=r"With side=2 your function stops with ZeroDivisionError: division by zero"
    ):
        comparison.compare_function(lambda x: x / 0, twice, [(2,)])
    with pytest.raises(Hint, match=r"stops with TypeError: .*takes 0 positional arguments but 1 was given"):
        comparison.compare_function(lambda: 1, twice, [(2,)])


def test_a_result_in_place_of_the_function_is_told_so():
    with pytest.raises(Hint, match=r"should be .*function.*, but is 4\."):
        comparison.compare_function(4, twice, [(2,)])
