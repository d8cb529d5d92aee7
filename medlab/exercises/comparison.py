"""How an answer is held to what is expected: numbers, arrays, words and functions, in one place.

Every function returns quietly when all is well and raises a `Hint`, in words for the learner, when not.
Nothing here trusts the answer: it may be of any type, of any size, or raise when it is touched.
"""

from __future__ import annotations

import contextlib
import copy
import dis
import inspect
import io
import math
import numbers
import re
import reprlib
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Loose enough for float32 and for a constant rounded to five digits. Whole numbers leave nothing to round.
RTOL, ATOL = 1e-4, 1e-6
WHOLE_RTOL = 1e-9
_FEW = 12
_REAL = (numbers.Real, Decimal)


class Hint(Exception):
    """What keeps an answer from being right, in words for the learner."""


class NotAnswered(Hint):
    """There is no answer yet: None, or a function that does nothing but return None."""


def describe_error(error: BaseException) -> str:
    """Return the type and message of an exception, on one short line."""
    try:
        words = " ".join(str(error).split())
    except Exception:
        words = ""
    name = type(error).__name__
    return f"{name}: {words[:300]}" if words else name


def describe(value: Any, digits: int = 6) -> str:
    """Return a value in a few words: never long, never failing, and without reading a large array."""
    try:
        if isinstance(value, (float, np.floating)):
            return f"{float(value):.{digits}g}"
        shape = getattr(value, "shape", None)
        if isinstance(shape, tuple) and shape:
            if math.prod(shape) > _FEW:
                return f"an array of shape {shape}"
            text = np.array2string(_as_numpy(value), precision=4, separator=", ")
            return " ".join(text.split())
        if callable(value):
            return f"the {'class' if isinstance(value, type) else 'function'} {value.__name__}"
        return reprlib.repr(value.item() if isinstance(value, np.generic) else value)
    except Exception:
        return f"something of type {type(value).__name__}"


def as_number(answer: Any, what: str = "The answer") -> float:
    """Return the answer as a float if it is one finite number, by itself or alone in an array, list or tuple.

    Raises
    ------
    NotAnswered
        If it is None.
    Hint
        If it is of another kind (a text, True, two numbers), or not finite.
    """
    _refuse_none(answer, what)
    value = _single(answer)
    if isinstance(value, bool) or not isinstance(value, _REAL):
        msg = f"{what} should be one number, but is {describe(answer)}."
        raise Hint(msg)
    number = float(value)
    if not math.isfinite(number):
        msg = f"{what} should be a finite number, but is {number}."
        raise Hint(msg)
    return number


def as_array(answer: Any, shape: tuple[int, ...], what: str = "The answer") -> NDArray[Any]:
    """Return the answer as an array of numbers of the given shape; nested lists will do.

    Parameters
    ----------
    answer : object
    shape : tuple of int
        The shape it must have.
    what : str
        What the hint calls it.

    Raises
    ------
    NotAnswered
        If it is None.
    Hint
        If it has another shape, holds something else than numbers, or NaN or infinity.
    """
    _refuse_none(answer, what)
    # Shapes first: a range of 10**12 must not be written out to learn that it is too long.
    if not _has_shape(answer, shape):
        given = getattr(answer, "shape", None)
        got = f"has the shape {given}" if isinstance(given, tuple) else f"is {describe(answer)}"
        count = " × ".join(map(str, shape))
        msg = f"{what} should be {count} numbers, in lists or an array of shape {shape}, but {got}."
        raise Hint(msg)
    values = _as_numpy(answer)
    # [1, True] would become [1, 1]: what is asked of its items is their type, one by one.
    if any(isinstance(item, (bool, np.bool_)) for item in _as_numpy(answer, object).flat):
        msg = f"{what} should hold numbers, but some of it is `True` or `False`."
        raise Hint(msg)
    if values.dtype.kind not in "iuf":
        msg = f"{what} should hold numbers, but its type is {values.dtype}."
        raise Hint(msg)
    if bad := int(np.count_nonzero(~np.isfinite(values))):
        msg = f"{what} should hold finite numbers, but has NaN or infinity in {bad} of {values.size} places."
        raise Hint(msg)
    return values


