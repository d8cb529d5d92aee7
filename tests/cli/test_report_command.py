from pathlib import Path

import pytest
from click.testing import CliRunner

from medlab import notebook
from medlab.cli.report import headline, report
from medlab.reports import ReportFailed, ReportResult, presets

TEMPLATES = Path(__file__).parents[1] / "reports" / "templates"
METRICS = {
    "dataset": "toy",
    "task": "binary",
    "n_test": 7,
    "test": {
        "n": 7,
        "auc": 0.75,
        "auc_ci": [0.5, 1.0],
        "f1": 0.5,
        "f1_ci": None,
        "ci_reasons": {"f1": "it rests on 2 images"},
        "resampled": "images",
    },
}


@pytest.fixture
def call(tmp_path, monkeypatch, two_classes):
    """Return a function that calls `medlab report` in a folder with two classes of images."""
    two_classes(tmp_path / "images" / "train")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(notebook, "course_folder", lambda: TEMPLATES.parent / "course")
    templates = presets.available(TEMPLATES)
    for package in ("medlab.reports", "medlab.reports.presets"):
        monkeypatch.setattr(f"{package}.available", lambda _folder=None: templates)
    return lambda *words: CliRunner().invoke(report, words)


@pytest.fixture
def run_calls(monkeypatch, tmp_path):
    """Replace the run by a record of what it was asked for."""
    calls = []

    def run_report(template, *, given, out, progress):
        calls.append((template.name, given, out))
        return ReportResult(tmp_path, tmp_path / "report.ipynb", tmp_path / "report.html", METRICS)

    monkeypatch.setattr("medlab.reports.run_report", run_report)
    return calls


def test_reports_and_presets_are_listed(call):
    for words in ([], ["--list"]):
        answer = call(*words)
        assert answer.exit_code == 0
        assert "small               preset of tiny: The small study" in answer.output


def test_parameters_are_listed_with_type_default_and_help(call):
    answer = call("small", "--parameters")
    assert answer.exit_code == 0
    assert "rate: float = 0.25\n    learning rate [0, 1]" in answer.output
    assert "epochs: Optional[int] = None" in answer.output


def test_an_unknown_report_is_refused_with_the_nearest(call):
    answer = call("smal")
    assert answer.exit_code == 2
    assert "Did you mean 'small'?" in answer.output


def test_the_command_line_and_the_file_are_passed_on_and_the_result_is_told(call, run_calls, tmp_path):
    (tmp_path / "my.yaml").write_text("epochs: 3\nrate: 0.125\n")
    answer = call("tiny", "-p", "rate=0.5", "-p", "data_dir=a=b", "-f", "my.yaml", "--out", "there")
    assert answer.exit_code == 0
    ((name, given, out),) = run_calls
    assert (name, out) == ("tiny", "there")
    assert given == {
        "command line": {"rate": "0.5", "data_dir": "a=b"},
        "file my.yaml": {"epochs": "3", "rate": "0.125"},
    }
    assert "toy, 7 test images" in answer.output
    assert f"Report: {tmp_path / 'report.html'}" in answer.output


def test_the_sentences_of_a_report_on_one_image_are_told_and_those_of_a_validation_after_its_measures(
    call, monkeypatch, tmp_path
):
    told = []
    monkeypatch.setattr(
        "medlab.reports.run_report", lambda *_, **__: ReportResult(tmp_path, tmp_path, tmp_path, told[0])
    )
    told.append({"summary": ["An image of your own", "  Risk of malignant: 0.52"]})
    assert call("tiny").output.startswith("An image of your own\n  Risk of malignant: 0.52\nReport: ")
    told[0] = METRICS | {"kind": "validation", "summary": ["  All images are judged."], "threshold": 0.3}
    output = call("tiny").output
    assert output.index("7 test images") < output.index("  All images are judged.")
    assert "Balancing" not in output


def test_the_headline_gives_each_measure_with_its_interval_where_there_is_one():
    first, auc, f1, *reasons = headline(METRICS)
    assert first == "toy, 7 test images (in brackets: 95 % intervals)"
    named = headline(METRICS | {"positive_class": "nodule"})[0]
    assert named == "toy, 7 test images, positive class nodule (in brackets: 95 % intervals)"
    simulated = headline(METRICS | {"simulated": True})[0]
    assert simulated == "toy, 7 SIMULATED test images (in brackets: 95 % intervals)"
    assert auc.split() == "AUC 0.750 (0.500 to 1.000)".split()
    assert f1.split() == "F1 0.500".split()
    assert reasons == ["  No interval for f1: it rests on 2 images."]


def test_the_headline_of_another_task_needs_no_accuracy():
    lines = headline(METRICS | {"test": {"mae": 1.5, "mae_ci": [1.0, 2.0], "majority_accuracy": 0.6}})
    assert lines[1].split()[-4:] == ["1.500", "(1.000", "to", "2.000)"]
    assert lines[2].split()[-1] == "0.600"


