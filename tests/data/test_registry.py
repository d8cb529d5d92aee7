import dataclasses
import importlib.util
import inspect
import json
import re
import shutil
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from medlab.data import describe, phantoms, registered, registry

ROOT = Path(__file__).parents[2]
SETS = Path(registry.__file__).parent / "sets"
MEDMNIST = list(json.loads((SETS / "medmnist.json").read_text(encoding="utf-8")))


@pytest.fixture
def make_registry() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_registry", ROOT / "scripts" / "make_registry.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_eighteen_sets_and_those_written_by_hand_are_registered():
    assert len(MEDMNIST) == 18
    assert sum(name.endswith("3d") for name in MEDMNIST) == 6
    assert registered() == MEDMNIST + sorted(path.stem for path in SETS.glob("*.yaml"))
    assert "simulated_nodules" in registered()


@pytest.mark.parametrize("name", MEDMNIST)
def test_every_set_of_medmnist_has_its_sizes_and_its_citation(name):
    record = describe(name)
    assert record.sizes == ((28, 64) if record.dimensions == 3 else (28, 64, 128, 224))
    for file in record.files.values():
        assert file["url"].startswith("https://zenodo.org/records/10519652/files/")
    assert "10.1038/s41597-022-01721-8" in record.citation


@pytest.mark.parametrize("name", registered())
def test_every_record_is_complete(name):
    record = describe(name)
    assert set(record.files) == (set() if record.simulated else set(record.sizes))
    for file in record.files.values():
        assert re.fullmatch(r"[0-9a-f]{32}", file["md5"])
        assert file["url"].startswith("https://")
    assert list(record.split_sizes) == ["train", "val", "test"]
    assert record.channels in (1, 3)
    assert len(record.class_names) >= 2
    assert (record.task == "binary") == (record.positive_class is not None) == (len(record.class_names) == 2)
    assert set(record.flips) <= {"left-right", "up-down"}
    assert 0 <= record.rotation_deg <= 180
    assert record.flip_reason
    assert record.label_meaning
    assert record.modality
    assert record.license
    assert record.citation


def test_facts_that_are_easily_got_wrong():
    breast = describe("breastmnist")
    assert breast.class_names[breast.positive_class] == "malignant"
    assert breast.positive_class == 0
    assert describe("dermamnist").license == "CC BY-NC 4.0"
    assert {describe(name).license for name in MEDMNIST if name != "dermamnist"} == {"CC BY 4.0"}
    assert describe("retinamnist").task == "multiclass"
    assert describe("chestmnist").task == "multilabel"
    assert len(describe("chestmnist").class_names) == 14


def test_what_splits_keep_together_is_a_fact_and_no_part_of_the_meaning_of_the_labels():
    by = {name: describe(name).split_by for name in MEDMNIST if describe(name).split_by}
    scans = ("organamnist", "organcmnist", "organsmnist", "organmnist3d")
    assert by == {
        **dict.fromkeys(("dermamnist", "breastmnist"), "image"),
        **dict.fromkeys(scans, "CT scan"),
        "adrenalmnist3d": "patient",
    }
    assert not [name for name in MEDMNIST if "plits are by" in describe(name).label_meaning]
    assert "test 298; split by patient" in repr(describe("adrenalmnist3d"))


def test_no_flip_where_the_label_names_a_side_or_the_heart_has_one():
    for name in MEDMNIST:
        record = describe(name)
        if "left" in " ".join(record.class_names) or "chest X-ray" in record.modality:
            assert record.flips == ()


def test_published_rows_stand_in_the_record_and_say_which_were_checked():
    published = [row for name in MEDMNIST for row in describe(name).published]
    assert len(published) == 12 * 7 + 6 * 8
    rows = {row["method"]: row for row in describe("pneumoniamnist").published}
    assert rows["ResNet-18 (28)"] == {
        "method": "ResNet-18 (28)",
        "auc": 0.944,
        "acc": 0.854,
        "checked_against_a_second_copy": True,
    }
    assert not any(row["checked_against_a_second_copy"] for row in describe("vesselmnist3d").published)
    assert all(0.5 < row["auc"] < 1 and 0 < row["acc"] < 1 for row in published)


