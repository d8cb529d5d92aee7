"""`medlab doctor`: what is installed, what is missing and the line that installs it."""

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
import psutil
from packaging.requirements import Requirement

import medlab
from medlab import backend, data, plots
from medlab.cli.console import say

CLONE = Path(medlab.__file__).parent.parent
GB = 1e9
NO_CJK_FONT = "no Chinese, Japanese or Korean: figures show boxes (Debian: apt install fonts-noto-cjk)"
PROBE = "import json; from medlab import backend; print(json.dumps(backend.devices()))"


def without_home(text: str) -> str:
    """Write the home folder as ``~``: it usually holds the user's name."""
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text


def requirements() -> dict[str, list[Requirement]]:
    """Return what medlab's metadata ask for: key "" for what it always needs, else the extra's name."""
    # `all` only repeats the others.
    extras = [name for name in metadata.metadata("medlab").get_all("Provides-Extra") or [] if name != "all"]
    table: dict[str, list[Requirement]] = {owner: [] for owner in ("", *extras)}
    for requirement in map(Requirement, metadata.requires("medlab") or []):
        marker = requirement.marker
        is_base = marker is None or marker.evaluate({"extra": ""})
        for owner in [""] if is_base else extras:
            if marker is None or marker.evaluate({"extra": owner}):
                table[owner].append(requirement)
    return table


def check_requirements(has_gpu: bool) -> tuple[dict[str, str | None], dict[str, list[str]]]:
    """Return each package's installed version, and what is missing, by the extra that asks for it."""
    packages: dict[str, str | None] = {}
    unmet: dict[str, list[str]] = {}
    for extra, needs in requirements().items():
        for needed in needs if has_gpu or extra != "gpu" else ():
            version = packages[needed.name] = version_of(needed.name)
            if version is None or not needed.specifier.contains(version, prereleases=True):
                what = f"{needed.name}{needed.specifier}" + (f" (found {version})" if version else "")
                unmet.setdefault(extra, []).append(what)
    return packages, unmet


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
        return not plots.missing_glyphs("医あ한")
    except ImportError:  # what is missing is told in its own row
        return False


def examine() -> dict[str, Any]:
    """Return everything `medlab doctor` says, as plain values."""
    from medlab.cli import kernels

    missing: list[dict[str, str]] = []

    def note_missing(what: str, owner: str, install: str) -> None:
        missing.append({"what": what, "for": owner, "install": install})

    has_gpu, backend_name = bool(shutil.which("nvidia-smi")), backend.name()
    packages, unmet = check_requirements(has_gpu)
    for owner, needed in unmet.items():
        note_missing(", ".join(needed), owner or "medlab", install_line(owner))

    devices, failure = probe_devices()
    if failure:
        note_missing(failure, f"backend {backend_name}", install_line(""))
    elif has_gpu and len(devices) == 1:
        note_missing(f"{backend_name} does not see this machine's GPU", "gpu", install_line("gpu"))

    kernel_states = {row["kernel"]: row["state"] for row in kernels.installed()}
    for kernel, state in kernel_states.items():
        if state != "ready":
            line = f"medlab kernels install {kernel.removeprefix(kernels.PREFIX)}"
            note_missing(f"{kernel}: {state}", "kernels", line)

    root = data.data_root()
    existing = next(folder for folder in [root, *root.parents] if folder.exists())
    memory = psutil.virtual_memory()
    return {
        "medlab": medlab.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "backend": backend_name,
        "devices": devices,
        "cjk_font": has_cjk_font(),
        "memory_gb": round(memory.total / GB, 1),
        "memory_free_gb": round(memory.available / GB, 1),
        "data_root": without_home(str(root)),
        "data_root_writable": os.access(existing, os.W_OK),
        "disk_free_gb": round(shutil.disk_usage(existing).free / GB, 1),
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
        "medlab": "{medlab}, Python {python}, {platform}".format(**facts),
        "backend": f"{facts['backend']} on {', '.join(facts['devices']) or 'nothing: see below'}",
        "fonts": "Latin, Chinese, Japanese and Korean in figures" if facts["cjk_font"] else NO_CJK_FONT,
        "memory": "{memory_gb:g} GB, {memory_free_gb:g} GB free".format(**facts),
        "data root": f"{facts['data_root']} ({writable}; {facts['disk_free_gb']:g} GB free)",
        "kernels": kernels or "none: medlab kernels install",
        "packages": packages,
    }
    lines = [click.wrap_text(text, 79, f"{name:<11}", " " * 11) for name, text in rows.items()]
    # A line to type stands alone: it must not be wrapped.
    missing = ["{what}, for {for}:\n           {install}".format(**item) for item in facts["missing"]]
    return "\n".join([*lines, *(f"{'missing':<11}{text}" for text in missing or ["nothing"])])


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the same facts as JSON.")
def doctor(as_json: bool) -> None:
    """Show what is installed, what is missing, and how to install it.

    The exit code is 1 if medlab cannot work, because a package that it always needs, its backend or a
    writable data root is missing.
    """
    # Beside JSON only, which must stay readable: a notebook shows stderr in red.
    click.echo(f"asking {backend.name()} in a process of its own takes a few seconds", err=as_json)
    facts = examine()
    say(json.dumps(facts, indent=2) if as_json else as_text(facts), None if as_json else facts)
    needed = ("medlab", f"backend {facts['backend']}")
    essential = any(item["for"] in needed for item in facts["missing"])
    if essential or not facts["data_root_writable"]:
        sys.exit(1)
