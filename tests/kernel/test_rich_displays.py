"""What shows itself richly: text, a table or a picture, and numbers; small, and without a patient's name."""

import json
import re
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pydicom
import pytest
from pydicom.sequence import Sequence

from medlab import kernel, models
from medlab.data import Dataset, Split
from medlab.data.normalization import normalize
from medlab.data.volumes import Volume
from medlab.evaluation.attribution import Attribution
from medlab.kernel import network_summary, rich_displays
from medlab.kernel.answers import JSON
from medlab.training import Run

rng = np.random.default_rng(0)
LARGEST = 300_000  # bytes of one display


def split(count):
    return Split(rng.integers(0, 255, (count, 16, 18, 1)).astype(np.uint8), np.arange(count) % 2)


DATA = Dataset(
    "spots",
    split(8),
    split(4),
    split(5),
    "binary",
    ("dark", "spot"),
    1,
    spacing_mm=(0.8, 0.7),
    license="CC0",
    simulated=True,
)


def network():
    return models.build("screening_cnn", DATA, width=8, seed=0)


def run():
    table = pd.DataFrame(
        {
            "epoch": [1, 2],
            "loss": [0.7, 0.5],
            "val_loss": [0.7, 0.6],
            "val_auc": [0.6, 0.8],
            "learning_rate": 1e-3,
        }
    )
    return Run(network(), "binary", normalize(DATA), table, 2, 3.5, {"epochs": 2}, seed=4)


def volume():
    return Volume(rng.normal(size=(7, 8, 9)).astype(np.float32), (3.0, 0.8, 0.7), modality="CT", units="HU")


def attribution():
    x = rng.normal(size=(2, 16, 18, 1)).astype(np.float32)
    return Attribution("saliency", np.abs(x), x, np.array([0.2, 0.7]), None, None, 0.0, None, None, 0.1, 2, 2)


def header():
    item = pydicom.Dataset()
    item.CodeValue, item.CodeMeaning = "T-28000", "Lung"
    dicom = pydicom.Dataset()
    dicom.PatientName, dicom.PatientID, dicom.PatientAge = "Ann^Example", "4711", "061Y"
    dicom.StudyDate, dicom.StudyInstanceUID = "20240131", "1.2.3.4"
    dicom.Modality, dicom.Rows, dicom.SliceThickness = "CT", 512, 2.5
    dicom.ReferringPhysicianName = "Bob^Doctor"
    dicom.AnatomicRegionSequence = Sequence([item])
    dicom.PixelData = b"\0" * 5000
    dicom["PixelData"].VR = "OW"
    return dicom


MADE = {
    "network": network,
    "Run": run,
    "Dataset": lambda: DATA,
    "Volume": volume,
    "Attribution": attribution,
    "pydicom": header,
}


def shown(shell, thing):
    data, metadata = shell.display_formatter.format(thing)
    return data, metadata


@pytest.mark.parametrize("name", MADE)
def test_each_has_text_a_table_or_a_picture_and_numbers(shell, name):
    data, _ = shown(shell, MADE[name]())
    assert data["text/plain"]
    assert "text/html" in data or data["image/png"].startswith(b"\x89PNG")
    json.dumps(data[JSON], allow_nan=False)
    for kind, value in data.items():
        assert len(value if isinstance(value, bytes) else json.dumps(value)) <= LARGEST, kind


def test_names_of_users_are_text_and_no_formulas(shell):
    named = replace(DATA, name="<img src=x> $a$", class_names=("<b>dark</b>", "$<10"))
    page = shown(shell, named)[0]["text/html"]
    assert "<b class='mathjax_ignore'>SIMULATED &lt;img src=x&gt; $a$</b>" in page
    assert "&lt;b&gt;dark&lt;/b&gt;" in page
    assert page.count("<table class='mathjax_ignore'>") == page.count("<table") == 2
    assert not {"<img src=x>", "<b>"} & set(re.findall("<[^>]*>", page))


@pytest.mark.parametrize("name", MADE)
def test_once_unloaded_they_show_themselves_as_before(shell, name):
    thing = MADE[name]()
    kernel.unload_ipython_extension(shell)
    assert JSON not in shown(shell, thing)[0]


def test_the_names_of_the_types_are_true():
    """Keras' private module among them: when it moves, this says so."""
    import importlib

    for name in rich_displays.TYPES:
        module, _, cls = name.rpartition(".")
        assert getattr(importlib.import_module(module), cls).__module__ == module
    assert keras.Model.__module__ == "keras.src.models.model"


def test_a_network_is_a_table_of_its_layers(shell):
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, name="first"),
            keras.layers.Flatten(name="flat"),
            keras.layers.Dense(1, name="last"),
        ],
        name="small",
    )
    data, _ = shown(shell, model)
    # (3 * 3 * 1 + 1) * 32 and 26 * 26 * 32 + 1
    assert data[JSON]["layers"][0] == {
        "layer": "first",
        "kind": "Conv2D",
        "output": [26, 26, 32],
        "weights": 320,
    }
    assert data[JSON]["weights"] == {"all": 320 + 21633, "trainable": 320 + 21633}
    assert "<td style='text-align:left'>26 × 26 × 32</td>" in data["text/html"]
    assert data["text/html"].count("<rect") == 3
    assert "first  Conv2D   26 × 26 × 32  320" in data["text/plain"]


