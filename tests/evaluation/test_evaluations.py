from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from medlab import metrics
from medlab.data import Dataset, Split, nearcopies
from medlab.evaluation import evaluate, intervals


def read(images):
    """Stand in for a network: its output is written in the first pixels."""
    return images[:, 0, 0, 0] if images.shape[1] == 3 else images[:, 0, :3, 0]


def split(labels, output, patients=None, **attributes):
    output = np.asarray(output, dtype=np.float32)
    wide = output.ndim == 2
    images = np.zeros((len(output), 5 if wide else 3, 4, 1), np.float32)
    if wide:
        images[:, 0, :3, 0] = output
    else:
        images[:, 0, 0, 0] = output
    return Split(images, np.asarray(labels), patients, attributes)


def cohort(rng, n):
    risk = rng.random(n)
    output = np.clip(0.2 + 0.6 * risk + rng.normal(0, 0.1, n), 0, 1)
    labels = (rng.random(n) < risk).astype(np.int64)
    return split(
        labels,
        output,
        np.array([f"p{i // 2}" for i in range(n)]),
        risk=risk,
        risk_image=risk,
        risk_clinical=np.round(risk),
        diameter_mm=4 + 8 * risk,
        kind=np.where(np.arange(n) % 3, "solid", "part-solid"),
        mask=np.zeros((n, 3, 4), dtype=bool),
    )


@pytest.fixture
def dataset(rng):
    names = ("benign", "malignant")
    return Dataset(
        "risks",
        *(cohort(rng, n) for n in (90, 80, 120)),
        "binary",
        names,
        1,
        simulated=True,
        published=({"method": "other", "auc": 0.9, "acc": 0.8},),
    )


@pytest.fixture
def tiny():
    """Four images a split; the threshold comes from validation: 0.35, not test's own 0.65."""
    labels = [0, 0, 1, 1]
    return Dataset(
        "tiny",
        split(labels, [0.1, 0.2, 0.8, 0.9]),
        split(labels, [0.1, 0.3, 0.4, 0.9]),
        split(labels, [0.2, 0.6, 0.7, 0.3]),
        "binary",
        ("normal", "ill"),
        1,
    )


def test_binary_measures_by_hand(tiny):
    evaluation = evaluate(read, tiny, n_bootstrap=50)
    test = evaluation.splits["test"]
    assert evaluation.threshold == pytest.approx(0.35)
    assert test["auc"] == pytest.approx(3 / 4)
    assert test["confusion"] == [[1, 1], [1, 1]]
    assert test["sensitivity"] == pytest.approx(1 / 2)
    assert test["specificity"] == pytest.approx(1 / 2)
    assert test["accuracy"] == pytest.approx(2 / 4)
    assert test["prevalence"] == pytest.approx(1 / 2)
    assert test["resampled"] == "images"
    assert evaluation.splits["train"]["auc"] == 1.0
    assert evaluation.ceiling is None


def test_accuracy_is_at_a_half_and_the_rest_at_the_threshold(tiny):
    evaluation = evaluate(read, tiny, threshold_rule="0.25", n_bootstrap=20)
    assert evaluation.splits["test"]["accuracy"] == pytest.approx(2 / 4)
    assert evaluation.splits["test"]["sensitivity"] == 1.0


def test_accuracies_are_told_apart_and_stand_beside_the_most_frequent_class(tiny):
    few_ill = replace(tiny, test=split([0, 0, 0, 0, 1], [0.4, 0.4, 0.4, 0.1, 0.3]))
    evaluation = evaluate(read, few_ill, threshold_rule="0.25", n_bootstrap=20)
    test = evaluation.splits["test"]
    assert (test["accuracy"], test["accuracy_at_threshold"], test["majority_accuracy"]) == (
        4 / 5,
        2 / 5,
        4 / 5,
    )
    rows = evaluation.table()["test"]
    assert rows["accuracy (at 0.5)"].startswith("0.800 (")
    assert rows["accuracy at the threshold (0.25)"].startswith("0.400 (")
    assert rows["accuracy, always the most frequent class"] == "0.800"
    same = evaluate(read, few_ill, threshold_rule="0.5", n_bootstrap=20).table()
    assert same.index.is_unique
    assert "accuracy at the threshold (0.5)" in same.index


