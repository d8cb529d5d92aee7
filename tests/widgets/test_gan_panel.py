"""A game in the background and its panel."""

import keras
import numpy as np
import pytest

from medlab import models, training
from medlab.training import checkpoint as checkpoints
from medlab.training.gan import GAN, GanSession
from medlab_widgets import GanPanel

pytestmark = pytest.mark.slow

SHAPE = (16, 16, 1)
IMAGES = np.random.default_rng(0).uniform(-1, 1, (32, *SHAPE))
LABELS = np.arange(32) % 2


def new_gan(classes=2):
    sides = {"classes": classes, "width": 4, "seed": 1}
    return GAN(models.gan.generator(SHAPE, 8, **sides), models.gan.critic(SHAPE, **sides), averaging=0.9)


OPTIONS = {"steps": 12, "batch_size": 8, "record_every": 4, "seed": 3, "progress": False}


class At(keras.callbacks.Callback):
    """A callback that does something after so many steps."""

    def __init__(self, step, action):
        super().__init__()
        self.step, self.action = step, action

    def on_train_batch_end(self, step, logs=None):
        if step == self.step:
            self.action()


@pytest.fixture(scope="module")
def uninterrupted():
    return new_gan().fit(IMAGES, LABELS, **OPTIONS)


@pytest.mark.parametrize("step", [1, 5, 11])
def test_stopped_and_resumed_a_game_ends_as_if_it_had_never_stopped(uninterrupted, tmp_path, step):
    session = GanSession(new_gan(), IMAGES, LABELS, checkpoint=tmp_path, **OPTIONS)
    session.callbacks = [At(step, session.stop)]
    assert session.start().wait().state == "stopped"
    assert session.snapshot()["step"] == step
    assert checkpoints.checkpoint_in(tmp_path) == f"a checkpoint of {step} step" + "s" * (step > 1)
    assert f"training stopped, step {step} of 12" in repr(session)
    session.callbacks = []
    run = session.resume().wait().result()
    np.testing.assert_allclose(run.history["critic_loss"], uninterrupted.history["critic_loss"], rtol=1e-4)
    np.testing.assert_allclose(run.snapshots[-1], uninterrupted.snapshots[-1], atol=1e-4)


def test_a_pause_does_not_count_as_playing(tmp_path):
    session = GanSession(new_gan(), IMAGES, LABELS, checkpoint=tmp_path, **OPTIONS)
    session.callbacks = [At(3, session.pause)]
    session.start()
    assert session._control.waiting.wait(60)
    assert session.state == "paused"
    assert session.snapshot()["step"] == 3
    session.join(0.5)
    run = session.resume().wait().result()
    assert session._control.seconds_waited >= 0.5
    assert run.train_seconds < session.seconds + 0.4


def test_nothing_else_plays_or_trains_meanwhile(tmp_path, dataset):
    session = GanSession(new_gan(), IMAGES, LABELS, checkpoint=tmp_path, **OPTIONS)
    session.callbacks = [At(3, session.pause)]
    session.start()
    assert session._control.waiting.wait(60)
    with pytest.raises(
        RuntimeError, match=r"another session is at work in this kernel \(training paused, step 3"
    ):
        new_gan().fit(IMAGES, LABELS, steps=1)
    with pytest.raises(RuntimeError, match="another session is at work"):
        training.fit(models.build("screening_cnn", dataset, width=8), dataset, epochs=1)
    session.stop().wait()


def test_unknown_options_are_refused():
    with pytest.raises(ValueError, match=r"option of GanSession must be one of.*'step'.*'steps'"):
        GanSession(new_gan(), IMAGES, LABELS, step=3)


def test_by_the_clock_it_says_what_is_left(tmp_path):
    options = {**OPTIONS, "steps": None, "minutes": 0.5}
    session = GanSession(new_gan(), IMAGES, LABELS, checkpoint=tmp_path, **options)
    seen = []
    session.callbacks = [At(5, lambda: (seen.append(session.snapshot()), session.stop()))]
    session.start().wait()
    assert 0 < seen[0]["seconds_left"] <= 30
    assert "step 5;" in session.describe()


def test_the_panel_shows_losses_samples_and_the_way_between_two(monkeypatch):
    displayed = []
    monkeypatch.setattr("medlab_widgets.panel.display", displayed.append)
    panel = GanPanel(new_gan(), IMAGES, LABELS, title="SIMULATED noise", **OPTIONS)
    before, way = panel._samples.copy(), panel._way.copy()
    assert before.shape == (2, 8, 16, 16)
    assert way.shape == (11, 2, 16, 16)  # places, classes
    run = panel.start().wait().result()
    assert run.steps == 12
    assert not np.array_equal(before, panel._samples)  # of the same noise, by other weights
    assert [line["name"] for line in panel.charts.charts[0]["lines"]] == ["critic loss", "generator loss"]
    assert panel.charts.charts[0]["lines"][0]["x"] == [4, 8, 12]
    assert "done · step 12 of 12" in panel.status.text
    assert [picture.axes[1].get_title() for picture in displayed] == ["SIMULATED noise"]
    assert [name for name, button in panel.buttons.buttons.items() if not button.disabled] == ["Train more"]


def test_a_game_that_is_done_can_be_played_on():
    panel = GanPanel(new_gan(), IMAGES, LABELS, **OPTIONS)
    with pytest.raises(RuntimeError, match="that is done can be trained more; this one is idle"):
        panel.more()
    panel.start().wait()
    trained = panel.gan.generator.get_weights()
    panel.buttons.buttons["Train more"].click()
    panel.wait()
    assert panel.charts.charts[0]["lines"][0]["x"] == [4, 8, 12, 16, 20, 24]
    assert "done · step 24 of 24" in panel.status.text
    assert "step 24" in repr(panel)
    assert not np.array_equal(trained[0], panel.gan.generator.get_weights()[0])
    first, second = panel._earlier, panel._rows()[3:]
    assert [row["critic_loss"] for row in first] != [row["critic_loss"] for row in second]
    assert panel.more().wait().result().steps == 12


def test_the_way_is_what_the_generator_makes_of_the_points_between():
    panel = GanPanel(new_gan(), IMAGES, LABELS, **OPTIONS)
    ends = np.random.default_rng([3, 4, 0]).normal(0, 1, (2, 8))
    middle = panel.gan.generate(ends.mean(axis=0, keepdims=True), [1])[0, :, :, 0]
    np.testing.assert_allclose(panel._way[5, 1], (middle + 1) * 127.5, atol=0.51)
    shown = panel.between.value
    assert f'alt="{panel.title} at place 0 of 10' in shown
    panel.place.value = 10
    assert panel.between.value != shown
    panel.other_ends()
    assert not np.array_equal(panel._way[5, 1], np.round((middle + 1) * 127.5))


def test_points_are_refused():
    gan = GAN(models.gan.point_generator(), models.gan.point_critic())
    with pytest.raises(ValueError, match=r"gan must make images of shape \(H, W, C\), got points"):
        GanPanel(gan, np.zeros((8, 2)), steps=1)
