"""The commands of ``%medlab`` that the terminal does not have: what only a kernel can."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from medlab import backend as backends, data, evaluation, notebook, training
from medlab.cli.console import complete_from, say
from medlab.kernel import answers
from medlab.kernel.magic_call import MagicCall, panel_called, refusals_without_traceback


def _complete_variable(suits: Callable[[Any], bool]) -> Callable[..., Any]:
    """Return what completes the names of the notebook's variables for which `suits` is true."""

    def names(context: click.Context) -> dict[str, str]:
        variables = _variables(context).items()
        return {name: type(value).__name__ for name, value in variables if name[0] != "_" and suits(value)}

    return complete_from(names)


def _variables(context: click.Context) -> dict[str, Any]:
    return dict(context.find_root().obj.variables)


def _is_volume(value: Any) -> bool:
    return type(value).__name__ == "Volume" or getattr(value, "ndim", None) == 3


def _is_network(value: Any) -> bool:
    """Whether `explain` can ask it: a Keras model, or the Run or Bundle of one; none is imported for this."""
    bases = {f"{base.__module__.split('.')[0]}.{base.__name__}" for base in type(value).__mro__}
    return bool(bases & {"keras.Model", "medlab.Run", "medlab.Bundle"})


def _is_image(value: Any) -> bool:
    ndim = getattr(value, "ndim", None)
    return isinstance(ndim, int) and ndim >= 2  # np.ndim is a function


def _layers(context: click.Context) -> list[str]:
    # click leaves positional words in args while the option before the cursor has no value.
    name = context.params.get("model") or next(iter(context.args), "")
    value = _variables(context).get(name)
    return [layer.name for layer in getattr(getattr(value, "model", value), "layers", ())]


def _methods(_context: click.Context) -> list[str]:
    from medlab.evaluation.attribution.methods import METHODS

    return list(METHODS)


def _windows(_context: click.Context) -> list[str]:
    return list(data.intensity.WINDOWS)


@click.command()
@click.argument("name", required=False, type=click.Choice(list(backends.BACKENDS)))
def backend(name: str | None) -> None:
    """Say which backend Keras runs on, or choose one.

    NAME can be chosen before anything loads Keras.
    """
    if name is None:
        print(f"Keras runs on {backends.name()}")
        return
    with refusals_without_traceback():
        backends.choose(name)
    print(f"Keras will run on {name} in this kernel")


@click.command()
@click.argument("number", type=int)
def seed(number: int) -> None:
    """Seed all generators, training threads too.

    That is Python, NumPy, Keras and the backend, here and in every training thread that begins later.
    """
    with refusals_without_traceback():
        backends.choose_seed(number)
    print(f"seed {number}")


def _latest_session() -> Any:
    """Return the session that began last; refuse where there is none."""
    session = training.latest()
    if session is None:
        msg = "there is no session in this kernel. Start one: %%medlab train, a panel, or TrainSession(...)."
        raise click.ClickException(msg)
    return session


@click.command()
def status() -> None:
    """Say what the session is doing.

    That includes where its checkpoint lies.
    """
    session = _latest_session()
    snapshot = session.snapshot()
    facts = {name: value for name, value in snapshot.items() if name != "rows" and value is not None}
    rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in facts.items()}
    say(session.describe(), rounded)


def _steer(action: str, text: str) -> click.Command:
    @click.command(action, help=text)
    def steer() -> None:
        session = _latest_session()
        with refusals_without_traceback():
            getattr(session, action)()
        if action == "stop":
            session.join(60)
        print(session.describe())

    return steer


