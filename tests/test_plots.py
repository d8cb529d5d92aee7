from __future__ import annotations

import io
import itertools
import subprocess
import sys
import threading
import warnings

import matplotlib as mpl
import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib import font_manager
from matplotlib.text import Text
from PIL import Image

from medlab import plots
from medlab.plots import canvas

RUN = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "loss": [0.7, 0.5, 0.4],
        "val_loss": [0.7, 0.6, 0.65],
        "val_auc": [0.6, 0.8, 0.75],
        "learning_rate": [2e-3, 1e-3, 1e-4],
        "seconds": [1.0, 1.0, 1.0],
    }
)
TARGETS = {"val": np.array([0, 0, 1, 1]), "test": np.array([0, 1, 0, 1, 1])}
SCORES = {"val": np.array([0.1, 0.4, 0.3, 0.9]), "test": np.array([0.2, 0.3, 0.6, 0.7, 0.9])}
GRAY = np.arange(5 * 6 * 7, dtype=np.uint8).reshape(5, 6, 7, 1)
CEILING = {"image": 0.83, "clinical": 0.76, "both": 0.93, "expected_auc": 0.8}
OURS = {"auc": 0.97, "auc_ci": [0.95, 0.98], "accuracy": 0.92, "accuracy_ci": [0.9, 0.94]}
PUBLISHED = [{"method": "ResNet-18 (28)", "auc": 0.944, "acc": 0.854}, {"method": "no ACC", "auc": 0.9}]

_BINS = {"images": [50, 60, 40], "low": [0.02, 0.22, np.nan], "high": [0.16, 0.45, np.nan]}
RELIABILITY = {**_BINS, "probability": [0.2, 0.5, 0.9], "share": [0.06, 0.33, 0.7]}
MENDED = {**_BINS, "probability": [0.08, 0.3, 0.72], "share": [0.06, 0.33, 0.7]}

EXAMPLES = {
    "history": lambda: plots.history(RUN, best_epoch=2),
    "history of one epoch": lambda: plots.history(RUN[["epoch", "loss"]][:1]),
    "reliability": lambda: plots.reliability({"as it is": RELIABILITY, "mended": MENDED}),
    "roc": lambda: plots.roc(TARGETS, SCORES, 0.5),
    "precision_recall": lambda: plots.precision_recall(TARGETS, SCORES, 0.5),
    "precision_recall, nothing called positive": lambda: plots.precision_recall(TARGETS, SCORES, 1.0),
    "confusion": lambda: plots.confusion([[627, 359], [162, 852]], ["benign", "malignant"]),
    "confusion of many": lambda: plots.confusion(np.eye(11) * 1234, [f"organ {i}" for i in range(11)]),
    "score_histogram": lambda: plots.score_histogram(TARGETS["test"], SCORES["test"], 0.5),
    "class_counts": lambda: plots.class_counts({"train": {"a": 5, "b": 9}, "test": {"a": 1, "b": 0}}),
    "image_grid": lambda: plots.image_grid(GRAY, list("abcde"), marks=["right"] * 5, columns=3),
    "image_grid in mm": lambda: plots.image_grid(GRAY, spacing_mm=(1.5, 0.75)),
    "image_grid of colors": lambda: plots.image_grid(np.repeat(GRAY, 3, axis=-1) / 255),
    "image_grid of volumes": lambda: plots.image_grid(GRAY.reshape(1, 5, 6, 7, 1)),
    "overlay": lambda: plots.overlay(
        GRAY[:3], np.linspace(-1, 1, GRAY[:3].size).reshape(GRAY[:3].shape), list("abc")
    ),
    "overlay in two rows": lambda: plots.overlay(
        GRAY, np.ones(GRAY.shape), list("abcde"), spacing_mm=(1.5, 0.75)
    ),
    "lines": lambda: plots.lines(
        [0, 1, 2],
        {"LSTM": [1, 0.1, 0.01], "RNN": [1, 0, 0.001]},
        x_label="time (s)",
        y_label="gradient",
        logarithmic=True,
        spans=[(0.5, 1.0), (1.5, 2.0)],
        span_name="discharge",
    ),
    "results beside published": lambda: plots.results_vs_published(OURS, PUBLISHED),
    "results beside the ceiling": lambda: plots.results_vs_published(OURS, ceiling=CEILING),
    "estimates": lambda: plots.estimates(
        {"site A": (0.8, (0.75, 0.85)), "site B": (0.7, None)},
        measure="AUC (95 % interval)",
        reference=0.5,
        reference_name="chance",
    ),
}


