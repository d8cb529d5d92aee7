"""`medlab kernels`: a Jupyter kernel for each of Keras' backends."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from jupyter_client.kernelspec import KernelSpecManager

from medlab import backend, checks
from medlab.cli.console import plain_refusals, say

SPECS = Path(__file__).parents[1] / "kernel" / "specs"
PREFIX = "medlab-"
PROBE = "import sys, importlib.util as u; print(*(name for name in sys.argv[1:] if not u.find_spec(name)))"


@click.group()
def kernels() -> None:
    """Install, list and remove the kernels MedLab (TensorFlow), (PyTorch) and (JAX).

    A wheel brings the first two. Install them by this command if you use JAX or a clone, or if Jupyter runs
    in another environment than medlab.
    """


@kernels.command()
@click.argument("names", nargs=-1, metavar="[BACKEND]...")
@click.option("--user", is_flag=True, help="Install for your account, not for this environment.")
def install(names: tuple[str, ...], user: bool) -> None:
    """Install the kernels of the named backends (tensorflow, torch, jax), or of all installed ones."""
    for name in names:
        with plain_refusals(raised=click.UsageError):
            checks.one_of("backend", name, backend.BACKENDS)
        if importlib.util.find_spec(name) is None:
            raise click.ClickException(backend.not_installed(name))
    rows = []
    for name in names or [name for name in backend.BACKENDS if importlib.util.find_spec(name)]:
        with plain_refusals((OSError,), "The kernel could not be written: {}. Try --user."):
            rows.append({"kernel": PREFIX + name, "folder": install_one(name, user=user)})
    say("\n".join(f"{row['kernel']}: {row['folder']}" for row in rows), rows)


def install_one(name: str, *, user: bool = False) -> str:
    """Install the kernel of one backend and return its folder.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    source, prefix = str(SPECS / (PREFIX + name)), None if user else sys.prefix
    folder = KernelSpecManager().install_kernel_spec(source, user=user, prefix=prefix)
    path = Path(folder, "kernel.json")
    spec = json.loads(path.read_text(encoding="utf-8"))
    spec["argv"][0] = sys.executable  # this Python, also for a Jupyter that runs from another environment
    path.write_text(json.dumps(spec, indent=1), encoding="utf-8")
    return folder


@kernels.command("list")
def list_() -> None:
    """List the MedLab kernels that Jupyter finds, and their backends."""
    rows = installed()
    if not rows:
        say("There are none. Install them with: medlab kernels install", [])
        return
    lines = [f"{row['kernel']:<20}{row['name']:<24}{row['state']}" for row in rows]
    if any(row["state"] != "ready" for row in rows):
        lines.append("Install those that are not ready with: medlab kernels install BACKEND")
    say("\n".join(lines), rows)


def installed() -> list[dict[str, str]]:
    """Return MedLab's kernels that Jupyter finds: kernel, name, folder, and whether it can start."""
    rows = []
    for kernel, entry in sorted(KernelSpecManager().get_all_specs().items()):
        if not kernel.startswith(PREFIX):
            continue
        spec: dict[str, Any] = entry["spec"]
        name, folder = spec["display_name"], entry["resource_dir"]
        rows.append({"kernel": kernel, "name": name, "folder": folder, "state": state_of(spec)})
    return rows


def state_of(spec: dict[str, Any]) -> str:
    """Say whether a kernel can start: its Python, which may be another one, is asked what it lacks."""
    name = spec.get("env", {}).get("KERAS_BACKEND")
    if not name:
        return "no backend named"
    program = (spec.get("argv") or ["nothing"])[0]
    if program in ("python", "python3"):
        program = sys.executable  # as Jupyter does
    command = [program, "-P", "-c", PROBE, "medlab", "ipykernel", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return "its Python is gone" if isinstance(error, FileNotFoundError) else "its Python does not start"
    missing = done.stdout.split()
    return f"its Python lacks {missing[0]}" if missing else "ready"


@kernels.command()
@click.argument("names", nargs=-1, required=True, metavar="BACKEND...")
def remove(names: tuple[str, ...]) -> None:
    """Remove the kernels of the named backends."""
    known = [row["kernel"] for row in installed()]
    specs = [name if name.startswith(PREFIX) else PREFIX + name for name in names]
    if missing := [name for name in specs if name not in known]:
        msg = f"There is no kernel {', '.join(missing)}. There are: {', '.join(known) or 'none'}."
        raise click.UsageError(msg)
    for name in specs:
        KernelSpecManager().remove_kernel_spec(name)
    say(f"Removed {', '.join(specs)}.")
