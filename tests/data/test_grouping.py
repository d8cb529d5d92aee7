from pathlib import Path

import numpy as np
import pytest

from medlab.data.grouping import groups_by_rule, groups_from_blocks, groups_from_prefix


def groups_from_csv(table, names):
    return groups_by_rule(names, f"csv:{table}")[0]


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


@pytest.mark.parametrize(("separator", "said"), [("-", "got '-' for 'p01_2.png'"), ("", "got ''")])
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
    with pytest.raises(
        FileNotFoundError, match=r"must name a CSV file in the data folder, got missing\.csv, which is not"
    ):
        groups_from_csv(tmp_path / "missing.csv", ["a.png"])


def test_a_table_must_have_its_columns(table):
    table.write_text("name,patient\na.png,1\n")
    with pytest.raises(
        ValueError, match=r"one column file and one column group, got name, patient\. Save it"
    ):
        groups_from_csv(table, ["a.png"])


def test_a_table_must_name_every_file(table):
    with pytest.raises(ValueError, match=r"got none for 2 of 3, the first is 'c\.png'"):
        groups_from_csv(table, ["a.png", "c.png", "d.png"])


def test_a_table_must_not_contradict_itself(table):
    table.write_text("file,group\na.png,p1\na.png,p2\n")
    with pytest.raises(ValueError, match=r"one group for each file, got two for 'a\.png' in rows 2 and 3"):
        groups_from_csv(table, ["a.png"])


def test_auto_makes_about_a_hundred_blocks_of_numbered_files():
    names = [f"train/x/image_{number}.jpg" for number in range(0, 550_000, 85)]
    groups, are_patients, description, _ = groups_by_rule(names, "auto")
    assert description == "in blocks of 5,000 consecutive file numbers"
    assert len(set(groups)) == 110
    assert not are_patients


@pytest.mark.parametrize("names", [["left.png", "right.png"], ["p1_2.png", "p1_3.png"]])
def test_auto_keeps_images_apart_where_names_do_not_have_one_number(names):
    groups, are_patients, description, _ = groups_by_rule(names, "auto")
    assert (groups.tolist(), are_patients, description) == (names, False, "each image on its own")


def test_only_a_table_makes_patients_known(table):
    notes = ["Rows of groups.csv that name no image of the folder: 1."]
    assert groups_by_rule(["a.png"], "csv:groups.csv", table.parent)[1:] == (
        True,
        "by the groups of groups.csv",
        notes,
    )
    assert groups_by_rule(["p1_2.png"], "prefix:_")[1:] == (
        False,
        "by what precedes '_' in the file name",
        [],
    )
    assert groups_by_rule(["1.png"], None)[1:] == (False, "each image on its own", [])


@pytest.mark.parametrize("rule", ["block:100", "blocks:many", "csv:", "none:1", "auto:5"])
def test_refuses_unknown_rules_and_lists_the_known(rule):
    with pytest.raises(ValueError, match=rf"one of: auto, none, blocks:1000, prefix:_.*got '{rule}'"):
        groups_by_rule(["1.png"], rule)


NAMES = ["train/x/a.png", "train/y/b.png"]


