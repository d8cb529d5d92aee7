"""`medlab lab`: JupyterLab on the course."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from medlab.cli import kernels
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
    the notebooks are copied first, so that your changes are not mixed with the installed files. Where the
    MedLab kernel of KERAS_BACKEND is installed (medlab kernels install), it is what "python3" stands for.
    """
    with plain_refusals():
        course = course_to_work_in(folder)
    address = f"--LabApp.default_url=/lab/tree/{chapter_to_open(course)}"
    # What is given on the command line comes later, and wins.
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={course}", address]
    command += [*_plain_terminals(), *arguments]
    with tempfile.TemporaryDirectory(prefix="medlab-lab-") as own:
        put_kernel(Path(own, "kernels", "python3"))
        # Defaults that a user's own settings change: JupyterLab offers neither news nor updates in a lesson.
        settings = _path("JUPYTER_CONFIG_PATH", os.environ.get("JUPYTER_CONFIG_PATH"), Path(__file__).parent)
        data = _path("JUPYTER_PATH", own, os.environ.get("JUPYTER_PATH"))
        # So that `!medlab` in a cell, and a terminal in JupyterLab, find the medlab that is at work.
        programs = _path("PATH", Path(sys.executable).parent, os.environ.get("PATH"))
        _serve(command, os.environ | settings | data | programs)


def _path(name: str, *paths: Any) -> dict[str, str]:
    """Return a variable with a list of paths, the first of which counts most."""
    return {name: os.pathsep.join(str(path) for path in paths if path)}


def _plain_terminals() -> list[str]:
    """Return the option that keeps PATH in terminals: a login shell, JupyterLab's default, sets it anew."""
    shell = os.environ.get("SHELL")
    return [f"--ServerApp.terminado_settings={{'shell_command': [{shell!r}]}}"] if shell else []


def _serve(command: list[str], environment: dict[str, str]) -> None:
    """Run JupyterLab until it ends, and end with its code."""
    with subprocess.Popen(command, env=environment) as server:
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        while True:
            try:
                code = server.wait()
                raise SystemExit(code if code >= 0 else 128 - code)
            except KeyboardInterrupt:
                continue  # JupyterLab heard it, too, asks, and ends its kernels in peace


def put_kernel(folder: Path) -> None:
    """Copy the MedLab kernel, where it is installed and can start, to what stands for "python3".

    The notebooks ask for python3, which every Jupyter has; their files need not change.
    """
    manager, name = KernelSpecManager(), kernels.PREFIX + os.environ.get("KERAS_BACKEND", "tensorflow")
    with contextlib.suppress(NoSuchKernel):
        spec = manager.get_kernel_spec(name)
        if kernels.state_of(spec.to_dict()) == "ready":
            shutil.copytree(spec.resource_dir, folder)
            # Named as in the notebooks: another name would change each of them as soon as it is opened.
            facts = {**spec.to_dict(), "display_name": "Python 3 (ipykernel)"}
            (folder / "kernel.json").write_text(json.dumps(facts), encoding="utf-8")


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
