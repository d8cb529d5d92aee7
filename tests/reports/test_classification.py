import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from medlab import models
from medlab.metrics import auc
from medlab.reports import external_requests, run_report

pytestmark = pytest.mark.slow  # a true training, if a short one


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two classes of images, 20 x 18 pixels, a bright spot in the second; called from beside them."""
    rng = np.random.default_rng(0)
    for name, spot in (("clear", 0), ("spotted", 120)):
        (tmp_path / "Jane Doe" / "train" / name).mkdir(parents=True)
        for number in range(40):
            gray = rng.integers(0, 120, (20, 18), dtype=np.uint8)
            gray[8:12, 7:11] += np.uint8(spot)
            Image.fromarray(gray).save(tmp_path / "Jane Doe" / "train" / name / f"{number:03d}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "Jane Doe"


def test_a_folder_of_ones_own_becomes_a_report_a_model_and_numbers(folder):
    parameters = {
        "data_dir": str(folder),
        "positive_class": "clear",
        "image_size": 24,
        "scale": "smoke",
        "seed": 3,
    }
    result = run_report("classification", parameters)
    page = result.html.read_text()
    assert external_requests(page) == []
    for file in (
        path for path in result.folder.rglob("*") if path.suffix in (".json", ".jsonl", ".html", ".ipynb")
    ):
        assert str(folder.parent) not in file.read_text(), file.name
        assert str(Path.home()) not in file.read_text(), file.name
    for text in (
        "The label is the name of the folder",
        "Split off from train, stratified by class",
        "resized to 24x24",
        "not known: sizes in millimeters cannot be given",
        "not a medical device",
        "image_size</td>",
        "Orange pixels spoke for the class clear",
        "over the typical right answers: ",
        "Sets of classes are not defined here",
        "of 44 items answered here",
        "<details><summary>TRIPOD+AI, item by item</summary>",
    ):
        assert text in page
    assert "white bar" not in page
    assert page.count("<img") >= 7

    table = pd.read_csv(result.folder / "predictions.csv")
    assert table.columns.tolist() == ["id", "split", "label", "score"]
    assert table["id"][0] == "train-00000"
    assert set(table["label"]) == {"clear", "spotted"}
    counts = table["split"].value_counts()
    assert counts["test"] == result.metrics["n_test"]
    test = table[table["split"] == "test"]
    assert auc(test["label"] == "clear", test["score"]) == pytest.approx(result.metrics["test"]["auc"])
    facts = json.loads((result.folder / "model" / "model.json").read_text())
    assert facts["calibration"]["method"] == "temperature"
    assert facts["feature_statistics"] is None  # of so few validation images nobody can say what is usual
    assert "Nothing is known of the patients" in (result.folder / "model" / "MODEL_CARD.md").read_text()
    assert "No attribute of the patients is known here" in page

    metrics = result.metrics
    assert (metrics["task"], metrics["positive_class"], metrics["seed"]) == ("binary", "clear", 3)
    assert metrics["n_train"] + metrics["n_val"] + metrics["n_test"] == 80
    assert metrics["ceiling"] is None
    assert metrics["published"] == []
    assert len(metrics["test"]["accuracy_ci"]) == 2
    # The spot tells all images apart: resamples of a perfect AUC have no width.
    assert metrics["test"]["auc_ci"] is None
    assert re.search(f"No interval for auc, [^:<]*: {metrics['test']['ci_reasons']['auc']}.</li>", page)
    assert page.index("on 12 test images") < page.index("The data, and what") < page.index("What was run")
    log = (result.folder / "training.jsonl").read_text().splitlines()
    assert {"epoch", "loss"} <= set(json.loads(log[0]))

    bundle = models.load(result.folder / "model")
    assert bundle.facts["positive_class"] == "clear"
    assert bundle.predict(np.zeros((2, 24, 24, 1), np.uint8)).shape == (2,)


def test_the_code_cells_of_the_template_stay_short():
    path = Path(__file__).parents[2] / "notebooks" / "reports" / "classification.ipynb"
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    for cell in cells:
        source = "".join(cell["source"])
        assert len(source.splitlines()) <= 15 or "parameters" in cell["metadata"].get("tags", []), source
        assert cell["outputs"] == []


def test_names_of_patients_in_files_and_groups_reach_no_file_of_the_report(folder, capfd, caplog):
    table = ["file,group"]
    for place, path in enumerate(sorted(folder.rglob("*.png"))):
        patient = f"Zzyzx^Planted{place // 2}"
        named = path.rename(path.with_name(f"{patient}_{place}.png"))
        table.append(f"{named.relative_to(folder).as_posix()},{patient}")
    (folder / "who.csv").write_text("\n".join(table))
    parameters = {
        "data_dir": str(folder),
        "positive_class": "spotted",
        "scale": "smoke",
        "group_rule": "csv:who.csv",
    }
    result = run_report("classification", parameters)
    captured = capfd.readouterr()
    assert "zzyzx" not in (captured.out + captured.err + caplog.text).lower()
    for path in result.folder.rglob("*"):
        assert "zzyzx" not in path.name.lower()
        assert path.is_dir() or b"zzyzx" not in path.read_bytes().lower(), path.name