def test_the_table_tells_of_resamples_that_were_left_out(tiny):
    # Each patient has one image, and of five one is positive: drawn by none with probability 0.8^5 = 0.33.
    rare = replace(tiny, test=split([0, 0, 0, 0, 1], [0.4, 0.4, 0.4, 0.1, 0.3]))
    evaluation = evaluate(read, rare, n_bootstrap=200)
    told = evaluation.table().loc["resamples left out of the intervals", "test"]
    assert told == f"{evaluation.splits['test']['resamples_skipped']} of 200"
    assert 40 < int(told.split()[0]) < 95
    plenty = split([0, 1] * 30, np.tile([0.1, 0.2, 0.4, 0.3], 15))
    full = replace(tiny, train=plenty, val=plenty, test=plenty)
    assert "resamples left out of the intervals" not in evaluate(read, full, n_bootstrap=50).table().index


def test_a_class_of_one_image_has_no_interval_and_the_reason_is_told(tiny):
    few_ill = replace(tiny, test=split([0] * 9 + [1], [0.1] * 8 + [0.9, 0.8]))
    test = evaluate(read, few_ill, n_bootstrap=200).to_metrics()["test"]
    assert test["sensitivity"] == 1.0
    assert (
        test["sensitivity_ci"]
        is test["auc_ci"]
        is test["balanced_accuracy_ci"]
        is test["auc_ci_delong"]
        is None
    )
    assert test["ci_reasons"]["sensitivity"] == "it rests on 1 image, fewer than 5"
    assert test["ci_reasons"]["auc"] == "it rests on 1 image of a class, fewer than 5"
    assert test["specificity_ci"] == pytest.approx(intervals.proportion([1] * 8 + [0])[0])
    assert "specificity" not in test["ci_reasons"]
    assert test["resamples_skipped"] > 50


def test_perfect_answers_have_wilsons_interval_for_shares_and_none_for_the_auc(tiny):
    perfect = replace(tiny, test=split([0] * 10 + [1] * 10, [0.1] * 10 + [0.9] * 10))
    test = evaluate(read, perfect, n_bootstrap=50).splits["test"]
    assert test["sensitivity_ci"][0] == pytest.approx(1 / (1 + 1.959964**2 / 10), abs=1e-6)
    assert test["auc_ci"] is None
    assert test["ci_reasons"]["auc"].startswith("it is the same in every resample")


def test_a_split_of_one_patient_has_no_interval(tiny):
    patient_alone = replace(tiny, test=split([0, 1] * 10, np.linspace(0.1, 0.9, 20), np.array(["p"] * 20)))
    test = evaluate(read, patient_alone, n_bootstrap=50).splits["test"]
    spans = [name for name in test if name.endswith("_ci")]
    assert spans
    assert all(test[name] is None for name in spans)
    assert test["ci_reasons"]["accuracy"] == "all images it rests on are of one patient"
    assert test["ci_reasons"]["auc"] == "all images of a class are of one patient"


def test_an_image_without_a_patient_is_refused(tiny):
    patients = np.array(["a", "b", None, "c"], dtype=object)
    lost = replace(tiny, test=replace(tiny.test, patients=patients))
    with pytest.raises(ValueError, match="got none for 1 of 4, the first at index 2"):
        evaluate(read, lost, n_bootstrap=20)


def test_the_other_positive_class_mirrors_the_measures(tiny):
    measured = evaluate(read, tiny, threshold_rule="0.5", n_bootstrap=20).splits["test"]
    mirrored = replace(tiny, positive_class=0)
    other = evaluate(lambda images: 1 - read(images), mirrored, threshold_rule="0.5", n_bootstrap=20)
    assert other.splits["test"]["auc"] == pytest.approx(measured["auc"])
    assert other.splits["test"]["sensitivity"] == measured["specificity"]


def test_measures_equal_those_of_metrics_and_lie_in_their_intervals(dataset):
    evaluation = evaluate(read, dataset, n_bootstrap=200)
    truth, output = evaluation.targets["test"], evaluation.predictions["test"]
    test = evaluation.splits["test"]
    for name in ("auc", "average_precision", "sensitivity_at_specificity", "accuracy"):
        assert test[name] == pytest.approx(getattr(metrics, name)(truth, output)), name
    for name in ("balanced_accuracy", "sensitivity", "specificity", "precision", "f1"):
        assert test[name] == pytest.approx(getattr(metrics, name)(truth, output, evaluation.threshold)), name
    intervals = {name[:-3]: span for name, span in test.items() if name.endswith("_ci")}
    assert len(intervals) == 10
    for name, (low, high) in intervals.items():
        assert low <= test[name] <= high, name