def test_a_network_that_is_not_built_says_so(shell):
    data, _ = shown(shell, keras.Sequential([keras.layers.Dense(1)]))
    assert "not built yet" in data["text/plain"]
    assert data[JSON]["weights"] is None


def test_a_drawing_is_as_high_as_the_map_and_as_wide_as_its_channels():
    rows = [
        {"layer": name, "kind": "Conv2D", "output": output, "weights": 0}
        for name, output in (("a", [64, 64, 1]), ("b", [16, 16, 511]))
    ]
    svg = network_summary.drawing(rows)
    assert "height='90'" in svg
    assert "height='45'" in svg  # a root scale: a quarter of the side is half as high
    assert "width='40'" in svg


def test_a_run_says_what_was_kept(shell):
    data, metadata = shown(shell, run())
    assert "best epoch  2 of 2" in data["text/plain"]
    assert data[JSON]["history"][1]["val_auc"] == 0.8
    assert "Training over 2 epochs" in metadata["image/png"]["alt"]


def test_a_data_set_says_counts_license_and_fingerprint(shell):
    data, _ = shown(shell, DATA)
    assert data[JSON]["splits"][0] == {"split": "train", "images": 8, "dark": 4, "spot": 4}
    for words in ("SIMULATED spots", "CC0", DATA.fingerprint, "0.8 × 0.7 mm", "data:image/png;base64"):
        assert words in data["text/html"]
    assert "license CC0" in data["text/plain"]


def test_a_volume_is_three_planes_to_scale(shell):
    from medlab.data import volumes

    picture = volumes.planes_picture(volume())
    shapes = [axis.images[0].get_array().shape for axis in picture.axes]
    assert shapes == [(8, 9), (7, 9), (7, 8)]
    # Row over column spacing: 0.8 / 0.7, 3 / 0.7, 3 / 0.8
    assert [axis.get_aspect() for axis in picture.axes] == pytest.approx([0.8 / 0.7, 3 / 0.7, 3 / 0.8])
    assert "white bar: 2 mm" in picture._supxlabel.get_text()
    data, _ = shown(shell, volume())
    assert data[JSON]["spacing_mm"] == [3.0, 0.8, 0.7]


def test_a_flat_volume_and_a_large_one_are_shown_too():
    from medlab.data import volumes

    assert volumes.planes_picture(Volume(np.zeros((2, 3, 4), np.int16), (1.0, 1.0, 1.0)))
    large = Volume(np.zeros((4, 1200, 5), np.int16), (1.0, 1.0, 1.0))
    assert volumes.planes_picture(large).axes[0].images[0].get_array().shape == (400, 5)


def test_what_names_a_patient_is_masked_until_somebody_asks(shell):
    data, _ = shown(shell, header())
    everything = json.dumps(data)
    for secret in ("Ann", "4711", "061Y", "20240131", "1.2.3.4", "Bob"):
        assert secret not in everything
    assert "512" in everything
    assert "Modality: CT" in data["text/plain"]
    assert ". Code Meaning: Lung" in data["text/plain"]
    assert "5,000 bytes" in data["text/plain"]
    assert "%medlab phi on" in data["text/plain"]
    try:
        shell.run_line_magic("medlab", "phi on")
        assert "Ann^Example" in shown(shell, header())[0]["text/plain"]
    finally:
        shell.run_line_magic("medlab", "phi off")
    assert "Ann" not in json.dumps(shown(shell, header())[0])


def test_nor_in_a_list_or_by_itself_or_after_unloading(shell):
    dicom = header()
    for thing in ([dicom], (dicom, 1), dicom["PatientName"], {"scan": dicom}):
        assert "Ann" not in json.dumps(shown(shell, thing)[0])
        assert "masked" in shown(shell, thing)[0]["text/plain"]
    shell.run_line_magic("medlab", "phi on")
    kernel.unload_ipython_extension(shell)
    assert kernel.phi() is False


def test_pixels_that_are_read_from_a_file_hide_nothing_of_the_mask(shell):
    import io

    dicom = header()
    dicom["PixelData"].value = io.BytesIO(b"0" * 100)
    assert "Ann" not in json.dumps(shown(shell, dicom)[0])


def test_a_private_element_is_masked(shell):
    dicom = pydicom.Dataset()
    block = dicom.private_block(0x0009, "ACME 1.1", create=True)
    block.add_new(0x01, "LO", "Ann Example")
    assert "Ann" not in json.dumps(shown(shell, dicom)[0])


def test_an_attribution_of_vectors_has_no_picture(shell):
    x = rng.normal(size=(2, 3)).astype(np.float32)
    maps = Attribution("saliency", x, x, np.zeros(2), None, None, 0.0, None, None, 0.1, 2, 2)
    data, _ = shown(shell, maps)
    assert "image/png" not in data
    assert data[JSON]["method"] == "saliency"