def compare(answer: Any, expected: Any, what: str = "The answer") -> None:
    """Hold an answer to what is expected: a text, a number, a tuple of these, or an array of any shape.

    What means the same is the same: lists and tuples for arrays, 3.0 for 3, and for a number or a text an
    array, a list or a tuple that holds it alone. A truth value or a text is no number.

    Raises
    ------
    NotAnswered
        If the answer is None.
    Hint
        If it is of another kind or shape, or differs by more than ``ATOL + RTOL * |expected|``. Whole numbers
        may not differ.
    """
    _refuse_none(answer, what)
    if getattr(expected, "shape", None) == ():
        expected = expected.item()
    if isinstance(expected, str):
        text = _single(answer)
        good = isinstance(text, str) and text.strip() == expected
    elif isinstance(expected, tuple):
        _compare_tuple(answer, expected, what)
        return
    elif isinstance(expected, np.ndarray):
        values = as_array(answer, expected.shape, what)
        far = ~np.isclose(values, expected, rtol=_rtol(expected), atol=ATOL)
        if far.any():
            first = tuple(int(i) for i in np.argwhere(far)[0])
            given, right = _told_apart(values[first], expected[first])
            msg = (
                f"{what} has the right shape, but differs in {int(far.sum())} of {far.size} numbers; at "
                f"{list(first)} it is {given}, expected {right}."
            )
            raise Hint(msg)
        return
    else:
        answer = as_number(answer, what)
        good = math.isclose(answer, expected, rel_tol=_rtol(expected), abs_tol=ATOL)
    if not good:
        given, right = _told_apart(answer, expected)
        msg = f"{what} is {given}, expected {right}."
        raise Hint(msg)


def compare_number(
    answer: Any, expected: float, mistakes: Iterable[tuple[float, str]] = (), rtol: float = 1e-3
) -> None:
    """Hold a number to the expected one, which is not told; a known mistake gets a hint of its own.

    Parameters
    ----------
    answer : object
    expected : float
    mistakes : iterable of (float, str)
        Wrong numbers that learners find, and what to tell them.
    rtol : float
        How far off it may be, relative to `expected`: three digits by default.

    Raises
    ------
    Hint
        If it differs.
    """
    value = as_number(answer)
    if math.isclose(value, expected, rel_tol=rtol):
        return
    for wrong, explanation in mistakes:
        if math.isclose(value, wrong, rel_tol=rtol):
            raise Hint(explanation)
    # 500 for 504 is more likely a guess than a rounded result: it has one digit.
    if value != float(f"{value:.1g}") and value in [float(f"{expected:.{few}g}") for few in range(2, 8)]:
        msg = f"{describe(value)} is rounded too far: give more digits."
        raise Hint(msg)
    msg = f"{_told_apart(value, expected)[0]} is too {'large' if value > expected else 'small'}."
    raise Hint(msg)


def compare_choice(answer: Any, truths: Mapping[str, bool]) -> None:
    """Hold the letters of the statements that a learner chose to those that hold, which are not told.

    Parameters
    ----------
    answer : object
        The letters, as a text ("ac", "a, c") or one by one in a list, a tuple or a set; "" for none.
    truths : mapping of str to bool
        Each statement's letter, and whether it holds.

    Raises
    ------
    Hint
        If the answer is no choice of these letters, or not exactly of those that hold; it says how many of
        the chosen ones do not hold, or else that some are missing.
    """
    texts = [answer] if isinstance(answer, str) else answer
    readable = isinstance(texts, (list, tuple, set)) and all(isinstance(text, str) for text in texts)
    words = re.findall("[^\\W_]+", " ".join(texts).lower()) if readable else []
    chosen = set("".join(word for word in words if word != "and"))
    if not readable or chosen - set(truths):
        letters = ", ".join(truths)
        msg = f"The answer should be letters out of {letters}, as in `ab`, but is {describe(answer)}."
        raise Hint(msg)
    if wrong := sum(not truths[letter] for letter in chosen):
        msg = f"Of the statements that you chose, {wrong} out of {len(chosen)} cannot be right."
        raise Hint(msg)
    if len(chosen) < sum(truths.values()):
        msg = "The statements that you chose hold, but they are not all that do."
        raise Hint(msg)


def compare_function(
    answer: Any,
    reference: Callable[..., Any],
    cases: Iterable[Sequence[Any]],
    mistakes: Iterable[tuple[Callable[..., Any], str]] = (),
    also: Iterable[Callable[..., Any]] = (),
) -> None:
    """Call the learner's function and the reference with the same arguments and compare what they return.

    Parameters
    ----------
    answer : object
        The learner's function; it gets copies of the arguments, by position, and may change them.
    reference : callable
        A function that is right.
    cases : iterable of sequence
        Arguments to call both with; several, and arrays with axes of unequal length.
    mistakes : iterable of (callable, str)
        Functions that are wrong in a known way, and what to tell a learner whose function does the same.
    also : iterable of callable
        Functions that are right as well, although they return something else.

    Raises
    ------
    NotAnswered
        If the function does nothing but return None.
    Hint
        If it is no function, raises, prints in place of returning, or returns something else than the
        reference.
    """
    if not callable(answer):
        msg = f"The answer should be a function, its name without brackets, but is {describe(answer)}."
        raise Hint(msg)
    names = list(inspect.signature(reference).parameters)
    arguments = [tuple(case) for case in cases]
    if _does_nothing(answer):
        msg = "Your function returns None."
        raise NotAnswered(msg)
    said = _Listener()
    with contextlib.redirect_stdout(said):
        results = [_call(answer, names, case) for case in arguments]
    if all(result is None for result in results):
        words = reprlib.repr(said.beginning.split("\n", 1)[0])
        msg = (
            f"Your function prints {words} but returns None: use `return` in place of `print`."
            if said.beginning
            else "Your function computes something but returns None: end it with `return` and the result."
        )
        raise Hint(msg)
    try:
        for case, result in zip(arguments, results, strict=True):
            compare(result, reference(*copy.deepcopy(case)), f"With {_named(names, case)} the result")
    except Hint as error:
        if any(_agrees(other, arguments, results) for other in also):
            return
        for wrong, explanation in mistakes:
            if _agrees(wrong, arguments, results):
                raise Hint(explanation) from error
        # None for a later case is a wrong answer: a path through the function without `return`.
        raise Hint(str(error)) from error