def test_a_record_says_in_sentences_which_mirror_images_to_draw_and_why():
    assert "No mirror images are drawn for augmentation. The label would survive" in " ".join(
        repr(describe("chestmnist")).split()
    )
    page = " ".join(repr(describe("octmnist")).split())
    assert "flips Left-right mirror images are drawn for augmentation. Left and right eyes mirror" in page
    assert "Left-right and up-down mirror images are drawn" in repr(describe("dermamnist"))


def test_a_record_reads_as_a_page():
    page = repr(describe("breastmnist"))
    assert "0 malignant (positive); 1 normal, benign" in page
    assert "train 546, val 78, test 156" in page
    assert re.search(r"ResNet-18 \(28\) +0\.901 / 0\.863 \*", page)
    assert max(map(len, page.splitlines())) <= 100
    assert "28×28×28" in repr(describe("vesselmnist3d"))


def test_records_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        describe("breastmnist").positive_class = 1


def test_an_unknown_name_is_refused_with_the_list_and_the_nearest():
    with pytest.raises(
        ValueError,
        match=r"data set must be one of: pathmnist, .*got 'brestmnist'\. Did you mean 'breastmnist'",
    ):
        describe("brestmnist")


@pytest.fixture
def sets(tmp_path) -> Path:
    """A folder with MedMNIST's rows and one written by hand."""
    return Path(shutil.copytree(SETS, tmp_path / "sets"))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("license: Apache-2.0\n", "", "got no license"),
        ("license: Apache-2.0\n", "license:\n", "got no license"),
        ("title: Simulated lung nodules\nd", "d", "got no title"),
        ("channels: 1\n", "chanels: 1\n", "got no channels; the unknown field 'chanels'"),
        ("sizes: [64]", "sizes: 64", "got no list of sizes"),
        ("task: binary", "task: detection", "the task 'detection', which is none of binary"),
        ("[benign, malignant]", "[no, yes]", "class_names that are no texts"),
        ("positive_class: 1\n", "", "got no positive_class, 0 or 1"),
        ("val: 1000", "dev: 1000", "split_sizes of others than train, val, test"),
        (
            "spacing_mm: {64: 0.75}",
            "spacing_mm: {64: 0.75, 128: 0.4}",
            r"spacing_mm of \[128\], which sizes does",
        ),
        ("simulated: true\n", "", r"no url and md5 in files for the sizes \[64\]"),
    ],
)
def test_an_incomplete_row_is_refused_by_file_and_field(sets, before, after, words):
    path = sets / "simulated_nodules.yaml"
    row = path.read_text(encoding="utf-8")
    assert before in row
    path.write_text(row.replace(before, after), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"^simulated_nodules\.yaml must describe .*{words}"):
        registry.read_sets(sets)


def test_a_damaged_row_is_refused_by_the_name_of_its_file(sets):
    (sets / "mine.yaml").write_text("title: [never closed", encoding="utf-8")
    with pytest.raises(ValueError, match=r"^mine\.yaml must be readable as YAML, got: .*"):
        registry.read_sets(sets)
    (sets / "mine.yaml").write_text("- a list", encoding="utf-8")
    with pytest.raises(ValueError, match=r"^mine\.yaml must map fields to values, got list"):
        registry.read_sets(sets)
    (sets / "mine.yaml").unlink()
    (sets / "breastmnist.yaml").write_text("title: mine", encoding="utf-8")
    with pytest.raises(ValueError, match=r"^breastmnist\.yaml must bear a name of its own"):
        registry.read_sets(sets)


