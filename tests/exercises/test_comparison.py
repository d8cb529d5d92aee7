"""Each refusal of an answer, by its words."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from medlab.exercises import comparison
from medlab.exercises.comparison import Hint, NotAnswered


class Tensor:
    """Like torch's, which can be read only once it is detached from its gradient."""

    def __init__(self, values):
        self.values = np.asarray(values)
        self.shape = self.values.shape

    def detach(self):
        return self.values

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError


@pytest.mark.parametrize(
    "value",
    [
        *(3, 3.0, np.int16(3), np.float32(3), Decimal(3), Fraction(3), Tensor(3)),
        *(np.array(3), np.array([[3]]), [3], (3,), [np.array(3)], Tensor([3])),
    ],
)
def test_one_number_is_a_number_of_whatever_library_and_alone_in_a_list(value):
    assert comparison.as_number(value) == 3.0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("3", r"The answer should be one number, but is '3'\."),
        (True, r"should be one number, but is True"),
        (np.bool_(True), r"should be one number, but is True"),
        (np.array([True]), r"should be one number, but is \[ ?True\]"),
        ([3, 4], r"should be one number, but is \[3, 4\]"),
        ([[3]], r"should be one number, but is \[\[3\]\]"),
        ([], r"should be one number, but is \[\]"),
        ([True], r"should be one number, but is \[True\]"),
        ([None], r"should be one number, but is \[None\]"),
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
    assert comparison.as_array([Decimal("0.5"), Fraction(1, 4), 2], (3,)).tolist() == [0.5, 0.25, 2]
    assert comparison.as_array(Tensor([[1.0, 2.0]]), (1, 2)).tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            np.zeros((3, 2)),
            r"should be 2 × 3 numbers, .* of shape \(2, 3\), but has the shape \(3, 2\)",
        ),
        ([[1, 2, 3]], r"should be 2 × 3 numbers, .* of shape \(2, 3\), but is \[\[1, 2, 3\]\]"),
        ([[1, 2, 3], [4, 5]], r"but is \[\[1, 2, 3\], \[4, 5\]\]"),
        (range(10**15), r"but is range\(0, 10+\)"),
        (np.full((2, 3), "x"), r"should hold numbers, but its type is <U1"),
        ([[1, 2, 3], [4, 5, np.nan]], r"has NaN or infinity in 1 of 6 places"),
        (np.ones((2, 3), bool), r"should hold numbers, but some of it is `True` or `False`"),
        ([[1, 0, True], [0, 1, 0]], r"should hold numbers, but some of it is `True` or `False`"),
    ],
)
def test_what_is_no_such_array_is_told_so(value, words):
    with pytest.raises(Hint, match=words):
        comparison.as_array(value, (2, 3))


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((3,), r"The list should be 3 numbers, in lists or an array of shape \(3,\), but is 'a, b'\."),
        ((2, 3, 4), r"should be 2 × 3 × 4 numbers, in lists or an array of shape \(2, 3, 4\), but is"),
    ],
)
def test_what_an_array_should_be_is_told_in_words(shape, words):
    with pytest.raises(Hint, match=words):
        comparison.as_array("a, b", shape, "The list")


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (2.5, 3, r"The answer is 2\.5, expected 3\."),
        ("3A", "4A", r"The answer is '3A', expected '4A'\."),
        (4, "4", r"The answer is 4, expected '4'\."),
        (320.000002, 320, r"The answer is 320\.000002, expected 320\."),
        ((1, 2), (1, 3), r"The answer, value 2 of 2, is 2, expected 3\."),
        (5, (1, 3), r"should be 2 values, as in `return a, b`, but is 5"),
        ("ab", (1, 3), r"should be 2 values"),
        ([1, 2, 3], (1, 3), r"should be 2 values"),
        (
            [[1, 2, 3], [4, 5, 7]],
            np.array([[1, 2, 3], [4, 5, 6]]),
            r"differs in 1 of 6 numbers; at \[1, 2\] it is 7, exp",
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


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (np.array("4A"), "4A"),
        ("4A", np.str_("4A")),
        (3, np.array(3.0)),
        (np.array([3.0]), np.array(3.0)),
        (3.0, np.int64(3)),
        (np.array(["4A"]), "4A"),
        (np.str_("4A"), "4A"),
        (3.0, 3),
        (3, 3.0),
        (np.array(3), 3.0),
        (np.int8(3), 3.0),
        (3.0 + 1e-9, 3),
        ([np.array(1), np.float32(2)], np.array([1.0, 2.0])),
        ((1, 2), np.array([1.0, 2.0])),
        (np.array([1, 2]), (1.0, 2)),
        ([np.array([1.0]), 2], (1, 2)),
    ],
)
def test_what_means_the_same_is_the_same(answer, expected):
    comparison.compare(answer, expected)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (True, 1),
        (np.array(True), 1.0),
        ("3", 3),
        (np.array("3"), 3),
        (3, "3"),
        ([True, False], np.array([1.0, 0.0])),
        (np.array([True, False]), np.array([1, 0])),
        ([1, np.True_], np.array([1, 1])),
        (["1", "0"], np.array([1, 0])),
        ({1, 2}, (1, 2)),
        ({1: 1, 2: 2}, (1, 2)),
        ((True, 2), (1, 2)),
        (100_001, 100_000),
        (100_001, np.array(100_000)),
        (np.array([100_001]), np.array([100_000])),
        (2 + 0j, 2),
    ],
)
def test_what_means_something_else_is_not(answer, expected):
    with pytest.raises(Hint):
        comparison.compare(answer, expected)