def test_patients_are_resampled_where_they_are_known_and_delong_then_stands_back(dataset):
    by_patient = evaluate(read, dataset, n_bootstrap=30).splits["test"]
    assert by_patient["resampled"] == "patients"
    assert by_patient["auc_ci_delong"] is None
    single = replace(dataset, test=replace(dataset.test, patients=np.arange(120).astype(str)))
    assert np.isfinite(evaluate(read, single, n_bootstrap=30).splits["test"]["auc_ci_delong"]).all()


def test_the_same_seed_gives_the_same_intervals(dataset):
    first, same, other = (evaluate(read, dataset, n_bootstrap=30, seed=s).to_metrics() for s in (1, 1, 2))
    assert first == same
    assert first["test"]["auc_ci"] != other["test"]["auc_ci"]
    assert first["test"]["auc"] == other["test"]["auc"]


def test_ceilings_are_those_of_the_known_risk(dataset):
    ceiling = evaluate(read, dataset, n_bootstrap=20).ceiling
    known = dataset.test.attributes
    assert ceiling["both"] == metrics.expected_auc(known["risk"], known["risk"])
    assert ceiling["image"] == ceiling["diameter"] == ceiling["both"]
    assert 0.5 < ceiling["clinical"] < ceiling["both"]
    assert ceiling["expected_auc"] == metrics.expected_auc(known["risk"], read(dataset.test.images))
    by_hand = (ceiling["expected_auc"] - 0.5) / (ceiling["image"] - 0.5)
    assert ceiling["fraction_of_ceiling"] == pytest.approx(by_hand)
    assert by_hand < 1


def test_ceilings_do_not_depend_on_which_class_is_asked_for(dataset):
    expected = evaluate(read, dataset, n_bootstrap=20).ceiling
    asked = replace(dataset, positive_class=0)
    other = evaluate(lambda images: 1 - read(images), asked, n_bootstrap=20).ceiling
    assert other == pytest.approx(expected, abs=1e-6)


def test_real_images_have_no_ceiling(dataset):
    assert evaluate(read, replace(dataset, simulated=False), n_bootstrap=20).ceiling is None


def test_metrics_are_json_with_null_for_undefined(dataset):
    measures = evaluate(read, dataset, n_bootstrap=20).to_metrics()
    again = json.loads(json.dumps(measures, allow_nan=False))
    assert again == measures
    assert set(measures) == {"threshold", "threshold_rule", "train", "val", "test", "ceiling", "published"}
    wanted = {"auc", "auc_ci", "accuracy", "balanced_accuracy", "sensitivity", "specificity", "f1"}
    assert wanted <= set(measures["test"])
    assert set(measures["ceiling"]) >= {"image", "clinical", "both", "expected_auc"}
    assert measures["published"] == [{"method": "other", "auc": 0.9, "acc": 0.8}]
    assert measures["test"]["auc_ci_delong"] is None


def test_table_puts_the_splits_side_by_side_with_intervals(dataset):
    table = evaluate(read, dataset, threshold_rule="0.5", n_bootstrap=20).table()
    assert list(table.columns) == ["train", "val", "test"]
    assert table.loc["images"].tolist() == ["90", "80", "120"]
    assert table.index.str.contains(r"sensitivity \(at 0\.5\)").any()
    assert table.loc["AUC", "test"].count("0.") == 3


def test_table_says_undefined(tiny):
    table = evaluate(read, tiny, threshold_rule="1", n_bootstrap=20).table()
    assert table.loc["precision (at 1)", "test"] == "undefined"