@click.command("slice")
@click.argument("volume", shell_complete=_complete_variable(_is_volume))
@click.option("-z", "z", type=int, help="Number of the slice, from 0. The default is the middle one.")
@click.option("--window", help="A CT window, such as lung or bone.", shell_complete=complete_from(_windows))
@click.pass_obj
def show_slice(call: MagicCall, volume: str, z: int | None, window: str | None) -> Any:
    """Show one slice of a volume.

    VOLUME is a name in the notebook, or a file or folder of DICOM or NIfTI. In a notebook you scroll from
    there through the volume; elsewhere the slice is a picture.
    """
    import numpy as np

    with refusals_without_traceback():
        is_path = volume not in call.variables and Path(volume).exists()
        value = volume if is_path else call.evaluate(volume, "VOLUME")
        if isinstance(value, str | Path):  # a path, or a name for one
            value = data.volumes.read(value)
        picture = data.volumes.slice_picture(value, z, window)  # checks all three
    viewer = panel_called("slices") if notebook.has_front_end() else None
    if viewer is None:
        return picture
    count, rows, columns = np.shape(getattr(value, "array", value))
    z = count // 2 if z is None else z % count
    return viewer(value, window=window, position=[z, rows // 2, columns // 2])


@click.command()
@click.argument("model", shell_complete=_complete_variable(_is_network), is_eager=True)
@click.argument("image", shell_complete=_complete_variable(_is_image))
@click.option("--method", default="grad_cam", show_default=True, shell_complete=complete_from(_methods))
@click.option(
    "--layer", help="For methods that look at one, such as grad_cam.", shell_complete=complete_from(_layers)
)
@click.option("--target", type=int, help="Number of the class to explain.")
@click.option("--on", type=click.Choice(["output", "logit"]), default="output", show_default=True)
@click.option(
    "--panel", is_flag=True, help="Open a panel to choose methods, and see what the maps are worth."
)
@click.pass_obj
def explain(call: MagicCall, model: str, image: str, panel: bool, **options: Any) -> Any:
    """Ask which parts of an image a network's answer depends on.

    MODEL is a Keras network, whose IMAGE is normalized as it takes it, or a Run or a model folder, for a raw
    IMAGE. IMAGE is a name or an expression: one image, or several.
    """
    import numpy as np

    is_folder = model not in call.variables and Path(model).is_dir()
    asked = model if is_folder else call.evaluate(model, "MODEL")
    images = call.evaluate(image, "IMAGE")
    if not is_folder and not _is_network(asked):
        kinds = "a Keras network, a Run or a model folder"
        msg = f"MODEL must be {kinds}, got {model}, a {type(asked).__name__}."
        raise click.ClickException(msg)
    if panel:
        # Nothing in an image says it, but its data set may: dataset.test.images[0].
        source = call.variables.get(image.split(".")[0].split("[")[0])
        simulated = bool(getattr(source, "simulated", False))
        return _explain_panel(asked, images, ("model" if is_folder else model, image), options, simulated)
    with refusals_without_traceback():
        network, normalize, class_names = evaluation.attribution.network_of(asked)
        images = np.asarray(images)
        if images.ndim == len(network.input_shape) - 1:
            images = images[np.newaxis]
        attribution = evaluation.attribute(model=network, x=normalize(images), **options)
        return replace(attribution, class_names=class_names)


def _explain_panel(
    asked: Any, images: Any, variables: tuple[str, str], options: dict[str, Any], simulated: bool
) -> Any:
    panel_class = panel_called("explain")
    if panel_class is None or not notebook.has_front_end():
        missing = (
            "no package offers a panel for explanations" if panel_class is None else "nobody can use a panel"
        )
        msg = f"{missing} here. Leave --panel out."
        raise click.UsageError(msg)
    method = options.pop("method")
    right = "integrated_gradients" if method != "integrated_gradients" else "grad_cam"
    given = {name: value for name, value in options.items() if value is not None}
    if simulated:
        given["title"] = "SIMULATED images"
    return panel_class(asked, images, methods=(method, right), variables=variables, **given)


@click.command()
@click.argument("choice", required=False, type=click.Choice(["on", "off"]))
def phi(choice: str | None) -> None:
    """Show patients' names, dates and numbers, or not.

    "off", the default, masks them in this kernel's outputs.
    """
    shown = answers.phi(None if choice is None else choice == "on")
    state = (
        "on: outputs may name patients; do not share this notebook"
        if shown
        else "off: masked where a header is displayed, not in print()"
    )
    print(f"protected health information is {state}")


LINE_COMMANDS = {
    "backend": backend,
    "explain": explain,
    "pause": _steer("pause", "Let the running session wait after its batch."),
    "phi": phi,
    "resume": _steer("resume", "Let a paused or stopped session go on."),
    "seed": seed,
    "slice": show_slice,
    "status": status,
    "stop": _steer("stop", "Stop the running session after its batch.\n\nIts state stays on the disk."),
}
