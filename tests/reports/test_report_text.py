from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from medlab import reports
from medlab.data import Dataset, Split
from medlab.evaluation import calibration, conformal, evaluate


def split(n, seed, patients):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    images = rng.integers(0, 100, (n, 8, 9, 1)) + 60 * labels[:, None, None, None]
    return Split(
        images.astype(np.uint8),
        labels,
        np.array([f"p{i // 2}" for i in range(n)]) if patients else None,
        {"diameter_mm": rng.uniform(4, 20, n)},
    )


def study(**facts):
    known = {"patients": True, "simulated": False, "label_meaning": "Folder | names.", **facts}
    patients = known.pop("patients")
    splits = {
        name: split(n, i, patients) for i, (name, n) in enumerate([("train", 60), ("val", 30), ("test", 40)])
    }
    dataset = Dataset(
        "toy", task="binary", class_names=("benign", "malignant"), positive_class=1, **splits, **known
    )
    rng = np.random.default_rng(1)
    return dataset, evaluate(
        lambda images: np.clip(images.mean((1, 2, 3)) / 150 + rng.normal(0, 0.2, len(images)), 0, 1),
        dataset,
        n_bootstrap=20,
    )


def learned(evaluation, method="temperature"):
    pair = evaluation.targets["val"], evaluation.predictions["val"]
    fitted = {"calibration": calibration.fit(method, *pair), "conformal": conformal.fit(*pair)}
    return {name: value.as_dict() for name, value in fitted.items()}


def test_the_data_are_described_with_what_is_not_known():
    dataset, _ = study(notes=("Halved.",), window_hu=(-400.0, 1400.0))
    text = reports.about_data(dataset).data
    assert "Folder &#124; names." in text
    assert "sizes in millimeters cannot be given" in text
    assert "train 60, val 30, test 40" in text
    assert "train 30, val 15, test 20; 35 come again in another split" in text
    assert "center -400 HU, width 1400 HU" in text
    assert text.endswith("- Halved.")


def test_simulated_data_are_called_simulated_wherever_they_are_shown():
    dataset, evaluation = study(simulated=True, spacing_mm=(0.8, 0.7))
    assert "toy (**simulated** images)" in reports.about_data(dataset).data
    assert "The images are simulated" in reports.limits(dataset, evaluation).data
    assert "simulated, benign" in reports.samples(dataset).alt
    assert "simulated, malignant" in reports.worst_errors(dataset, evaluation).alt


def test_a_split_by_patient_is_not_contradicted():
    dataset, evaluation = study(patients=False, split_by="patient")
    text = reports.limits(dataset, evaluation).data
    assert "not known which images are of one patient. The source split by patient. The intervals" in text
    assert "may be in training" not in text
    assert "not known; the source split by patient" in reports.about_data(dataset).data
    scans, measured = study(patients=False, split_by="CT scan")
    assert "The same patient may be in training and in the test set" in reports.limits(scans, measured).data


@pytest.mark.parametrize("patients", [True, False])
def test_limits_say_so_where_patients_are_not_known(patients):
    text = reports.limits(*study(patients=patients)).data
    assert ("not known which images are of one patient" in text) is not patients
    assert "only 20 images of class benign" in text
    assert "50 % of the test images are positive" in text
    assert text.endswith("**not a medical device**.")


def test_the_headline_gives_the_interval_the_threshold_and_the_ceiling():
    dataset, evaluation = study()
    about = SimpleNamespace(title="A toy", scale="smoke")
    run = SimpleNamespace(train_seconds=3.2, backend="jax")
    text = reports.headline(about, dataset, run, evaluation).data
    low, high = evaluation.splits["test"]["auc_ci"]
    assert text.startswith("### A toy: toy\n")
    assert f"({low:.3f} to {high:.3f}) on 40 test images" in text
    assert "not a medical device" in text
    assert (
        f"At threshold {evaluation.threshold:.3g}, chosen on validation (youden), for the class malig" in text
    )
    assert "numbers mean nothing" in text
    assert "ceiling" not in text


