"""What can be moved, what it stands for, and the same as code and as a command."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, replace

import pytest

from medlab import data, models, reports
from medlab.training import Settings
from medlab.training.settings import described, option
from medlab_widgets import training_runs as runs, training_sliders
from medlab_widgets.training_sliders import SETTINGS, TrainingSliders


def options_of(dataset, name):
    return list(TrainingSliders(dataset, {}).controls[name].options)


def test_only_networks_that_take_the_images_are_offered(dataset):
    names = options_of(dataset, "model")
    assert names == models.fitting(dataset.image_shape)
    assert "screening_cnn" in names
    assert "article_cnn_28" not in names


def test_the_balances_are_those_of_the_task(dataset):
    assert options_of(dataset, "balance") == ["none", "weights", "oversample", "undersample", "focal"]
    several = replace(dataset, task="multilabel", positive_class=None)
    assert options_of(several, "balance") == ["none", "focal"]
    assert options_of(replace(dataset, task="regression", positive_class=None), "balance") == ["none"]


@dataclass(frozen=True)
class MoreSettings(Settings):
    """Settings with options that a contributor might add.

    {options}
    """

    label_smoothing: float = option(
        0.1,
        "Part of each label that goes to the others.",
        low=0,
        high=0.5,
        control="linear",
        offered=(0, 0.3),
    )
    noise: str = option("none", "What is added.", choices=("none", "gaussian"), control="choices")


def test_a_new_option_is_added_in_one_place(dataset, monkeypatch):
    """Its field gives it a slider, a range, an entry in the docstrings and its place among the settings."""
    monkeypatch.setattr("medlab.training.settings.Settings", MoreSettings)
    text = described(MoreSettings).__doc__
    assert "    label_smoothing : float in [0, 0.5]\n        Part of each label that goes" in text
    assert '    noise : "none" or "gaussian"\n        What is added.' in text
    with pytest.raises(ValueError, match=r"label_smoothing must lie between 0 and 0.5, got 0.7"):
        MoreSettings(label_smoothing=0.7)
    sliders = importlib.reload(training_sliders)
    try:
        assert sliders.SETTINGS[-3:] == ("label_smoothing", "noise", "seed")
        panel = sliders.TrainingSliders(dataset, {"noise": "gaussian"})
        control = panel.controls["label_smoothing"]
        assert (control.min, control.max, control.value) == (0, 0.3, 0.1)
        assert (control.description, control.tooltip) == (
            "label smoothing",
            "Part of each label that goes to the others.",
        )
        assert panel.values()["noise"] == "gaussian"
    finally:
        monkeypatch.undo()
        importlib.reload(training_sliders)


def test_every_slider_has_the_help_and_stays_in_the_range_of_its_option(dataset):
    for name, control in TrainingSliders(dataset, {}).controls.items():
        if name in Settings.__dataclass_fields__:
            facts = Settings.__dataclass_fields__[name].metadata
            assert control.tooltip == facts["about"]
            for end in facts["offered"]:
                assert getattr(Settings(**{name: end}), name) == end


def test_what_is_not_given_stands_where_fit_would_put_it(dataset):
    values = TrainingSliders(dataset, {}).values()
    assert list(values) == list(SETTINGS)
    assert values["model"] == "screening_cnn"
    assert values["width"] is values["dropout"] is None
    assert (values["batch_size"], values["learning_rate"], values["epochs"]) == (32, 0.002, 70)
    assert values["balance"] == "weights"


def test_a_value_that_a_slider_does_not_offer_is_added_in_its_place(dataset):
    sliders = TrainingSliders(dataset, {"width": 12, "dropout": 0.33, "batch_size": 48, "epochs": 250})
    values = sliders.values()
    assert (values["width"], values["dropout"], values["batch_size"]) == (12, 0.33, 48)
    assert values["epochs"] == 250
    assert [label for label, _ in sliders.controls["width"].options] == [
        "own",
        "4",
        "8",
        "12",
        "16",
        "32",
        "64",
    ]


def test_the_learning_rate_is_a_number_that_can_be_typed_again(dataset):
    sliders = TrainingSliders(dataset, {})
    sliders.controls["learning_rate"].value = 10**-2.85
    assert sliders.values()["learning_rate"] == 0.0014


@pytest.mark.parametrize("rate", [1e-6, 0.00125, 3.0])
def test_a_learning_rate_that_was_given_is_the_one_that_is_used(dataset, rate):
    sliders = TrainingSliders(dataset, {"learning_rate": rate, "seed": 3_000_000_000})
    assert sliders.values()["learning_rate"] == rate
    assert sliders.values()["seed"] == 3_000_000_000


def test_settings_come_back_as_they_were_put(dataset):
    sliders = TrainingSliders(dataset, {})
    wanted = {**sliders.values(), "width": 8, "optimizer": "sgd", "augment": False, "seed": 7}
    sliders.put(wanted)
    assert sliders.values() == wanted


def test_a_network_that_does_not_take_these_images_is_refused(dataset):
    with pytest.raises(ValueError, match=r"model must be one of screening_cnn, .*for these images"):
        TrainingSliders(dataset, {"model": "article_cnn_28"})


def test_the_same_as_code(dataset):
    settings = {**TrainingSliders(dataset, {"width": 8, "epochs": 3}).values()}
    text = runs.code(settings, {"averaging": 0.9}, {"pooling": "attention"}, "nodules")
    assert 'models.build("screening_cnn", nodules, width=8, pooling="attention", seed=0)' in text
    assert "    learning_rate=0.002,\n" in text
    assert "    averaging=0.9,\n    seed=0,\n)" in text
    compile(text, "code", "exec")


def test_the_same_as_a_command_that_the_report_accepts(dataset):
    registered = replace(dataset, name="simulated_nodules")
    settings = TrainingSliders(dataset, {"epochs": 3, "dropout": 0.25}).values()
    text = runs.command(settings, {"averaging": 0.9}, registered)
    assert "medlab report classification -p dataset=simulated_nodules -p model=screening_cnn" in text
    assert "-p dropout=0.25" in text
    assert "-p augment=true" in text
    assert "# a report has no parameter for: averaging" in text
    assert "width" not in text

    words = text.splitlines()[-1].split()
    given = dict(word.split("=", 1) for word in words if "=" in word)
    schema = reports.read_schema(reports.resolve("classification").notebook)
    assert reports.validate(schema, {"command line": given})["epochs"].value == 3


def test_images_that_no_registered_set_has_go_through_a_folder(dataset):
    cropped = replace(dataset, name="simulated_nodules")
    settings = {**TrainingSliders(dataset, {}).values(), "model": "article_cnn_28"}  # theirs have 64 pixels
    for text in (runs.command(settings, {}, cropped), runs.command(settings, {}, dataset)):
        assert "data.write_folder(dataset, 'FOLDER')" in text
        assert "medlab report classification -p data_dir=FOLDER -p model=article_cnn_28" in text


def test_settings_that_a_report_would_refuse_are_no_command(dataset):
    settings = {**TrainingSliders(dataset, {}).values(), "epochs": 0}
    for chosen in (dataset, replace(dataset, name="simulated_nodules")):
        text = runs.command(settings, {}, chosen)
        assert "# epochs must lie between 1 and" in text
        assert all(line.startswith("# ") for line in text.splitlines())


def test_a_folder_that_is_written_first_makes_the_command_run(dataset, tmp_path):
    data.write_folder(dataset, tmp_path / "FOLDER")
    text = runs.command(TrainingSliders(dataset, {}).values(), {}, dataset)
    words = text.splitlines()[-1].replace("FOLDER", str(tmp_path / "FOLDER")).split()
    given = dict(word.split("=", 1) for word in words if "=" in word)
    schema = reports.read_schema(reports.resolve("classification").notebook)
    assert reports.validate(schema, {"command line": given})["model"].value == "screening_cnn"


def row(epoch, auc):
    return {"epoch": epoch, "loss": 1 / epoch, "val_loss": 2 / epoch, "val_auc": auc}


def test_charts_and_table_put_runs_side_by_side():
    first = runs.PanelRun(
        "run 1", 1, {"width": 8, "epochs": 2}, 0, rows=[row(1, 0.6), row(2, 0.7)], best_epoch=2
    )
    second = runs.PanelRun("run 2", 2, {"width": 16, "epochs": 2}, 1, rows=[row(1, 0.5)], best_epoch=1)
    second.live = (1.5, 0.4)
    loss, auc = runs.charts([first, second], first)
    assert [line.name for line in loss.lines] == ["run 1", "", "run 2", ""]
    assert loss.lines[2].points().T.tolist() == [
        [1.0, 1.0],
        [1.5, 0.4],
    ]  # the epoch at hand goes on the curve
    assert (loss.mark, loss.mark_name) == (2, "kept by validation AUC: epoch 2")
    assert [line.points()[:, -1].tolist() for line in auc.lines] == [[2.0, 0.7], [1.0, 0.5]]
    table = runs.table([first, second], first).replace("\u00a0", " ")
    assert ">width</th>" in table
    assert ">seed</th>" not in table  # the same in both
    assert table.count("<th style='padding:1px 6px;") == table.count("<th")  # heads stand apart
    assert ">0.700</td>" in table
    assert table.index("▶") < table.index("run 1")


def test_the_current_run_stays_in_the_charts_when_there_are_many():
    many = [runs.PanelRun(f"run {n}", n, {}, rows=[row(1, 0.5)]) for n in range(1, 10)]
    shown = {line.name for line in runs.charts(many, many[0])[1].lines}
    assert shown == {"run 1", *(f"run {n}" for n in range(5, 10))}


def test_runs_are_found_again_on_the_disk_in_their_order(tmp_path):
    for number in (10, 2):
        folder = tmp_path / f"run-{number}"
        folder.mkdir()
        (folder / runs.SETTINGS_FILE).write_text(json.dumps({"width": number}))
    listed = runs.on_disk(tmp_path)
    assert [(run.name, run.settings["width"], run.state) for run in listed] == [
        ("run 2", 2, "on disk"),
        ("run 10", 10, "on disk"),
    ]
    (tmp_path / "run-2" / "state.npz").write_bytes(b"half")
    with pytest.raises(ValueError, match=r"checkpoint state\.npz is damaged.*Delete it, or train"):
        runs.on_disk(tmp_path)


def test_a_hidden_run_keeps_its_row_and_loses_its_curves():
    first, second = (runs.PanelRun(f"run {n}", n, {}, n - 1, rows=[row(1, 0.5)]) for n in (1, 2))
    first.hidden = True
    assert {line.name for line in runs.charts([first, second], first)[1].lines} == {"run 2"}
    assert runs.charts([first, second], first)[0].mark is None
    assert ">idle, hidden</td>" in runs.table([first, second], first).replace("\u00a0", " ")


def test_a_run_is_found_again_under_the_name_it_was_given(tmp_path):
    run = runs.PanelRun("wide", 3, {"width": 64}, 2, tmp_path / "run-3")
    run.write_settings()
    (found,) = runs.on_disk(tmp_path)
    assert (found.name, found.number, found.settings) == ("wide", 3, {"width": 64})
