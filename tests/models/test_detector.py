"""Candidates of a heat map: places, scores and distances by hand."""

import numpy as np
import pandas as pd
import pytest

from medlab.models import candidates, judge

SPACING_MM = (3.0, 0.8, 0.7)


@pytest.fixture
def heat():
    probability = np.zeros((7, 8, 9))
    probability[1, 2, 3] = 0.6
    probability[5, 6, 7] = 0.9
    probability[5, 6, 2] = 0.05
    return probability


def test_maxima_come_in_the_order_of_their_scores_with_their_places_in_mm(heat):
    found = candidates(heat, SPACING_MM)
    assert found[["z", "y", "x"]].to_numpy().tolist() == [[5, 6, 7], [1, 2, 3]]
    np.testing.assert_allclose(found[["z_mm", "y_mm", "x_mm"]], [[15, 4.8, 4.9], [3, 1.6, 2.1]])
    assert found["score"].tolist() == [0.9, 0.6]


def test_of_two_near_maxima_the_higher_one_stays(heat):
    heat[5, 6, 4] = 0.8  # 2.1 mm from the highest
    assert len(candidates(heat, SPACING_MM, distance_mm=2.0)) == 3
    assert candidates(heat, SPACING_MM, distance_mm=2.2)["score"].tolist() == [0.9, 0.6]


def test_a_plateau_is_one_candidate():
    probability = np.zeros((7, 8, 9))
    probability[2:4, 3:6, 2:5] = 1.0
    assert len(candidates(probability, SPACING_MM)) == 1


def test_smoothing_prefers_large_spots():
    probability = np.zeros((1, 30, 40))
    probability[0, 5, 5] = 1.0
    probability[0, 18:23, 28:33] = 0.8
    found = candidates(probability, (1.0, 1.0, 1.0), threshold=0.01, smoothing_mm=1.5)
    assert found.loc[0, ["y", "x"]].tolist() == [20, 30]


def test_nothing_above_the_threshold_is_an_empty_table(heat):
    found = candidates(heat, SPACING_MM, threshold=0.95)
    assert found.empty
    assert list(found) == ["z", "y", "x", "z_mm", "y_mm", "x_mm", "score"]


def test_a_second_opinion_sorts_anew_and_sees_the_candidate_in_the_middle(heat):
    image = (100 * heat).astype(np.uint8)[..., np.newaxis]
    seen = []

    def predict(crops):
        seen.append(crops)
        return np.array([0.2, 0.7])

    judged = judge(candidates(heat, SPACING_MM), image, predict, (3, 4, 5))
    assert judged["probability"].tolist() == [0.7, 0.2]
    assert judged["score"].tolist() == [0.6, 0.9]
    assert seen[0].shape == (2, 3, 4, 5, 1)
    assert seen[0][:, 1, 2, 2, 0].tolist() == [90, 60]


def test_no_candidates_are_judged_without_asking_for_crops_of_odd_shape():
    none = candidates(np.zeros((7, 8, 9)), SPACING_MM)
    judged = judge(none, np.zeros((7, 8, 9, 1)), lambda crops: np.zeros(len(crops)), (3, 4, 5))
    assert isinstance(judged, pd.DataFrame)
    assert judged.empty


@pytest.mark.parametrize(
    ("shape", "spacing"), [((7, 8, 9, 2), SPACING_MM), ((7, 8, 9), (0.8, 0.7)), ((7, 8), (0.8, 0.0))]
)
def test_a_map_with_classes_or_another_spacing_is_refused(shape, spacing):
    with pytest.raises(ValueError, match=r"one number a pixel.*spacing_mm one a side.*probability\[..., 1\]"):
        candidates(np.zeros(shape), spacing)
