"""`medlab lab`: JupyterLab on the course."""

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
    """Open the course in JupyterLab.

    Further options, such as --no-browser, are passed on to JupyterLab. If medlab was installed from a wheel,
    the notebooks are copied first, so that your changes are not mixed with the installed files.
    """
    with plain_refusals():
        course = course_to_work_in(folder)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={course}", *arguments]
    with subprocess.Popen(command) as server:
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        while True:
            try:
                code = server.wait()
                raise SystemExit(code if code >= 0 else 128 - code)
            except KeyboardInterrupt:
                continue  # JupyterLab heard it, too, asks, and ends its kernels in peace


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