def test_errors_are_counted_by_size_where_the_size_is_known():
    dataset, evaluation = study()
    evaluation.attributes["kind"] = np.where(np.arange(40) < 30, "usual", "rare")
    *rows, few = reports.subgroups(dataset, evaluation, "kind, diameter_mm")
    assert [row["part"] for row in rows] == ["kind usual"]
    assert few["part"] == "5 parts with fewer than 10 images of a class"
    assert "kind usual | 30 | " in reports.subgroup_table([*rows, few]).data
    assert reports.subgroups(dataset, evaluation)[-1]["part"].startswith("4 parts")  # the diameter, unasked
    with pytest.raises(ValueError, match=r"subgroups must be one of: .*; got 'kin'"):
        reports.subgroups(dataset, evaluation, "kin")
    with pytest.raises(ValueError, match=r"subgroups must be one of: kind; got 'mask'"):
        reports.asked_subgroups({"kind": np.zeros(7), "mask": np.zeros((7, 8, 9))}, "kind, mask")
    evaluation.attributes.clear()
    assert reports.subgroups(dataset, evaluation) is None
    assert "No attribute of the patients is known" in reports.subgroup_table(None).data


def test_a_folder_of_ones_own_stands_beside_nothing_and_a_published_set_beside_others():
    dataset, evaluation = study()
    assert reports.beside(dataset, evaluation) is None
    dataset, evaluation = study(published=({"method": "ResNet", "auc": 0.9, "acc": 0.8},))
    assert "ResNet (transcribed) 0.900" in reports.beside(dataset, evaluation).alt


def test_figures_are_drawn_for_a_binary_task():
    dataset, evaluation = study()
    assert "train: 30 benign, 30 malignant" in reports.class_counts(dataset).alt
    assert len(reports.curves(dataset, evaluation)) == 2
    assert "true benign" in reports.confusion(dataset, evaluation)[0].alt


def test_probabilities_are_shown_with_what_they_would_be_off_by_luck():
    dataset, evaluation = study()
    told, truth = evaluation.predictions["test"], evaluation.targets["test"]
    (reliability, benefit), text = reports.probabilities(dataset, evaluation, learned(evaluation, "platt"))
    platt = calibration.fit("platt", evaluation.targets["val"], evaluation.predictions["val"]).apply(told)
    assert f"15 bins, is {calibration.ece(truth, told):.3f} as they are" in text.data
    assert f"{calibration.ece(truth, platt):.3f} once mended on the validation images by *platt*" in text.data
    assert "temperature" not in text.data
    assert "true risk" not in text.data
    assert "as they are 0." in reliability.alt
    assert "calling everybody and nobody" in benefit.alt


def shifted(prevalence_test, by=1.5):
    """Return a study whose logits are too high by `by`, as class weights make them."""
    dataset, evaluation = study(simulated=True)
    rng = np.random.default_rng(6)
    for name, (n, share) in {"val": (600, 0.4), "test": (600, prevalence_test)}.items():
        truth = (rng.random(n) < share).astype(float)
        logits = rng.normal(2 * truth - 1, 1.4) + np.log(2 / 3) + by
        evaluation.targets[name], evaluation.predictions[name] = truth, 1 / (1 + np.exp(-logits))
    split = replace(dataset.val.subset(np.zeros(600, int)), patients=np.arange(600).astype(str))
    measured = replace(evaluation, patients=None, attributes={}, threshold=0.5)
    return replace(dataset, val=split), measured


@pytest.mark.slow
def test_a_shift_that_a_temperature_cannot_mend_is_named_with_its_cure_and_what_that_relies_on():
    dataset, evaluation = shifted(0.4)
    text = reports.probabilities(dataset, evaluation, learned(evaluation))[1].data
    assert "The logits are divided by" in text
    assert "lowers the log loss by 0." in text
    assert "Try `-p calibration=platt`." in text
    dataset, evaluation = shifted(0.9)
    text = reports.probabilities(dataset, evaluation, learned(evaluation))[1].data
    val, test = (100 * evaluation.targets[name].mean() for name in ("val", "test"))
    assert f"It learns the prevalence of validation, {val:.0f} %; that of test is {test:.0f} %." in text
    dataset, evaluation = shifted(0.4, by=0)
    text = reports.probabilities(dataset, evaluation, learned(evaluation))[1].data
    assert "a temperature cannot mend a shift" in text
    assert "calibration=platt" not in text


def test_simulated_patients_tell_how_far_probabilities_are_from_the_true_risk():
    dataset, evaluation = shifted(0.4)
    risk = np.full(600, 0.4)
    evaluation = replace(evaluation, attributes={"risk_image": risk})
    fitted = learned(evaluation, "platt")
    away = calibration.ece(
        risk, calibration.Calibration(**fitted["calibration"]).apply(evaluation.predictions["test"])
    )
    text = reports.probabilities(dataset, evaluation, fitted)[1].data
    assert f"from that, the calibrated probabilities are {away:.3f} away" in text


