"""`medlab lab`: JupyterLab on the course."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click

from medlab.cli.console import plain_refusals


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--course",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Use the notebooks of a folder. The default is the clone's, or ./medlab-course.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[JUPYTER_OPTION]...")
def lab(folder: Path | None, arguments: tuple[str, ...]) -> None:
    """Open the course in JupyterLab, at the chapter where you last solved something.

    Further options, such as --no-browser, are passed on to JupyterLab. If medlab was installed from a wheel,
    the notebooks are copied first, so that your changes are not mixed with the installed files.
    """
    with plain_refusals():
        course = course_to_work_in(folder)
    address = f"--LabApp.default_url=/lab/tree/{chapter_to_open(course)}"
    # What is given on the command line comes later, and wins.
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={course}", address, *arguments]
    # Defaults that a user's own settings change: JupyterLab offers neither news nor updates in a lesson.
    paths = (os.environ.get("JUPYTER_CONFIG_PATH"), str(Path(__file__).parent))
    environment = os.environ | {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths))}
    with subprocess.Popen(command, env=environment) as server:
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        while True:
            try:
                code = server.wait()
                raise SystemExit(code if code >= 0 else 128 - code)
            except KeyboardInterrupt:
                continue  # JupyterLab heard it, too, asks, and ends its kernels in peace


def chapter_to_open(course: Path) -> str:
    """Return the notebook to open: where the learner last solved something, or the one after it if all is.

    Without progress, or in a folder with other notebooks, the first one; the empty text where there is none.
    """
    from medlab.exercises import learner_record

    notebooks = [path.name for path in sorted(course.glob("[0-9][0-9]_*.ipynb"))]
    chapter, finished = learner_record.last_chapter()
    name = f"{chapter}.ipynb"
    if name not in notebooks:
        return notebooks[0] if notebooks else ""
    following = notebooks[notebooks.index(name) + 1 :]
    return following[0] if finished and following else name


def course_to_work_in(folder: Path | None = None) -> Path:
    """Return the folder of notebooks that may be changed; copy the course there where it must not be.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    from medlab import notebook
    from medlab.cli.learner import copy_course

    course = notebook.course_folder()
    if folder is None and (course.parent / "pyproject.toml").is_file():  # a clone
        return course.resolve()
    folder = folder or Path("medlab-course")
    if not folder.exists() or not any(folder.iterdir()):
        copy_course(course, folder, solutions=True)
    return folder.resolve()
