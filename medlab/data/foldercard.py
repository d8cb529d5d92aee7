"""The card of a folder of images: what they are, in a file beside them, for whoever reads the folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medlab.data.dataset import SPLITS, Dataset

CARD = "medlab.json"
# Facts of a data set that stay true whatever is done with its files, and what reads them.
_FACTS = {
    "simulated": bool, "modality": str, "license": str, "citation": str, "label_meaning": str, "source": str,
    "flips": tuple, "rotation_deg": float,
}  # fmt: skip
_KINDS = {**_FACTS, "positive_class": str, "classes": dict}


def write_card(dataset: Dataset, folders: Sequence[str], root: Path) -> None:
    """Write what is known of a data set's images; `folders` hold its classes, in their order."""
    card = {name: getattr(dataset, name) for name in _FACTS}
    card["source"] = f"exported from {dataset.name}: {dataset.source}"
    card["positive_class"] = dataset.positive_name
    card["classes"] = dict(zip(folders, dataset.class_names, strict=True))
    (root / CARD).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_card(root: Path) -> dict[str, Any]:
    """Return what the card of a folder says, or of the folder above a split; nothing without a card.

    Raises
    ------
    ValueError
        If it cannot be read, or a fact is of another type.
    """
    places = (root, root.parent) if root.name in SPLITS else (root,)
    path = next((place / CARD for place in places if (place / CARD).is_file()), None)
    try:
        card = dict(json.loads(path.read_text(encoding="utf-8"))) if path else {}
        return {name: kind(card[name]) for name, kind in _KINDS.items() if name in card}
    except (TypeError, ValueError) as error:
        msg = f"{CARD} must hold what medlab data export writes, got: {error}. Mend it, or take it away."
        raise ValueError(msg) from error
