"""Execute a report: decide its parameters, run its notebook with papermill, write what comes out."""

import contextlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

from medlab import checks
from medlab.reports import study as _study
from medlab.reports.parameters import ParameterErrors, Value, read_schema, validate
from medlab.reports.presets import Template, resolve
from medlab.reports.report_page import WholeFileWriter, scrub, to_html, write_whole

NOTEBOOK, PAGE = "report.ipynb", "report.html"
_MINIMUM_FREE_BYTES = 50_000_000
_START_SECONDS = 180
_END_SECONDS = 2  # a kernel that is in the midst of a computation hears nothing: it is ended then
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class ReportResult(NamedTuple):
    """Where a report lies, and its numbers: ``metrics.json``, or ``case.json`` of a report on one image."""

    folder: Path
    notebook: Path
    html: Path
    metrics: dict[str, Any]


class ReportFailed(RuntimeError):
    """A report could not be finished; what was executed is kept in `folder`."""

    def __init__(self, message: str, folder: Path) -> None:
        self.folder = folder
        super().__init__(message)


class ReportStopped(KeyboardInterrupt):
    """Somebody interrupted a report; what was executed is kept in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__()


def run_report(
    name: str | Template,
    parameters: Mapping[str, Any] | None = None,
    out: str | os.PathLike[str] | None = None,
    *,
    given: Mapping[str, Mapping[str, Any]] | None = None,
    progress: bool = False,
) -> ReportResult:
    """Run a report and write ``report.ipynb``, ``report.html``, ``metrics.json`` and what the study saves.

    Parameters
    ----------
    name : str or Template
        Template or preset, see `available`.
    parameters : dict, optional
        Values that go over the preset's and the notebook's own.
    out : path, optional
        New or empty folder, as the parameter `out_dir`, which may name it instead; by default a new one,
        ``build/reports/NAME``, numbered when that exists.
    given : dict of dicts, optional
        Who said what, the highest precedence first, instead of `parameters`: command line, then file.
        MEDLAB_SCALE, the preset and the notebook's cell come below.
    progress : bool
        Whether what the cells print is shown on standard error while it runs.

    Returns
    -------
    result : ReportResult

    Raises
    ------
    ParameterErrors
        If parameters are wrong; nothing has been started or written then.
    OSError
        If `out` cannot be written to, or is not empty.
    ReportFailed
        If a cell raised, the kernel died, or the disk is full. What was executed and the traceback are
        kept in its `folder`.
    ReportStopped
        If it was interrupted; what was executed is kept in its `folder`.
    """
    template = resolve(name) if isinstance(name, str) else name
    schema = read_schema(template.notebook)
    levels = {**(given or {"call": parameters or {}}), **_study.scale_level(schema)}
    levels[f"preset {template.name}"] = template.parameters
    values = validate(schema, levels)
    if "image" in values and not (values["image"].value or "0").isdecimal():
        # A bare name would stay in the notebook, and a whole path is replaced there.
        path = Path(values["image"].value).expanduser().resolve()
        values["image"] = values["image"]._replace(value=str(path))
    title = template.title_for({key: value.value for key, value in values.items()})
    rows = _study.rows(schema, values)
    out_dir = values["out_dir"].value if "out_dir" in values else None
    if out is not None and out_dir is not None:
        raise ParameterErrors(["out_dir names the folder, and so does --out: got both. Give one of them."])
    facts = {"name": template.name, "title": title, "started": time.time(), "rows": rows}
    folder = _prepare(out if out_dir is None else out_dir, facts)
    stand_ins = _stand_ins(values, folder)
    if progress:
        sys.stderr.write(f"{template.name} is running; what its cells print says how far it is.\n")
    try:
        problem, traceback = _execute(template, values, folder, progress)
        if problem:
            write_whole(folder / "traceback.txt", scrub(_ANSI.sub("", traceback), stand_ins) + "\n")
        _write_pages(template, title, stand_ins, folder)
        if problem:
            raise ReportFailed(problem, folder)
        return ReportResult(folder, folder / NOTEBOOK, folder / PAGE, _study.read_results(folder))
    except FileNotFoundError as error:
        missing = Path(error.filename or "a file").name
        msg = f"{template.notebook.name} left no {missing}. Its last cell must write it."
        raise ReportFailed(msg, folder) from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        msg = f"the report could not be written: {why or error}."
        raise ReportFailed(msg, folder) from error
    except KeyboardInterrupt:
        with contextlib.suppress(OSError, ValueError):
            _write_pages(template, title, stand_ins, folder)
        raise ReportStopped(folder) from None


def _prepare(out: str | os.PathLike[str] | None, facts: Mapping[str, Any]) -> Path:
    """Return a new or empty folder with some space left, in which lie the facts that the kernel reads."""
    folder = Path("build", "reports", facts["name"]) if out is None else checks.new_folder("out", out)
    encoding, name = sys.getfilesystemencoding(), folder.absolute().name
    try:
        str(folder.absolute()).encode(encoding)
    except UnicodeEncodeError as error:
        msg = f"the report's folder {name!a} has a name that {encoding} cannot write. Choose another."
        raise OSError(msg) from error
    try:
        if out is None:
            folder = _study.fresh_folder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < _MINIMUM_FREE_BYTES:
            msg = f"the report needs 50 MB, but the disk of {name} has {free / 1e6:.0f} MB left. Make room."
            raise OSError(msg)
        (folder / _study.PARAMETERS_FILE).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        if error.errno is None:
            raise
        msg = f"the report's folder {name} cannot be written to: {error.strerror}. Choose another one."
        raise OSError(msg) from error
    return folder.resolve()


def _execute(
    template: Template, values: Mapping[str, Value], folder: Path, progress: bool
) -> tuple[str, str]:
    """Execute the notebook in a kernel of this very Python; return what went wrong, and its traceback."""
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.iorw import papermill_io

    environment = {_study.FOLDER_VARIABLE: str(folder)}
    if "scale" in values:
        environment["MEDLAB_SCALE"] = values["scale"].value
    log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
    process_groups: list[int] = []
    papermill_io.register(str(folder), WholeFileWriter())
    try:
        papermill.execute_notebook(
            _literal(template.notebook),
            _literal(folder / NOTEBOOK),
            parameters={name: value.value for name, value in values.items()},
            kernel_name="python3",
            kernel_manager_class=_this_python(environment, log, process_groups),
            start_timeout=_START_SECONDS,
            progress_bar=False,
            stdout_file=sys.stderr if progress else None,
        )
    except papermill.PapermillExecutionError as error:
        problem = f"cell [{error.exec_count}] failed: {error.ename}: {error.evalue}"
        return problem, "\n".join(error.traceback)
    except RuntimeError as error:
        if isinstance(error, DeadKernelError):
            problem = "the kernel died, most often for want of memory. Lower image_size or batch_size."
        else:  # of jupyter_client, which has no class of its own for it
            problem = f"the kernel did not get ready: {error}. Run the report again when the machine is idle."
        log.seek(0)
        return problem, f"{error}\n{log.read()}"
    finally:
        log.close()
        for group in filter(None, process_groups):  # what the kernel started ends with it, however it ended
            with contextlib.suppress(OSError):
                os.killpg(group, signal.SIGKILL)
    return "", ""


def _this_python(environment: dict[str, str], log: IO[str], process_groups: list[int]) -> type:
    """Return a manager that starts a kernel of this very Python and notes its process group."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class ThisPython(AsyncKernelManager):  # whatever kernels are registered under the name python3
        kernel_spec = KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"],
            env=environment,
            language="python",
        )
        shutdown_wait_time = _END_SECONDS

        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
            # The chatter of libraries' C++ would go straight to the terminal; it matters after a crash.
            await super().start_kernel(stderr=log, **options)
            process_groups.append(getattr(self.provisioner, "pgid", 0))

    return ThisPython


