import numpy as np
import pytest
from PIL import Image

from medlab.reports import parameter_checks


def write(path, height=18, width=24):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((height, width), 90, np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    for name, numbers in (("benign", range(4)), ("malignant", range(4, 10))):
        for number in numbers:
            write(tmp_path / "train" / name / f"{number}.png")
    return tmp_path


def problem(**values):
    """Return the only problem's parameter and message."""
    ((name, message),) = parameter_checks.domain_problems(values)
    return f"{name}: {message}"


def test_good_values_and_absent_ones_raise_nothing(folder):
    good = {"data_dir": str(folder), "positive_class": "benign", "model": "auto", "image_size": 28}
    assert parameter_checks.domain_problems({**good, "threshold_rule": "youden", "dataset": None}) == []
    assert parameter_checks.domain_problems({}) == []


def test_a_folder_that_is_not_there_or_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    assert "must be a folder, but" in problem(data_dir=str(tmp_path / "none"))
    assert "'none' does not exist" in problem(data_dir=str(tmp_path / "none"))
    assert "'file' is a file" in problem(data_dir=str(tmp_path / "file"))


def test_one_class_only_is_refused(folder):
    for path in (folder / "train" / "malignant").iterdir():
        path.unlink()
    assert "class folder train/malignant must hold images" in problem(data_dir=str(folder))
    (folder / "train" / "malignant").rmdir()
    assert "at least two classes, got benign." in problem(data_dir=str(folder))


def test_folders_are_refused_before_the_kernel_as_they_are_when_loaded(folder):
    write(folder / "val" / "benign" / "0.png")
    write(folder / "val" / "unsure" / "0.png")
    assert "same classes, got benign, unsure in val and benign, malignant in train" in problem(
        data_dir=str(folder)
    )
    (folder / "train").rename(folder / "old")
    assert "must hold a folder train beside val, got none" in problem(data_dir=str(folder))


def test_a_positive_class_that_is_no_folder_is_refused_and_the_folders_are_listed(folder):
    assert problem(data_dir=str(folder), positive_class="malign") == (
        "positive_class: positive_class must be one of: benign, malignant; got 'malign'. "
        "Did you mean 'malignant'?"
    )


def test_an_unknown_model_is_refused_with_the_nearest():
    assert "got 'screening_cn'. Did you mean 'screening_cnn'?" in problem(model="screening_cn")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"model": "article_cnn", "image_size": 32},
            "article_cnn needs images of at least 64 pixels a side, got 32",
        ),
        (
            {"model": "auto", "image_size": 8},
            "screening_cnn needs images of at least 16 pixels a side, got 8 x 8",
        ),
        ({"model": "article_cnn", "dataset": "breastmnist"}, "at least 64 pixels a side, got 28 x 28"),
        ({"model": "resnet18_28", "dataset": "vesselmnist3d"}, "takes flat images"),
    ],
)
def test_images_that_the_model_does_not_take_are_refused(values, message):
    assert message in problem(**values)


def test_a_size_that_a_registered_set_does_not_have_is_refused():
    assert "image_size of breastmnist must be one of: 28, 64, 128, 224; got 32" in problem(
        dataset="breastmnist", image_size=32, model="auto"
    )


def test_a_positive_class_is_held_against_the_registered_classes():
    assert "got 'malgnant'. Did you mean 'malignant'?" in problem(
        dataset="breastmnist", positive_class="malgnant"
    )


def test_a_threshold_rule_is_read_by_the_one_who_applies_it():
    assert "threshold_rule must be one of" in problem(threshold_rule="yoden")


def test_class_folders_may_lie_in_the_data_folder_itself(folder):
    assert (
        parameter_checks.domain_problems({"data_dir": str(folder / "train"), "positive_class": "benign"})
        == []
    )


def test_a_positive_class_among_three_is_refused(folder):
    for number in range(3):
        write(folder / "train" / "unsure" / f"{number}.tif")
    assert "left out where there are more than two classes, got 3" in problem(
        data_dir=str(folder), positive_class="benign"
    )


@pytest.mark.parametrize("rule", ["blocks:", "blocks:many", "prefix", "patient", "csv:"])
def test_a_group_rule_that_nobody_can_apply_is_refused_whether_or_not_the_folder_is_right(folder, rule):
    message = problem(group_rule=rule, data_dir=str(folder))
    assert "auto, none, blocks:1000" in message or "The rule 'prefix:' needs a separator" in message
    problems = parameter_checks.domain_problems({"group_rule": rule, "data_dir": str(folder / "none")})
    assert "group_rule must be auto, none, blocks:1000" in dict(problems)["group_rule"]


