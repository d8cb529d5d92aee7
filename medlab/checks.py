"""Checks of arguments. Their errors say what must hold, what came and what to do."""

import difflib
import math
import os
from collections.abc import Callable, Iterable
from decimal import Decimal
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# What a public function may refuse with: shown where it was asked, without a traceback.
REFUSALS = (ImportError, OSError, RuntimeError, TypeError, ValueError)
_NA = ("NAType", "NaTType")  # of pandas, which is not imported for their sake


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Say which allowed name is closest to a misspelled one.

    Returns
    -------
    hint : str
        ``" Did you mean 'x'?"`` with its leading blank, or an empty string.

    Examples
    --------
    >>> nearest("epoch", ["epochs", "seed"])
    " Did you mean 'epochs'?"
    """
    close = difflib.get_close_matches(str(name), list(allowed), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


def one_of(what: str, value: Any, allowed: Iterable[Any]) -> Any:
    """Return `value` if it is one of `allowed`.

    Raises
    ------
    ValueError
        If it is not; the message lists the choices and names the nearest.
    """
    choices = list(allowed)
    if value in choices:
        return value
    names = ", ".join(map(str, choices)) or "none"
    msg = f"{what} must be one of: {names}; got {value!r}.{nearest(value, map(str, choices))}"
    raise ValueError(msg)


def in_range(
    what: str, value: float, low: float | None = None, high: float | None = None, *, whole: bool = False
) -> float:
    """Return `value` as a plain int or float if it is a finite number in [`low`, `high`] (whole, when asked).

    Raises
    ------
    TypeError
        If it is not a number, or not a whole one where `whole` is set.
    ValueError
        If it is outside the range, infinite or NaN.
    """
    if isinstance(value, np.ndarray) and not value.ndim:
        value = value.item()
    is_whole = isinstance(value, Integral)
    if isinstance(value, bool) or not isinstance(value, (Real, Decimal)) or (whole and not is_whole):
        kind = "a whole number" if whole else "a number"
        msg = f"{what} must be {kind}, got {value!r}."
        raise TypeError(msg)
    number = int(value) if is_whole else float(value)
    too_low = low is not None and number < low
    too_high = high is not None and number > high
    if (not is_whole and not math.isfinite(number)) or too_low or too_high:
        low_text = "-infinity" if low is None else f"{low:g}"
        high_text = "infinity" if high is None else f"{high:g}"
        msg = f"{what} must lie between {low_text} and {high_text}, got {number!r}."
        raise ValueError(msg)
    return number


def new_folder(what: str, path: str | os.PathLike[str]) -> Path:
    """Return a path, its ``~`` spelled out, if there is nothing yet or an empty folder.

    Raises
    ------
    FileExistsError
        If a file lies there, the folder holds something, or the name is empty.
    """
    folder = Path(os.path.expanduser(path))  # noqa: PTH111 (Path's raises on ~nobody)
    if os.fspath(path) and not folder.is_file() and (not folder.exists() or not any(folder.iterdir())):
        return folder
    name = folder.absolute().name if os.fspath(path) else ""
    state = "is a file" if folder.is_file() else "holds files" if name else "is no name"
    msg = f"{what} must be new or empty, but {name!r} {state}. Name another folder."
    raise FileExistsError(msg)


def together(*actions: Callable[[], Any]) -> None:
    """Try each action, and raise one ValueError with the messages of all that fail, a line each."""
    problems = []
    for action in actions:
        try:
            action()
        except (FileExistsError, ValueError, TypeError) as error:
            problems.append(str(error))
    if problems:
        raise ValueError("\n".join(dict.fromkeys(problems)))


def pair(what: str, values: Any, *limits: float, whole: bool = False) -> list[float]:
    """Return the two numbers of a list, tuple or array, each held to `in_range`.

    Raises
    ------
    TypeError
        If it does not hold two numbers.
    ValueError
        If one is outside the limits, infinite or NaN.
    """
    if isinstance(values, (list, tuple, np.ndarray)) and len(values) == 2:
        return [in_range(what, value, *limits, whole=whole) for value in values]
    msg = f"{what} must be two numbers, as in [6, 12], got {values!r}."
    raise TypeError(msg)


def finite(what: str, array: ArrayLike) -> NDArray[Any]:
    """Return `array` as an array of numbers if it holds no NaN and no infinity.

    Cells of objects, as columns of pandas have them, are read as numbers; None, masked cells and what pandas
    writes for a missing value count as NaN.

    Raises
    ------
    ValueError
        If it does, or holds something that is not a real number; the message counts them and says where the
        first is.
    """
    values = np.asarray(array)
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        values = np.where(np.ma.getmaskarray(array), np.nan, values)
    kinds = values.dtype.name
    if values.dtype.kind == "O":
        cells = [math.nan if cell is None or type(cell).__name__ in _NA else cell for cell in values.flat]
        # The cells themselves may be names or dates of birth: only what kind they are is told.
        strange = {type(cell).__name__ for cell in cells if not isinstance(cell, (Real, Decimal, np.bool_))}
        kinds = ", ".join(sorted(strange))
        values = values if strange else np.array(cells, dtype=float).reshape(values.shape)
    if values.dtype.kind in "biu":
        return values
    if values.dtype.kind != "f":
        msg = f"{what} must hold real numbers, got {kinds}. Convert them first: array.astype(float)."
        raise ValueError(msg)
    bad = ~np.isfinite(values)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        msg = (
            f"{what} must hold finite numbers, got {int(bad.sum())} NaN or infinite of {values.size}, "
            f"the first at index {first}. Drop or repair those images (medlab.data.clean reports them)."
        )
        raise ValueError(msg)
    return values


def positive(what: str, array: ArrayLike, remedy: str) -> NDArray[np.float64]:
    """Return `array` as floats if it holds finite numbers above 0 only.

    Raises
    ------
    ValueError
        If it does not; the message gives the least of them, and then `remedy`.

    Examples
    --------
    >>> positive("spacing_mm", [3, 0.5], "Give millimeters.").tolist()
    [3.0, 0.5]
    """
    values = finite(what, array).astype(np.float64)
    if (values <= 0).any():
        msg = f"{what} must be positive, got {values.min():g}. {remedy}"
        raise ValueError(msg)
    return values


def same_length(**arrays: ArrayLike) -> int:
    """Return the common length of the first axis of the named arrays.

    Raises
    ------
    ValueError
        If the lengths differ; the message gives each.
    """
    lengths = {name: len(np.asarray(array)) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        msg = f"{', '.join(lengths)} must have the same length, got {listed}. Give one row for each image."
        raise ValueError(msg)
    return next(iter(lengths.values()))


def seed(value: Any) -> int:
    """Return a seed as a plain number: a whole number from 0 to 2^32 - 1, which every backend takes.

    Raises
    ------
    TypeError, ValueError
        If it is not.
    """
    return int(in_range("seed", value, 0, 2**32 - 1, whole=True))