def test_sets_are_shown_beside_what_they_promised_and_doubt_beside_what_it_is_worth():
    dataset, evaluation = shifted(0.4)
    (figure,), words = reports.certainty(dataset, evaluation, learned(evaluation))
    assert "No class falls short of the promise" in words.data
    rows = [line.split(" | ") for line in words.data.splitlines() if line.startswith("| ")]
    assert rows[0][-3:] == ["one class", "several", "none |"]
    assert [row[0] for row in rows[1:]] == ["| benign", "| malignant", "| all"]
    assert sum(int(row[1]) for row in rows[1:3]) == 600
    assert "Its doubt tells where it errs" in words.data
    assert "left to a person" in figure.axes[0].get_xlabel()


def test_sets_of_other_images_than_those_of_validation_break_their_promise():
    dataset, evaluation = shifted(0.4)
    evaluation.predictions["test"] = 1 - evaluation.predictions["test"]
    words = reports.certainty(dataset, evaluation, learned(evaluation))[1].data
    assert "The promise is not kept for malignant, by more than luck: the test images differ" in words
    assert "It errs where it is sure" in words


def test_sets_of_too_few_validation_images_and_other_tasks_are_said_to_be_undefined():
    dataset, evaluation = study()
    words = reports.certainty(dataset, evaluation, {"conformal": None})[1].data
    assert "not defined here, for validation has fewer than 10 images of a class" in words
    evaluation = replace(evaluation, task="regression")
    assert (
        "not defined here: an image does not have one" in reports.certainty(dataset, evaluation, {})[1].data
    )


@pytest.mark.slow
def test_figures_are_drawn_for_several_classes_several_labels_and_amounts():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (30, 8, 9, 1), dtype=np.uint8)
    classes = {"labels": np.arange(30) % 3, "names": ("a", "b", "c"), "task": "multiclass"}
    labels = {
        "labels": rng.integers(0, 2, (30, 3), dtype=np.uint8),
        "names": ("a", "b", "c"),
        "task": "multilabel",
    }
    amounts = {"labels": rng.random(30).astype(np.float32), "names": ("grade",), "task": "regression"}
    for case in (classes, labels, amounts):
        part = Split(images, case["labels"])
        dataset = Dataset("toy", part, part, part, case["task"], case["names"])
        output = rng.dirichlet(np.ones(3), 30) if case["task"] != "regression" else rng.random(30)
        evaluation = evaluate(lambda _images, output=output: output, dataset, n_bootstrap=20)
        has_curves = case["task"] != "regression"
        assert len(reports.curves(dataset, evaluation)) == 2 * has_curves
        assert len(reports.confusion(dataset, evaluation)) == (case["task"] == "multiclass")
        assert (reports.class_counts(dataset) is not None) is has_curves
        assert reports.samples(dataset).alt
        assert reports.worst_errors(dataset, evaluation).alt
        assert reports.subgroups(dataset, evaluation) is None
        assert reports.probabilities(dataset, evaluation, {})[0] == []
        measured = case["task"] == "multiclass"
        sets = learned(evaluation) if measured else {}
        assert len(reports.certainty(dataset, evaluation, sets)[0]) == measured
        assert reports.limits(dataset, evaluation).data
        run = SimpleNamespace(train_seconds=3.2, backend="jax")
        assert (
            "30 test images"
            in reports.headline(SimpleNamespace(title="t", scale="full"), dataset, run, evaluation).data
        )


def test_a_network_without_errors_has_none_to_show():
    dataset, _ = study()
    truth = {len(part): dataset.targets(part) for part in dataset.splits().values()}
    evaluation = evaluate(lambda images: truth[len(images)], dataset, n_bootstrap=20)
    assert reports.worst_errors(dataset, evaluation) is None


def test_lines_of_text_are_text_at_the_top_of_a_page():
    assert reports.summary(["<b>: 1", "  two"]).data == "&#60;b&#62;: 1  \ntwo  "


