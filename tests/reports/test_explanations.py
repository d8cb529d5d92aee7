"""Explanations in a report: of the worst and the most typical answers, for every task."""

from dataclasses import replace

import numpy as np
import pytest

from medlab import models, reports
from medlab.data import Dataset, Split
from medlab.data.normalization import normalize
from medlab.evaluation import evaluate
from medlab.models import Bundle

TASKS = {
    "binary": (("benign", "malignant"), 1),
    "multiclass": (("solid", "part-solid", "ground glass"), None),
    "multilabel": (("mass", "effusion"), None),
    "regression": ((), None),
}


def study(task, simulated=False):
    rng = np.random.default_rng(0)
    names, positive = TASKS[task]

    def split(n):
        images = rng.integers(0, 255, (n, 16, 20, 1)).astype(np.uint8)
        if task == "multilabel":
            return Split(images, rng.integers(0, 2, (n, 2)))
        return Split(images, rng.normal(size=n) if task == "regression" else np.arange(n) % len(names))

    dataset = Dataset(
        "toy",
        split(40),
        split(20),
        split(30),
        task,
        names,
        positive,
        simulated=simulated,
        spacing_mm=(0.8, 0.7),
    )
    model = models.build("screening_cnn", dataset, width=4, seed=1)
    run = Bundle(model, {"normalization": normalize(dataset).as_dict()})
    return dataset, run, evaluate(run.predict, dataset, n_bootstrap=20)


@pytest.mark.parametrize("task", TASKS)
def test_worst_and_typical_cases_are_explained(task):
    worst, typical, words = reports.explanations(*study(task, simulated=True))
    assert worst.alt.startswith("Maps by integrated gradients over the worst errors: simulated, ")
    assert typical.alt.startswith("Maps by integrated gradients over the typical right answers: simulated, ")
    assert 2 <= len(typical.axes) - 1 <= 12
    targets = {
        "binary": "the class malignant",
        "regression": "a larger value",
        "multilabel": "the label with the highest probability, which need not be the wrong one",
    }
    assert f"spoke for {targets.get(task, 'the class that the network answered')}" in words.data
    assert "nan %" not in words.data


def test_a_costly_network_gets_fewer_steps(monkeypatch):
    from medlab.evaluation import attribution
    from medlab.models.costs import Cost

    steps, real = [], attribution.attribute

    def noting(*args, **options):
        steps.append(options["steps"])
        return real(*args, **options)

    monkeypatch.setattr("medlab.evaluation.attribute", noting, raising=False)
    dataset, run, evaluation = study("binary")
    for multiply_adds in (1e6, 1e10, 1e12):
        cost = Cost(1, int(multiply_adds))
        monkeypatch.setattr("medlab.models.cost", lambda model, cost=cost: cost, raising=False)
        reports.explanations(dataset, run, evaluation, k=1)
    assert steps[0] == 50
    assert 10 < steps[2] < 50
    assert steps[-1] == 10


def test_a_network_without_errors_has_typical_cases_only():
    dataset, run, _ = study("binary")
    truth = {len(split): split.labels for split in dataset.splits().values()}
    evaluation = evaluate(lambda images: truth[len(images)] * 0.8 + 0.1, dataset, n_bootstrap=20)
    typical, words = reports.explanations(dataset, run, evaluation)
    assert "simulated" not in typical.alt
    assert "but for" in words.data


def test_answers_that_are_those_at_mean_gray_leave_nothing_to_explain():
    dataset, run, evaluation = study("binary")
    gray = Bundle(run.model, {"normalization": {"mean": [90.0], "std": [1.0]}})
    same = replace(dataset.test, images=np.full_like(dataset.test.images, 90))
    *_, words = reports.explanations(replace(dataset, test=same), gray, evaluation)
    assert "the maps have nothing to explain" in words.data


def test_the_name_of_a_class_is_text_in_the_words_about_the_maps():
    dataset, run, evaluation = study("binary")
    named = replace(dataset, class_names=("benign", "<b>$_x_"))
    *pictures, words = reports.explanations(named, run, evaluation)
    assert "spoke for the class &#60;b&#62;<span>&#36;</span>&#95;x&#95;, purple ones" in words.data
    assert all("<b>$_x_" in picture.alt for picture in pictures)
