"""Text of users, and figures with their intervals, as they may be shown: in Markdown, HTML and terminals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

# All ASCII punctuation that Markdown, HTML or MathJax may take for a sign; words, digits and "-./,:;%" stay.
_SIGNS = re.compile(r"[!\"#$&'()*+<=>?@\[\\\]^_`{|}~]")


def escape(text: Any) -> str:
    """Return text of users (class and file names, messages) so that Markdown and HTML show it as it is.

    Every sign becomes a numeric character reference, which both languages turn back into the sign without
    reading anything into it; line breaks become blanks, for they would end a cell of a table. Dollars and
    backslashes stand in elements of their own: JupyterLab typesets what begins and ends with such signs in
    one piece of text of the page.

    Examples
    --------
    >>> escape("<b>_sick_|$")
    '&#60;b&#62;&#95;sick&#95;&#124;<span>&#36;</span>'
    """
    return _SIGNS.sub(_reference, " ".join(str(text).split()))


def _reference(sign: re.Match[str]) -> str:
    reference = f"&#{ord(sign[0])};"
    return f"<span>{reference}</span>" if sign[0] in "$\\" else reference


def estimate(value: float | None, interval: Sequence[float | None] | None = None, digits: int = 3) -> str:
    """Return a measure and its 95 % interval, where there is one, in the notation of all pages.

    Examples
    --------
    >>> estimate(0.9123, (0.85, 0.95)), estimate(1.0), estimate(None)
    ('0.912 (0.850 to 0.950)', '1.000', 'undefined')
    """
    if value is None or value != value:
        return "undefined"
    words = f"{value:.{digits}f}"
    if interval is None or any(bound is None or bound != bound for bound in interval):
        return words
    low, high = interval
    return f"{words} ({low:.{digits}f} to {high:.{digits}f})"


def duration(seconds: float | None) -> str:
    """Say a time in words; empty for None.

    Examples
    --------
    >>> duration(65.3), duration(4)
    ('1 min 5 s', '4 s')
    """
    if seconds is None:
        return ""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
