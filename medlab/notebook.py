"""Where the notebooks of the course lie, and whether a person is working in one."""

from pathlib import Path

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
