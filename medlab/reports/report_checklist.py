"""Reporting checklists: which items of CLAIM 2024 and TRIPOD+AI a study answers, and which are left."""

from __future__ import annotations

from collections import Counter
from typing import Any

from IPython.display import Markdown

from medlab.data.dataset import Dataset
from medlab.evaluation.evaluations import Evaluation
from medlab.text import html_table, packaged
from medlab.training.run import Run

LISTS: dict[str, dict[str, Any]] = packaged("medlab.reports", "checklists.yaml")
ANSWERED, ABSENT, YOURS = "answered in", "not applicable:", "you must say"


def checklist(
    dataset: Dataset, evaluation: Evaluation, run: Run, parts: list[dict[str, str]] | None
) -> Markdown:
    """Say how many items of each checklist the study answers, and list them all, folded away.

    Parameters
    ----------
    dataset : medlab.data.Dataset
    evaluation : medlab.evaluation.Evaluation
    run : medlab.training.Run
    parts : list of dict, or None
        What `subgroups` returned.

    Notes
    -----
    Tejani et al. 2024, doi 10.1148/ryai.240300; Collins et al. 2024, doi 10.1136/bmj-2023-078378. The items
    are paraphrased: the published lists hold.
    """
    known, lines = facts(dataset, evaluation, run, parts), []
    for name, listed in LISTS.items():
        count: Counter[str] = Counter()
        shown = []
        for number, item in listed["items"].items():
            kind, words = answer(item, known)
            count[kind] += 1
            row = {"item": number, "what it asks for": item["asks"]}
            shown.append({**row, "in this report": f"{kind} {words}".strip()})
        told = f"{count[ANSWERED]} of {listed['of']} answered here, {count[ABSENT]} not applicable"
        lines += [
            f"**{name}** ({listed['source']}): {told}, {count[YOURS]} you must say.",
            f"<details><summary>{name}, item by item</summary>{html_table(shown)}</details>",
        ]
    return Markdown("\n\n".join(lines))


def facts(
    dataset: Dataset, evaluation: Evaluation, run: Run, parts: list[dict[str, str]] | None
) -> dict[str, bool]:
    """Return what the answers depend on, by the names that checklists.yaml uses."""
    test, balance = evaluation.splits["test"], run.options["balance"]
    judged = [row["part"] for row in parts or [] if row["images"] != "–"]
    split_off = any(note.startswith("Split off") for note in dataset.notes)
    return {
        "always": True,
        "simulated": dataset.simulated,
        "source": not dataset.source.startswith(("folder", "unknown")),
        "licensed": not dataset.license.startswith("unknown"),
        "modality": dataset.modality != "unknown",
        "prepared": bool(dataset.notes),
        "assigned": split_off or "official split" in dataset.source,
        "patients": dataset.test.patients is not None or dataset.split_by == "patient",
        "counted": dataset.test.patients is not None,
        "binary": dataset.task == "binary",
        "classes": dataset.task in ("binary", "multiclass"),
        "labels": dataset.task != "regression",
        "unbalanced": balance == "none",
        "intervals": any(value for name, value in test.items() if name.endswith("_ci")),
        "explained": len(evaluation.most_typical()) > 0,
        "subgroups": bool(judged),
        "sites": any(part.startswith(("site", "scanner")) for part in judged),
    }


def answer(item: dict[str, Any], known: dict[str, bool]) -> tuple[str, str]:
    """Return the kind of answer to an item, and its words."""
    for fact, reason in item.get("none", {}).items():
        if known[fact]:
            return ABSENT, reason
    needed = item.get("if", [])
    if "section" in item and all(known[fact] for fact in ([needed] if isinstance(needed, str) else needed)):
        return ANSWERED, f"“{item['section']}”"
    return YOURS, f"({item['say']})" if "say" in item else ""
