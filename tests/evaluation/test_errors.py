from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from medlab.evaluation import errors


def test_kinds_of_binary_errors_by_hand():
    targets = np.array([0, 0, 1, 1, 1])
    output = np.array([0.9, 0.1, 0.3, 0.05, 0.8])
    assert errors.most_confident("binary", targets, output, 0.5).tolist() == [3, 0, 2]
    assert errors.most_confident("binary", targets, output, 0.5, "false negative").tolist() == [3, 2]
    assert errors.most_confident("binary", targets, output, 0.5, "false positive").tolist() == [0]


def test_a_network_without_errors_has_none():
    assert errors.most_confident("binary", np.array([0, 1]), np.array([0.1, 0.9]), 0.5).tolist() == []


def test_confidence_of_other_tasks():
    classes = np.array([[0.1, 0.9], [0.6, 0.4], [0.8, 0.2]])
    assert errors.most_confident("multiclass", np.array([0, 0, 1]), classes, None).tolist() == [0, 2]
    labels = np.array([[0, 1], [0, 0], [1, 1]])
    probabilities = np.array([[0.1, 0.4], [0.9, 0.1], [0.9, 0.8]])
    assert errors.most_confident("multilabel", labels, probabilities, None).tolist() == [1, 0]
    amounts = errors.most_confident("regression", np.array([1.0, 5.0]), np.array([1.5, 2.0]), None)
    assert amounts.tolist() == [1, 0]


def test_typical_answers_are_right_and_in_the_middle_of_their_class():
    targets = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    output = np.array([0.05, 0.2, 0.4, 0.9, 0.6, 0.8, 0.99, 0.1])
    # Right: 0.05, 0.2, 0.4 of class 0 (median 0.2) and 0.6, 0.8, 0.99 of class 1 (median 0.8).
    assert errors.most_typical("binary", targets, output, 0.5, 1).tolist() == [1, 5]
    assert errors.most_typical("binary", targets, output, 0.5, 2).tolist() == [1, 0, 5, 6]
    assert errors.most_typical("binary", targets, 1 - output, 0.5, 2).tolist() == [3, 7]
    assert errors.most_typical("binary", np.array([0, 1]), np.array([0.9, 0.1]), 0.5, 2).tolist() == []
    classes = np.array([[0.8, 0.2], [0.6, 0.4], [0.9, 0.1], [0.3, 0.7]])
    assert errors.most_typical("multiclass", np.array([0, 0, 0, 0]), classes, None, 1).tolist() == [0]
    labels, answers = np.array([[0, 1], [1, 1], [0, 0]]), np.array([[0.1, 0.9], [0.6, 0.9], [0.9, 0.1]])
    assert errors.most_typical("multilabel", labels, answers, None, 5).tolist() == [0, 1]
    amounts = errors.most_typical("regression", np.array([1.0, 5.0]), np.array([1.5, 5.1]), None, 1)
    assert amounts.tolist() == [1]


def test_kinds_are_refused_where_they_mean_nothing():
    with pytest.raises(
        ValueError, match=r"kind must be one of: all, false positive, false negative; got 'fp'"
    ):
        errors.most_confident("binary", np.array([0]), np.array([0.9]), 0.5, "fp")
    with pytest.raises(ValueError, match=r"kind must be one of: all; got 'false positive'"):
        errors.most_confident("multiclass", np.array([0]), np.array([[0.9, 0.1]]), None, "false positive")


def test_by_attribute_counts_each_value():
    table = errors.by_attribute([1, 1, 0, 1, 0], [1, 0, 0, 1, 1], ["a", "a", "a", "b", "b"], "kind")
    assert table.index.name == "kind"
    assert table.loc["a", ["n", "n_positive", "sensitivity", "specificity"]].tolist() == [3, 2, 0.5, 1.0]
    assert table.loc["b", ["n", "n_positive", "sensitivity", "specificity"]].tolist() == [2, 1, 1.0, 0.0]
    # Two images say nothing of a spread.
    assert np.isnan(table.loc["a", ["sensitivity_low", "sensitivity_high"]].tolist()).all()


