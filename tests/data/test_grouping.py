from pathlib import Path

import pytest

from medlab.data.grouping import groups_by_rule, groups_from_blocks, groups_from_csv, groups_from_prefix


def test_blocks_are_of_consecutive_numbers_whatever_the_folder_and_extension():
    names = ["train/a/image_7.png", "val/b/image_99.jpg", "image_100.png", "scan2_7.png"]
    assert groups_from_blocks(names, 100).tolist() == ["image_0", "image_0", "image_100", "scan2_0"]


def test_blocks_need_a_number_in_each_name():
    with pytest.raises(ValueError, match=r"need a number in each file name, got 'left\.png'"):
        groups_from_blocks(["1.png", "left.png"], 10)


def test_blocks_need_a_size():
    with pytest.raises(ValueError, match=r"size of a block must lie between 1"):
        groups_from_blocks(["1.png"], 0)


def test_prefix_is_what_precedes_the_first_separator():
    assert groups_from_prefix(["x/p01_2_3.png", "p02_1.png"], "_").tolist() == ["p01", "p02"]


@pytest.mark.parametrize(("separator", "said"), [("-", "which is not in 'p01_2.png'"), ("", "got ''")])
def test_prefix_refuses_a_separator_that_is_missing(separator, said):
    with pytest.raises(ValueError, match=said):
        groups_from_prefix(["p01_2.png"], separator)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "groups.csv"
    path.write_text("file,group,age\na.png,p1,50\nval/x/b.png,p2,60\n", encoding="utf-8-sig")
    return path


def test_a_table_names_groups_by_file_name_or_by_path(table):
    assert groups_from_csv(table, ["train/x/a.png", "val/x/b.png"]).tolist() == ["p1", "p2"]


def test_a_table_must_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must be a CSV file, got none at .*missing\.csv"):
        groups_from_csv(tmp_path / "missing.csv", ["a.png"])


def test_a_table_must_have_its_columns(table):
    table.write_text("name,patient\na.png,1\n")
    with pytest.raises(ValueError, match=r"must have the columns file and group, got name, patient"):
        groups_from_csv(table, ["a.png"])


def test_a_table_must_name_every_file(table):
    with pytest.raises(ValueError, match=r"got none for 2 of 3, the first is 'c\.png'"):
        groups_from_csv(table, ["a.png", "c.png", "d.png"])


def test_a_table_must_not_contradict_itself(table):
    table.write_text("file,group\na.png,p1\na.png,p2\n")
    with pytest.raises(ValueError, match=r"one group for each file, got 'a\.png' in 'p1' and 'p2'"):
        groups_from_csv(table, ["a.png"])


def test_auto_makes_about_a_hundred_blocks_of_numbered_files():
    names = [f"train/x/image_{number}.jpg" for number in range(0, 550_000, 85)]
    groups, are_patients, description = groups_by_rule(names, "auto")
    assert description == "in blocks of 5,000 consecutive file numbers"
    assert len(set(groups)) == 110
    assert not are_patients


@pytest.mark.parametrize("names", [["left.png", "right.png"], ["p1_2.png", "p1_3.png"]])
def test_auto_keeps_images_apart_where_names_do_not_have_one_number(names):
    groups, are_patients, description = groups_by_rule(names, "auto")
    assert (groups.tolist(), are_patients, description) == (names, False, "each image on its own")


def test_only_a_table_makes_patients_known(table):
    assert groups_by_rule(["a.png"], "csv:groups.csv", table.parent)[1:] == (
        True,
        "by the groups of groups.csv",
    )
    assert groups_by_rule(["p1_2.png"], "prefix:_")[1:] == (False, "by what precedes '_' in the file name")
    assert groups_by_rule(["1.png"], None)[1:] == (False, "each image on its own")


@pytest.mark.parametrize("rule", ["block:100", "blocks:many", "csv:", "none:1", "auto:5"])
def test_refuses_unknown_rules_and_lists_the_known(rule):
    with pytest.raises(ValueError, match=rf"one of: auto, none, blocks:1000, prefix:_.*got '{rule}'"):
        groups_by_rule(["1.png"], rule)
