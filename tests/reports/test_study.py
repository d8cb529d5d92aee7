import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from medlab import notebook
from medlab.reports import (
    METRICS_KEYS,
    ParameterErrors,
    begin,
    check_metrics,
    study as study_module,
    write_metrics,
)

TEMPLATES = Path(__file__).parent / "templates"
DEFAULTS = {
    "dataset": None,
    "data_dir": "images",
    "epochs": None,
    "rate": 0.5,
    "augment": True,
    "balance": "auto",
    "scale": "lesson",
    "out_dir": None,
}


@pytest.fixture
def course(tmp_path, monkeypatch, two_classes):
    """A course of one template, and a working directory with two classes of images."""
    shutil.copytree(TEMPLATES, tmp_path / "course" / "reports")
    two_classes(tmp_path / "images" / "train")
    monkeypatch.setattr(notebook, "course_folder", lambda: tmp_path / "course")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_notebook_opened_by_hand_gets_a_folder_and_names_what_was_changed(course):
    study = begin("tiny", {**DEFAULTS, "rate": 0.75, "unrelated": 3})
    assert study.folder == Path("build", "reports", "tiny")
    assert study.folder.is_dir()
    assert {row["name"]: row["source"] for row in study.rows if row["source"] != "template"} == {
        "rate": "this notebook"
    }
    assert begin("tiny", dict(DEFAULTS)).folder.name == "tiny-2"


def test_the_scale_of_the_environment_goes_over_the_cell(course, monkeypatch):
    monkeypatch.setenv("MEDLAB_SCALE", "smoke")
    assert begin("tiny", dict(DEFAULTS)).scale == "smoke"


def test_a_data_set_put_into_the_cell_by_hand_replaces_the_folder(course):
    study = begin("tiny", {**DEFAULTS, "dataset": "breastmnist"})
    assert study.values["data_dir"] is None


def test_wrong_values_put_into_the_cell_by_hand_are_refused(course):
    with pytest.raises(ParameterErrors, match=r"rate must lie between 0 and 1, got 3\.0\. \(this notebook\)"):
        begin("tiny", {**DEFAULTS, "rate": 3.0})


def test_what_papermill_injects_under_an_unknown_name_is_refused_with_the_nearest(course):
    """Papermill logs an unknown name and goes on; its cell begins with a comment of its own."""
    cells = ["", "rate: float = 0.5  # learning rate", "# Parameters\nepochs = 3\nraet = 0.125\nseed = 1\n"]
    with pytest.raises(ParameterErrors) as refused:
        begin("tiny", {**DEFAULTS, "epochs": 3, "raet": 0.125, "seed": 1, "In": cells, "unrelated": 3})
    first, second = sorted(refused.value.problems)
    assert first == "raet is not a parameter of this report. Did you mean 'rate'? (this notebook)"
    assert second.startswith("seed is not a parameter of this report. There are: dataset, data_dir, epochs")
    assert not Path("build").exists()


def test_values_get_the_types_of_the_schema_whatever_papermill_made_of_them(course):
    namespace = {**DEFAULTS, "augment": "no", "epochs": "3", "rate": 1}
    study = begin("tiny", namespace)
    assert (namespace["augment"], namespace["epochs"], namespace["rate"]) == (False, 3, 1.0)
    assert type(namespace["rate"]) is float
    assert study.values["epochs"] == 3


@pytest.mark.parametrize("given", ["~/studies/first", "empty"])
def test_out_dir_is_the_folder_of_the_study(course, monkeypatch, given):
    monkeypatch.setenv("HOME", str(course))
    (course / "empty").mkdir()
    study = begin("tiny", {**DEFAULTS, "out_dir": given})
    assert study.folder.resolve() == course / given.removeprefix("~/")
    assert study.folder.is_dir()
    assert not Path("build").exists()


