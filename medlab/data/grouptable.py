"""Read the table that says which images belong together, as spreadsheets write it, or refuse it by name."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

_REMEDY = "Save it as 'CSV UTF-8' with the columns file and group."
_INVISIBLE = r"[\s\u200b\u2060\ufeff]+"
_ENDS = re.compile(f"^{_INVISIBLE}|{_INVISIBLE}$")
_NOBODY = ("", "nan", "none", "null", "n/a", "#n/a", "<na>", "nat")


def plain(text: str) -> str:
    """Return text without blanks at its ends and with each letter in one Unicode form (NFC)."""
    return _ENDS.sub("", unicodedata.normalize("NFC", text))


def is_named(group: str) -> bool:
    """Whether text names a group, and is not what tables write where nothing is known."""
    return plain(group).casefold() not in _NOBODY


def read(table: Path) -> tuple[dict[int, tuple[str, str]], int]:
    """Read a CSV file with the columns file and group, separated by commas, semicolons or tabs.

    Returns
    -------
    rows : dict, number of the row in a spreadsheet to (file, group)
        Paths with "/"; an empty text where no group is given.
    n_mended : int
        Cells that had blanks at an end or another Unicode form.

    Raises
    ------
    FileNotFoundError
        If there is no such table.
    ValueError
        If it is not in UTF-8 or UTF-16, lacks a column or has it twice, or a row does not fit the header.
    """
    text = _decode(table)
    headers = {mark: _header(text, mark) for mark in ",;\t"}
    fitting = [mark for mark, names in headers.items() if names.count("file") == names.count("group") == 1]
    if len(fitting) != 1:
        longest = max(headers.values(), key=len)
        got = ", ".join(longest) or "none"
        msg = f"{table.name} must have one column file and one column group, got {got}. {_REMEDY}"
        raise ValueError(msg)
    columns = headers[fitting[0]]
    rows, n_mended = {}, 0
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=fitting[0], strict=True)
    with _explained(table):
        for number, cells in enumerate(lines, start=1):
            if number == 1 or not any(map(plain, cells)):
                continue
            if any(map(plain, cells[len(columns) :])):
                msg = (
                    f"{table.name} must have {len(columns)} cells in a row, got {len(cells)} in row {number}."
                    f" Put cells with a separator in quotes. {_REMEDY}"
                )
                raise ValueError(msg)
            given = [*cells, *[""] * len(columns)]
            file, group = (given[columns.index(name)] for name in ("file", "group"))
            n_mended += sum(cell != plain(cell) for cell in (file, group))
            rows[number] = (plain(file).replace("\\", "/"), plain(group) if is_named(group) else "")
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
        seen = "".join(letter for letter in letters if unicodedata.category(letter)[0] not in "ZC")
        alike[re.sub(r"^(\d+)\.0+$", r"\1", seen)].append(place)
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
        msg = (
            f"The table of groups must be a CSV file, got none named {table.name}. Name it relative to the "
            "data folder."
        )
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


def _header(text: str, mark: str) -> list[str]:
    """Return the names of the columns if `mark` separates them."""
    with contextlib.suppress(csv.Error):
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        return [plain(name).casefold() for name in next(lines, [])]
    return []


@contextlib.contextmanager
def _explained(table: Path) -> Iterator[None]:
    try:
        yield
    except csv.Error as error:
        msg = f"{table.name} must be a table of comma-separated values, got: {error}. {_REMEDY}"
        raise ValueError(msg) from error
