"""JupyterLab in a real browser: one server and one Chromium for all tests, a window of its own for each.

    pytestmark = pytest.mark.browser

    def test_the_quiz_shows_buttons(lab):
        lab.open(COURSE / "03_cnn.ipynb")         # a copy of its own; waits for the cells and the kernel
        lab.run_all()                             # waits for the last cell; fails where a cell raises
        expect(lab.cell("quiz").get_by_role("button")).not_to_have_count(0)

`lab.cell(id)` is a Playwright locator of one cell, `lab.page` the page, for everything else. After the test,
passed or failed: a picture lies in build/screens/TEST.png, the kernels are gone, and the test fails if the
page logged an error or asked for anything outside the server. What is odd here was measured.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
SCREENS = ROOT / "build" / "screens"
# The developer's: own_home changes HOME, where Playwright's downloads lie.
ENVIRONMENT = dict(os.environ)
TOKEN = "tests"
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "fetchNews": "false",
        "doNotDisturbMode": True,
    },
    # With windowing, cells out of sight are not in the page.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False, "autosaveInterval": 3600},
}
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --no-proxy-server "
    "--disable-background-networking --disable-component-update --disable-sync"
)
KERNEL_S = 90  # until a kernel is there: 3 s on an idle machine
expect.set_options(timeout=15_000)  # Playwright's 5 s are short where other work fills the machine
# Asked of JupyterLab's own model: in the page a folded cell has no number, and an error is told by its
# looks only.
CELLS = (
    "jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model).filter(m => m.type === 'code')"
)
RAISED = f"{CELLS}.flatMap(m => m.outputs.toJSON()).filter(o => o.output_type === 'error')"
LEFT = f"{CELLS}.filter(m => m.executionCount === null || m.executionState !== 'idle')"
# Clicks, and answers after how many milliseconds a paragraph of the panel says what is wanted.
ANSWER = """
(button, wanted) => new Promise(resolve => {
  const panel = button.closest(".medlab-panel"), shown = new RegExp(wanted), start = performance.now();
  const says = () => [...panel.querySelectorAll("p")].some(p => shown.test(p.textContent));
  const look = () => says() && resolve(performance.now() - start);
  new MutationObserver(look).observe(panel, {subtree: true, childList: true, characterData: true});
  setTimeout(() => resolve(Infinity), 20000);
  button.click();
})
"""
ANSWER_S = 8  # below 1 s on two quiet cores; the tests may run on others


class Server:
    """A JupyterLab of our own: `url`, `root` (the folder it shows) and `log` (what it printed)."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.log = folder / "jupyterlab.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                self._command(), env=self._environment(folder), stdout=log, stderr=subprocess.STDOUT
            )

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--allow-root"),
            *(f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0"),
            f"--ServerApp.root_dir={self.root}",
            "--LabApp.expose_app_in_browser=True",  # window.jupyterapp, which CELLS reads
            *("--LabApp.news_url=None", "--LabApp.extension_manager=readonly"),
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]

    def _environment(self, folder: Path) -> dict[str, str]:
        """Return the environment of server and kernels: own Jupyter folders; own_home's HOME is inherited."""
        names = "CONFIG_DIR DATA_DIR RUNTIME_DIR".split()
        own = [*(f"JUPYTER_{n}" for n in names), "JUPYTERLAB_WORKSPACES_DIR", "JUPYTERLAB_SETTINGS_DIR"]
        environment = os.environ | {name: str(folder / name.lower()) for name in [*own, "IPYTHONDIR"]}
        overrides = Path(environment["JUPYTER_CONFIG_DIR"]) / "labconfig" / "default_setting_overrides.json"
        overrides.parent.mkdir(parents=True)
        overrides.write_text(json.dumps(SETTINGS))
        del environment["MPLBACKEND"]  # a learner's kernel draws inline
        return environment | {
            "JUPYTER_TOKEN": TOKEN,
            "JUPYTER_PREFER_ENV_PATH": "1",  # this environment's python3 kernel, not the user's
            "KERAS_BACKEND": "tensorflow",
            "MEDLAB_SCALE": "smoke",
        }

    def wait(self, seconds: float = 90) -> None:
        """Return once it answers; fail with its log when it ends or is silent for too long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.ask("GET", "api/status")
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(0.2)
                pytest.fail(f"JupyterLab ended with {code}:\n{self.log.read_text()}", pytrace=False)
        pytest.fail(f"JupyterLab did not answer within {seconds} s:\n{self.log.read_text()}", pytrace=False)

    def ask(self, method: str, path: str) -> Any:
        """Return what the REST interface answers, as Python objects; no proxy is asked."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, f"/{path}", headers={"Authorization": f"token {TOKEN}"})
            answer = connection.getresponse()
            body = answer.read()
        if answer.status >= 400:
            msg = f"{method} {path} answered {answer.status}: {body[:300]!r}"
            raise http.client.HTTPException(msg)
        return json.loads(body) if body else None

    def end_sessions(self) -> None:
        """Shut all kernels down."""
        for session in self.ask("GET", "api/sessions"):
            self.ask("DELETE", f"api/sessions/{session['id']}")

    def stop(self) -> None:
        """End it, and with it its kernels."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Lab:
    """One browser window on the server, and the notebook that is open in it, one at a time.

    Attributes
    ----------
    page : playwright.sync_api.Page
        For everything that has no method here.
    folder : Path
        The test's own folder in the server's root; notebooks that lie there can be opened by their path.
    problems : list of str
        Errors that the page logged or threw and requests that left the server; must be empty in the end.
    """

    def __init__(self, server: Server, context: BrowserContext, name: str) -> None:
        self.server = server
        self.folder = server.root / name
        self.folder.mkdir()
        self.problems: list[str] = []
        self._cell_ids: list[str] = []
        self._place = ""  # of the open notebook, as the server knows it
        self._opened = 0
        context.on("console", self._hear)
        context.on("weberror", lambda thrown: self.problems.append(f"thrown: {thrown.error}"))
        context.on("request", lambda request: self._request(request.url))
        self.page: Page = context.new_page()
        self.page.on("websocket", lambda socket: self._request(socket.url))
        # A changed notebook asks before it is left.
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.page.set_default_timeout(30_000)

    def open(self, notebook: Path | nbformat.NotebookNode, name: str = "notebook.ipynb") -> Page:
        """Open a copy of a notebook; return the page when all cells are drawn and the kernel is idle.

        Parameters
        ----------
        notebook : Path or notebook
            A file, which is copied into `folder` under its own name unless it lies there, or what nbformat
            made, which is written there.
        name : str
            The name of the file for what nbformat made.
        """
        if isinstance(notebook, Path):
            path = notebook
            if not notebook.is_relative_to(self.folder):
                path = Path(shutil.copy(notebook, self.folder))
        else:
            path = self.folder / name
            nbformat.write(notebook, path)
        self._cell_ids = [cell["id"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
        self._place = path.relative_to(self.server.root).as_posix()
        # A workspace of its own: JupyterLab opens again what was open in the shared one.
        self._opened += 1
        workspace = f"{self.folder.name}-{self._opened}"
        address = f"{self.server.url}lab/workspaces/{workspace}/tree/{quote(self._place)}"
        self.page.goto(f"{address}?token={TOKEN}")
        self.wait_ready()
        return self.page

    def open_cells(self, *sources: str) -> Page:
        """Open a notebook of these code cells; their ids are cell-0, cell-1 and so on."""
        return self.open(self.notebook(*sources))

    @staticmethod
    def notebook(*sources: str) -> nbformat.NotebookNode:
        """Return what `open_cells` opens."""
        cells = [nbformat.v4.new_code_cell(text, id=f"cell-{n}") for n, text in enumerate(sources)]
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec})

    def wait_ready(self) -> None:
        """Wait until all cells are drawn and the kernel is connected and idle; also needed after a reload."""
        expect(self.page.locator(".jp-Notebook .jp-Cell")).to_have_count(len(self._cell_ids), timeout=60_000)

        def ready() -> bool:
            sessions = self.server.ask("GET", "api/sessions")
            kernels = [session["kernel"] for session in sessions if session["path"] == self._place]
            return any(k["execution_state"] == "idle" and k["connections"] > 0 for k in kernels)

        # The page says idle before there is a kernel, and loses what is run then.
        self.wait_until(ready, "an idle kernel", KERNEL_S)

    def choose(self, menu: str, command: str) -> None:
        """Choose a command in a menu of the page, by JupyterLab's name for it."""
        self.page.get_by_role("menuitem", name=menu, exact=True).click()
        self.page.locator(f'.lm-Menu-item[data-command="{command}"]').click()

    def restart(self) -> None:
        """Choose Kernel > Restart, and agree."""
        self.choose("Kernel", "kernelmenu:restart")
        self.page.locator("button.jp-mod-accept").click()

    def press(self, cell: Locator, button: str, answer: str, within_s: float = ANSWER_S) -> None:
        """Press a panel's button; by the page's clock, it must say so (a regular expression) in time."""
        pressed = cell.get_by_role("button", name=button, exact=True)
        expect(pressed).to_be_enabled()
        taken_s = pressed.evaluate(ANSWER, answer) / 1000
        assert taken_s < within_s, f"{button} took {taken_s:.1f} s"

    def wait_until(self, true: Callable[[], Any], what: str, seconds: float = 30) -> None:
        """Wait for something outside the page, a file or the server, while the page goes on."""
        until = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < until, f"no {what} within {seconds} s"
            self.page.wait_for_timeout(100)

    def run_all(self, timeout_s: float = 60) -> None:
        """Choose Run > Run All Cells, wait until every code cell has run, fail if one raised."""
        self.choose("Run", "runmenu:run-all")
        # After an error the cells below never run: waiting for them would hide it behind a timeout.
        done = f"() => {RAISED}.length > 0 || {LEFT}.length === 0"
        self.page.wait_for_function(done, timeout=1000 * timeout_s)
        self._assert_none_raised()

    def run(self, cell: Locator, timeout_s: float = 60) -> None:
        """Put the cursor into a cell, press Shift+Enter, wait until it has run, fail if it raised."""
        cell.locator(".cm-content").click()
        before = cell.locator(".jp-InputArea-prompt").inner_text()
        self.page.keyboard.press("Shift+Enter")
        expect(cell.locator(".jp-InputArea-prompt")).not_to_have_text(before)
        expect(cell.locator(".jp-InputArea-prompt")).to_have_text(
            re.compile(r"\[\d+\]"), timeout=1000 * timeout_s
        )
        self._assert_none_raised()

    def cell(self, cell_id: str) -> Locator:
        """Return the cell that has this id in the notebook's file."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(self.position(cell_id))

    def position(self, cell_id: str) -> int:
        """Return where a cell of the file stands among the cells."""
        return self._cell_ids.index(cell_id)

    def save(self) -> None:
        """Press Ctrl+S and wait until the file is written."""
        path = self.server.root / self._place
        before = path.stat().st_mtime_ns
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+s")

        def is_whole() -> bool:
            """Whether it was written, to its end: for a moment it is empty."""
            return path.stat().st_mtime_ns != before and path.read_text(encoding="utf-8").endswith("}\n")

        self.wait_until(is_whole, "saved notebook")

    def size(self) -> int:
        """Return the length of the open notebook's file in bytes."""
        return (self.server.root / self._place).stat().st_size

    def keep_picture(self, name: str) -> Path:
        """Write what is visible now to build/screens/NAME.png; the end of each test is kept anyway."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        path = SCREENS / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def _assert_none_raised(self) -> None:
        raised = self.page.evaluate(f"() => {RAISED}")
        assert [f"{error['ename']}: {error['evalue']}" for error in raised] == []

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text} ({message.location['url']})")

    def _request(self, url: str) -> None:
        inside = (self.server.url, self.server.url.replace("http", "ws", 1), "data:", "blob:")
        if not url.startswith(inside):
            self.problems.append(f"request: {url}")


@pytest.fixture(scope="package")
def server(own_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start JupyterLab once for all browser tests."""
    started = Server(tmp_path_factory.mktemp("jupyterlab"))
    try:
        started.wait()
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Start Chromium once for all browser tests; without one the tests fail, they never skip."""
    path = ENVIRONMENT.get("MEDLAB_CHROMIUM")
    if not path:
        script = [sys.executable, str(ROOT / "scripts" / "browser.py")]
        done = subprocess.run(script, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.fail(done.stderr, pytrace=False)
        path = done.stdout.strip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def serious_faults() -> Callable[..., list[str]]:
    """Return a function that lists what axe-core finds serious or critical in a page, or in a part of it."""

    def look(page: Page, context: str | None = None) -> list[str]:
        answer = Axe().run(page, context=context).response
        assert answer["passes"], "nothing was looked at"
        worst = [fault for fault in answer["violations"] if fault["impact"] in ("serious", "critical")]
        return [f"{fault['id']}: {node['html'][:200]}" for fault in worst for node in fault["nodes"]]

    return look


@pytest.fixture
def lab(server: Server, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Open a window of its own for a test; afterwards keep a picture, end kernels, look for problems."""
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    context = chromium.new_context(viewport={"width": 1300, "height": 1000})
    with contextlib.ExitStack() as afterwards:
        # Last in, first out: whatever fails, the steps registered before it still run.
        afterwards.callback(shutil.rmtree, server.root / name, ignore_errors=True)
        afterwards.callback(server.end_sessions)
        afterwards.callback(context.close)
        opened = Lab(server, context, name)
        afterwards.callback(opened.keep_picture, name)
        yield opened
        opened.page.wait_for_timeout(100)  # what the page has just logged is still on its way
    assert opened.problems == []
