"""Write THIRD_PARTY.md: the packages that medlab's base installation brings, and their licenses.

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
HEAD = """# Licenses of third parties

medlab is under the Apache License 2.0. It imports the packages below, which pip installs beside it under licenses
of their own; none of their code is copied into this repository. `scripts/make_third_party.py` writes this page from
the metadata of the installed packages: those of the base installation with everything that they need on Linux.
The versions are in `constraints.txt`. TensorFlow, PyTorch and other wheels carry compiled libraries whose licenses
lie in the wheels. PyTorch's CUDA build for Linux and the extra `gpu` bring libraries of NVIDIA under NVIDIA's own
terms.

Two parts of this repository hold facts that others compiled:

| part | source | license |
|:--|:--|:--|
| `medlab/data/confidentiality.json` | the lists that dicom-anonymizer (Kitware) generates from DICOM PS3.15, table E.1-1 | BSD |
| rows of the MedMNIST data sets under `medlab/data/` | the package medmnist; results from Yang et al. 2023, doi 10.1038/s41597-022-01721-8 | Apache-2.0; each row names the license of its images |

The images themselves are downloaded when they are asked for.

| package | license |
|:--|:--|
"""


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
    """Write the page."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    distributions = needed_by([Requirement(line).name for line in project["dependencies"]])
    rows = [f"| {name} | {license_of(distributions[name])} |" for name in sorted(distributions)]
    (ROOT / "THIRD_PARTY.md").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
