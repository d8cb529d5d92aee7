"""A GAN from disk: networks as ``.keras``, optimizers as ``.npz``, ``gan.json``; any backend reads it."""

import zipfile
from pathlib import Path

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
    require_files(folder, [FACTS], HINT)
    facts = read_facts(folder / FACTS, "Write the GAN again with save")
    if facts.get("schema") != SCHEMA or facts.get("kind") not in KINDS:
        found = f"schema {facts.get('schema')!r} and kind {facts.get('kind')!r}"
        msg = f"{folder.name} has {found}, this medlab reads {SCHEMA} and {', '.join(KINDS)}. Update medlab."
        raise ValueError(msg)
    try:
        files = {name: folder / f"{name}.keras" for name in facts["networks"]}
        require_files(folder, [*(path.name for path in files.values()), SLOTS], HINT)
        networks = {name: read_network(path) for name, path in files.items()}
        with np.load(folder / SLOTS) as stored:
            slots = grouped(stored)
        adversary = KINDS[facts["kind"]](networks["generator"], networks.get("critic"), **facts["options"])
        adversary.updates = facts["updates"]
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError) as error:
        msg = f"the GAN in {folder.name} is damaged ({error}). Write it again with save."
        raise ValueError(msg) from error
    if "average" in networks:
        adversary.average.set_weights(networks["average"].get_weights())
    adversary.restore({**adversary.state(), **slots})
    return adversary
