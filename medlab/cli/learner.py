"""`medlab learner`: the course without its solutions, to work in."""

import json
import re
import shutil
from pathlib import Path

import click

from medlab import checks
from medlab.cli.console import plain_refusals
from medlab.text import counted


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path())
def learner(folder: str) -> None:
    """Copy the course, without the solutions, into the new or empty folder DIR."""
    from medlab import notebook

    with plain_refusals():
        written = copy_course(notebook.course_folder(), folder)
    files, solutions = counted(len(written), "file"), counted(sum(written.values()), "solution")
    click.echo(f"{folder}: {files}, {solutions} left out")
    for name in written:
        click.echo(f"  {name}")


def copy_course(course: Path, folder: str | Path, *, solutions: bool = False) -> dict[str, int]:
    """Copy notebooks, without solutions unless they are wanted, and the files beside them as they are.

    Parameters
    ----------
    course : Path
        The folder of the notebooks.
    folder : path
        Where the copy goes: a new or empty folder outside the course.
    solutions : bool
        Whether they are copied, too.

    Returns
    -------
    written : dict of str to int
        Each file, relative to `folder`, with the number of cells that were left out of it.

    Raises
    ------
    FileNotFoundError
        If the course is not there.
    FileExistsError
        If `folder` is a file or holds something.
    OSError
        If `folder` lies in the course, or cannot be written.
    """
    if not course.is_dir():
        msg = f"The course must lie in {course.name}, but there is no such folder. Install medlab again."
        raise FileNotFoundError(msg)
    if Path(folder).resolve().is_relative_to(course.resolve()):
        msg = f"DIR must lie outside the course, got {folder}, which is in it. Name another folder."
        raise OSError(msg)
    root, written = checks.new_folder("DIR", folder), {}
    for source in _files(course):
        name = source.relative_to(course)
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        written[name.as_posix()] = 0
        if source.suffix == ".ipynb" and not solutions:
            notebook = json.loads(source.read_text(encoding="utf-8"))
            cells = notebook["cells"]
            notebook["cells"] = [cell for cell in cells if "solution" not in cell["metadata"].get("tags", [])]
            written[name.as_posix()] = len(cells) - len(notebook["cells"])
            text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
            target.write_text(text, encoding="utf-8", newline="\n")
        else:
            shutil.copyfile(source, target)
    return written


def _files(course: Path) -> list[Path]:
    """Return the course's files; not checkpoints, caches and other hidden ones, and not the exercises'.

    Those hold the solutions, and `exercises.check` reads them from the course itself, never from a copy.
    """
    left_out = re.compile(r"(^|/)(\.|__pycache__/)|^exercises/")
    paths = [path for path in sorted(course.rglob("*")) if path.is_file()]
    return [path for path in paths if not left_out.search(path.relative_to(course).as_posix())]