def words(picture):
    """Return all text in a picture, legends and labels included."""
    picture.draw_without_rendering()
    return " | ".join(text.get_text() for text in picture.findobj(lambda artist: hasattr(artist, "get_text")))


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_figure_is_a_small_png_with_nothing_cut_off_and_words_for_who_cannot_see_it(name):
    picture = EXAMPLES[name]()
    png, metadata = picture._repr_png_()  # drawn, so that its layout is known
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    assert image.width <= 800
    assert len(png) < 150_000
    assert metadata["alt"] == picture.alt
    assert len(picture.alt) > 5
    tight = picture.get_tightbbox()  # inches
    width, height = picture.get_size_inches()
    assert min(tight.x0, tight.y0) > -0.02
    assert tight.x1 < width + 0.02
    assert tight.y1 < height + 0.02


@pytest.mark.slow
def test_plotting_leaves_pyplot_alone():
    code = "import sys; from medlab import plots; plots.confusion([[1, 2], [3, 4]], 'ab').to_png(); "
    code += "print('matplotlib.pyplot' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


def test_figures_can_be_drawn_in_threads():
    pngs = []
    threads = [
        threading.Thread(target=lambda: pngs.append(EXAMPLES["confusion"]().to_png())) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pngs)) == 1
    assert len(pngs) == 3


def test_curves_differ_without_color():
    lines = plots.roc(TARGETS, SCORES).axes[0].get_lines()
    curves = [line for line in lines if not line.get_label().startswith("chance")]
    assert len({line.get_linestyle() for line in curves}) == len(curves) == 2
    assert len(canvas.COLORS) == len(canvas.DASHES) == len(canvas.MARKERS)


def test_a_reliability_diagram_says_how_far_each_curve_lies_from_the_diagonal():
    picture = plots.reliability({"as it is": RELIABILITY, "mended": MENDED})
    # (50 * .14 + 60 * .17 + 40 * .2) / 150 and (50 * .02 + 60 * .03 + 40 * .02) / 150.
    assert picture.alt.endswith("as it is 0.168, mended 0.024.")
    assert picture.axes[0].get_legend().texts[1].get_text() == "as it is"


def test_roc_names_the_auc_and_marks_the_threshold():
    picture = plots.roc(TARGETS, SCORES, 0.5)
    assert "val, AUC 0.750" in words(picture)
    assert "at threshold 0.5" in words(picture)
    points = [line.get_xydata().ravel().tolist() for line in picture.axes[0].get_lines()]
    assert [0.0, 0.5] in points  # val at 0.5: no false alarm, one of two found
    assert [0.5, pytest.approx(2 / 3)] in points


def test_precision_recall_draws_chance_at_the_prevalence():
    lines = plots.precision_recall({"test": TARGETS["test"]}, {"test": SCORES["test"]}).axes[0].get_lines()
    assert lines[1].get_ydata()[0] == pytest.approx(3 / 5)


def test_confusion_is_readable_on_dark_and_light():
    texts = plots.confusion([[90, 10], [3, 1]], ["a", "b"]).axes[0].texts
    assert [text.get_text() for text in texts] == ["90\n90 %", "10\n10 %", "3\n75 %", "1\n25 %"]
    assert [text.get_color() for text in texts] == ["white", "black", "white", "black"]


def test_history_marks_the_kept_epoch_and_names_what_it_draws():
    text = words(plots.history(RUN, best_epoch=2))
    for word in ("training", "validation", "validation AUC", "learning rate", "kept: epoch 2", "epoch"):
        assert word in text


def test_history_of_a_regression_draws_its_own_measure():
    assert "validation mae" in words(plots.history(RUN.rename(columns={"val_auc": "val_mae"})))


def test_a_scale_bar_is_drawn_only_where_spacing_is_known():
    assert "mm" not in words(plots.image_grid(GRAY))
    with_bar = plots.image_grid(GRAY, spacing_mm=(1.5, 0.75))
    assert "white bar: 2 mm" in words(with_bar)
    # 2 mm at 0.75 mm in x; the bar is the only patch of the axes.
    assert with_bar.axes[0].patches[0].get_width() == pytest.approx(2 / 0.75)
    assert with_bar.axes[0].get_aspect() == pytest.approx(2.0)


def test_marks_are_written_as_well_as_colored():
    picture = plots.image_grid(GRAY[:3], marks=["false positive", "false negative", "false positive"])
    assert words(picture).count("false positive") == 2
    colors = [axis.spines["left"].get_edgecolor() for axis in picture.axes]
    assert colors[0] == colors[2] != colors[1]