def test_multiclass_has_macro_means_and_each_class(rng):
    names = ("a", "b", "c")

    def part(n):
        labels = rng.integers(0, 3, n)
        return split(labels, rng.dirichlet([1, 1, 1], n) * 0.6 + 0.4 * np.eye(3)[labels])

    dataset = Dataset("three", part(50), part(40), part(70), "multiclass", names)
    evaluation = evaluate(read, dataset, n_bootstrap=40)
    truth, output = evaluation.targets["test"], evaluation.predictions["test"]
    test = evaluation.splits["test"]
    assert evaluation.threshold is None
    assert test["auc"] == pytest.approx(metrics.auc_multiclass(truth, output))
    assert test["accuracy"] == pytest.approx(metrics.accuracy_multiclass(truth, output))
    assert test["confusion"] == metrics.confusion_multiclass(truth, output).tolist()
    assert list(test["per_class"]) == list(names)
    each = [test["per_class"][name] for name in names]
    assert [measures["auc"] for measures in each] == pytest.approx(
        metrics.auc_per_class(truth, output).tolist()
    )
    assert test["balanced_accuracy"] == pytest.approx(np.mean([measures["sensitivity"] for measures in each]))
    assert sum(measures["n"] for measures in each) == 70
    assert test["auc_ci"][0] < test["auc"] < test["auc_ci"][1]
    assert test["majority_accuracy"] == np.bincount(truth).max() / 70
    assert test["accuracy_ci"] == list(intervals.proportion(output.argmax(axis=1) == truth)[0])
    json.dumps(evaluation.to_metrics(), allow_nan=False)
    targets, scores = evaluation.one_vs_rest()
    assert metrics.auc(targets["b"], scores["b"]) == pytest.approx(each[1]["auc"])
    assert {"AUC (mean over classes)", "accuracy", "accuracy, always the most frequent class"} <= {
        *evaluation.table().index
    }


def test_a_class_missing_from_a_split_leaves_the_macro_auc_undefined():
    output = [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.5, 0.3, 0.2]]
    whole = split([0, 1, 2, 0], output)
    dataset = Dataset("gap", whole, split([0, 1, 1, 0], output), whole, "multiclass", ("a", "b", "c"))
    measures = evaluate(read, dataset, n_bootstrap=20).to_metrics()
    assert measures["val"]["auc"] is None
    assert measures["val"]["per_class"]["a"]["auc"] is not None
    assert measures["test"]["auc"] is not None


def test_multilabel_has_each_label_at_a_half(rng):
    def part(n):
        labels = rng.integers(0, 2, (n, 3)).astype(np.uint8)
        return split(labels, np.clip(0.3 * labels + 0.6 * rng.random((n, 3)), 0, 1))

    dataset = Dataset("labels", part(50), part(40), part(60), "multilabel", ("a", "b", "c"))
    evaluation = evaluate(read, dataset, n_bootstrap=30)
    truth, output = evaluation.targets["test"], evaluation.predictions["test"]
    test = evaluation.splits["test"]
    assert test["auc"] == pytest.approx(metrics.auc_multilabel(truth, output))
    assert test["accuracy"] == pytest.approx(metrics.accuracy_multilabel(truth, output))
    assert "confusion" not in test
    label_a = metrics.sensitivity(truth[:, 0], output[:, 0])
    assert test["per_class"]["a"]["sensitivity"] == pytest.approx(label_a)


def test_a_rare_label_takes_the_intervals_that_rest_on_it_and_no_others(rng):
    def part(n):
        labels = rng.integers(0, 2, (n, 3)).astype(np.uint8)
        labels[:, 1] = np.arange(n) < 3
        return split(labels, rng.random((n, 3)))

    dataset = Dataset("labels", part(60), part(60), part(60), "multilabel", ("a", "b", "c"))
    test = evaluate(read, dataset, n_bootstrap=200).to_metrics()["test"]
    scarce = "it rests on 3 images of a class, fewer than 5"
    assert test["ci_reasons"] == dict.fromkeys(set(test["ci_reasons"]), scarce)
    assert test["auc_ci"] is test["sensitivity_ci"] is None
    assert test["accuracy_ci"][0] < test["accuracy"] < test["accuracy_ci"][1]
    rare, common = test["per_class"]["b"], test["per_class"]["a"]
    assert rare["ci_reasons"]["auc"] == scarce
    assert rare["ci_reasons"]["sensitivity"] == "it rests on 3 images, fewer than 5"
    assert rare["specificity_ci"][0] < rare["specificity"] < rare["specificity_ci"][1]
    assert common["ci_reasons"] == {}


