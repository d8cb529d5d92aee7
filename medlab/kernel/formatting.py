"""Which things show themselves richly while the extension is loaded, and how each does.

Each has text, a table or a picture, and plain numbers (see `medlab.kernel.showing.JSON`). Types are named,
not imported: nothing heavy is loaded before such a thing exists. Keras' model is known by its private
module, which a test guards.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Callable
from typing import Any

from medlab.kernel import dicom_page, network_page
from medlab.kernel.showing import JSON, LITERAL, table

LARGEST = 300_000  # bytes of one display
_SAMPLES = 6


def network(model: Any, **_options: Any) -> dict[str, Any]:
    """Show a Keras network: its layers with shapes and weights, and a drawing."""
    rows = network_page.layers(model)
    return {
        "text/plain": network_page.text(model, rows),
        "text/html": network_page.page(model, rows),
        JSON: {"name": model.name, "layers": rows, "weights": network_page.count(model)},
    }


def run(found: Any, **_options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Show a training: its curves."""
    from medlab import plots

    rows = found.history.to_dict("records")
    kept: dict[str, Any] = next((row for row in rows if row["epoch"] == found.best_epoch), {})
    measures = ", ".join(f"{name} {kept[name]:.3f}" for name in kept if name.startswith("val_"))
    words = (
        f"Run of {found.model.name}: {len(rows)} epochs in {found.train_seconds:.0f} s on {found.backend}, "
        f"kept epoch {found.best_epoch} ({measures}), seed {found.seed}"
    )
    facts = {
        "best_epoch": found.best_epoch,
        "train_seconds": found.train_seconds,
        "seed": found.seed,
        "backend": found.backend,
        "options": dict(found.options),
        "history": rows,
    }
    picture = plots.history(found.history, best_epoch=found.best_epoch)
    return _with_picture(words, picture, facts)


def dataset(found: Any, **_options: Any) -> dict[str, Any]:
    """Show a data set: counts, samples, license, fingerprint."""
    import numpy as np

    rows = []
    for name, split in found.splits().items():
        row: dict[str, Any] = {"split": name, "images": len(split)}
        if found.task in ("binary", "multiclass"):
            row |= {cls: int(np.sum(split.labels == k)) for k, cls in enumerate(found.class_names)}
        elif found.task == "multilabel":
            row |= {cls: int(split.labels[:, k].sum()) for k, cls in enumerate(found.class_names)}
        rows.append(row)
    kind = "SIMULATED " if found.simulated else ""
    shape = " × ".join(map(str, found.image_shape))
    facts = {
        "task": found.task,
        "image": f"{shape} {found.train.images.dtype}",
        "modality": found.modality,
        "spacing": " × ".join(f"{mm:g}" for mm in found.spacing_mm) + " mm"
        if found.spacing_mm
        else "not known",
        "labels": found.label_meaning,
        "license": found.license,
        "fingerprint": found.fingerprint,
    }
    counts = "; ".join(f"{row['split']} {row['images']:,}" for row in rows)
    words = (
        f"{kind}{found.name}: {found.task}, {shape}, {counts}; license {found.license}; {found.fingerprint}"
    )
    named = [{"": name, "what": value} for name, value in facts.items()]
    page = f"<b {LITERAL}>{html.escape(kind + found.name)}</b>{table(rows)}{_samples(found)}{table(named)}"
    return {"text/plain": words, "text/html": page, JSON: {"name": found.name, "splits": rows, **facts}}


def _samples(found: Any) -> str:
    """Return a few training images as an HTML picture; nothing for sequences."""
    from medlab import plots

    images = found.train.images[:_SAMPLES]
    if images.ndim < 4 or images.shape[-1] not in (1, 3) or not len(images):
        return ""
    spacing = found.spacing_mm[-2:] if found.spacing_mm else None
    alt = f"The first {len(images)} training images" + (", SIMULATED" if found.simulated else "")
    png = plots.image_grid(images, spacing_mm=spacing, alt=alt).to_png()
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return f"<div><img alt='{html.escape(alt)}' src='{source}'></div>"


def volume(found: Any, **_options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Show a volume: three planes with scale bars; of its header, nothing."""
    from medlab.data import volumes

    facts = {
        "shape": list(found.shape),
        "spacing_mm": list(found.spacing_mm),
        "size_mm": list(found.size_mm),
        "origin_mm": [float(one) for one in found.origin_mm],
        "modality": found.modality,
        "units": found.units,
    }
    return _with_picture(repr(found), volumes.planes_picture(found), facts)


def attribution(found: Any, **_options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Show an attribution: its maps over the images."""
    facts = {
        "method": found.method,
        "layer": found.layer,
        "on": found.on,
        "output": found.output.tolist(),
        "target": None if found.target is None else found.target.tolist(),
        "completeness_error": None if found.completeness_error is None else found.completeness_error.tolist(),
        "seconds": found.seconds,
        "images": found.images,
    }
    png = found._repr_png_()
    data: dict[str, Any] = {"text/plain": repr(found), JSON: facts}
    if png is None:
        return data, {}
    return {**data, "image/png": base64.b64encode(png[0]).decode()}, {"image/png": png[1]}


def _with_picture(words: str, picture: Any, facts: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    png = base64.b64encode(picture.to_png()).decode()
    return {"text/plain": words, "image/png": png, JSON: facts}, {"image/png": {"alt": picture.alt}}


TYPES: dict[str, Callable[..., Any]] = {
    "keras.src.models.model.Model": network,
    "medlab.data.dataset.Dataset": dataset,
    "medlab.data.volumes.volume.Volume": volume,
    "medlab.evaluation.attribution.attribution_maps.Attribution": attribution,
    "medlab.training.run.Run": run,
    "pydicom.dataset.Dataset": dicom_page.bundle,
}


def _plain_dicom(found: Any, printer: Any, _cycle: Any) -> None:
    printer.text(dicom_page.bundle(found)["text/plain"])


def _plain_element(found: Any, printer: Any, _cycle: Any) -> None:
    import pydicom

    alone = pydicom.Dataset()
    alone.add(found)
    _plain_dicom(alone, printer, _cycle)


# As text too, in a list of data sets and by itself: pydicom's own words have every name in them.
PLAIN = {"pydicom.dataset.Dataset": _plain_dicom, "pydicom.dataelem.DataElement": _plain_element}


def register(shell: Any) -> None:
    """Let the shell show these types richly."""
    plain = shell.display_formatter.formatters["text/plain"]
    for name, write in PLAIN.items():
        module, _, cls = name.rpartition(".")
        plain.for_type_by_name(module, cls, write)
    formatter = shell.display_formatter.mimebundle_formatter
    for name, show in TYPES.items():
        module, _, cls = name.rpartition(".")
        formatter.for_type_by_name(module, cls, _bundle(show))


def unregister(shell: Any) -> None:
    """Show them as before."""
    for name in PLAIN:
        shell.display_formatter.formatters["text/plain"].pop(name, None)
    formatter = shell.display_formatter.mimebundle_formatter
    for name in TYPES:
        formatter.pop(name, None)


def _bundle(show: Callable[..., Any]) -> Callable[..., Any]:
    def bundle(found: Any, include: Any = None, exclude: Any = None) -> Any:
        return show(found)

    return bundle
