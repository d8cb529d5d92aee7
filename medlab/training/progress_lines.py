"""What a training says while it runs: a bar in a terminal, plain lines elsewhere."""

import sys
from typing import Any

from tqdm import tqdm


class Console:
    """Shows progress where `shown` is set.

    Attributes
    ----------
    bar : tqdm.tqdm or None
        In a terminal only.
    """

    def __init__(self, shown: bool, **bar: Any) -> None:
        self.shown = shown
        self.bar = tqdm(**bar, file=sys.stdout) if shown and sys.stdout.isatty() else None

    def say(self, line: str) -> None:
        """Write a line at once: what reads it may wait for it."""
        if self.shown:
            sys.stdout.write(line.rstrip() + "\n")
            sys.stdout.flush()

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self.bar is not None:
            self.bar.close()
