"""Say which images must stay together in a split: those of one patient, or of one scan."""

import codecs
import contextlib
import csv
import io
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from medlab import checks

_RULES = ("auto", "none", "blocks:1000", "prefix:_", "csv:groups.csv")
_REMEDY = "Save it as 'CSV UTF-8' with the columns file and group."
_INVISIBLE = r"[\s\u200b\u2060\ufeff]+"
_ENDS = re.compile(f"^{_INVISIBLE}|{_INVISIBLE}$")
_NOBODY = ("", "nan", "none", "null", "n/a", "#n/a", "<na>", "nat")
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
        parts = _LAST_NUMBER.match(PurePosixPath(name).stem)
        if not parts:
            msg = (
                f"Blocks of file numbers need a number in each file name, got {name!r}. Choose another "
                "rule: 'csv:groups.csv', 'prefix:_' or 'none'."
            )
            raise ValueError(msg)
        groups.append(f"{parts[1]}{int(parts[2]) // size * size}")
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
            f"The rule 'prefix:' needs a separator that is in each file name, got {separator!r} for "
            f"{(without or names)[0]!r}. Write 'prefix:_' if the patient is what stands before '_'."
        )
        raise ValueError(msg)
    groups = [stem.split(separator, 1)[0] for stem in stems]
    refuse_alike(dict(zip(groups, names, strict=True)), "File names")
    return np.array(groups, dtype=str)


def _look_up(table: Path, names: Sequence[str]) -> tuple[NDArray[np.str_], list[str]]:
    """Return the group of each file, and notes on cells and rows of the table."""
    rows, n_mended = _read_table(table)
    row_of: dict[str, int] = {}
    for row, (file, group) in rows.items():
        first = row_of.setdefault(file, row)
        if rows[first][1] != group:
            msg = (
                f"{table.name} must name one group for each file, got two for {file!r} in rows {first} and "
                f"{row}. Write paths where file names repeat."
            )
            raise ValueError(msg)
    paths = {name: plain(name).replace("\\", "/") for name in names}
    # A table may write a path in full, or its last part alone.
    used = {name: row_of.get(p, row_of.get(plain(PurePosixPath(p).name), 0)) for name, p in paths.items()}
    missing = [name for name, row in used.items() if not row or not rows[row][1]]
    if missing:
        msg = (
            f"{table.name} must name a group for each image, got none for {len(missing)} of {len(used)}, "
            f"the first is {missing[0]!r}."
        )
        raise ValueError(msg)
    for row, n_files in Counter(used.values()).most_common(1):
        if n_files > 1:
            msg = (
                f"{table.name} must name images by their paths where file names repeat, got row {row} for "
                f"{n_files} images. Write paths such as {names[0]!r}."
            )
            raise ValueError(msg)
    groups = {name: rows[row][1] for name, row in used.items()}
    refuse_alike({groups[name]: f"row {row}" for name, row in used.items()}, table.name)
    notes = []
    if n_mended:
        notes.append(
            f"Cells of {table.name} read without blanks at their ends or in Unicode's usual form: {n_mended}."
        )
    if n_unused := len(set(row_of.values()) - set(used.values())):
        notes.append(f"Rows of {table.name} that name no image of the folder: {n_unused:,}.")
    return np.array([groups[name] for name in names], dtype=str), notes


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
    method, _, option = (rule or "none").partition(":")
    if method == "auto" and not option:
        size = _block_size(names)
        method, option = ("blocks", str(size)) if size else ("none", "")
    if method == "none" and not option:
        return np.array(names, dtype=str), False, "each image on its own", []
    if method == "blocks" and option.isdecimal():
        files = [PurePosixPath(name).name for name in names]
        note = f"in blocks of {int(option):,} consecutive file numbers"
        return groups_from_blocks(files, int(option)), False, note, []
    if method == "prefix":
        return groups_from_prefix(names, option), False, f"by what precedes {option!r} in the file name", []
    if method == "csv" and option:
        groups, notes = _look_up(Path(folder, option).expanduser(), names)
        return groups, True, f"by the groups of {Path(option).name}", notes
    msg = f"group_rule must be one of: {', '.join(_RULES)}; got {rule!r}.{checks.nearest(str(rule), _RULES)}"
    raise ValueError(msg)