def test_a_number_is_told_which_way_it_is_off_or_the_known_mistake():
    comparison.compare_number(2.0001, 2)
    with pytest.raises(Hint, match=r"2\.1 is too large"):
        comparison.compare_number(2.1, 2)
    with pytest.raises(Hint, match=r"1\.9 is too small"):
        comparison.compare_number(1.9, 2)
    with pytest.raises(Hint, match=r"^half of it$"):
        comparison.compare_number(1, 2, mistakes=[(1, "half of it")])
    with pytest.raises(Hint, match=r"3\.1 is rounded too far: give more digits"):
        comparison.compare_number(3.1, np.pi)
    with pytest.raises(Hint, match=r"200768\.4 is too large"):
        comparison.compare_number(200_768.4, 200_768, rtol=1e-9)


@pytest.mark.parametrize(("value", "expected"), [(500, 504), (200_000, 200_768), (1, 0.9862), (3, np.pi)])
def test_a_number_of_one_digit_is_too_large_or_too_small_and_not_a_rounded_result(value, expected):
    with pytest.raises(Hint, match=r"is too (large|small)"):
        comparison.compare_number(value, expected)


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


def test_another_right_function_is_right_and_half_of_it_is_not():
    def halves(side):
        return side / 2

    comparison.compare_function(lambda x: 0.5 * x, twice, [(1,), (5,)], also=[halves])
    with pytest.raises(Hint, match=r"With side=1 the result is 0\.5, expected 2"):
        comparison.compare_function(lambda x: 0.5 * x if x < 3 else 2 * x, twice, [(1,), (5,)], also=[halves])


def test_a_path_without_return_is_a_mistake_and_not_unanswered():
    with pytest.raises(Hint, match=r"With side=5 the result is None") as caught:
        comparison.compare_function(lambda x: None if x > 3 else 2 * x, twice, [(2,), (5,)])
    assert not isinstance(caught.value, NotAnswered)


def printing(side):
    print(2 * side)


def forgetful(side):
    result = 2 * side  # noqa: F841


def test_printing_in_place_of_returning_is_told_and_is_a_try(capsys):
    with pytest.raises(Hint, match=r"Your function prints '4' but returns None: use `return`") as caught:
        comparison.compare_function(printing, twice, [(2,), (5,)])
    assert not isinstance(caught.value, NotAnswered)
    assert capsys.readouterr().out == "4\n10\n", "what is printed is seen"


def test_who_prints_and_returns_is_right(capsys):
    comparison.compare_function(lambda side: print("side:", side) or 2 * side, twice, [(2,), (5,)])
    assert capsys.readouterr().out == "side: 2\nside: 5\n"


def test_a_forgotten_return_is_a_try_and_an_empty_function_is_none():
    with pytest.raises(Hint, match=r"computes something but returns None") as caught:
        comparison.compare_function(forgetful, twice, [(2,)])
    assert not isinstance(caught.value, NotAnswered)

    def as_shipped(side):
        """Twice the side."""
        return None  # your code

    def shorter(side):
        pass

    for empty in (as_shipped, shorter):
        with pytest.raises(NotAnswered):
            comparison.compare_function(empty, twice, [(2,)])


def test_a_function_may_change_its_arguments():
    def doubled_in_place(row):
        row *= 2
        return row

    comparison.compare_function(doubled_in_place, lambda row: 2 * row, [(np.arange(3.0),), (np.ones(2),)])


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


TRUTHS = {"a": True, "b": False, "c": True, "d": False}


@pytest.mark.parametrize(
    "answer", ["ac", "ca", "A, C", "a) c)", " a and c ", ["a", "c"], ("c", "a"), {"a", "c"}, "aac"]
)
def test_a_choice_may_be_written_in_many_ways(answer):
    comparison.compare_choice(answer, TRUTHS)


def test_no_letter_is_a_choice_too():
    comparison.compare_choice("", {"a": False, "b": False})
    comparison.compare_choice([], {"a": False, "b": False})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("abc", r"^Of the statements that you chose, 1 out of 3 cannot be right\.$"),
        ("bd", "2 out of 2 cannot be right"),
        ("ab", "1 out of 2 cannot be right"),
        ("a", "hold, but they are not all that do"),
        ("", "not all that do"),
        ("e", "should be letters out of a, b, c, d, as in `ab`, but is 'e'"),
        ("yes", "should be letters out of"),
        (["a", 3], "should be letters out of"),
        (3, "should be letters out of a, b, c, d, as in `ab`, but is 3"),
        (True, "should be letters out of"),
        (None, "should be letters out of"),
    ],
)
def test_a_wrong_choice_is_told_how_many_do_not_hold(answer, words):
    with pytest.raises(Hint, match=words):
        comparison.compare_choice(answer, TRUTHS)
