"""What ``%load_ext medlab`` puts into a shell, and ``%unload_ext medlab`` takes out again."""

from __future__ import annotations

from typing import Any

from medlab.kernel import completing, formatting, running, showing

NAME = "medlab"


def load_ipython_extension(shell: Any) -> None:
    """Register the magics ``%medlab`` and ``%%medlab``, their completion and the rich displays.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    """

    def medlab(line: str, cell: str | None = None) -> Any:
        return running.run(shell, line, cell)

    medlab.__doc__ = running.help_text()
    shell.register_magic_function(medlab, magic_kind="line_cell", magic_name=NAME)
    completing.register(shell)
    formatting.register(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take out what `load_ipython_extension` put in."""
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(NAME, None)
    completing.unregister(shell)
    formatting.unregister(shell)
    showing.phi(False)