def test_images_share_one_gray_scale():
    limits = {axis.images[0].get_clim() for axis in plots.image_grid(GRAY).axes}
    assert limits == {(0, 255)}
    limits = {axis.images[0].get_clim() for axis in plots.image_grid(GRAY / 64).axes}
    assert limits == {(0, 209 / 64)}


def test_of_a_map_what_is_near_zero_lets_the_image_through():
    maps = np.zeros((2, *GRAY.shape[1:3], 2))
    maps[0, 0, 0], maps[0, 1, 1], maps[1, 2, 2] = (2, 1), (-1.5, 0), (0.5, 0)
    picture = plots.overlay(GRAY[:2], maps, spacing_mm=(0.7, 0.7), name="gradient")
    over = [np.asarray(axis.images[1].get_array()) for axis in picture.axes[2:4]]
    # Channels are added up; each map has its own scale.
    assert over[0][0, 0, 3] == over[1][2, 2, 3] == pytest.approx(0.9)
    assert 0 < over[0][1, 1, 3] < 0.9
    assert over[0][1, 1, 0] < over[0][0, 0, 0], "against is not orange"
    assert (over[0][..., 3] > 0).sum() == 2
    assert all(word in words(picture) for word in ("against", "for", "gradient", "white bar: "))
    sizes = plots.overlay(GRAY[:2], np.abs(maps))
    assert "against" not in words(sizes)
    assert "largest" in words(sizes)


@pytest.mark.parametrize(("maps", "down", "across"), [(1, 1, 1), (3, 1, 3), (4, 2, 2), (5, 2, 3), (7, 3, 3)])
def test_maps_are_two_inches_wide_and_each_stands_below_its_image(maps, down, across):
    images = np.zeros((maps, 8, 8, 1), np.uint8)
    images[np.arange(maps), 0, np.arange(maps)] = 255
    picture = plots.overlay(images, np.ones(images.shape), [f"image {i}" for i in range(maps)])
    picture.to_png()
    shown = [axis for axis in picture.axes if axis.get_visible() and axis.images]
    above = [axis for axis in shown if axis.get_title()]
    assert [axis.get_title() for axis in above] == [f"image {i}" for i in range(maps)]
    assert len({round(axis.get_position().y0, 2) for axis in above}) == down
    assert len({round(axis.get_position().x0, 2) for axis in above}) == across
    for i, plain in enumerate(above):
        place = plain.get_position()
        assert place.width * picture.get_figwidth() > 2
        (below,) = [
            axis
            for axis in shown
            if axis not in above
            and np.asarray(axis.images[0].get_array())[0, i] == 1
            and axis.get_position().y1 < place.y0
        ]
        assert below.get_position().x0 == pytest.approx(place.x0, abs=0.01)


def test_of_a_volume_the_slice_is_shown_in_which_its_map_is_strongest():
    volume = np.arange(4)[None, :, None, None, None] * np.ones((1, 4, 5, 6, 1))
    maps = np.zeros((1, 4, 5, 6, 1))
    maps[0, 3, 2, 2] = -1
    picture = plots.overlay(volume, maps)
    assert "slice 4 of 4" in words(picture)
    assert "ill;" in words(plots.overlay(volume, maps, ["ill"]))
    assert np.asarray(picture.axes[0].images[0].get_array()).shape == (5, 6)
    with pytest.raises(ValueError, match=r"size of the images, \(5, 6\), got \(6, 5\)"):
        plots.overlay(volume, maps.transpose(0, 1, 3, 2, 4))
    with pytest.raises(ValueError, match="must have the same length"):
        plots.overlay(volume, maps[[0, 0]])
    with pytest.raises(ValueError, match="maps must hold finite numbers"):
        plots.overlay(volume, np.full(maps.shape, np.nan))


def test_of_a_volume_the_central_slice_is_shown():
    volume = np.zeros((1, 5, 6, 7, 1), np.uint8)
    volume[:, 2] = 200
    assert plots.image_grid(volume).axes[0].images[0].get_array().min() == 200


def test_class_counts_say_numbers_and_shares():
    text = words(plots.class_counts({"train": {"a": 1500, "b": 500}}, totals={"train": 4000}))
    assert "1,500 (38 %)" in text
    assert "500 (12 %)" in text


def test_published_rows_say_that_they_are_transcribed_and_gaps_stay_empty():
    text = words(plots.results_vs_published(OURS, PUBLISHED))
    assert "ResNet-18 (28) (transcribed)" in text
    assert "0.854" in text
    assert "this network (95 % interval)" in text


