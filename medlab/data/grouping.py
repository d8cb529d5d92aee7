"""Say which images must stay together in a split: those of one patient, or of one scan."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from medlab import checks
from medlab.data import grouptable

_RULES = ("auto", "none", "blocks:1000", "prefix:_", "csv:groups.csv")
_LAST_NUMBER = re.compile(r"^(.*?)(\d+)(\D*)$")


def groups_from_blocks(names: Sequence[str], size: int) -> NDArray[np.str_]:
    """Group files by blocks of consecutive numbers in their names.

    For crops cut from scan after scan: those of one scan have neighboring numbers. A block should hold
    several scans, for a scan that lies across the border of two blocks may be divided between splits.

    Parameters
    ----------
    names : sequence of str
        File names, or paths with "/"; the last number in the name counts.
    size : int, >= 1
        Numbers in a block.

    Returns
    -------
    groups : str array, shape (N,)
        The text before the number, and the first number of the block.

    Raises
    ------
    ValueError
        If `size` is not a positive whole number, or a name has no number.

    Examples
    --------
    >>> groups_from_blocks(["ct_7.png", "ct_99.png", "ct_101.png"], 100).tolist()
    ['ct_0', 'ct_0', 'ct_100']
    """
    checks.in_range("size of a block", size, 1, whole=True)
    groups = []
    for name in names:
        found = _LAST_NUMBER.match(PurePosixPath(name).stem)
        if not found:
            msg = (
                f"Blocks of file numbers need a number in each file name, got {name!r}. Choose another "
                "rule: 'csv:groups.csv', 'prefix:_' or 'none'."
            )
            raise ValueError(msg)
        groups.append(f"{found[1]}{int(found[2]) // size * size}")
    return np.array(groups, dtype=str)


def groups_from_prefix(names: Sequence[str], separator: str) -> NDArray[np.str_]:
    """Group files by the text before the first `separator` in their names.

    Examples
    --------
    >>> groups_from_prefix(["p01_a.png", "p01_b.png", "p02_a.png"], "_").tolist()
    ['p01', 'p01', 'p02']
    """
    stems = [PurePosixPath(name).stem for name in names]
    without = [name for name, stem in zip(names, stems, strict=True) if separator not in stem]
    if without or not separator:
        msg = (
            f"The rule 'prefix:' needs a separator that is in each file name, got {separator!r}"
            + (f", which is not in {without[0]!r}." if separator else ".")
            + " Write 'prefix:_' if the patient is what stands before '_'."
        )
        raise ValueError(msg)
    groups = [stem.split(separator, 1)[0] for stem in stems]
    grouptable.refuse_alike(dict(zip(groups, names, strict=True)), "File names")
    return np.array(groups, dtype=str)


def groups_from_csv(path: str | Path, names: Sequence[str]) -> NDArray[np.str_]:
    """Look each file's group, such as its patient, up in a table with the columns file and group.

    Parameters
    ----------
    path : path of a CSV file
        Column ``file`` holds file names, or paths with "/" as in `names`; commas, semicolons or tabs
        separate the columns.
    names : sequence of str
        File names, or paths with "/".

    Returns
    -------
    groups : str array, shape (N,)

    Raises
    ------
    FileNotFoundError
        If there is no such table.
    ValueError
        If it is not in UTF-8 or UTF-16, a column or a file is missing, a file is in two groups, one row
        stands for several images, or groups differ only in case or blanks.
    """
    return _look_up(Path(path), names)[0]


def _look_up(table: Path, names: Sequence[str]) -> tuple[NDArray[np.str_], list[str]]:
    """Return the group of each file, and notes on cells and rows of the table."""
    rows, n_mended = grouptable.read(table)
    row_of: dict[str, int] = {}
    for row, (file, group) in rows.items():
        first = row_of.setdefault(file, row)
        if rows[first][1] != group:
            msg = (
                f"{table.name} must name one group for each file, got two for {file!r} in rows {first} and "
                f"{row}. Write paths where file names repeat."
            )
            raise ValueError(msg)
    used = {name: row_of.get(path, row_of.get(bare, 0)) for name, (path, bare) in _spellings(names).items()}
    missing = [name for name, row in used.items() if not row or not rows[row][1]]
    if missing:
        msg = (
            f"{table.name} must name a group for each image, got none for {len(missing)} of {len(used)}, "
            f"the first is {missing[0]!r}."
        )
        raise ValueError(msg)
    for row, n_files in Counter(used.values()).most_common(1):
        if n_files > 1:
            path = next(name for name in used if used[name] == row)
            msg = (
                f"{table.name} must name images by their paths where file names repeat, got row {row} for "
                f"{n_files} images. Write paths such as {path!r}."
            )
            raise ValueError(msg)
    groups = {name: rows[row][1] for name, row in used.items()}
    grouptable.refuse_alike({groups[name]: f"row {row}" for name, row in used.items()}, table.name)
    notes = []
    if n_mended:
        notes.append(
            f"Cells of {table.name} read without blanks at their ends or in Unicode's usual form: {n_mended}."
        )
    if n_unused := len(set(row_of.values()) - set(used.values())):
        notes.append(f"Rows of {table.name} that name no image of the folder: {n_unused:,}.")
    return np.array([groups[name] for name in names], dtype=str), notes


def _spellings(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return how a table may write each path: in full, or its last part."""
    plain = {name: grouptable.plain(name).replace("\\", "/") for name in names}
    return {name: (path, grouptable.plain(PurePosixPath(path).name)) for name, path in plain.items()}


