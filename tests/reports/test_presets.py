import json
from pathlib import Path

import pytest

from medlab.reports import presets, read_schema, validate

TEMPLATES = Path(__file__).parent / "templates"


def test_a_preset_is_a_template_with_parameters():
    templates = presets.available(TEMPLATES)
    assert list(templates) == ["tiny", "small"]
    assert templates["small"].notebook == templates["tiny"].notebook
    assert templates["small"].title == "The small study"
    assert templates["small"].parameters == {"rate": "0.25", "dataset": "simulated_nodules"}


def test_a_preset_whose_subject_was_replaced_loses_its_title():
    small = presets.resolve("small", TEMPLATES)
    assert small.title_for({"dataset": "simulated_nodules", "rate": 0.5}) == "The small study"
    assert small.title_for({"dataset": None, "data_dir": "mine", "rate": 0.25}) == "Tiny"


def test_a_template_is_called_by_its_first_heading_or_else_by_its_name(tmp_path):
    cells = {"headed": [{"source": ["# On one image\n", "\n", "More."]}], "no_heading": [{"source": "1 + 1"}]}
    for name, content in {**cells, "empty": []}.items():
        (tmp_path / f"{name}.ipynb").write_text(json.dumps({"cells": content}))
    titles = [template.title for template in presets.available(tmp_path).values()]
    assert titles == ["Empty", "On one image", "No heading"]


def test_an_unknown_report_is_refused_with_the_nearest():
    with pytest.raises(
        ValueError, match=r"report must be one of: tiny, small; got 'smal'\. Did you mean 'small'"
    ):
        presets.resolve("smal", TEMPLATES)


def test_a_preset_of_a_template_that_is_not_there_is_refused(tmp_path):
    (tmp_path / "presets.yaml").write_text("lost: {template: gone}")
    with pytest.raises(ValueError, match="template of preset 'lost' must be one of: none; got 'gone'"):
        presets.available(tmp_path)


def test_a_preset_that_is_a_single_word_is_refused(tmp_path):
    (tmp_path / "presets.yaml").write_text("lost: classification")
    with pytest.raises(ValueError, match=r"preset 'lost' must have a template .* got 'classification'"):
        presets.available(tmp_path)


@pytest.mark.parametrize("name", list(presets.available()))
def test_every_report_of_the_course_has_valid_parameters(name):
    template = presets.resolve(name)
    assert validate(read_schema(template.notebook), {"preset": template.parameters})
