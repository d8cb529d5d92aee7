"""The panel without a mouse: every button is a method, and nothing needs a page."""

import functools
import shutil
import threading

import numpy as np
import pytest

from medlab import models, training
from medlab_widgets import TrainingPanel

pytestmark = pytest.mark.slow  # every test trains

SMALL = {"width": 8, "epochs": 3, "batch_size": 16}


@pytest.fixture
def panel(dataset, tmp_path):
    return TrainingPanel(dataset, folder=tmp_path, **SMALL)


def held(panel):
    """Start a run and hold it after its first batch."""
    panel.start().pause()
    assert panel.current.session._control.waiting.wait(60)
    panel._refresh()
    return panel


def test_it_trains_what_its_code_trains(panel, dataset, capsys):
    run = panel.start().wait().result()
    printed = capsys.readouterr().out
    assert "epoch   3 of 3" in printed  # plain lines: nobody looks at curves here
    namespace = {"dataset": dataset}
    exec(panel.code(), namespace)
    assert namespace["run"].history["loss"].tolist() == run.history["loss"].tolist()
    for of_code, of_panel in zip(namespace["model"].get_weights(), run.model.get_weights(), strict=True):
        np.testing.assert_array_equal(of_code, of_panel)
    assert repr(panel) == "<TrainingPanel on spots: run 1 done>"


def test_the_status_names_the_precision_of_the_network_that_trains(panel, monkeypatch):
    monkeypatch.setattr(models, "build", functools.partial(models.build, mixed_precision=True))
    panel.start().wait()
    assert ", mixed_float16, " in panel.status.text


def test_after_waiting_a_picture_is_left(panel, monkeypatch):
    displayed = []
    monkeypatch.setattr("medlab_widgets.panel.display", displayed.append)
    panel.start().wait()
    assert [picture.alt for picture in displayed] == [panel.charts.alt]
    assert len(panel.charts.charts[0]["lines"][0]["x"]) == 3
    assert displayed[0].to_png().startswith(b"\x89PNG")


def test_buttons_mean_something_only_when_they_can_be_pressed(panel):
    def enabled():
        return [name for name, button in panel.buttons.buttons.items() if not button.disabled]

    assert enabled() == ["Start"]
    held(panel)
    assert enabled() == ["Stop", "Resume"]
    assert panel.sliders.controls["width"].disabled
    assert "paused" in panel.status.text
    panel.stop().wait()
    assert enabled() == ["Start", "Resume"]
    panel.resume().wait()
    assert enabled() == ["Start"]
    assert not panel.sliders.controls["width"].disabled
    assert "run 1: done" in panel.status.text
    assert "CPU" in panel.status.text
    assert ", float32, " in panel.status.text
    assert "memory" in panel.status.text


def test_stopped_and_resumed_it_ends_as_an_uninterrupted_run(panel, dataset):
    held(panel).stop().wait()
    stopped = panel.resume().wait().result()
    model = models.build("screening_cnn", dataset, width=8, seed=0)
    uninterrupted = training.fit(model, dataset, epochs=3, batch_size=16, seed=0, progress=False)
    np.testing.assert_allclose(stopped.history["loss"], uninterrupted.history["loss"], rtol=1e-5)


def test_runs_are_compared_and_restored(panel):
    panel.start().wait()
    panel.sliders.controls["learning_rate"].value = 1e-4
    panel.sliders.controls["width"].value = 4
    panel.start().wait()
    assert ">learning rate</th>" in panel._table.value
    second = panel.result()
    assert panel.settings["width"] == 4
    panel.restore("run 1")
    assert panel.settings["width"] == 8
    assert panel.settings["learning_rate"] == 0.002
    assert panel.result().model.count_params() > second.model.count_params()
    with pytest.raises(ValueError, match=r"run must be one of.*'run 3'"):
        panel.restore("run 3")


def test_a_new_panel_finds_the_runs_of_another_kernel_and_goes_on(panel, dataset, tmp_path):
    panel.start().wait()
    held(panel).stop().wait()
    later = TrainingPanel(dataset, folder=tmp_path, **SMALL)
    assert repr(later) == "<TrainingPanel on spots: run 1 on disk; run 2 on disk>"
    assert len(later.charts.charts[0]["lines"][0]["x"]) == 3  # curves without training
    assert later.buttons.buttons["Resume"].disabled is False
    assert later.resume().wait().result().history["epoch"].tolist() == [1, 2, 3]
    later.restore("run 1")
    assert later.result().best_epoch == panel.runs[0].best_epoch
    assert [run.name for run in later.runs] == ["run 1", "run 2"]
    later.start().wait()
    assert (tmp_path / "run-3" / "log.jsonl").is_file()


def test_a_training_of_plain_code_stands_beside(panel, dataset):
    model = models.build("screening_cnn", dataset, width=8, seed=0)
    run = training.fit(model, dataset, epochs=2, seed=0, progress=False)
    panel.add("plain code", run).start().wait()
    assert [listed.name for listed in panel.runs] == ["plain code", "run 1"]
    assert panel.charts.charts[0]["lines"][0]["name"] == "plain code"
    assert panel.restore("plain code").result() is run