def test_the_ceiling_stands_beside_the_expected_auc():
    text = words(plots.results_vs_published(OURS, ceiling=CEILING))
    assert "this network, expected AUC" in text
    assert "ceiling: image and clinical" in text
    assert "diameter" not in text


def test_estimates_show_each_interval_and_the_reference():
    picture = EXAMPLES["estimates"]()
    assert "site A 0.800 (0.750 to 0.850); site B 0.700." in picture.alt
    spans = [list(line.get_xdata()) for line in picture.axes[0].get_lines()]
    assert [0.75, 0.85] in spans
    assert "chance" in words(picture)


def test_estimates_draw_no_interval_where_the_bounds_are_nan():
    picture = plots.estimates({"site A": (1.0, (np.nan, np.nan))}, measure="AUC")
    assert picture.alt == "AUC: site A 1.000."


def test_estimates_refuse_an_interval_beside_its_value():
    with pytest.raises(ValueError, match=r"interval of 'a' must hold its value 0\.9, got 0\.1 to 0\.2"):
        plots.estimates({"a": (0.9, (0.1, 0.2))}, measure="AUC")
    with pytest.raises(ValueError, match="at least one estimate"):
        plots.estimates({}, measure="AUC")


def test_refusals():
    with pytest.raises(ValueError, match=r"the columns epoch and loss .* got columns epoch and 0 rows"):
        plots.history(pd.DataFrame({"epoch": []}))
    with pytest.raises(ValueError, match=r"the same names, got \['val', 'test'\] and \['val'\]"):
        plots.roc(TARGETS, {"val": SCORES["val"]})
    with pytest.raises(ValueError, match=r"targets of a must hold both 0 and 1, got \[1\]"):
        plots.precision_recall({"a": [1, 1]}, {"a": [0.1, 0.2]})
    with pytest.raises(ValueError, match="same length, got targets of a 2, scores of a 3"):
        plots.roc({"a": [0, 1]}, {"a": [0.1, 0.2, 0.3]})
    with pytest.raises(ValueError, match="scores of a must hold finite numbers, got 1 NaN"):
        plots.roc({"a": [0, 1]}, {"a": [0.1, np.nan]})
    with pytest.raises(ValueError, match=r"matrix must have shape \(3, 3\) for 3 class names, got \(2, 2\)"):
        plots.confusion([[1, 2], [3, 4]], ["a", "b", "c"])
    with pytest.raises(ValueError, match=r"images must have shape .* got \(6, 7\)\. One image"):
        plots.image_grid(GRAY[0, ..., 0])
    with pytest.raises(ValueError, match="same length, got images 5, titles 2"):
        plots.image_grid(GRAY, ["a", "b"])
    with pytest.raises(ValueError, match="columns must lie between 1"):
        plots.image_grid(GRAY, columns=0)
    with pytest.raises(ValueError, match=r"the same classes for each split, got .*'b'"):
        plots.class_counts({"train": {"a": 1}, "test": {"b": 1}})


@pytest.mark.slow
@pytest.mark.parametrize("first", ["", "%matplotlib inline\n"])
def test_a_figure_shows_in_an_executed_notebook_and_in_its_page(first, tmp_path):
    from nbclient import NotebookClient
    from nbconvert import HTMLExporter

    code = [first + "from medlab import plots", "plots.confusion([[5, 2], [3, 4]], ['well', 'ill'])"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in code])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = notebook.cells[1].outputs
    assert len(outputs) == 1
    assert "image/png" in outputs[0].data
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert page.count("<img") == 1
    words = "true ill: 3 called well, 4 called ill"
    assert words in outputs[0].metadata["image/png"]["alt"]
    assert words in page.split("<img")[1].split(">")[0]


def test_lines_name_their_axes_their_curves_and_the_shade():
    picture = EXAMPLES["lines"]()
    assert "time (s)" in words(picture)
    assert "gradient" in words(picture)
    named = [text.get_text() for text in picture.axes[0].get_legend().get_texts()]
    assert sorted(named) == ["LSTM", "RNN", "discharge"]


def test_curves_of_another_length_are_refused():
    with pytest.raises(ValueError, match="RNN"):
        plots.lines([0, 1], {"RNN": [1, 2, 3]}, x_label="step", y_label="gradient")


@pytest.mark.parametrize("name", ["$<10", "$x$", "$", "\\(x\\)", "a_b^c", r"\frac{", "%d {} $\\alpha$"])
def test_names_of_users_are_no_formulas(name):
    counts = {part: {name: 3, "other": 4} for part in ("train", "val", "test")}
    picture = plots.class_counts(counts, dict.fromkeys(counts, 7))
    assert picture.to_png()[:4] == b"\x89PNG"
    assert name in [text.get_text() for text in picture.findobj(Text)]


