"""Text of users and figures with intervals, as pages show them."""

from __future__ import annotations

import html

import pytest

from medlab.text import escape, estimate

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<normal>",
    "_sick_",
    "$<10",
    "a|b",
    "*x*",
    "[a](b)",
    "`c`",
    "# h",
    "\\(x\\)",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_escaped_text_reads_as_it_was_and_holds_no_sign(name):
    escaped = escape(name)
    plain = escaped.replace("<span>", "").replace("</span>", "")
    assert html.unescape(plain) == name
    assert not set("<>_*|$`[]\\\"'") & set(plain)


def test_line_breaks_do_not_end_a_cell():
    assert escape("a\n\nb\tc") == "a b c"


def test_estimates_have_one_notation():
    assert estimate(0.9123, (0.85, 0.95)) == "0.912 (0.850 to 0.950)"
    assert estimate(0.5, None, digits=2) == "0.50"
    assert estimate(1.0, (float("nan"), 1.0)) == estimate(1.0, [None, None]) == "1.000"
    assert estimate(None) == estimate(float("nan")) == "undefined"