def _write_pages(template: Template, title: str, stand_ins: Mapping[str, str], folder: Path) -> None:
    """Write the executed notebook again without paths and widget state, and the page."""
    import nbformat

    notebook = nbformat.read(folder / NOTEBOOK, as_version=4)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["numbers"] = _study.results_file(folder).name
    notebook.metadata.papermill.update(input_path=template.notebook.name, output_path=NOTEBOOK)
    scrub(notebook, stand_ins)
    write_whole(folder / NOTEBOOK, nbformat.writes(notebook) + "\n")
    write_whole(folder / PAGE, to_html(notebook, title))


def _stand_ins(values: Mapping[str, Value], folder: Path) -> dict[str, str]:
    """Return what stands in a report for the paths of this machine, which may name a person or a clinic."""
    from medlab.data import data_root

    stand_ins = {
        str(data_root()): "<data>",
        str(data_root().resolve()): "<data>",
        tempfile.gettempdir(): "<temporary>",
        str(Path(__file__).parents[2]): "<medlab>",
        sys.prefix: "<python>",
        str(Path.home()): "~",
        str(Path.cwd()): ".",
        str(folder): "<here>",
    }
    for name, value in values.items():
        shown = _study.shown_value(name, value.value)
        if shown != value.value or (name == "data_dir" and shown is not None):
            paths = [value.value.removeprefix("csv:")]
            if shown.startswith("csv:") and "data_dir" in values:  # which it is relative to
                paths.append(str(Path(values["data_dir"].value or "", paths[0])))
            spellings = [spelling for path in paths for spelling in _spellings(path)]
            stand_ins |= dict.fromkeys(spellings, shown.removeprefix("csv:"))
    return stand_ins


def _spellings(path: str) -> list[str]:
    """Return the ways in which a path that a parameter names may be written by what reads it."""
    expanded = os.path.expanduser(path)  # noqa: PTH111 (it leaves ~nobody as it is, Path's raises)
    return [path, str(Path(path)), expanded, str(Path(expanded)), str(Path(expanded).resolve())]


def _literal(path: Path) -> str:
    """Return `path` for papermill, which formats paths: braces in a folder's name stay braces."""
    return str(path).replace("{", "{{").replace("}", "}}")