def test_numbers_on_a_logarithmic_axis_are_plain_text():
    curves = {"loss": [1.0, 1e-3, 1e-5]}
    picture = plots.lines([1, 2, 3], curves, x_label="step", y_label="loss", logarithmic=True)
    picture.to_png()
    numbers = [label.get_text() for label in picture.axes[0].get_yticklabels()]
    assert {"1", "1e\N{MINUS SIGN}05"} <= set(numbers)
    assert not any("$" in text.get_text() for text in picture.findobj(Text))


@pytest.mark.parametrize("side", ["x", "y"])
def test_numbers_on_a_logarithmic_axis_of_ones_own_are_plain_text_too(side):
    picture, (axis,) = plots.canvas.panels()
    axis.set(**{f"{side}scale": "log", f"{side}lim": (1e-8, 1e6)})
    picture.to_png()
    ticks = {"x": axis.get_xticklabels, "y": axis.get_yticklabels}[side]
    assert "1e\N{MINUS SIGN}06" in {label.get_text() for label in ticks()}
    assert not any("$" in text.get_text() for text in picture.findobj(Text))


def test_names_of_any_length_leave_room_for_the_data():
    names = ["n" * 200, "line\nbreak"]
    columns = {name: [0, 1, 1] for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib's, that nothing of the axes is left
        for picture in (
            plots.class_counts({"train": dict.fromkeys(names, 3)}),
            plots.confusion([[3, 1], [0, 4]], names),
            plots.roc(columns, {name: [0.1, 0.2, 0.9] for name in names}),
            plots.precision_recall(columns, {name: [0.1, 0.2, 0.9] for name in names}),
            plots.score_histogram([0, 1], [0.1, 0.9], class_names=names),
            plots.estimates({name: (0.5, None) for name in names}, measure="AUC"),
        ):
            picture.to_png()
            assert any("n" * 12 + "…" + "n" * 11 in text.get_text() for text in picture.findobj(Text))
    assert plots.short("line\nbreak") == "line break"


def test_a_name_that_begins_with_an_underscore_is_in_the_legend_too():
    picture = plots.roc({"_sick_": [0, 1]}, {"_sick_": [0.2, 0.8]})
    assert "_sick_, AUC 1.000" in [
        text.get_text().strip("\u200b") for text in picture.axes[0].get_legend().texts
    ]


def test_the_legend_of_many_curves_lies_beside_them():
    columns = {f"class {k}": [0, 1, k % 2] for k in range(12)}
    scores = {name: [0.2, 0.8, 0.5] for name in columns}
    for picture in (plots.roc(columns, scores), plots.precision_recall(columns, scores)):
        picture.to_png()
        (axis,) = picture.axes
        assert axis.get_legend().get_window_extent().x0 > axis.get_window_extent().x1


@pytest.mark.parametrize(
    "title",
    [
        "hamartoma; P(mumm) 0.33",
        "\u6b63\u5e38\u80ba\u90e8\u5f71\u50cf\u7ed3\u8282; P(\u6b63\u5e38\u80ba\u90e8) 0.33",
    ],
)
def test_titles_of_neighbors_do_not_run_into_each_other(title):
    picture = plots.image_grid(np.zeros((6, 8, 8), np.uint8), [title] * 6)
    picture.to_png()
    boxes = [axis.title.get_window_extent() for axis in picture.axes]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


def test_a_missing_glyph_is_a_box_and_no_warning():
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("error")
        patch.setattr(canvas, "installed_fonts", lambda: ["DejaVu Sans"])
        assert plots.class_counts({"train": {"\u6b63\u5e38": 3}}).to_png()


def test_a_font_that_matplotlib_has_not_listed_yet_stands_in(monkeypatch):
    listed = [font for font in font_manager.fontManager.ttflist if font.name != "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", listed)
    path = mpl.get_data_path() + "/fonts/ttf/DejaVuSans.ttf"
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [path, __file__])
    assert canvas.installed_fonts.__wrapped__()[0] == "DejaVu Sans"


def test_fonts_that_are_installed_stand_in_for_what_the_first_does_not_have():
    assert canvas.installed_fonts()[0] == "DejaVu Sans"
    assert plots.missing_glyphs(["benign", "×–α"]) == ""
    assert plots.missing_glyphs(["a\U00013080", "\U00013080b"]) == "\U00013080"
