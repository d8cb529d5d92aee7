import pytest

from medlab.reports import checking


@pytest.fixture
def folder(tmp_path):
    for name, count in (("benign", 2), ("malignant", 3)):
        (tmp_path / "train" / name).mkdir(parents=True)
        for number in range(count):
            (tmp_path / "train" / name / f"{number}.png").touch()
    return tmp_path


def problem(**values):
    """Return the only problem's parameter and message."""
    ((name, message),) = checking.domain_problems(values)
    return f"{name}: {message}"


def test_good_values_and_absent_ones_raise_nothing(folder):
    good = {"data_dir": str(folder), "positive_class": "benign", "model": "auto", "image_size": 28}
    assert checking.domain_problems({**good, "threshold_rule": "youden", "dataset": None}) == []
    assert checking.domain_problems({}) == []


def test_class_folders_are_counted(folder):
    (folder / "train" / "benign" / "notes.txt").touch()
    (folder / "train" / "benign" / "._1.png").touch()
    (folder / "train" / ".hidden").mkdir()
    assert checking.class_folders(folder) == {"benign": 2, "malignant": 3}


def test_a_folder_that_is_not_there_or_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    assert "must be a folder, but" in problem(data_dir=str(tmp_path / "none"))
    assert "none does not exist" in problem(data_dir=str(tmp_path / "none"))
    assert "file is a file" in problem(data_dir=str(tmp_path / "file"))


def test_one_class_only_is_refused(folder):
    for path in (folder / "train" / "malignant").iterdir():
        path.unlink()
    assert "class folder train/malignant must hold images" in problem(data_dir=str(folder))
    (folder / "train" / "malignant").rmdir()
    assert "at least two classes, got benign." in problem(data_dir=str(folder))


def test_folders_are_refused_before_the_kernel_as_they_are_when_loaded(folder):
    (folder / "val" / "benign").mkdir(parents=True)
    (folder / "val" / "benign" / "0.png").touch()
    (folder / "val" / "unsure").mkdir()
    (folder / "val" / "unsure" / "0.png").touch()
    assert "same classes, got benign, unsure in val and benign, malignant in train" in problem(
        data_dir=str(folder)
    )
    (folder / "train").rename(folder / "old")
    assert "must hold a folder train beside val, got none" in problem(data_dir=str(folder))
    with pytest.raises(ValueError, match=r"data_dir must hold images in class folders\. .* beside val"):
        checking.class_folders(folder)


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
    assert checking.class_folders(folder / "train") == {"benign": 2, "malignant": 3}


def test_a_positive_class_among_three_is_refused(folder):
    (folder / "train" / "unsure").mkdir()
    (folder / "train" / "unsure" / "0.tif").touch()
    assert "left out where there are more than two classes, got 3" in problem(
        data_dir=str(folder), positive_class="benign"
    )


@pytest.mark.parametrize("rule", ["blocks:", "blocks:many", "prefix", "patient", "csv:"])
def test_a_group_rule_that_nobody_can_apply_is_refused(folder, rule):
    assert "group_rule must be auto, none, blocks:1000" in problem(group_rule=rule, data_dir=str(folder))


def test_a_group_rule_for_a_registered_set_is_refused():
    assert "group_rule is for images of your own" in problem(group_rule="none", dataset="breastmnist")


def test_a_table_of_groups_must_lie_in_the_data_folder(folder):
    assert "table that is not in data_dir: who.csv" in problem(data_dir=str(folder), group_rule="csv:who.csv")
    (folder / "who.csv").touch()
    assert checking.domain_problems({"data_dir": str(folder), "group_rule": "csv:who.csv"}) == []