@pytest.mark.parametrize("balance", ["auto", "none"])
def test_the_headline_tells_the_accuracies_apart(balance):
    test = {
        "accuracy": 0.705,
        "accuracy_ci": [0.6, 0.8],
        "accuracy_at_threshold": 0.75,
        "accuracy_at_threshold_ci": [0.65, 0.85],
        "sensitivity": 0.5,
        "sensitivity_ci": None,
        "majority_accuracy": 0.768,
    }
    chosen = {"task": "binary", "threshold": 0.3141, "parameters": {"balance": balance}, "test": test}
    lines = [" ".join(line.split()) for line in headline(METRICS | chosen)[1:]]
    assert lines[:4] == [
        "accuracy (at 0.5) 0.705 (0.600 to 0.800)",
        "accuracy at the threshold (0.314) 0.750 (0.650 to 0.850)",
        "accuracy, always the most frequent class 0.768",
        "sensitivity (at 0.314) 0.500",
    ]
    assert any("shifts the accuracy at 0.5" in line for line in lines) == (balance == "auto")
    even = headline(METRICS | chosen | {"train": {"majority_accuracy": 0.5}})
    assert not any("shifts" in line for line in even)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("positive_class=my class", {"positive_class": "my class"}),
        ("positive_class=my class rate=.5", {"positive_class": "my class", "rate": ".5"}),
        (" rate=.5   epochs=3 ", {"rate": ".5", "epochs": "3"}),
        ("group_rule=csv:a b.csv data_dir='x'", {"group_rule": "csv:a b.csv", "data_dir": "'x'"}),
        ("target=sensitivity >=.9 $5", {"target": "sensitivity >=.9 $5"}),
        ("", {}),
    ],
)
def test_several_parameters_in_one_text_begin_behind_blanks(call, run_calls, line, values):
    assert call("tiny", f"--pairs={line}").exit_code == 0
    assert run_calls[0][1] == {"command line": values}


def test_all_problems_are_listed_and_nothing_is_written(call, tmp_path):
    answer = call("tiny", "-p", "epoch=3", "-p", "rate=2", "-p", "augment=maybe", "-p", "data_dir=nowhere")
    assert answer.exit_code == 2
    for text in (
        "tiny: nothing was run, because",
        "epoch is not a parameter of this report. Did you mean 'epochs'? (command line)",
        "rate must lie between 0 and 1, got 2.0",
        "augment must be true or false, got 'maybe'",
        "data_dir must be a folder, but 'nowhere' does not exist",
        "All parameters: medlab report tiny --parameters",
    ):
        assert text in answer.output
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-p", "rate"], "-p takes NAME=VALUE, got 'rate'"),
        (["-p", "=3"], "-p takes NAME=VALUE, got '=3'"),
        (["-p", "rate=0", "-p", "rate=1"], "-p rate=... is given twice"),
        (["-f", "list.yaml"], "must hold lines like 'epochs: 5', got a list"),
        (["-f", "broken.yaml"], "broken.yaml, line 2, is not readable as YAML: while parsing"),
        (["-f", "twice.yaml"], "twice.yaml, line 2, is not readable as YAML: epochs is given twice."),
        (["-f", "none.yaml"], "does not exist"),
    ],
)
def test_words_that_cannot_be_read_are_refused(call, tmp_path, words, message):
    (tmp_path / "list.yaml").write_text("- epochs\n")
    (tmp_path / "broken.yaml").write_text("epochs: [3\n")
    (tmp_path / "twice.yaml").write_text("epochs: 3\nepochs: 30\n")
    answer = call("tiny", *words)
    assert answer.exit_code == 2
    assert message in " ".join(answer.output.split())


def test_a_failed_report_says_what_failed_and_where_the_rest_is(call, monkeypatch, tmp_path):
    def fail(*_args, **_kwargs):
        msg = "cell [3] failed: ValueError: no"
        raise ReportFailed(msg, tmp_path)

    monkeypatch.setattr("medlab.reports.run_report", fail)
    answer = call("tiny")
    assert answer.exit_code == 1
    assert "tiny: cell [3] failed: ValueError: no" in answer.output
    assert f"Kept in {tmp_path}: images" in answer.output


def test_a_faulty_row_of_a_data_set_is_said_once_and_not_as_the_templates(call, monkeypatch):
    def refuse():
        msg = "mine.yaml must describe mine in full, got no title."
        raise ValueError(msg)

    monkeypatch.setattr("medlab.data.registered", refuse)
    answer = call("tiny")
    assert answer.exit_code == 2
    assert answer.output == "mine.yaml must describe mine in full, got no title.\n"


def test_a_folder_that_cannot_be_written_is_refused(call):
    answer = call("tiny", "--out", "images")
    assert answer.exit_code == 2
    assert "must be new or empty, but 'images' holds files" in answer.output