def test_a_group_rule_for_a_registered_set_is_refused():
    assert "group_rule is for images of your own" in problem(group_rule="none", dataset="breastmnist")


def test_a_table_of_groups_must_lie_in_the_data_folder(folder):
    assert "must name a CSV file in the data folder, got who.csv" in problem(
        data_dir=str(folder), group_rule="csv:who.csv"
    )
    rows = [f"{number}.png,p{number}" for number in range(10)]
    (folder / "who.csv").write_text("\n".join(["file,group", *rows]))
    assert parameter_checks.domain_problems({"data_dir": str(folder), "group_rule": "csv:who.csv"}) == []


def test_all_that_headers_and_the_table_tell_of_a_folder_is_refused_together_and_each_by_its_name(folder):
    write(folder / "train" / "benign" / "3.png", height=20)
    rows = [f"{number}.png,p{number // 5}" for number in range(10)]
    (folder / "who.csv").write_text("\n".join(["file,group", *rows]))
    values = {"data_dir": str(folder), "positive_class": "malign", "group_rule": "csv:who.csv"}
    problems = parameter_checks.domain_problems(values)
    assert [name for name, _ in problems] == ["positive_class", "group_rule", "image_size"]
    assert all(text.startswith(name) for name, text in problems)
    texts = dict(problems)
    assert "at least 3 groups of images, one for each split, got 'benign' in 1" in texts["group_rule"]
    assert "train/benign/3.png is 20x24 (HxW) among 18x24" in texts["image_size"]
    assert parameter_checks.domain_problems({"data_dir": str(folder), "image_size": 18}) == []


def test_a_damaged_header_is_told_beside_the_wrong_class(folder):
    (folder / "train" / "benign" / "3.png").write_bytes(b"no image")
    problems = parameter_checks.domain_problems({"data_dir": str(folder), "positive_class": "malign"})
    assert [name for name, _ in problems] == ["positive_class", "data_dir"]
    assert "train/benign/3.png must be a readable image" in problems[1][1]


def test_no_pixel_is_decoded_and_no_file_is_hashed(folder, monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", refuse)
    monkeypatch.setattr("medlab.data.imagefiles.hashlib.blake2b", refuse)
    assert parameter_checks.domain_problems({"data_dir": str(folder)}) == []


def test_a_model_is_held_against_the_size_that_the_headers_tell(folder):
    assert "article_cnn needs images of at least 64 pixels a side, got 18 x 24" in problem(
        data_dir=str(folder), model="article_cnn"
    )


def test_the_class_of_a_folder_is_meant_by_its_name_before_its_place(folder):
    (folder / "train" / "benign").rename(folder / "train" / "1")
    (folder / "train" / "malignant").rename(folder / "train" / "2")
    for given in ("1", "2", "0"):
        assert parameter_checks.domain_problems({"data_dir": str(folder), "positive_class": given}) == []
    assert "must be one of: 1, 2; got '3'" in problem(data_dir=str(folder), positive_class="3")


def test_what_the_system_says_of_a_folder_comes_without_its_path(folder, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.iterdir", forbidden)
    assert problem(data_dir=str(folder)) == (
        f"data_dir: data_dir: {folder.name} must be readable, got: Permission denied."
    )


def test_messages_name_a_folder_without_what_lies_above_it(folder):
    texts = [
        problem(data_dir=str(folder / "none")),
        problem(data_dir=str(folder), group_rule="csv:who.csv"),
        problem(data_dir=str(folder), group_rule=f"csv:{folder}/who.csv"),
    ]
    (folder / "train" / "benign" / "3.png").write_bytes(b"no image")
    texts.append(problem(data_dir=str(folder)))
    assert not [text for text in texts if str(folder.parent) in text]


@pytest.mark.parametrize("name", ["bloodmnist", "chestmnist"])
def test_several_classes_are_calibrated_by_a_temperature_alone(name):
    assert problem(dataset=name, calibration="platt") == (
        "calibration: calibration of other than two classes must be one of: temperature; got 'platt'."
    )
    for dataset, method in ((name, "temperature"), ("pneumoniamnist", "platt"), ("nothing", "platt")):
        found = dict(parameter_checks.domain_problems({"dataset": dataset, "calibration": method}))
        assert "calibration" not in found
