"""Where the notebooks of the course lie, whether a person works in one, and how clicks are heard."""

import contextlib
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent


def course_folder() -> Path:
    """Return the folder of the notebooks: `medlab/course/` in a wheel, `notebooks/` in a clone.

    The working folder plays no part: exercises are run from here, and what lies there may be anybody's.
    """
    installed = _PACKAGE / "course"
    return installed if installed.is_dir() else _PACKAGE.parent / "notebooks"


def has_front_end() -> bool:
    """Say whether somebody can press a button: whether a kernel runs this whose client takes input.

    papermill, nbval and nbconvert send ``allow_stdin=False`` with every cell, Jupyter's front ends do not.
    """
    from IPython import get_ipython

    try:
        kernel = getattr(get_ipython(), "kernel", None)
        return kernel is not None and bool(kernel.get_parent("shell")["content"]["allow_stdin"])
    except (AttributeError, LookupError, TypeError):
        return False


def answer_at_once(widgets: Iterable[Any], lock: Any = None) -> None:
    """Let what a page sends to these widgets, and to all inside them, be handled while a cell runs.

    JupyterLab sends it to a subshell of the kernel, which has a thread of its own. ipykernel 7.4 sends it to
    the main thread instead, which is busy with the cell, unless the page's choice is left alone. Where there
    are no subshells (ipykernel 6), nothing changes. Whatever handles a click then runs beside the cell: it
    should be short, and draw nothing with pyplot.

    Parameters
    ----------
    widgets : iterable of ipywidgets.Widget
    lock : context manager, optional
        Held while a message is handled: for whoever else writes the same widgets, from another thread.

    Notes
    -----
    Handled here and not by the comm's own method, which ends with what follows a cell's end: matplotlib
    would show, and close, the figure that the running cell is drawing (ipykernel #1564, jupyterlab #19719).
    """
    for widget in widgets:
        _free(widget.comm, lock)
        widget.observe(lambda change: _free(change.new, lock), "comm")  # closed, and shown again
        answer_at_once(getattr(widget, "children", ()), lock)


def _free(comm: Any, lock: Any) -> None:
    """Let the page choose the thread in which its messages to a comm are handled."""
    if comm is None:
        return
    usual = comm.handle_msg

    def handle(message: dict[str, Any]) -> None:
        with lock or contextlib.nullcontext():
            if threading.current_thread() is threading.main_thread():
                usual(message)
            elif comm._msg_callback is not None:
                comm._msg_callback(message)

    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = None
    comm.handle_msg = handle