def test_a_run_is_listed_with_who_set_what():
    row = {"name": "rate", "value": None, "source": "file a|b", "help": "learning rate [0, 1]"}
    text = reports.about_run(SimpleNamespace(rows=[row])).data
    assert text.splitlines()[-1] == "| rate | – | file a&#124;b | learning rate &#91;0, 1&#93; |"
    assert reports.about_run(SimpleNamespace(rows=[])).data == "Nothing was given."


def test_training_is_told_in_a_sentence():
    options = {
        "epochs": 9,
        "optimizer": "sgd",
        "learning_rate": 0.05,
        "batch_size": 8,
        "balance": "none",
        "augment": False,
    }
    network = SimpleNamespace(name="tiny_cnn", count_params=lambda: 1234)
    facts = {"train_seconds": 2.0, "backend": "torch", "best_epoch": 3, "options": options}
    run = SimpleNamespace(history=[0] * 4, model=network, **facts)
    text = reports.about_training(run).data
    assert "Trained 4 of at most 9 epochs in 2 s on torch: sgd, highest learning rate 0.05" in text
    assert (
        "without augmentation. The weights of epoch 3 were kept. The network, tiny_cnn, has 1,234 of them."
        in text
    )


def results(evaluation):
    return reports.about_results(evaluation).data


def test_results_say_why_a_measure_has_no_interval():
    _, evaluation = study()
    evaluation.splits["test"] |= {
        "ci_reasons": {"auc": "it rests on 1 image", "balanced_accuracy": "it rests on 1 image"}
    }
    text = results(evaluation)
    assert "No interval for auc, balanced accuracy: it rests on 1 image." in text


def test_results_say_how_many_test_images_come_again_and_what_is_left_without_them():
    dataset, _ = study()
    dataset.train.images[:4] = dataset.test.images[:4]
    evaluation = evaluate(lambda images: images.mean((1, 2, 3)) / 200, replace(dataset, fingerprint=""))
    told = (
        "4 of 40 test images have a near-copy in train or validation, which may flatter. Without them: AUC "
    )
    assert f"{told}1.000 on 36 images." in results(evaluation)
    about, run = SimpleNamespace(title="t", scale="full"), SimpleNamespace(train_seconds=3, backend="jax")
    assert told in reports.headline(about, dataset, run, evaluation).data
    del evaluation.splits["test_without_copies"]
    assert "Without them: too few images are left for a result." in results(evaluation)
    unknown = replace(evaluation, near_copies=None)
    assert "Near-copies across splits were not counted among so many: data.duplicates_across" in results(
        unknown
    )
    assert "across" not in reports.headline(about, dataset, run, unknown).data
    assert "across splits" not in results(replace(evaluation, near_copies=0))


def test_of_a_volume_the_page_says_that_one_slice_is_shown():
    part = Split(np.zeros((6, 5, 8, 9, 1), np.uint8), np.arange(6) % 2)
    dataset = Dataset("toy", part, part, part, "binary", ("a", "b"), 1)
    assert "of each volume slice 3 of 5 is shown" in reports.about_data(dataset).data
    texts = [text.get_text() for text in reports.samples(dataset).texts]
    assert "slice 3 of 5 of each volume" in texts


HOSTILE = "<img src=x onerror=alert(1)>_a_|`b`$<10$"


def test_names_of_users_are_text_wherever_the_page_has_them():
    dataset, evaluation = study(notes=(f"Read {HOSTILE}.",), label_meaning=HOSTILE, source=HOSTILE)
    hostile = replace(dataset, name=HOSTILE, class_names=("benign", HOSTILE))
    about = SimpleNamespace(title="A toy", scale="lesson", rows=[])
    about.rows = [{"name": "positive_class", "value": HOSTILE, "source": HOSTILE, "help": "a | b"}]
    run = SimpleNamespace(train_seconds=3.2, backend="jax")
    for part in (
        reports.about_data(hostile),
        reports.about_run(about),
        reports.headline(about, hostile, run, evaluation),
        reports.limits(hostile, evaluation),
    ):
        assert not {"<", "$", "`"} & set(
            part.data.replace("<span>&#36;</span>", "").replace("<span>&#92;</span>", "")
        )
        assert "&#60;img src&#61;x" in part.data or "class benign" in part.data


def test_a_class_name_that_no_font_has_is_told():
    dataset, _ = study()
    unknown = replace(dataset, class_names=("benign", "\U00013080 eye"))
    assert "No installed font has \U00013080: figures show boxes" in reports.about_data(unknown).data
    assert "No installed font" not in reports.about_data(dataset).data