def test_what_goes_wrong_is_said_in_the_panel_and_raised_to_code(panel):
    held(panel)
    panel.buttons.buttons["Start"].click()
    assert "another session is at work" in panel.status.problem
    with pytest.raises(RuntimeError, match=r"run 1 is at work\. Stop it"):
        panel.restore("run 1")
    with pytest.raises(RuntimeError, match="another session is at work"):
        training.fit(models.build("screening_cnn", panel.dataset, width=8), panel.dataset, epochs=1)
    panel.stop().wait()
    assert [run.name for run in panel.runs] == ["run 1"]


def test_what_was_refused_leaves_no_trace(panel, dataset, tmp_path):
    panel.start().wait()
    held(panel)
    later = TrainingPanel(dataset, folder=tmp_path, **SMALL)
    for action in (later.start, later.resume):
        with pytest.raises(RuntimeError, match="another session is at work"):
            action()
    assert not (tmp_path / "run-3").exists()
    panel.stop().wait()
    assert later.resume().wait().result().history["epoch"].tolist() == [1, 2, 3]


def test_an_error_of_the_training_is_shown(panel, monkeypatch):
    @functools.wraps(training.fit)
    def fail(*_arguments, **_options):
        msg = "no such <nodule>"
        raise LookupError(msg)

    monkeypatch.setattr("medlab.training.session.fit", fail)
    with pytest.raises(LookupError, match="no such"):
        panel.start().wait()
    assert "LookupError: no such <nodule>" in panel.status.problem
    assert panel.current.state == "failed"
    assert not panel.buttons.buttons["Start"].disabled


def test_nothing_to_do_is_said(panel):
    with pytest.raises(RuntimeError, match=r"nothing to stop\. Press Start"):
        panel.stop()
    with pytest.raises(RuntimeError, match="there is no run yet"):
        panel.result()
    with pytest.raises(ValueError, match=r"option of TrainingPanel must be one of.*'epoch'"):
        TrainingPanel(panel.dataset, epoch=3)


def test_nothing_trains_before_start(dataset):
    before = threading.active_count()
    TrainingPanel(dataset, **SMALL)
    assert threading.active_count() == before


def test_runs_are_renamed_hidden_and_deleted(panel, tmp_path):
    panel.start().wait()
    panel.start().wait()
    panel.rename("run 1", " narrow ")
    assert [run.name for run in panel.runs] == ["narrow", "run 2"]
    for name in ("", "run 2"):
        with pytest.raises(ValueError, match=r"new name of a run must be one that no other has, got"):
            panel.rename("narrow", name)
    panel.hide("run 2")
    assert {line["name"] for line in panel.charts.charts[1]["lines"]} == {"narrow"}
    panel.hide("run 2")
    assert {line["name"] for line in panel.charts.charts[1]["lines"]} == {"narrow", "run 2"}
    panel.delete("run 2")
    assert not (tmp_path / "run-2").exists()
    assert panel.current.name == "narrow"
    with pytest.raises(ValueError, match="run must be one of: narrow; got 'run 2'"):
        panel.delete("run 2")
    assert repr(TrainingPanel(panel.dataset, folder=tmp_path)) == "<TrainingPanel on spots: narrow on disk>"
    held(panel)
    with pytest.raises(RuntimeError, match=r"run 2 is at work\..*before one is deleted"):
        panel.delete("narrow")
    panel.stop().wait()


def test_the_buttons_of_a_run_do_the_same(panel, tmp_path):
    panel.start().wait()
    tools = panel.tools
    tools.name.value = "first"
    tools.buttons["Rename"].click()
    assert panel.runs[0].name == tools.chosen.value == "first"
    tools.buttons["Hide"].click()
    assert panel.runs[0].hidden
    assert tools.buttons["Hide"].description == "Show"
    tools.buttons["Delete"].click()
    assert tools.buttons["Delete"].description == "Delete for good?"
    assert panel.runs
    tools.buttons["Delete"].click()
    assert not panel.runs
    assert list(tmp_path.iterdir()) == []
    assert all(button.disabled for button in tools.buttons.values())
    assert panel.buttons.buttons["Start"].disabled is False


def test_a_cell_that_adds_a_training_can_be_run_again(panel, dataset):
    model = models.build("screening_cnn", dataset, width=8, seed=0)
    run = training.fit(model, dataset, epochs=1, seed=0, progress=False)
    panel.add("plain code", run).add("plain code", run)
    assert repr(panel) == "<TrainingPanel on spots: plain code done>"
    panel.start().wait()
    with pytest.raises(ValueError, match="name must be one that no run of the panel has, got 'run 1'"):
        panel.add("run 1", run)


def test_a_run_whose_folder_has_gone_cannot_go_on_and_says_so(panel, dataset, tmp_path):
    panel.start().wait()
    later = TrainingPanel(dataset, folder=tmp_path, **SMALL)
    shutil.rmtree(tmp_path / "run-1")
    later.buttons.buttons["Resume"].click()
    assert later.status.problem == (
        "RuntimeError: the files of run 1 are gone, so it cannot go on. Start trains anew."
    )
    with pytest.raises(RuntimeError, match="the files of run 1 are gone"):
        later.result()
    assert later.start().wait().result().best_epoch >= 1
    for run in list(later.runs):
        later.delete(run.name)
    assert later.charts.charts[0]["lines"] == []
    assert later.buttons.buttons["Resume"].disabled
    with pytest.raises(RuntimeError, match="there is no run yet"):
        later.result()