@pytest.mark.parametrize(
    "content",
    [
        "file;group\na.png;p1\nb.png;p2\n",
        "file\tgroup\na.png\tp1\nb.png\tp2\n",
        "File , GROUP\r\na.png,p1\r\n\r\nb.png,p2\r\n",
        "group,file\np1,train\\x\\a.png\np2,train/y/b.png\n",
        'file,group,age\n"a.png","p1"\nb.png,p2,60,,\n',
        "file,group\n\ufeffa.png ,p1\n\u200bb.png,\u00a0p2\n",
    ],
    ids=["semicolon", "tab", "header", "backslash", "short and long rows", "invisible"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_of_spreadsheets_are_read_where_they_can_be_meant_in_one_way(tmp_path, content, encoding):
    (tmp_path / "groups.csv").write_text(content, encoding=encoding, newline="")
    assert groups_from_csv(tmp_path / "groups.csv", NAMES).tolist() == ["p1", "p2"]


def refuse(table, content, match, names=NAMES):
    table.write_bytes(content)
    with pytest.raises(ValueError, match=match) as caught:
        groups_from_csv(table, names)
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "file,group\na.png,Müller\n".encode("cp1252"),
        "file,group\na.png,p1\n".encode("utf-16-le"),
        "file,group\na.png,p1\n".encode("utf-32"),
        b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00\xb5\xd4",
    ],
    ids=["cp1252", "UTF-16 without a mark", "UTF-32", "xlsx"],
)
def test_other_encodings_are_refused_with_the_name_of_the_table_and_the_way_out(table, content):
    told = refuse(
        table, content, r"^groups\.csv must be text in UTF-8, got another encoding, or no text\. Save it"
    )
    assert "'CSV UTF-8'" in told
    assert "ller" not in told


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"file,group,group\na.png,p1,p2\n", r"one column group, got file, group, group\."),
        (b"file group\na.png p1\n", r"one column group, got file group\."),
        (b"", r"one column group, got none\. Save it as 'CSV UTF-8'"),
        (b"file,group\nDoe, a.png,p1\n", r"must have 2 cells in a row, got 3 in row 2\. Put cells"),
        (
            b'file,group\na.png,"p1\nb.png,p2\n',
            r"groups\.csv must be a table of comma-separated values, got: ",
        ),
    ],
)
def test_tables_that_can_be_meant_in_several_ways_are_refused(table, content, match):
    refuse(table, content, match)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("doe1", "Doe1"),
        ("doe 1", "doe1"),
        ("doe  1", "doe 1"),
        ("doe1", "doe\uff11"),
        ("doe\u200b1", "doe1"),
        ("7", "7.0"),
    ],
)
def test_names_that_differ_only_in_case_blanks_or_a_decimal_are_refused_by_their_rows(table, first, second):
    content = f"file,group\na.png,{first}\nb.png,{second}\n".encode()
    told = refuse(
        table, content, r"groups\.csv must write each group in one way, .*in row 2 and row 3\. Write"
    )
    assert "doe" not in told.casefold()


def test_numbers_with_and_without_leading_zeros_are_two_patients(table):
    table.write_text("file,group\na.png,1\nb.png,01\n")
    assert groups_from_csv(table, NAMES).tolist() == ["1", "01"]


def test_two_forms_of_one_letter_are_one_patient_and_one_file_name(table):
    # "é" as one code point, and as "e" with an accent that combines with it.
    table.write_text("file,group\né.png,p\u00e9\nb.png,pe\u0301\n", encoding="utf-8")
    groups, *_, notes = groups_by_rule(["x/e\u0301.png", "x/b.png"], "csv:groups.csv", table.parent)
    assert groups.tolist() == ["pé", "pé"]
    assert notes == ["Cells of groups.csv read without blanks at their ends or in Unicode's usual form: 1."]


def test_a_bare_name_must_not_stand_for_images_in_two_folders(table):
    content = b"file,group\na.png,p1\n"
    names = ["train/x/a.png", "train/y/a.png"]
    refuse(table, content, r"got row 2 for 2 images\. Write paths such as 'train/x/a\.png'", names)
    table.write_text("file,group\ntrain/x/a.png,p1\ntrain/y/a.png,p2\n")
    assert groups_from_csv(table, names).tolist() == ["p1", "p2"]


@pytest.mark.parametrize("nobody", ["", "  ", "nan", "None", "N/A", "NULL"])
def test_a_group_that_names_nobody_is_missing(table, nobody):
    content = f"file,group\na.png,p1\nb.png,{nobody}\n".encode()
    refuse(table, content, r"got none for 1 of 2, the first is 'train/y/b\.png'")


def test_names_of_numpy_are_names(table):
    assert groups_from_csv(table, np.array(["train/x/a.png", "val/x/b.png"])).tolist() == ["p1", "p2"]


def test_prefixes_that_differ_only_in_case_are_refused():
    with pytest.raises(
        ValueError, match=r"File names must write each group in one way.*in P1_a\.png and p1_b\.png"
    ):
        groups_from_prefix(["P1_a.png", "p1_b.png"], "_")
