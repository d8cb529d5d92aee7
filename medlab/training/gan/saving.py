"""A GAN from disk: networks as ``.keras``, optimizers as ``.npz``, ``gan.json``; any backend reads it."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from medlab.models.bundle import read_facts, read_network, require_files
from medlab.training.checkpoint import grouped
from medlab.training.gan.adversary import FACTS, SCHEMA, SLOTS
from medlab.training.gan.gan import GAN
from medlab.training.gan.inpainting import Inpainter

HINT = f"A GAN's folder, as save writes it, has {FACTS} and networks."
KINDS = {GAN.kind: GAN, Inpainter.kind: Inpainter}


def load(folder: str | Path) -> GAN | Inpainter:
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
    adversary = KINDS[facts["kind"]](networks["generator"], networks.get("critic"), **facts["options"])
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
