"""A DICOM data set as a table in which what names the patient is masked, unless somebody asked to see it."""

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

from medlab.kernel import answers
from medlab.text import html_table

MASK = "masked; %medlab phi on shows it"
MOST = 400  # elements in a table
LONGEST = 80  # characters of a value
_PATIENT = 0x0010
_BINARY = ("OB", "OW", "OF", "OD", "OL", "OV", "OB or OW", "UN")


def bundle(dataset: Any) -> dict[str, Any]:
    """Show a pydicom Dataset: tag, name, type and value of its elements."""
    rows = elements(dataset)
    lines = [f"{row['tag']} {row['name']}: {row['value']}" for row in rows]
    return {
        "text/plain": "\n".join(lines) or "an empty DICOM data set",
        "text/html": html_table(rows) if rows else "an empty DICOM data set",
        answers.JSON: rows,
    }


def elements(dataset: Any) -> list[dict[str, str]]:
    """Return the elements as rows; while `phi` is off, what `medlab.data.confidentiality` touches is masked.

    So is the whole group 0010 (patient), age and sex included, and what lies in sequences that it empties.
    """
    return list(itertools.islice(_rows(dataset, 0), MOST))


def _rows(dataset: Any, depth: int) -> Iterator[dict[str, str]]:
    from medlab.data import confidentiality

    for tag in sorted(dataset.keys()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of values that are not as the standard wants them
            element = dataset[tag]
        masked = not answers.phi() and (tag.group == _PATIENT or confidentiality.action(tag) != "K")
        value = MASK if masked else _shown(element)
        name = f"{'. ' * depth}{element.name}"
        yield {"tag": str(tag), "name": name, "type": str(element.VR), "value": value}
        if element.VR == "SQ" and not masked:
            for item in element.value:
                yield from _rows(item, depth + 1)


def _shown(element: Any) -> str:
    if element.VR == "SQ":
        return f"{len(element.value)} items"
    if element.VR in _BINARY:
        # pydicom may leave what lies in a file there, as a buffer without a length.
        is_read = isinstance(element.value, bytes | str)
        return f"{len(element.value):,} bytes" if is_read else "bytes"
    text = str(element.value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
