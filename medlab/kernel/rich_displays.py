"""Which things show themselves richly while the extension is loaded, and how each does.

Each has text, a table or a picture, and plain numbers (see `medlab.kernel.answers.JSON`). Types are named,
not imported: nothing heavy is loaded before such a thing exists. Keras' model is known by its private
module, which a test guards.
"""

import html
from collections.abc import Callable
from typing import Any

from medlab import data, plots
from medlab.kernel import dicom_table, network_summary
from medlab.kernel.answers import JSON
from medlab.text import LITERAL, html_image, html_table

_SAMPLES = 6


def network(model: Any) -> dict[str, Any]:
    """Show a Keras network: its layers with shapes and weights, and a drawing."""
    rows = network_summary.layers(model)
    return {
        "text/plain": network_summary.text(model, rows),
        "text/html": network_summary.page(model, rows),
        JSON: {"name": model.name, "layers": rows, "weights": network_summary.count(model)},
    }


def run(training_run: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Show a training: its curves."""
    history, best_epoch = training_run.history, training_run.best_epoch
    facts = _attributes(training_run, "best_epoch train_seconds seed backend")
    facts |= {"options": dict(training_run.options), "history": history.to_dict("records")}
    return _with_picture(repr(training_run), plots.history(history, best_epoch=best_epoch), facts)


def dataset(cohort: Any) -> dict[str, Any]:
    """Show a data set: counts, samples, license, fingerprint."""
    from medlab.reports.report_figures import counts_by_class

    rows = [
        {"split": name, "images": len(split), **counts_by_class(cohort, split)}
        for name, split in cohort.splits().items()
    ]
    title = f"SIMULATED {cohort.name}" if cohort.simulated else cohort.name
    shape = " × ".join(map(str, cohort.image_shape))
    spacing = " × ".join(f"{mm:g}" for mm in cohort.spacing_mm or ())
    facts = {
        "task": cohort.task,
        "image": f"{shape} {cohort.train.images.dtype}",
        "modality": cohort.modality,
        "spacing": f"{spacing} mm" if spacing else "not known",
        "labels": cohort.label_meaning,
        "license": cohort.license,
        "fingerprint": cohort.fingerprint,
    }
    counts = "; ".join(f"{row['split']} {row['images']:,}" for row in rows)
    text = f"{title}: {cohort.task}, {shape}, {counts}; license {cohort.license}; {cohort.fingerprint}"
    named = html_table([{"": name, "what": value} for name, value in facts.items()])
    page = f"<b {LITERAL}>{html.escape(title)}</b>{html_table(rows)}{_samples(cohort)}{named}"
    return {"text/plain": text, "text/html": page, JSON: {"name": cohort.name, "splits": rows, **facts}}


def _samples(cohort: Any) -> str:
    """Return a few training images as an HTML picture; nothing for sequences."""
    images = cohort.train.images[:_SAMPLES]
    if images.ndim < 4 or images.shape[-1] not in (1, 3) or not len(images):
        return ""
    spacing = cohort.spacing_mm[-2:] if cohort.spacing_mm else None
    alt = f"The first {len(images)} training images" + (", SIMULATED" if cohort.simulated else "")
    png = plots.image_grid(images, spacing_mm=spacing, alt=alt).to_png()
    return f"<div>{html_image(png, alt)}</div>"


def volume(scan: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Show a volume: three planes with scale bars; of its header, nothing."""
    lists = _attributes(scan, "shape spacing_mm size_mm origin_mm")
    facts = {name: list(numbers) for name, numbers in lists.items()} | _attributes(scan, "modality units")
    return _with_picture(repr(scan), data.volumes.planes_picture(scan), facts)


def attribution(maps: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Show an attribution: its maps over the images."""
    facts = _attributes(maps, "method layer on seconds images")
    for name in ("output", "target", "completeness_error"):
        array = getattr(maps, name)
        facts[name] = None if array is None else array.tolist()
    return _with_picture(repr(maps), maps, facts)


def _attributes(thing: Any, names: str) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names.split()}


def _with_picture(text: str, picture: Any, facts: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    bundle, metadata = picture._repr_mimebundle_()
    return {"text/plain": text, **bundle, JSON: facts}, metadata


TYPES: dict[str, Callable[[Any], Any]] = {
    "keras.src.models.model.Model": network,
    "medlab.data.dataset.Dataset": dataset,
    "medlab.data.volumes.volume.Volume": volume,
    "medlab.evaluation.attribution.attribution_maps.Attribution": attribution,
    "medlab.training.run.Run": run,
    "pydicom.dataset.Dataset": dicom_table.bundle,
}


def _print_dicom(header: Any, printer: Any, _cycle: Any) -> None:
    printer.text(dicom_table.bundle(header)["text/plain"])


def _print_element(element: Any, printer: Any, cycle: Any) -> None:
    import pydicom

    _print_dicom(pydicom.Dataset({element.tag: element}), printer, cycle)


# As text too, in a list of data sets and by itself: pydicom's own words have every name in them.
PRINTED = {"pydicom.dataset.Dataset": _print_dicom, "pydicom.dataelem.DataElement": _print_element}


def register(shell: Any) -> None:
    """Let the shell show these types richly."""
    formatter = shell.display_formatter
    for name, write in PRINTED.items():
        formatter.formatters["text/plain"].for_type_by_name(*name.rsplit(".", 1), write)
    for name, show in TYPES.items():
        # IPython also passes the formats to include and exclude.
        formatter.mimebundle_formatter.for_type_by_name(
            *name.rsplit(".", 1), lambda thing, show=show, **_formats: show(thing)
        )


def unregister(shell: Any) -> None:
    """Show them as before."""
    for name in PRINTED:
        shell.display_formatter.formatters["text/plain"].pop(name, None)
    for name in TYPES:
        shell.display_formatter.mimebundle_formatter.pop(name, None)