def groups_by_rule(
    names: Sequence[str], rule: str | None, folder: str | Path = "."
) -> tuple[NDArray[np.str_], bool, str, list[str]]:
    """Group files by a rule written as text.

    Parameters
    ----------
    names : sequence of str
        Paths with "/", relative to `folder`.
    rule : str or None
        ``"none"``, ``"blocks:1000"``, ``"prefix:_"``, ``"csv:groups.csv"`` (relative to `folder`), or
        ``"auto"``: about 100 blocks where each file name has exactly one number, else none.
    folder : path

    Returns
    -------
    groups : str array, shape (N,)
    are_patients : bool
        Whether somebody stated the groups, in a table.
    description : str
        For the report, such as "in blocks of 1,000 consecutive file numbers".
    notes : list of str
        What was mended or left out of a table.

    Raises
    ------
    ValueError
        If there is no such rule.
    """
    kind, _, option = (rule or "none").partition(":")
    if kind == "auto" and not option:
        size = _block_size(names)
        kind, option = ("blocks", str(size)) if size else ("none", "")
    if kind == "none" and not option:
        return np.array(names, dtype=str), False, "each image on its own", []
    if kind == "blocks" and option.isdecimal():
        files = [PurePosixPath(name).name for name in names]
        note = f"in blocks of {int(option):,} consecutive file numbers"
        return groups_from_blocks(files, int(option)), False, note, []
    if kind == "prefix":
        return groups_from_prefix(names, option), False, f"by what precedes {option!r} in the file name", []
    if kind == "csv" and option:
        groups, notes = _look_up(Path(folder, option).expanduser(), names)
        return groups, True, f"by the groups of {Path(option).name}", notes
    msg = f"group_rule must be one of: {', '.join(_RULES)}; got {rule!r}.{checks.nearest(str(rule), _RULES)}"
    raise ValueError(msg)


def _block_size(names: Sequence[str]) -> int:
    """Return the size of about 100 blocks: 1, 2 or 5 times a power of ten; 0 where names have no one number.

    Larger blocks divide fewer scans at their borders; a hundred still fill three splits evenly.
    """
    found = [re.fullmatch(r"\D*(\d+)\D*", PurePosixPath(name).stem) for name in names]
    numbers = [int(match[1]) for match in found if match]
    if not numbers or len(numbers) < len(names):
        return 0
    rough = max((max(numbers) - min(numbers)) / 100, 1)
    power = 10 ** int(np.log10(rough))
    return min((1, 2, 5, 10), key=lambda digit: abs(np.log(digit * power / rough))) * power
