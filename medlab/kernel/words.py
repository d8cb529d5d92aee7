"""What only a kernel can: the words of ``%medlab`` that the terminal does not have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from medlab.kernel.running import Call


@contextmanager
def plain_refusals() -> Iterator[None]:
    """Let what a public function refuses be read without its traceback."""
    try:
        yield
    except (ImportError, OSError, RuntimeError, TypeError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def names_of(what: Callable[[Any], bool]) -> Callable[..., list[CompletionItem]]:
    """Complete the names of the notebook's variables for which `what` is true."""

    def complete(
        context: click.Context, _parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        call = context.find_root().obj
        found = call.names.items() if call is not None else ()
        return [
            CompletionItem(name, help=type(value).__name__)
            for name, value in list(found)
            if name.startswith(incomplete) and not name.startswith("_") and what(value)
        ]

    return complete


def is_volume(value: Any) -> bool:
    """Whether `slice` can show it."""
    return type(value).__name__ == "Volume" or getattr(value, "ndim", None) == 3


def is_network(value: Any) -> bool:
    """Whether `explain` can ask it: a Keras model, or the run that trained one."""
    bases = {f"{base.__module__.split('.')[0]}.{base.__name__}" for base in type(value).__mro__}
    return bool(bases & {"keras.Model", "medlab.Run"})


def _image(value: Any) -> bool:
    ndim = getattr(value, "ndim", None)
    return isinstance(ndim, int) and ndim >= 2  # np.ndim is a function


def _layers(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    # click leaves positional words in args while the option before the cursor has no value.
    call, name = context.find_root().obj, context.params.get("model") or next(iter(context.args), "")
    value = call.names.get(name) if call is not None else None
    network = getattr(value, "model", value)
    layers = [layer.name for layer in getattr(network, "layers", ())]
    return [CompletionItem(one) for one in layers if one.startswith(incomplete)]


def _methods(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from medlab.evaluation.attribution.methods import METHODS

    return [CompletionItem(name) for name in METHODS if name.startswith(incomplete)]


def _windows(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from medlab.data.intensity import WINDOWS

    return [CompletionItem(name) for name in WINDOWS if name.startswith(incomplete)]


def value_of(call: Call, text: str, what: str) -> Any:
    """Return the value of a name, or of any expression, in the notebook.

    Raises
    ------
    click.ClickException
        If there is no such name, or the expression fails.
    """
    try:
        return call.shell.ev(text)
    except Exception as error:
        msg = f"{what} must be a name or an expression of this notebook, got {text!r}: {error}"
        raise click.ClickException(msg) from error


@click.command()
@click.argument("name", required=False, type=click.Choice(["tensorflow", "torch", "jax"]))
def backend(name: str | None) -> None:
    """Say which backend Keras runs on; with NAME, choose it, before anything loads Keras."""
    from medlab import backend as backends

    if name is None:
        print(f"Keras runs on {backends.name()}")
        return
    with plain_refusals():
        backends.choose(name)
    print(f"Keras will run on {name} in this kernel")


@click.command()
@click.argument("number", type=int)
def seed(number: int) -> None:
    """Seed Python, NumPy, Keras and the backend, here and in every training thread that begins later."""
    from medlab import backend as backends

    with plain_refusals():
        backends.choose_seed(number)
    print(f"seed {number}")


def session() -> Any:
    """Return the session that began last; refuse where there is none."""
    from medlab.training import latest

    found = latest()
    if found is None:
        msg = "there is no session in this kernel. Start one: %%medlab train, a panel, or TrainSession(...)."
        raise click.ClickException(msg)
    return found


@click.command()
def status() -> None:
    """Say what the session is doing and where its checkpoint lies."""
    from medlab.cli.telling import say

    found = session()
    now = found.snapshot()
    say(found.describe(), {name: value for name, value in now.items() if name != "rows"})


def _steer(name: str, text: str) -> click.Command:
    @click.command(name, help=text)
    def steer() -> None:
        found = session()
        with plain_refusals():
            getattr(found, name)()
        if name == "stop":
            found.join(60)
        print(found.describe())

    return steer


@click.command("slice")
@click.argument("volume", shell_complete=names_of(is_volume))
@click.option("-z", "z", type=int, help="Number of the slice, from 0; default: the middle one.")
@click.option("--window", help="lung, soft tissue, bone, ...", shell_complete=_windows)
@click.pass_obj
def slice_(call: Call, volume: str, z: int | None, window: str | None) -> Any:
    """Show one slice of VOLUME: a name in the notebook, or a file or folder of DICOM or NIfTI."""
    from medlab.data import volumes

    with plain_refusals():
        if volume not in call.names and Path(volume).exists():
            return volumes.slice_picture(volumes.read(volume), z, window)
        return volumes.slice_picture(value_of(call, volume, "VOLUME"), z, window)


@click.command()
@click.argument("model", shell_complete=names_of(is_network), is_eager=True)
@click.argument("image", shell_complete=names_of(_image))
@click.option("--method", default="grad_cam", show_default=True, shell_complete=_methods)
@click.option("--layer", help="For methods that look at a layer, such as grad_cam.", shell_complete=_layers)
@click.option("--target", type=int, help="Class to explain.")
@click.option("--on", type=click.Choice(["output", "logit"]), default="output", show_default=True)
@click.pass_obj
def explain(
    call: Call, model: str, image: str, method: str, layer: str | None, target: int | None, on: str
) -> Any:
    """Ask which parts of IMAGE the answer of MODEL depends on.

    MODEL is a Keras network, whose IMAGE is normalized as it takes it, or a Run, whose IMAGE is raw. IMAGE is
    a name or an expression: one image, or several.
    """
    import numpy as np

    from medlab.evaluation import attribute

    network, x = value_of(call, model, "MODEL"), value_of(call, image, "IMAGE")
    if not is_network(network):
        msg = f"MODEL must be a Keras network or a Run, got {model}, a {type(network).__name__}."
        raise click.ClickException(msg)
    with plain_refusals():
        array = np.asarray(x)
        inside = getattr(network, "model", network)
        if array.ndim == len(inside.input_shape) - 1:
            array = array[np.newaxis]
        if inside is not network:
            array = network.normalize(array)
        return attribute(method, inside, array, target, layer, on=on)


@click.command()
@click.argument("shown", required=False, type=click.Choice(["on", "off"]))
def phi(shown: str | None) -> None:
    """Show patients' names, dates and numbers in this kernel's outputs, or mask them (off, the default)."""
    from medlab.kernel import showing

    now = showing.phi(None if shown is None else shown == "on")
    words = (
        "on: outputs may name patients; do not share this notebook"
        if now
        else "off: masked where a header is displayed, not in print()"
    )
    print(f"protected health information is {words}")


COMMANDS = {
    "backend": backend,
    "explain": explain,
    "pause": _steer("pause", "Let the running session wait after its batch."),
    "phi": phi,
    "resume": _steer("resume", "Let a paused or stopped session go on."),
    "seed": seed,
    "slice": slice_,
    "status": status,
    "stop": _steer("stop", "Stop the running session after its batch; its state stays on the disk."),
}
