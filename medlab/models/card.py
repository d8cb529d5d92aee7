"""The model card: what a saved network is for, what it learned from, what came out, what it does not show."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from medlab.text import estimate

FEWEST = 10  # images of a class, for the result of a part of the patients


def model_card(facts: Mapping[str, Any], subgroups: Sequence[Mapping[str, Any]] | None = None) -> str:
    """Return the card in Markdown.

    Parameters
    ----------
    facts : mapping
        Of ``model.json``.
    subgroups : sequence of mappings, or None
        Rows of one table, texts by column; None where no attribute of the patients is known.

    Notes
    -----
    The headings are those of Mitchell et al. 2019, doi 10.1145/3287560.3287596, that a folder can answer.
    """
    simulated = " These images are **simulated**." if facts["simulated"] else ""
    shape = " × ".join(map(str, facts["input_shape"]))
    classes = ", ".join(map(_plain, facts["class_names"])) or "none: it gives an amount"
    lines = [
        f"# Model card: {_plain(facts['network'])}",
        "",
        "**Use.** Teaching and research; **not a medical device**. It answers for images of the kind that it "
        f"learned from, {shape}, and for no others.",
        "",
        f"**Data.** {_plain(facts['dataset'])}, fingerprint {facts['training_data_fingerprint']}.{simulated} "
        f"Classes: {classes}. Positive: {_plain(facts['positive_class'] or 'none')}.",
        "",
        "**Results** on the test images, read once, with 95 % intervals:",
        "",
        *_results(facts["metrics"]),
        "",
        "**Decision.** " + _decision(facts),
        "",
        "**Subgroups.** " + _subgroups(subgroups),
    ]
    if subgroups:
        names = list(subgroups[0])
        lines += ["", f"| {' | '.join(map(_plain, names))} |", f"|{'--|' * len(names)}"]
        lines += [f"| {' | '.join(_plain(row[name]) for name in names)} |" for row in subgroups]
    lines += [
        "",
        "**Limits.** The intervals hold the network fixed: another training, another scanner or other people "
        "may change more. Calibration and sets of classes hold for patients like those of the validation "
        "images.",
        "",
    ]
    return "\n".join(lines)


def _plain(text: Any) -> str:
    """Return text so that a table and HTML hold it; the file is read as it is, too."""
    return " ".join(html.escape(str(text), quote=False).replace("|", "\\|").split())


def _results(measured: Mapping[str, Any]) -> list[str]:
    rows = [
        f"- {name.replace('_', ' ')}: {estimate(value, measured[f'{name}_ci'])}"
        for name, value in measured.items()
        if isinstance(value, float) and f"{name}_ci" in measured
    ]
    return rows or ["- none were kept."]


def _decision(facts: Mapping[str, Any]) -> str:
    parts = []
    if facts["threshold"] is not None:
        rule = _plain(facts["threshold_rule"] or "fixed")
        parts.append(f"Called from a probability of {facts['threshold']:.3g} on ({rule}, on validation).")
    fitted = facts.get("calibration")
    parts.append(f"Calibrated by {fitted['method']}." if fitted else "Not calibrated.")
    return " ".join(parts)


def _subgroups(subgroups: Sequence[Mapping[str, Any]] | None) -> str:
    if subgroups is None:
        return "Nothing is known of the patients, so that no group could be looked at."
    return f"No result below {FEWEST} images of a class."
