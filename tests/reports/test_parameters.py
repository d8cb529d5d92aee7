import json
import logging

import pytest

from medlab.reports import ParameterErrors, parameters, presets, read_schema, validate


def write(folder, *lines, tags=("parameters",)):
    path = folder / "asked.ipynb"
    cell = {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": "\n".join(lines), "id": "asked"}
    metadata = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    cell |= {"outputs": [], "execution_count": None}
    notebook = {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook))
    return path


@pytest.fixture
def schema(tmp_path):
    return read_schema(
        write(
            tmp_path,
            "from typing import Optional",
            "",
            'dataset: Optional[str] = "left"  # registered data set',
            "data_dir: Optional[str] = None  # folder",
            "epochs: Optional[int] = None  # passes over the training set [1, 1000]",
            "rate: float = 0.5  # learning rate [0, 1]",
            "augment: bool = True  # random changes",
            'balance: str = "auto"  # rare classes [auto | none | weights]',
            'title: str = "a"  # any text',
        )
    )


@pytest.fixture(autouse=True)
def two_data_sets(monkeypatch):
    """Let the data sets be left and right: this file is about the mechanics, not about the registry."""
    monkeypatch.setattr("medlab.data.registered", lambda: ["left", "right"])
    monkeypatch.setattr("medlab.data.describe", lambda name: None)


def test_a_line_gives_name_type_default_help_range_and_choices(schema):
    epochs, rate, balance = schema[2], schema[3], schema[5]
    assert (epochs.name, epochs.type_name, epochs.default) == ("epochs", "Optional[int]", None)
    assert epochs.help == "passes over the training set [1, 1000]"
    assert (rate.low, rate.high, rate.choices) == (0.0, 1.0, ())
    assert balance.choices == ("auto", "none", "weights")


@pytest.mark.slow  # importing papermill takes seconds
@pytest.mark.parametrize(
    "path", sorted({t.notebook for t in presets.available().values()}), ids=lambda p: p.stem
)
def test_papermill_sees_the_same_parameters_in_every_template(path):
    import papermill

    ours = {p.name: (p.type_name, repr(p.default), p.help) for p in read_schema(path)}
    seen = papermill.inspect_notebook(path)
    theirs = {
        name: (p["inferred_type_name"], repr(parameters.ast.literal_eval(p["default"])), p["help"])
        for name, p in seen.items()
    }
    assert ours == theirs


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "epochs: int | None = 3  # papermill leaves this line out",
        'rule: str = "a"  # at least (a second = sign is left out too)',
        'rule: str = "sensitivity>=0.9"  # the value has one itself',
    ],
)
def test_a_line_that_papermill_leaves_out_is_refused_aloud(tmp_path, line, caplog):
    import papermill

    caplog.set_level(logging.ERROR, logger="papermill")
    path = write(tmp_path, "seed: int = 0  # every random number follows from it", line)
    assert list(papermill.inspect_notebook(path)) == ["seed"]
    with pytest.raises(
        ValueError, match=r"asked\.ipynb: parameters must be lines like .* got '(epochs|rule)"
    ):
        read_schema(path)


@pytest.mark.parametrize(
    "line",
    [
        "epochs = 3  # no type",
        "epochs: int  # no value",
        "epochs: int = 3",
        "epochs: int = 1 + 2  # computed",
        "sizes: list = [3]  # no such type",
        "colour: str = '#fff'  # papermill would take #fff' for the help",
        "epochs: int = (\n    3  # over two lines\n)",
        "print(3)  # no parameter at all",
    ],
)
def test_a_line_that_is_no_typed_literal_with_help_is_refused(tmp_path, line):
    with pytest.raises(ValueError, match="parameters must be lines like"):
        read_schema(write(tmp_path, line))


def test_a_default_outside_its_own_range_is_refused(tmp_path):
    with pytest.raises(ValueError, match="rate must lie between 0 and 1, got 2"):
        read_schema(write(tmp_path, "rate: float = 2.0  # learning rate [0, 1]"))


def test_a_notebook_without_the_tag_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"has no cell tagged 'parameters'\. Add the tag"):
        read_schema(write(tmp_path, "seed: int = 0  # seed", tags=()))