@pytest.mark.parametrize(
    ("given", "said"), [("images", "'images' holds files"), ("course/reports/tiny.ipynb", "is a file")]
)
def test_an_out_dir_that_holds_something_is_refused(course, given, said):
    with pytest.raises(ParameterErrors, match=rf"out_dir must be new or empty, but .*{said}\. Name"):
        begin("tiny", {**DEFAULTS, "out_dir": given})


def test_an_absolute_path_is_shown_by_its_last_part(course):
    study = begin("tiny", {**DEFAULTS, "data_dir": str(course / "images")})
    assert study.values["data_dir"] == "images"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("data_dir", "/clinic/Smith/", "Smith"),
        ("data_dir", "../tmp/Smith", "Smith"),
        ("data_dir", "~/clinic/Smith", "Smith"),
        ("data_dir", "images/ct", "images/ct"),
        ("group_rule", "csv:/var/tmp/x/who.csv", "csv:who.csv"),
        ("group_rule", "csv:../x/who.csv", "csv:who.csv"),
        ("group_rule", "blocks:1000", "blocks:1000"),
        ("table", "/clinic/who.csv", "who.csv"),
        ("epochs", 3, 3),
        ("data_dir", None, None),
    ],
)
def test_a_path_is_shown_without_what_stands_before_its_last_part(name, value, shown):
    assert study_module.shown_value(name, value) == shown


def test_a_folder_given_by_dots_alone_is_shown_by_its_own_name(course, monkeypatch):
    monkeypatch.chdir(course / "images" / "train")
    assert study_module.shown_value("data_dir", "..") == "images"


def test_what_medlab_report_decided_is_taken_over(course, monkeypatch):
    row = {"name": "scale", "value": "full", "source": "command line", "help": "how much"}
    facts = {"name": "small", "title": "The small study", "started": 12.0, "rows": [row]}
    (course / "out").mkdir()
    (course / "out" / study_module.PARAMETERS_FILE).write_text(json.dumps(facts))
    monkeypatch.setenv(study_module.FOLDER_VARIABLE, str(course / "out"))
    study = begin("tiny", {})
    assert (study.name, study.title, study.folder, study.scale) == (
        "small",
        "The small study",
        course / "out",
        "full",
    )


def results(test):
    """Return a data set, a run and an evaluation that say just what metrics.json asks for."""
    dataset = SimpleNamespace(
        name="toy",
        simulated=False,
        fingerprint="ab",
        task="binary",
        positive_name="malignant",
        class_names=("malignant", "benign"),
        train=range(5),
        val=range(3),
        test=range(2),
    )
    run = SimpleNamespace(seed=7, backend="tensorflow", train_seconds=1.234)
    measured = {"threshold": 0.5, "test": test, "ceiling": None, "published": []}
    return dataset, run, SimpleNamespace(to_metrics=lambda: measured)


def test_the_numbers_hold_every_key_of_schema_1(course):
    study = begin("tiny", dict(DEFAULTS))
    written = write_metrics(study, *results({"auc": 0.75, "auc_ci": (0.5, 1.0)}))
    assert written == json.loads((study.folder / "metrics.json").read_text())
    assert set(METRICS_KEYS) <= set(written)
    assert (written["positive_class"], written["n_train"], written["n_test"]) == ("malignant", 5, 2)
    assert written["test"]["auc_ci"] == [0.5, 1.0]
    assert {"medlab", "keras", "tensorflow", "python"} <= set(written["versions"])
    assert written["total_seconds"] >= 0


def test_numbers_that_are_not_finite_are_not_written(course):
    study = begin("tiny", dict(DEFAULTS))
    with pytest.raises(ValueError, match="Out of range float values"):
        write_metrics(study, *results({"auc": float("nan")}))
    assert not (study.folder / "metrics.json").exists()


def test_missing_keys_and_a_missing_test_are_refused():
    with pytest.raises(ValueError, match="must have all keys of schema 1, missing: dataset, task"):
        check_metrics({"schema": 1})
    with pytest.raises(ValueError, match="measures of the test set, got schema 2 and test None"):
        check_metrics(dict.fromkeys(METRICS_KEYS) | {"schema": 2})