class _Listener(io.TextIOBase):
    """Passes on what is printed, and remembers how it began."""

    def __init__(self) -> None:
        self.beginning = ""
        self._stream = sys.stdout

    def write(self, text: str) -> int:
        self.beginning = (self.beginning + text)[:200]
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()


def _does_nothing(answer: Callable[..., Any]) -> bool:
    """Say whether a function is as empty as the exercise's cell left it: it only returns None."""
    return inspect.isfunction(answer) and _steps(answer) == _steps(lambda: None)


def _steps(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    return [(step.opname, step.argval) for step in dis.get_instructions(function)]


def _call(answer: Callable[..., Any], names: list[str], case: tuple[Any, ...]) -> Any:
    """Return what the learner's function makes of a case; what it raises becomes a hint."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return answer(*copy.deepcopy(case))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also SystemExit: `exit()` in an answer must not end the lesson
        msg = f"With {_named(names, case)} your function stops with {describe_error(error)}"
        raise Hint(msg) from error


def _agrees(known: Callable[..., Any], cases: list[tuple[Any, ...]], results: list[Any]) -> bool:
    """Say whether a known function, a mistake for example, returns all these results."""
    try:
        for case, result in zip(cases, results, strict=True):
            compare(result, known(*copy.deepcopy(case)))
    except Hint:
        return False
    return True


def _refuse_none(answer: Any, what: str) -> None:
    if answer is None:
        msg = f"{what} is None."
        raise NotAnswered(msg)


def _single(answer: Any) -> Any:
    """Return what an array, a list or a tuple of one holds; anything else as it is."""
    if isinstance(answer, (list, tuple)) and len(answer) == 1:
        answer = answer[0]
    shape = getattr(answer, "shape", None)
    return _as_numpy(answer).item() if shape is not None and math.prod(shape) == 1 else answer


def _as_numpy(answer: Any, dtype: Any = None) -> NDArray[Any]:
    """Return an array, also of torch's tensors and of Fractions and Decimals, which become floats."""
    values = np.asarray(answer.detach() if hasattr(answer, "detach") else answer, dtype)
    exact = dtype is None and values.dtype == object and all(isinstance(item, _REAL) for item in values.flat)
    return values.astype(float) if exact else values


def _told_apart(given: Any, expected: Any) -> tuple[str, str]:
    """Describe both, with more digits where six do not show the difference."""
    digits = 6 if describe(given) != describe(expected) else 12
    return describe(given, digits), describe(expected, digits)


def _rtol(expected: Any) -> float:
    """Return the tolerance for what is expected, by its type."""
    return WHOLE_RTOL if np.asarray(expected).dtype.kind in "iu" else RTOL


def _compare_tuple(answer: Any, expected: tuple[Any, ...], what: str) -> None:
    """Hold a tuple, a list or a 1-D array to the expected tuple, value by value."""
    is_row = isinstance(answer, (tuple, list)) or len(getattr(answer, "shape", ())) == 1
    if not is_row or len(answer) != len(expected):
        msg = f"{what} should be {len(expected)} values, as in `return a, b`, but is {describe(answer)}."
        raise Hint(msg)
    for position, (value, right) in enumerate(zip(answer, expected, strict=True), start=1):
        compare(value, right, f"{what}, value {position} of {len(expected)},")


def _has_shape(answer: Any, shape: tuple[int, ...]) -> bool:
    """Say whether an array, or a list of lists, has that shape, without copying it."""
    given = getattr(answer, "shape", None)
    if given is not None:
        return tuple(given) == shape
    if not shape:
        return isinstance(answer, _REAL)
    if not isinstance(answer, (list, tuple)) or len(answer) != shape[0]:
        return False
    return all(_has_shape(item, shape[1:]) for item in answer)


def _named(names: list[str], case: tuple[Any, ...]) -> str:
    """Write the arguments of a call: ``center_hu=50, width_hu=400``."""
    return ", ".join(f"{name}={describe(value)}" for name, value in zip(names, case, strict=True))