def _block_size(names: Sequence[str]) -> int:
    """Return the size of about 100 blocks: 1, 2 or 5 times a power of ten; 0 where names have no one number.

    Larger blocks divide fewer scans at their borders; a hundred still fill three splits evenly.
    """
    matches = [re.fullmatch(r"\D*(\d+)\D*", PurePosixPath(name).stem) for name in names]
    numbers = [int(match[1]) for match in matches if match]
    if not numbers or len(numbers) < len(names):
        return 0
    rough = max((max(numbers) - min(numbers)) / 100, 1)
    power = 10 ** int(np.log10(rough))
    return min((1, 2, 5, 10), key=lambda digit: abs(np.log(digit * power / rough))) * power


def plain(text: str) -> str:
    """Return text without blanks at its ends and with each letter in one Unicode form (NFC)."""
    return _ENDS.sub("", unicodedata.normalize("NFC", text))


def is_named(group: str) -> bool:
    """Whether text names a group, and is not what tables write where nothing is known."""
    return plain(group).casefold() not in _NOBODY


def _read_table(table: Path) -> tuple[dict[int, tuple[str, str]], int]:
    """Read a CSV file with the columns file and group, separated by commas, semicolons or tabs."""
    text = _decode(table)
    first_line = text.partition("\n")[0]
    separator = max(",;\t", key=first_line.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        msg = f"{table.name} must be a table of comma-separated values, got: {error}. {_REMEDY}"
        raise ValueError(msg) from error
    columns = [plain(name).casefold() for name in lines[0]] if lines else []
    if not columns.count("file") == columns.count("group") == 1:
        got = ", ".join(columns) or "none"
        msg = f"{table.name} must have one column file and one column group, got {got}. {_REMEDY}"
        raise ValueError(msg)
    rows, n_mended = {}, 0
    for number, cells in enumerate(lines[1:], start=2):
        if not any(map(plain, cells)):
            continue
        if any(map(plain, cells[len(columns) :])):
            msg = (
                f"{table.name} must have {len(columns)} cells in a row, got {len(cells)} in row {number}."
                f" Put cells with a separator in quotes. {_REMEDY}"
            )
            raise ValueError(msg)
        named = dict(zip(columns, [*cells, *[""] * len(columns)], strict=False))
        file, group = plain(named["file"]), plain(named["group"])
        n_mended += (file != named["file"]) + (group != named["group"])
        rows[number] = (file.replace("\\", "/"), group if is_named(group) else "")
    return rows, n_mended


def refuse_alike(places: Mapping[str, str], where: str) -> None:
    """Refuse groups that are two for a computer and most likely one for whoever wrote them.

    Parameters
    ----------
    places : dict, group to where it stands first
    where : str
        What is to be changed, for the message, which quotes no group: it may be a patient's name.

    Raises
    ------
    ValueError
        If groups differ only in case, in blanks, or by a spreadsheet's ".0" after a number.
    """
    alike = defaultdict(list)
    for group, place in places.items():
        letters = unicodedata.normalize("NFKC", group).casefold()
        visible = "".join(letter for letter in letters if unicodedata.category(letter)[0] not in "ZC")
        alike[re.sub(r"^(\d+)\.0+$", r"\1", visible)].append(place)
    clashes = [" and ".join(clash) for clash in alike.values() if len(clash) > 1]
    if clashes:
        more = f" and {len(clashes) - 3} more" if len(clashes) > 3 else ""
        msg = (
            f"{where} must write each group in one way, got groups that differ only in case, in blanks or by "
            f"'.0' in {'; '.join(clashes[:3])}{more}. Write them alike, or give two patients two names."
        )
        raise ValueError(msg)


def _decode(table: Path) -> str:
    if not table.is_file():
        msg = f"group_rule must name a CSV file in the data folder, got {table.name}, which is not there."
        raise FileNotFoundError(msg)
    content = table.read_bytes()
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = "\0"
    with contextlib.suppress(UnicodeDecodeError):
        text = content.decode("utf-16" if is_utf16 else "utf-8-sig")
    if "\0" in text:
        msg = f"{table.name} must be text in UTF-8, got another encoding, or no text. {_REMEDY}"
        raise ValueError(msg)
    return text
