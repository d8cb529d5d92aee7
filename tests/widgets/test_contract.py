"""What holds for every widget: one vocabulary in Python and JavaScript, a picture, no network."""

import inspect
import re
from pathlib import Path

import anywidget
import ipywidgets
import keras
import numpy as np
import pytest

import medlab_widgets
from medlab import plots
from medlab.text import duration
from medlab_widgets import (
    AugmentationPlayground,
    ConvolutionExplorer,
    CopyText,
    LiveCharts,
    MapView,
    NetworkView,
    SliceViewer,
    StatusLine,
    ThresholdExplorer,
)
from medlab_widgets.picture_mixin import PictureMixin

USED = re.compile(r"""model\.(?:get|set|on|off)\(\s*["'](?:change:)?(\w+)["']""")
FOLDER = Path(inspect.getfile(medlab_widgets)).parent
PAGES = [n for n in medlab_widgets.__all__ if issubclass(getattr(medlab_widgets, n), anywidget.AnyWidget)]
CHART = plots.Chart("epoch", "loss", [plots.Line("run 1", [1, 2], [0.7, 0.5])])


def small_network():
    shape = keras.Input((4, 5, 1))
    return keras.Model(shape, keras.layers.Conv2D(2, 3, name="c")(shape), name="small")


MADE = {
    "ConvolutionExplorer": lambda: ConvolutionExplorer([[0, 1, 2], [3, 4, 5], [6, 7, 9], [1, 1, 1]]),
    "LiveCharts": lambda: LiveCharts([CHART], "Loss of one run"),
    "CopyText": lambda: CopyText(label="Copy", text="1 + 1"),
    "MapView": lambda: MapView(heading="saliency"),
    "NetworkView": lambda: NetworkView(small_network(), np.ones((4, 5, 1))),
    "SliceViewer": lambda: SliceViewer([[[0, 1, 2], [3, 4, 5]]]),
    "StatusLine": lambda: StatusLine(text="running"),
    "ThresholdExplorer": lambda: ThresholdExplorer([0, 1], [0.2, 0.7]),
}


@pytest.mark.parametrize("name", PAGES)
def test_js_uses_exactly_the_public_synced_traits(name):
    cls = getattr(medlab_widgets, name)
    own = {trait for trait in cls.class_own_traits(sync=True) if trait[0] != "_"}
    source = Path(inspect.getfile(cls))
    js = source.parent / "static" / f"{source.stem}.js"
    assert set(USED.findall(js.read_text(encoding="utf-8"))) == own
    assert cls._esm.read_text() == js.read_text() if isinstance(cls._esm, Path) else str(cls._esm)


def test_every_script_belongs_to_a_widget_and_asks_for_nothing_outside():
    scripts = sorted(path.stem for path in (FOLDER / "static").iterdir())
    assert scripts == sorted(Path(inspect.getfile(getattr(medlab_widgets, n))).stem for n in PAGES)
    for path in (FOLDER / "static").glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"https?:|//cdn|^import |\bfetch\(", text, re.MULTILINE), path


@pytest.mark.parametrize("name", PAGES)
def test_a_widget_can_be_made_again_and_again_with_the_same_words(name):
    assert repr(MADE[name]()) == repr(MADE[name]())
    assert name in repr(MADE[name]())


@pytest.mark.parametrize("name", [n for n in PAGES if issubclass(getattr(medlab_widgets, n), PictureMixin)])
def test_without_a_front_end_a_widget_is_a_picture_and_a_line(name):
    data, metadata = MADE[name]()._repr_mimebundle_()
    assert set(data) == {"text/plain", "image/png"}
    assert data["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"]


@pytest.mark.parametrize("name", [n for n in PAGES if issubclass(getattr(medlab_widgets, n), PictureMixin)])
def test_with_a_front_end_it_is_alive_as_well(name, monkeypatch):
    monkeypatch.setattr("medlab_widgets.picture_mixin.has_front_end", lambda: True)
    data, _ = MADE[name]()._repr_mimebundle_()
    assert set(data) == {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"}


def test_panels_show_themselves_the_same_way():
    for name in ("AugmentationPlayground", "ExplainPanel", "GanPanel", "TrainingPanel"):
        cls = getattr(medlab_widgets, name)
        assert cls.__mro__.index(PictureMixin) < cls.__mro__.index(ipywidgets.VBox)
        assert cls.picture is not PictureMixin.picture


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, ""), (0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (125.2, "2 min 5 s")]
)
def test_a_time_in_words(seconds, words):
    assert duration(seconds) == words


REFUSED = {
    "NaN": (lambda: ThresholdExplorer([0, 1], [0.2, float("nan")]), "probabilities must hold .* got 1 NaN"),
    "one name": (lambda: ThresholdExplorer([0, 1], [0.2, 0.7], class_names="ill"), "class_names must be"),
    "three names": (lambda: ThresholdExplorer([0, 1], [0.2, 0.7], class_names="abc"), "class_names must be"),
    "no network": (lambda: NetworkView("network"), "model must be a Run, or a Keras network"),
    "a batch": (lambda: NetworkView(small_network(), np.ones((1, 4, 5, 1))), "image must have"),
    "a volume": (lambda: AugmentationPlayground(np.ones((2, 3, 4, 5, 1))), "images must have shape"),
    "a wrong shape": (lambda: ConvolutionExplorer([[[[1.0]]]]), "image must have shape"),
    "four axes": (lambda: SliceViewer([[[[1.0]]]]), "source must have shape"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_said_in_the_widgets_place_and_the_notebook_goes_on(case, monkeypatch):
    make, words = REFUSED[case]
    monkeypatch.setattr("medlab_widgets.picture_mixin.has_front_end", lambda: True)
    refused = make()
    assert re.search(words, repr(refused))
    assert re.search(words, refused._repr_html_())
    assert 'role="alert"' in refused._repr_html_()
    with pytest.raises(AttributeError, match=f"there is no 'threshold': .* was not made: {words}"):
        refused.threshold  # noqa: B018


def test_a_files_path_stays_out_of_what_a_refusal_says(monkeypatch):
    class Reader(PictureMixin):
        def __init__(self):
            super().__init__()
            Path("/nowhere/Ann Smith/scan.png").read_bytes()

    monkeypatch.setattr("medlab_widgets.picture_mixin.has_front_end", lambda: True)
    assert repr(Reader()) == "<Reader was not made: scan.png: No such file or directory>"


def test_shift_tab_shows_a_widgets_own_parameters():
    parameters = inspect.signature(ThresholdExplorer).parameters
    assert list(parameters)[:3] == ["targets", "probabilities", "threshold"]
    assert "self" not in parameters


@pytest.mark.parametrize("make", [lambda **options: ConvolutionExplorer([[1.0]], [[1.0]], **options)])
def test_a_misspelled_option_is_refused_with_the_nearest(make):
    with pytest.raises(
        TypeError, match=r"ConvolutionExplorer has no option 'strides'\. Did you mean 'stride'\?"
    ):
        make(strides=2)