def test_a_row_is_added_by_a_file_alone(sets):
    row = (sets / "simulated_nodules.yaml").read_text(encoding="utf-8")
    file = "files:\n  64: {url: 'https://example.org/mine.npz', md5: " + "0" * 32 + "}\n"
    (sets / "mine.yaml").write_text(row.replace("simulated: true\n", file), encoding="utf-8")
    record = registry.read_sets(sets)["mine"]
    assert record.name == "mine"
    assert record.files[64]["url"] == "https://example.org/mine.npz"
    assert record.published == ()
    assert "published" not in repr(record)


def test_the_file_holds_what_the_script_knows(make_registry):
    stored = json.loads(make_registry.REGISTRY.read_text(encoding="utf-8"))
    assert list(stored) == MEDMNIST
    for name, facts in make_registry.HAND_WRITTEN.items():
        assert {key: stored[name][key] for key in facts} == facts


def test_the_script_reads_a_wheel_without_running_it(make_registry, tmp_path, monkeypatch):
    known = json.loads(make_registry.REGISTRY.read_text(encoding="utf-8"))
    info = {
        name: {
            "python_class": entry["title"],
            "description": entry["description"],
            "url": entry["files"]["28"]["url"],
            "MD5": entry["files"]["28"]["md5"],
            "task": "binary-class",
            "label": {"0": "a", "1": "b"},
            "n_channels": 1,
            "n_samples": {"train": 5, "val": 3, "test": 4},
            "license": "CC BY 4.0",
        }
        for name, entry in known.items()
    }
    wheel = tmp_path / "medmnist.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("medmnist/info.py", f"raise RuntimeError('was run')\nINFO = {info!r}\n")
    table = tmp_path / "published.csv"
    table.write_text("dataset,method,auc,acc,checked_against_a_second_copy\nbreastmnist,m,0.9,0.8,no\n")
    monkeypatch.setattr(make_registry, "REGISTRY", tmp_path / "medmnist.json")
    monkeypatch.setattr("sys.argv", ["make_registry.py", "--wheel", str(wheel), "--published", str(table)])
    make_registry.main()
    made = json.loads((tmp_path / "medmnist.json").read_text(encoding="utf-8"))
    assert made["breastmnist"]["sizes"] == [28]
    assert made["breastmnist"]["positive_class"] == 0
    assert made["breastmnist"]["class_names"] == ["a", "b"]
    assert made["breastmnist"]["published"] == [
        {"method": "m", "auc": 0.9, "acc": 0.8, "checked_against_a_second_copy": False}
    ]
    monkeypatch.setattr("sys.argv", ["make_registry.py", "--wheel", str(wheel)])
    (tmp_path / "mine.yaml").write_text("title: by hand", encoding="utf-8")
    make_registry.main()
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == "title: by hand"
    assert json.loads((tmp_path / "medmnist.json").read_text(encoding="utf-8")) == made


def test_the_script_refuses_a_wheel_without_facts(make_registry, tmp_path):
    wheel = tmp_path / "medmnist.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("medmnist/info.py", "HOMEPAGE = ''\n")
    with pytest.raises(ValueError, match=r"must assign INFO in medmnist/info\.py, found none"):
        make_registry.read_info(wheel)


@pytest.mark.parametrize("name", [name for name in registered() if describe(name).simulated])
def test_a_simulated_set_is_what_its_record_says(name):
    from medlab.data import load

    record = describe(name)
    defaults = inspect.signature(getattr(phantoms, name)).parameters
    assert record.split_sizes == {name: defaults[f"n_{name}"].default for name in ("train", "val", "test")}
    dataset = load(name, n_train=12, n_val=8, n_test=8)
    for fact in ("class_names", "positive_class", "task", "flips", "rotation_deg", "simulated"):
        assert getattr(dataset, fact) == getattr(record, fact)
    side = record.sizes[0]
    assert dataset.image_shape == (side, side, record.channels)
    spacing = record.spacing_mm.get(side)
    assert (dataset.spacing_mm is None) == (spacing is None)
    np.testing.assert_allclose(dataset.spacing_mm or (), spacing or ())
