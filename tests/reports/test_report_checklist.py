import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from medlab.data import Dataset, Split
from medlab.evaluation import evaluate
from medlab.reports import checklist as show
from medlab.reports.report_checklist import ABSENT, ANSWERED, LISTS, YOURS, answer, facts

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "reports" / "classification.ipynb"
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
HEADINGS = [
    line.removeprefix("## ").strip()
    for cell in CELLS
    if cell["cell_type"] == "markdown"
    for line in cell["source"]
    if line.startswith("## ")
]
ITEMS = [(name, number, item) for name, listed in LISTS.items() for number, item in listed["items"].items()]
RUN = SimpleNamespace(options={"balance": "weights"})
PART = {"part": "sex F", "images": "40"}
FEW = {"part": "2 parts with fewer than 10 images of a class", "images": "–"}


def study(**facts):
    """Return a data set of 40 images, 7 x 8 pixels, and its evaluation."""
    rng = np.random.default_rng(2)
    labels = np.arange(40) % 2
    part = Split(rng.integers(0, 255, (40, 7, 8, 1), dtype=np.uint8), labels)
    dataset = Dataset("toy", part, part, part, "binary", ("well", "ill"), 1, **facts)
    return dataset, evaluate(lambda images: rng.random(len(images)), dataset, n_bootstrap=20)


def kinds(dataset, evaluation, run=RUN, parts=None):
    known = facts(dataset, evaluation, run, parts)
    return {(name.split()[0], number): answer(item, known)[0] for name, number, item in ITEMS}


def test_the_lists_have_the_numbers_of_the_published_ones():
    claim, tripod = (list(listed["items"]) for listed in LISTS.values())
    assert claim == [str(number) for number in range(1, 45)]
    letters = {3: 3, 5: 2, 6: 3, 8: 3, 9: 3, 12: 7, 18: 6, 20: 3, 23: 2, 27: 3}
    parts = [[f"{n}{c}" for c in "abcdefg"[: letters[n]]] if n in letters else [str(n)] for n in range(1, 28)]
    assert tripod == [number for part in parts for number in part]
    assert len(tripod) == 52


@pytest.mark.parametrize(("name", "number", "item"), ITEMS)
def test_every_item_names_sections_of_the_notebook_and_facts_that_are_known(name, number, item):
    assert set(item) <= {"asks", "none", "section", "if", "say"}
    assert item.get("section", HEADINGS[0]) in HEADINGS
    needed = item.get("if", [])
    named = {*item.get("none", {}), *([needed] if isinstance(needed, str) else needed)}
    assert named <= set(facts(*study(), RUN, None))
    assert "section" in item or "if" not in item


def test_a_folder_of_ones_own_leaves_to_its_authors_what_nobody_recorded():
    told = kinds(*study(source="folder x", license="unknown: ask", notes=("Split off from train, ...",)))
    for number in ("5", "7", "8", "13", "14", "16", "20", "36", "44"):
        assert told["CLAIM", number] == YOURS
    for number in ("19", "26", "28", "29", "37", "40"):
        assert told["CLAIM", number] == ANSWERED
    assert told["CLAIM", "27"] == ABSENT
    assert {told["TRIPOD+AI", number] for number in ("9b", "17", "18e", "21", "23a")} == {YOURS}
    assert told["TRIPOD+AI", "13"] == ANSWERED


def test_simulated_patients_need_no_ethics_but_still_a_title():
    told = kinds(*study(simulated=True))
    assert {told["TRIPOD+AI", number] for number in ("6b", "17", "19")} == {ABSENT}
    assert told["CLAIM", "14"] == ANSWERED
    assert told["CLAIM", "1"] == YOURS


def test_answers_follow_from_what_the_study_did():
    dataset, evaluation = study()
    assert kinds(dataset, evaluation, parts=[FEW])["TRIPOD+AI", "23a"] == YOURS
    assert kinds(dataset, evaluation, parts=[PART, FEW])["TRIPOD+AI", "23a"] == ANSWERED
    assert kinds(dataset, evaluation, parts=[PART])["TRIPOD+AI", "12d"] == YOURS
    assert kinds(dataset, evaluation, parts=[{**PART, "part": "site B"}])["TRIPOD+AI", "12d"] == ANSWERED
    plain = SimpleNamespace(options={"balance": "none"})
    assert kinds(dataset, evaluation, plain)["TRIPOD+AI", "13"] == ABSENT
    for name in [name for name in evaluation.splits["test"] if name.endswith("_ci")]:
        evaluation.splits["test"][name] = None
    assert kinds(dataset, evaluation)["CLAIM", "29"] == YOURS


def test_the_counts_are_those_of_the_list_and_the_list_is_folded_away():
    dataset, evaluation = study(simulated=True)
    text = show(dataset, evaluation, RUN, None).data
    count = Counter(kind for (name, _), kind in kinds(dataset, evaluation).items() if name == "CLAIM")
    told = f"{count[ANSWERED]} of 44 items answered here, {count[ABSENT]} not applicable, {count[YOURS]} you"
    assert f"**CLAIM 2024** (Tejani et al. 2024, doi 10.1148/ryai.240300): {told} must say." in text
    assert "answered here" in text.split("**TRIPOD+AI**")[1]
    assert text.count("<details>") == text.count("</details>") == 2
    assert text.count("<tr>") == 44 + 52 + 2
    assert "answered in “Limits”" in text