def test_by_attribute_has_wilson_intervals_where_patients_have_one_image():
    table = errors.by_attribute(
        [1] * 8, [1, 1, 1, 1, 0, 0, 0, 0], ["a"] * 8, "kind", patients=list("abcdefgh")
    )
    # Wilson for 4 of 8, z = 1.96: 1/2 -+ z sqrt(1/4/8 + z2/256) / (1 + z2/8)
    z = 1.959964
    half = z * np.sqrt(1 / 32 + z**2 / 256) / (1 + z**2 / 8)
    assert table.loc["a", "sensitivity_low"] == pytest.approx(0.5 - half, abs=1e-6)
    assert table.loc["a", "sensitivity_high"] == pytest.approx(0.5 + half, abs=1e-6)
    twice = errors.by_attribute(
        [1] * 8, [1, 1, 1, 1, 0, 0, 0, 0], ["a"] * 8, "kind", patients=list("aabbccdd")
    )
    assert twice.loc["a", "sensitivity_low"] < table.loc["a", "sensitivity_low"]


def test_by_attribute_cuts_numbers_into_equal_parts_named_by_what_is_in_them():
    diameters = np.arange(4.0, 12.0)
    table = errors.by_attribute([0, 1] * 4, [0, 1] * 4, diameters, "diameter_mm")
    assert table.index.tolist() == ["4 to 5", "6 to 7", "8 to 9", "10 to 11"]
    assert table["n"].tolist() == [2, 2, 2, 2]
    cut = pd.cut(diameters, [4, 10, 11], labels=["small", "large"], include_lowest=True)
    ranges = errors.by_attribute([0, 1] * 4, [0, 1] * 4, cut, "size")
    assert ranges["n"].to_dict() == {"small": 7, "large": 1}


def test_by_attribute_keeps_few_distinct_numbers_and_counts_images_without_a_value():
    table = errors.by_attribute([1, 1, 0], [1, 0, 0], [1.0, 1.0, 2.0], "visits")
    assert table.index.tolist() == ["1.0", "2.0"]
    assert np.isnan(table.loc["2.0", "sensitivity"])
    missing = errors.by_attribute([1, 1, 0], [1, 0, 0], [1.0, np.nan, 2.0], "visits")
    assert missing["n"].to_dict() == {"1.0": 1, "2.0": 1, "not known": 1}


@pytest.mark.parametrize(
    "column",
    [
        np.array([5.0, 7.0, None, 30.0], dtype=object),
        pd.Series([5.0, 7.0, pd.NA, 30.0], dtype="Float64", index=[3, 1, 0, 2]),
        np.ma.array([5.0, 7.0, 9.0, 30.0], mask=[False, False, True, False]),
    ],
    ids=["object", "Float64", "masked"],
)
def test_by_attribute_counts_missing_values_of_every_kind(column):
    table = errors.by_attribute([1, 1, 0, 0], [1, 0, 0, 0], column, "size_mm")
    assert table["n"].to_dict() == {"5.0": 1, "7.0": 1, "30.0": 1, "not known": 1}
    assert table["sensitivity"].tolist()[:2] == [1.0, 0.0]
    assert table["specificity"].tolist()[2:] == [1.0, 1.0]


def test_by_attribute_refuses_other_lengths():
    with pytest.raises(ValueError, match="must have the same length, got targets 2, kind 3"):
        errors.by_attribute([0, 1], [0, 1], ["a", "b", "c"], "kind")


@pytest.mark.slow
def test_subgroups_have_each_measure_and_none_below_ten_of_a_class(rng):
    truth = rng.integers(0, 2, 400)
    sex = np.where(rng.random(400) < 0.5, "F", "M")
    # Among men the answer is worth nothing: half of them have it by chance.
    scores = np.where(sex == "F", 0.2 + 0.6 * truth, rng.random(400))
    site = np.where(np.arange(400) < 15, "small", "large")
    table, left_out = errors.subgroups(truth, scores, 0.5, {"sex": sex, "site": site}, seed=1)
    assert table["attribute"].tolist() == ["sex", "sex", "site"]
    assert table["group"].tolist() == ["F", "M", "large"]
    assert left_out == 1
    women, men, _ = table.to_dict("records")
    assert women["auc"] == women["sensitivity"] == women["specificity"] == 1
    assert men["auc_low"] < 0.5 < men["auc_high"]
    assert women["n"] + men["n"] == 400
    assert women["n_positive"] == truth[sex == "F"].sum()
    with pytest.raises(ValueError, match="same length"):
        errors.subgroups(truth, scores, 0.5, {"sex": sex[1:]})


def test_a_value_called_not_known_stays_apart_from_a_missing_one():
    truth = np.tile([0, 1], 30)
    column = ["not known"] * 30 + [None] * 30
    table = errors.by_attribute(truth, truth, column, "site")
    assert table["n"].to_dict() == {"not known": 30, "not known, without a value": 30}
