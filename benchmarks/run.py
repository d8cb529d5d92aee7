"""Measure the figures of docs/benchmarks.md: `make bench`, or one part, `python benchmarks/run.py studies`.

Each part is a module of this folder with `main()`; ratios are measured side by side in one run. What needs
real images reads them from the data root and says so where they are not there.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

PARTS = (
    "phantoms",
    "volumes",
    "pipeline",
    "preparation",
    "studies",
    "race",
    "session",
    "attribution",
    "chapters",
    "claims",
    "gan",
    "trust",
    "viewers",
    "surface_distance",
    "segmentation",
)


def main() -> int:
    """Run the named parts, or all; return 1 if one of them missed what it should reach."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}; all when left out")
    chosen = parser.parse_args().parts or PARTS
    unknown = sorted(set(chosen) - set(PARTS))
    if unknown:
        parser.error(f"unknown part {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    sys.path.insert(0, str(Path(__file__).parent))
    failed = []
    for part in chosen:
        print(f"\n== {part} ==", flush=True)
        sys.argv = [part]
        if importlib.import_module(part).main():
            failed.append(part)
    if failed:
        print(f"\nmissed: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    raise SystemExit(main())
