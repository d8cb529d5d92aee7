"""A GAN on disk: networks as ``.keras``, optimizers as ``.npz``, ``gan.json``; any backend reads it."""

from __future__ import annotations

import importlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from medlab import backend
from medlab.models.bundle import read_facts, read_network, replacing_files, require_files
from medlab.training.checkpoint import flat, grouped

SCHEMA = 1
FACTS, SLOTS = "gan.json", "optimizers.npz"
HINT = f"A GAN's folder, as save writes it, has {FACTS} and networks."
KINDS = {
    "gan": ("medlab.training.gan.gan", "GAN"),
    "inpainter": ("medlab.training.gan.inpainting", "Inpainter"),
}


def save(adversary: Any, folder: str | Path) -> Path:
    """Write everything into ``FOLDER/partial`` first, then move it into place.

    Parameters
    ----------
    adversary : GAN or Inpainter
    folder : path
        Made when missing.

    Raises
    ------
    OSError
        If it cannot be written; files of an older GAN stay as they were.
    """
    folder = Path(folder)
    networks = {"generator": adversary.generator, "critic": adversary.critic, "average": adversary.average}
    networks = {name: model for name, model in networks.items() if model is not None}
    facts = {
        "schema": SCHEMA,
        "kind": adversary.kind,
        "options": adversary.options,
        "networks": list(networks),
        "updates": adversary.updates,
        "backend": backend.name(),
        "versions": backend.versions(),
    }
    state = adversary.state()
    slots = flat({name: group for name, group in state.items() if name.endswith("_slots")})
    # The facts last: a folder with facts is whole.
    names = [*(f"{name}.keras" for name in networks), SLOTS, FACTS]
    with replacing_files(folder, names, "GAN") as partial:
        for name, model in networks.items():
            model.save(partial / f"{name}.keras")
        np.savez(partial / SLOTS, **slots)
        (partial / FACTS).write_text(json.dumps(facts, indent=2, allow_nan=False), encoding="utf-8")
    return folder


def load(folder: str | Path) -> Any:
    """Read what ``save`` of a GAN or an inpainter wrote, on whatever backend runs now.

    Parameters
    ----------
    folder : path

    Returns
    -------
    adversary : GAN or Inpainter
        Samples as before, and goes on learning with the optimizers as they were.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file is damaged, or of a schema that this version does not know.
    """
    # Makes the spectral layers known to Keras.
    importlib.import_module("medlab.models.gan.spectral")
    folder = Path(folder)
    facts = _facts(folder)
    require_files(folder, [*(f"{name}.keras" for name in facts["networks"]), SLOTS], HINT)
    try:
        networks = {name: read_network(folder / f"{name}.keras") for name in facts["networks"]}
        with np.load(folder / SLOTS) as stored:
            slots = grouped(stored)
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        msg = f"the GAN in {folder.name} is damaged ({error}). Write it again with save."
        raise ValueError(msg) from error
    # Only now: both import this module.
    module, name = KINDS[facts["kind"]]
    adversary_class = getattr(importlib.import_module(module), name)
    adversary = adversary_class(networks["generator"], networks.get("critic"), **facts["options"])
    adversary.updates = facts["updates"]
    if "average" in networks:
        adversary.average.set_weights(networks["average"].get_weights())
    adversary.restore({**adversary.state(), **slots})
    return adversary


def _facts(folder: Path) -> dict[str, Any]:
    require_files(folder, [FACTS], HINT)
    facts = read_facts(folder / FACTS, "Write the GAN again with save")
    if facts.get("schema") != SCHEMA or facts.get("kind") not in KINDS:
        msg = (
            f"{folder.name} has schema {facts.get('schema')!r} and kind {facts.get('kind')!r}, this medlab "
            f"reads {SCHEMA} and {', '.join(KINDS)}. Update medlab."
        )
        raise ValueError(msg)
    types = {"networks": list, "options": dict, "updates": int}
    missing = [name for name, expected in types.items() if not isinstance(facts.get(name), expected)]
    if missing or "generator" not in facts["networks"]:
        listed = ", ".join(missing) or "a generator"
        msg = f"{FACTS} in {folder.name} is damaged (no usable {listed}). Write the GAN again with save."
        raise ValueError(msg)
    return facts