def test_regression_has_errors_with_intervals(rng):
    def part(n):
        labels = rng.normal(10, 3, n).astype(np.float32)
        return split(labels, labels + rng.normal(0, 1, n))

    dataset = Dataset("growth", part(30), part(30), part(50), "regression", ("diameter (mm)",))
    evaluation = evaluate(read, dataset, n_bootstrap=50)
    test = evaluation.splits["test"]
    for name in ("mae", "mse", "r2"):
        measure = getattr(metrics, name)
        by_metrics = measure(evaluation.targets["test"], evaluation.predictions["test"])
        assert test[name] == pytest.approx(by_metrics)
    assert test["mae_ci"][0] < test["mae"] < test["mae_ci"][1]
    assert test["ci_reasons"] == {}
    same = replace(dataset, test=split(np.full(6, 9, np.float32), np.arange(6)))
    equal = evaluate(read, same, n_bootstrap=20).splits["test"]
    assert equal["ci_reasons"] == {"r2": "it has no value on these images"}
    four = replace(dataset, test=dataset.test.subset(np.arange(4)))
    few = evaluate(read, four, n_bootstrap=20).splits["test"]
    assert few["mae_ci"] is few["mse_ci"] is few["r2_ci"] is None
    assert few["ci_reasons"]["mae"] == "it rests on 4 images, fewer than 5"
    assert "mean absolute error" in evaluation.table().index
    json.dumps(evaluation.to_metrics(), allow_nan=False)


def test_large_splits_get_fewer_resamples_and_say_how_many(dataset, monkeypatch):
    monkeypatch.setattr("medlab.evaluation.split_measures._MOST_DRAWN", 120 * 300)
    splits = evaluate(read, dataset, n_bootstrap=500).splits
    assert splits["test"]["n_resamples"] == 300
    assert evaluate(read, dataset, n_bootstrap=40).splits["test"]["n_resamples"] == 40


def test_refuses_predictions_of_another_shape(tiny):
    with pytest.raises(ValueError, match=r"shape \(4,\) for the train split, got \(4, 1\)"):
        evaluate(lambda images: read(images)[:, np.newaxis], tiny)


def test_refuses_predictions_that_are_no_probabilities(tiny):
    with pytest.raises(ValueError, match=r"the train predictions must hold finite numbers, got 4 NaN"):
        evaluate(lambda images: read(images) * np.nan, tiny)
    with pytest.raises(ValueError, match=r"the train probabilities must lie between 0 and 1, got 4 outside"):
        evaluate(lambda images: read(images) + 5, tiny)


def test_refuses_a_split_of_one_class_and_names_it(tiny):
    lost = replace(tiny, val=split([0, 0], [0.1, 0.2]))
    with pytest.raises(
        metrics.UndefinedError, match=r"the val split must hold both classes, got only 'normal'"
    ):
        evaluate(read, lost)


def test_refuses_a_rule_before_anything_is_predicted(tiny):
    def never(images):
        raise RuntimeError

    with pytest.raises(ValueError, match="threshold_rule must be one of"):
        evaluate(never, tiny, threshold_rule="best")
    with pytest.raises(ValueError, match="n_bootstrap must lie between 1"):
        evaluate(never, tiny, n_bootstrap=0)


def test_arguments_in_another_order_are_refused(tiny):
    run = SimpleNamespace(predict=read)
    for given, came in (((tiny, read), "Dataset and function"), ((run, tiny), "SimpleNamespace and Dataset")):
        with pytest.raises(TypeError, match=rf"evaluate\(run\.predict, dataset\), got {came}"):
            evaluate(*given)


def test_one_vs_rest_is_refused_for_two_classes_and_unknown_splits(tiny):
    evaluation = evaluate(read, tiny, n_bootstrap=20)
    with pytest.raises(ValueError, match="one_vs_rest needs several classes, got task 'binary'"):
        evaluation.one_vs_rest()


def test_an_evaluation_prints_as_a_few_measures_without_patients_or_pixels(tiny):
    patients = np.array([f"patient{i}" for i in range(len(tiny.test))])
    known = {"ward": np.array(["ward-of-nobody"] * len(tiny.test))}
    test = replace(tiny.test, patients=patients, attributes=known)
    lines = repr(evaluate(read, replace(tiny, test=test), n_bootstrap=20)).splitlines()
    assert len(lines) <= 15
    assert max(map(len, lines)) <= 100
    assert lines[0] == f"Evaluation of {tiny.name!r}, binary"
    assert lines[1].startswith("  threshold for ")
    assert [line.split()[0] for line in lines[3:6]] == ["images", "AUC", "average"]
    assert not any("nobody" in line or "patient" in line or "array" in line for line in lines)


