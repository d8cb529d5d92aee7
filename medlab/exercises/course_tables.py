"""The contents of the course as tables with links: its chapters, and where each claim of the article runs."""

import csv
import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from medlab import notebook
from medlab.exercises.translation import translate

if TYPE_CHECKING:
    from IPython.display import Markdown

_PARTS = """1 背景介绍 Background
2 核心概念与联系 Concepts
3 核心算法原理 Algorithms
4 数学模型和公式 Mathematics
5 项目实践 Programs
6 实际应用场景 Applications
7 未来应用展望 Outlook
8 工具和资源推荐 Tools
9 总结 Summary
10 常见问题与解答 Questions and answers"""


def course_map(planned: Mapping[str, str]) -> "Markdown":
    """Return a table of the chapters: what each is about, and how many minutes and seconds it takes.

    It is read from the first cells of the notebooks, and links to those that lie in the working folder.

    Parameters
    ----------
    planned : dict of str to str
        The chapters that are still to come, and what each is about.
    """
    from IPython.display import Markdown

    chapters = {path.stem for path in notebook.course_folder().glob("[0-9]*.ipynb")} | set(planned)
    lines = [
        "| chapter | what | article | minutes of reading | seconds of computing |",
        "|:---|:---|:---|---:|---:|",
    ]
    for chapter in sorted(chapters):
        text = _first_cell(chapter)
        cells = (
            _linked(chapter),
            _said(r"# (.*?) · article", text) if text else planned.get(chapter, "–"),
            _said(r"· article (.*?) \*\*", text),
            _said(r"(\d+) minutes", text),
            _said(r"(\d+) seconds", text),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return Markdown("\n".join(lines))


def article_table() -> "Markdown":
    """Return the claims of the article, part by part: its sections, the verdicts, and where each runs."""
    from IPython.display import Markdown

    with _beside("article.csv").open(encoding="utf-8", newline="") as table:
        claims = list(csv.DictReader(table))
    counts = Counter(claim["verdict"] for claim in claims).most_common()
    lines = [f"{len(claims)} claims: {', '.join(f'{count} {_words(verdict)}' for verdict, count in counts)}"]
    for part in _PARTS.splitlines():
        number, _, _ = part.partition(" ")
        lines += ["", f"<details><summary>{part}</summary>", ""]
        lines += ["| section | topic | the article says | verdict | where it runs |"]
        lines += ["|:---|:---|:---|:---|:---|"]
        lines += [_row(claim) for claim in claims if re.match(rf"{number}\b", claim["section"])]
        lines += ["", "</details>"]
    return Markdown("\n".join(lines))


def _row(claim: dict[str, str]) -> str:
    chapter, heading = claim["notebook"], claim["heading"]
    where = chapter
    if heading and Path(f"{chapter}.ipynb").is_file():
        anchor = quote(heading.replace(" ", "-"), safe=",?:'!")  # as JupyterLab names it
        where = f"[{heading}]({chapter}.ipynb#{anchor}) in {chapter}"
    where += f"<br>`{claim['command']}`" if claim["command"] else ""
    verdict = f"**{_words(claim['verdict'])}**" + (f": {claim['because']}" if claim["because"] else "")
    return "| {section} | {chinese}<br>{english} | {claim} | ".format(**claim) + f"{verdict} | {where} |"


def _words(verdict: str) -> str:
    """Return a verdict in English, and in the learner's language where that is another."""
    return " ".join(dict.fromkeys((verdict, translate(verdict))))


def _beside(name: str) -> Path:
    """Return a file of the working folder, as in a learner's copy, or else of the course."""
    return Path(name) if Path(name).is_file() else notebook.course_folder() / name


def _linked(chapter: str) -> str:
    name = f"{chapter}.ipynb"
    return f"[{chapter}]({name})" if Path(name).is_file() else chapter


def _first_cell(chapter: str) -> str:
    """Return the title cell of a chapter in one line; empty while there is no such chapter."""
    path = _beside(f"{chapter}.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.is_file() else []
    return " ".join("".join(cells[0]["source"]).split()) if cells else ""


def _said(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match[1] if match else "–"
