"""A shell with the extension in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from medlab import kernel


class CellResult:
    """What a cell printed, displayed and gave.

    Attributes
    ----------
    out, err : str
    shown : list of dicts
        Mimebundles that were displayed.
    value : object
        Of the last expression.
    """

    def __init__(self, captured: Any, value: Any) -> None:
        self.out, self.err = captured.stdout, captured.stderr
        self.shown = [output.data for output in captured.outputs]
        self.value = value.result
        self.failed = not value.success


@pytest.fixture(scope="session")
def plain_shell() -> InteractiveShell:
    return InteractiveShell.instance()


@pytest.fixture
def shell(plain_shell: InteractiveShell) -> Iterator[InteractiveShell]:
    kernel.load_ipython_extension(plain_shell)
    before = set(plain_shell.user_ns)
    yield plain_shell
    kernel.unload_ipython_extension(plain_shell)
    for name in set(plain_shell.user_ns) - before:
        del plain_shell.user_ns[name]


@pytest.fixture
def run_cell(shell: InteractiveShell) -> Any:
    """Run a cell and return what came of it."""
    from IPython.utils.capture import capture_output

    def run(source: str) -> CellResult:
        with capture_output() as captured:
            result = shell.run_cell(source, store_history=False)
        return CellResult(captured, result)

    return run
