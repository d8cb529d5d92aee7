"""Figures on a dark ground: who asks for them, what is turned over, and that all is turned back."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgba_array
from PIL import Image

from medlab import plots
from medlab.plots import canvas, dark
from tests.test_plots import EXAMPLES

COLORED = ("get_color", "get_facecolor", "get_edgecolor", "get_markerfacecolor", "get_markeredgecolor")
DARK_LAB = '{\n  // Theme\n  "theme": "JupyterLab Dark",\n}'


@pytest.fixture
def lab_settings(tmp_path, monkeypatch):
    """Return what writes JupyterLab's settings of its theme, for a kernel that a person works with."""
    monkeypatch.delenv("MEDLAB_THEME", raising=False)
    monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", str(tmp_path))
    monkeypatch.setattr("medlab.notebook.has_front_end", lambda: True)
    file = tmp_path / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
    file.parent.mkdir(parents=True)
    return file.write_text


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.mark.parametrize(
    ("settings", "is_dark"),
    [
        (DARK_LAB, True),
        ('{"theme": "JupyterLab Dark High Contrast"}', True),
        ('{"theme": "JupyterLab Light"}', False),
        ('{"theme": "JupyterLab Dark", "adaptive-theme": true}', False),  # the system decides: not known here
        ("{}", False),
        ("no JSON", False),
    ],
)
def test_the_theme_of_jupyterlab_is_read(lab_settings, settings, is_dark):
    assert not dark.wanted()  # no settings yet: JupyterLab is light
    lab_settings(settings)
    assert dark.wanted() == is_dark


def test_a_variable_comes_first_and_a_report_stays_light(lab_settings, monkeypatch):
    lab_settings(DARK_LAB)
    monkeypatch.setenv("MEDLAB_THEME", "light")
    assert not dark.wanted()
    monkeypatch.delenv("MEDLAB_THEME")
    monkeypatch.setattr("medlab.notebook.has_front_end", lambda: False)
    assert not dark.wanted()
    monkeypatch.setenv("MEDLAB_THEME", "dark")
    assert dark.wanted()


def colors(picture):
    """Return all colors; a second drawing has another layout, so that its pixels cannot be compared."""
    artists = [(drawn, name) for drawn in picture.findobj() for name in COLORED if hasattr(drawn, name)]
    return [np.asarray(to_rgba_array(getattr(drawn, name)())).tolist() for drawn, name in artists]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_figure_is_dark_and_then_as_it_was(name, monkeypatch):
    picture = EXAMPLES[name]()
    light, before = pixels(picture.to_png()), colors(picture)
    monkeypatch.setenv("MEDLAB_THEME", "dark")
    turned = pixels(picture._repr_png_()[0])
    assert light.shape == turned.shape
    # A palette of 256 colors is right to 4 of 255.
    assert np.abs(light[0, 0] - 255).max() <= 4
    assert np.abs(turned[0, 0] - 17).max() <= 4
    assert colors(picture) == before


def test_strong_colors_and_images_stay_and_grays_and_tints_turn():
    blue = (0.0, 0.447, 0.698)
    assert dark._turned(*blue, 1.0) == pytest.approx((*blue, 1.0))
    assert dark._turned(1, 1, 1, 1) == pytest.approx((0.067, 0.067, 0.067, 1))
    assert dark._turned(0, 0, 0, 0.5) == pytest.approx((0.93, 0.93, 0.93, 0.5))
    pale = dark._turned(0.82, 0.9, 0.95, 1)
    assert max(pale[:3]) < 0.3  # light text is read on it
    assert pale[2] > pale[0]  # and it is still bluish
    image = np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1) * 4
    picture = plots.image_grid(image, ["one"])
    picture.to_png()
    light = pixels(picture.to_png())
    with dark.on_dark(picture):
        turned = pixels(picture.to_png())
    box = picture.axes[0].get_window_extent()
    rows = slice(light.shape[0] - int(box.y1) + 3, light.shape[0] - int(box.y0) - 3)
    columns = slice(int(box.x0) + 3, int(box.x1) - 3)
    np.testing.assert_array_equal(light[rows, columns], turned[rows, columns])


def test_words_on_a_heat_map_keep_their_colors():
    """They were chosen for its fields, which do not change."""
    picture = plots.confusion([[9, 1], [2, 8]], ["a", "b"])
    with dark.on_dark(picture):
        assert {text.get_color() for text in picture.axes[0].texts} == {"white", "black"}
        assert canvas.BLACK not in {label.get_color() for label in picture.axes[0].get_xticklabels()}
