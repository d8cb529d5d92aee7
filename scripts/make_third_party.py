"""Write the table of THIRD_PARTY.md: what medlab's base installation brings, and under which licenses.

Run it in an environment of the tested versions after a change of the dependencies::

    .venv/bin/python scripts/make_third_party.py
"""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "THIRD_PARTY.md"
TABLE = "| package | license |\n|:--|:--|\n"


def needed_by(names: list[str]) -> dict[str, metadata.Distribution]:
    """Return the distributions of these packages and of all that they need, by canonical name."""
    distributions: dict[str, metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in distributions:
            distributions[name] = metadata.distribution(name)
            for line in distributions[name].requires or ():
                requirement = Requirement(line)
                if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                    waiting.append(requirement.name)
    return distributions


def license_of(distribution: metadata.Distribution) -> str:
    """Return what the metadata say: an SPDX expression, a short text, or the classifiers."""
    facts = distribution.metadata
    text = facts.get("License", "").strip()
    if facts.get("License-Expression"):
        return facts["License-Expression"]
    if text and "\n" not in text and text != "UNKNOWN":
        return text
    classifiers = [line for line in facts.get_all("Classifier", []) if line.startswith("License ::")]
    return ", ".join(line.rpartition(" :: ")[2] for line in classifiers) or "see its license file"


def main() -> None:
    """Replace the table, which ends the page; the text above it is written by hand."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    distributions = needed_by([Requirement(line).name for line in project["dependencies"]])
    rows = [f"| {name} | {license_of(distributions[name])} |" for name in sorted(distributions)]
    text = PAGE.read_text(encoding="utf-8").partition(TABLE)[0]
    PAGE.write_text(text + TABLE + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