@pytest.fixture
def copied(rng):
    """Eight test images, of which number 2 comes again in train, mirrored, and number 5 in val."""
    outputs = ([0.1, 0.2, 0.8, 0.9], [0.1, 0.3, 0.4, 0.9], [0.2, 0.6, 0.1, 0.3, 0.7, 0.3, 0.9, 0.8])
    labels = ([0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1])
    images = [rng.random((len(output), 3, 8, 1), dtype=np.float32) for output in outputs]
    images[0][1], images[1][2] = images[2][2, :, ::-1], images[2][5] * 0.5 + 0.2
    parts = [
        Split(*pair, [f"p{i // 2}" for i in range(len(pair[0]))]) for pair in zip(images, labels, strict=True)
    ]
    known = {
        image.tobytes(): value
        for i, o in zip(images, outputs, strict=True)
        for image, value in zip(i, o, strict=True)
    }
    parts = [replace(part, labels=np.array(part.labels), patients=np.array(part.patients)) for part in parts]
    dataset = Dataset("copied", *parts, "binary", ("normal", "ill"), 1)
    return dataset, lambda batch: np.array([known[image.tobytes()] for image in batch])


def test_where_test_images_come_again_in_training_all_measures_are_given_without_them_too(copied):
    dataset, predict = copied
    evaluation = evaluate(predict, dataset, n_bootstrap=50)
    assert evaluation.near_copies == 2
    every, rest = evaluation.splits["test"], evaluation.splits["test_without_copies"]
    # Positive .7 .3 .9 .8 against .2 .6 .1 .3: of 16 pairs one is lost and one tied. Without .3 and .1, none.
    assert (every["n"], every["auc"]) == (8, pytest.approx(14.5 / 16))
    assert (rest["n"], rest["auc"]) == (6, 1.0)
    alone = replace(dataset, test=dataset.test.subset([0, 1, 3, 4, 6, 7]))
    again = evaluate(predict, alone, n_bootstrap=50)
    assert again.splits["test"] == rest
    assert (again.near_copies, "test_without_copies" in again.splits) == (0, False)
    measures = json.loads(json.dumps(evaluation.to_metrics(), allow_nan=False))
    assert (measures["near_copies_in_test"], measures["test_without_copies"]["n"]) == (2, 6)
    assert evaluation.table().loc["images", "test without copies"] == "6"
    lines = repr(evaluation).splitlines()
    assert lines[2].split() == ["train", "val", "test", "test", "without", "copies"]
    assert max(map(len, lines)) <= 110


def test_without_a_class_nothing_is_measured_and_the_copies_are_counted(copied):
    dataset, _ = copied
    lost = replace(dataset, train=replace(dataset.train, images=dataset.test.images[4:]))
    evaluation = evaluate(lambda batch: np.linspace(0, 1, len(batch)), lost, n_bootstrap=20)
    assert evaluation.near_copies == 4
    assert list(evaluation.splits) == ["train", "val", "test"]
    assert evaluation.to_metrics()["near_copies_in_test"] == 4


def test_an_evaluation_says_where_nobody_looked_for_near_copies(copied, monkeypatch):
    dataset, predict = copied
    monkeypatch.setattr(nearcopies, "_MANY", 5)
    other = replace(dataset, train=dataset.train.subset([3, 0, 1, 2]))
    evaluation = evaluate(predict, other, n_bootstrap=20)
    assert evaluation.near_copies is None
    assert evaluation.to_metrics()["near_copies_in_test"] is None
    assert evaluate(predict, replace(other, simulated=True), n_bootstrap=20).near_copies == 0


def test_worst_errors_are_the_most_confident_ones(tiny):
    evaluation = evaluate(read, tiny, n_bootstrap=20)
    # At 0.35: image 1 (0.6, normal) gives 0.6 to the wrong answer, image 3 (0.3, ill) gives 0.7.
    assert evaluation.worst_errors().tolist() == [3, 1]
    assert evaluation.worst_errors(1).tolist() == [3]
    assert evaluation.worst_errors(kind="false positive").tolist() == [1]
    with pytest.raises(ValueError, match="k must lie between 1"):
        evaluation.worst_errors(0)
    assert evaluation.most_typical(1).tolist() == [0, 2]
    with pytest.raises(ValueError, match="k must lie between 1"):
        evaluation.most_typical(0)