def by_name(schema):
    return {parameter.name: parameter for parameter in schema}


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("epochs", "3", 3),
        ("epochs", " 3 ", 3),
        ("epochs", 3, 3),
        ("epochs", None, None),
        ("epochs", "None", None),
        ("epochs", "", None),
        ("rate", "1e-3", 0.001),
        ("rate", 1, 1.0),
        ("augment", "false", False),
        ("augment", "No", False),
        ("augment", "TRUE", True),
        ("augment", False, False),
        ("balance", "none", "none"),
        ("title", 0.5, "0.5"),
        ("title", "1", "1"),
    ],
)
def test_text_of_a_command_line_and_values_of_a_file_are_read_alike(schema, name, given, expected):
    value = parameters.convert(by_name(schema)[name], given)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("epochs", "3.5", r"epochs must be a whole number or None, got '3\.5'"),
        ("epochs", 3.5, r"epochs must be a whole number or None, got 3\.5"),
        ("epochs", True, "epochs must be a whole number or None, got True"),
        ("epochs", 0, "epochs must lie between 1 and 1000, got 0"),
        ("rate", "fast", "rate must be a number, got 'fast'"),
        ("rate", None, "rate must be a number, got None"),
        ("rate", "nan", "rate must lie between 0 and 1, got nan"),
        ("rate", [0.1], r"rate must be a number, got \[0\.1\]"),
        ("augment", "maybe", "augment must be true or false, got 'maybe'"),
        ("augment", 1, "augment must be true or false, got 1"),
        (
            "balance",
            "weight",
            "balance must be one of: auto, none, weights; got 'weight'. Did you mean 'weights'",
        ),
        ("title", True, "title must be text, got True"),
        ("title", "", "title must be text, got ''"),
    ],
)
def test_a_value_of_another_type_range_or_choice_is_refused(schema, name, given, message):
    with pytest.raises((ValueError, TypeError), match=message):
        parameters.convert(by_name(schema)[name], given)


def test_the_command_line_goes_over_the_file_the_file_over_the_preset_and_all_over_the_cell(schema):
    values = validate(
        schema,
        {
            "command line": {"rate": "0.1"},
            "file a.yaml": {"rate": 0.2, "epochs": 2},
            "preset b": {"rate": 0.3, "epochs": 3, "augment": False},
        },
    )
    assert [(v.value, v.source) for v in values.values()] == [
        ("left", "template"),
        (None, "template"),
        (2, "file a.yaml"),
        (0.1, "command line"),
        (False, "preset b"),
        ("auto", "template"),
        ("a", "template"),
    ]


def test_a_folder_given_higher_up_replaces_the_data_set_and_the_other_way_round(
    schema, tmp_path, two_classes
):
    two_classes(tmp_path / "train")
    folder = validate(schema, {"command line": {"data_dir": str(tmp_path)}, "preset": {"dataset": "right"}})
    assert (folder["dataset"].value, folder["dataset"].source) == (None, "command line")
    registered = validate(schema, {"command line": {"dataset": "right"}, "file": {"data_dir": "nowhere"}})
    assert registered["data_dir"].value is None


def test_a_folder_and_a_data_set_at_one_level_exclude_each_other(schema):
    with pytest.raises(ParameterErrors, match=r"dataset and data_dir exclude each other, got both.*\(file\)"):
        validate(schema, {"file": {"dataset": "left", "data_dir": "x"}})


def test_a_study_about_nothing_is_refused(schema):
    with pytest.raises(ParameterErrors, match="dataset must be given, or data_dir"):
        validate(schema, {"command line": {"dataset": "None"}})


def test_all_problems_come_at_once_each_by_its_name_and_with_the_nearest_valid_one(schema):
    with pytest.raises(ParameterErrors) as caught:
        validate(
            schema,
            {
                "command line": {"epoch": "3", "rate": "2", "dataset": "rigth"},
                "file": {"augment": "maybe", "unheard_of": 1},
            },
        )
    assert sorted(caught.value.problems) == [
        "augment must be true or false, got 'maybe'. (file)",
        "dataset must be one of: left, right; got 'rigth'. Did you mean 'right'? (command line)",
        "epoch is not a parameter of this report. Did you mean 'epochs'? (command line)",
        "rate must lie between 0 and 1, got 2.0. (command line)",
        "unheard_of is not a parameter of this report. There are: dataset, data_dir, epochs, rate, augment, "
        "balance, title. (file)",
    ]
