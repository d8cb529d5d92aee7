import numpy as np
import pandas as pd
import pytest

from medlab.evaluation import detection, intervals
from medlab.metrics import UndefinedError


def table(rows, *columns):
    return pd.DataFrame(rows, columns=["scan", "z_mm", "y_mm", "x_mm", *columns])


LESIONS = table([("a", 0, 0, 0, 8.0), ("a", 0, 6, 0, 8.0), ("b", 30, 5, 7, 10.0)], "diameter_mm")


@pytest.mark.parametrize(
    ("candidate", "lesion"),
    [
        (("a", 0, 0, 0), 0),
        (("a", 4.0, 0, 0), 0),  # on the surface
        (("a", 4.01, 0, 0), -1),
        (("a", 0, 3.1, 0), 1),  # within both, nearer to the second
        (("a", 0, 3.0, 0), 0),  # equally near: the first
        (("b", 0, 0, 0), -1),  # the right place in another scan
        (("b", 30, 9, 10), 2),  # 3, 4, 5
        (("c", 0, 0, 0), -1),
    ],
)
def test_a_candidate_hits_the_nearest_lesion_in_whose_radius_it_lies(candidate, lesion):
    assert detection.match(table([candidate]), LESIONS).tolist() == [lesion]


def by_hand():
    """Return 4 scans, 4 lesions and 9 candidates, and the lesions that these hit."""
    scan = ["a", "a", "a", "b", "b", "c", "d", "d", "c"]
    score = [0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, 0.4, 0.1]
    hits = [0, -1, 0, -1, 2, -1, 3, -1, -1]
    return pd.DataFrame({"scan": scan, "score": score}), pd.DataFrame({"scan": list("aabd")}), hits


def test_the_curve_of_four_scans_is_the_one_drawn_by_hand():
    candidates, lesions, hits = by_hand()
    result = detection.froc(candidates, lesions, list("abcd"), hits=hits, n=50)
    # The second candidate in lesion 0 counts for nothing; lesion 1 is never found.
    assert result.curve["threshold"].tolist() == [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.1]
    assert (4 * result.curve["false_positives_per_scan"]).tolist() == [0, 1, 2, 2, 3, 4, 5]
    assert (4 * result.curve["sensitivity"]).tolist() == [1, 1, 1, 2, 2, 3, 3]
    # 1/8 and 1/4 of 4 scans allow 0 and 1 false positives, 1/2 allows 2, 1 allows 4.
    expected = [0.25, 0.25, 0.5, 0.75, 0.75, 0.75, 0.75]
    assert result.sensitivity["sensitivity"].tolist() == expected
    assert result.score == pytest.approx(np.mean(expected))
    assert (result.n_scans, result.n_lesions, result.n_found, result.n_repeated) == (4, 4, 3, 1)


def test_a_lesion_and_a_false_positive_of_one_score_enter_together():
    candidates = pd.DataFrame({"scan": ["a", "a"], "score": [0.5, 0.5]})
    for hits in ([0, -1], [-1, 0]):
        result = detection.froc(candidates, pd.DataFrame({"scan": ["a"]}), ["a"], hits=hits, n=20)
        assert len(result.curve) == 1
        assert result.sensitivity["sensitivity"].tolist() == [0, 0, 0, 1, 1, 1, 1]


def test_scans_without_lesions_or_candidates_count_among_the_scans():
    candidates, lesions, hits = by_hand()
    more = [*"abcd", *range(12)]
    result = detection.froc(candidates, lesions, more, hits=hits, n=20)
    assert result.curve["false_positives_per_scan"].tolist()[-1] == 5 / 16
    assert result.sensitivity.loc[0.5, "sensitivity"] == 0.75


def test_a_detector_without_candidates_finds_nothing():
    none = table([], "score")
    result = detection.froc(none, LESIONS, ["a", "b"], n=20)
    assert result.score == 0
    assert result.curve.empty


def random_study(seed):
    """Return candidates, lesions, scans and patients at random, with ties, overlaps and empty scans."""
    rng = np.random.default_rng(seed)
    n_scans, n_lesions, n_candidates = rng.integers([2, 1, 0], [8, 12, 60])
    lesions = table(
        [(rng.integers(n_scans), *rng.integers(0, 9, 3), rng.integers(2, 9)) for _ in range(n_lesions)],
        "diameter_mm",
    )
    candidates = table(
        [(rng.integers(n_scans), *rng.integers(0, 9, 3), rng.integers(6)) for _ in range(n_candidates)],
        "score",
    )
    return candidates, lesions, np.arange(n_scans), rng.integers(0, 3, n_scans)


def brute_force(candidates, lesions, scans):
    """Return the sensitivity at each rate by going through all thresholds, one candidate at a time.

    A scan that stands in `scans` several times counts as often.
    """
    found_at, alarms = {}, []
    for candidate in candidates.itertuples():
        nearest, least = None, np.inf
        for number, lesion in enumerate(lesions.itertuples()):
            steps = [getattr(candidate, axis) - getattr(lesion, axis) for axis in detection.POINT]
            apart = sum(step**2 for step in steps)
            inside = candidate.scan == lesion.scan and 4 * apart <= lesion.diameter_mm**2
            if inside and apart < least:
                nearest, least = number, apart
        if nearest is None:
            alarms.append((candidate.scan, candidate.score))
        else:
            found_at[nearest] = max(found_at.get(nearest, -np.inf), candidate.score)
    times = {scan: list(scans).count(scan) for scan in set(scans)}
    n_lesions = sum(times.get(scan, 0) for scan in lesions["scan"])
    best = dict.fromkeys(detection.RATES, 0.0)
    for threshold in set(candidates["score"]):
        false = sum(times.get(scan, 0) for scan, score in alarms if score >= threshold)
        true = sum(times.get(lesions["scan"][i], 0) for i, score in found_at.items() if score >= threshold)
        for rate in best:
            if n_lesions and false / len(scans) <= rate:
                best[rate] = max(best[rate], true / n_lesions)
    return list(best.values()) if n_lesions else [np.nan] * 7


@pytest.mark.parametrize(
    ("first", "last"), [(0, 15), pytest.param(15, 500, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_an_independent_implementation_without_shortcuts_agrees(first, last):
    for seed in range(first, last):
        candidates, lesions, scans, _ = random_study(seed)
        result = detection.froc(candidates, lesions, scans, n=2)
        expected = brute_force(candidates, lesions, scans)
        np.testing.assert_allclose(result.sensitivity["sensitivity"], expected, err_msg=str(seed))


def test_intervals_are_those_of_patients_drawn_with_all_their_scans():
    for seed in (3, 8):
        candidates, lesions, _, _ = random_study(seed)
        scans, patients = np.arange(8), np.array([0, 0, 1, 2, 2, 3, 4, 4])
        certain = pd.concat([LESIONS, LESIONS.iloc[:2]]).assign(scan=[1, 3, 5, 6, 7])
        lesions = pd.concat([lesions, certain], ignore_index=True)
        result = detection.froc(candidates, lesions, scans, groups=patients, n=40, seed=1)
        drawn = [np.repeat(scans, row) for part in intervals.draws(8, patients, 40, 1) for row in part]
        values = np.array([brute_force(candidates, lesions, part) for part in drawn])
        for column, rate in enumerate(detection.RATES):
            expected = intervals.interval(values[:, column])
            np.testing.assert_allclose(result.sensitivity.loc[rate, ["low", "high"]], expected)
        np.testing.assert_allclose(result.interval, intervals.interval(values.mean(axis=1)))


def test_neither_the_order_of_rows_nor_the_scale_of_scores_matters():
    candidates, lesions, scans, patients = random_study(12)
    options = {"groups": patients, "n": 30}
    result = detection.froc(candidates, lesions, scans, **options)
    shuffled = candidates.sample(frac=1, random_state=1).assign(score=lambda rows: np.exp(rows["score"]))
    again = detection.froc(shuffled, lesions.iloc[::-1], scans, **options)
    pd.testing.assert_frame_equal(again.sensitivity, result.sensitivity)
    assert again.n_repeated == result.n_repeated


def test_few_scans_with_lesions_have_no_interval_and_the_reason_is_given():
    candidates, lesions, hits = by_hand()
    result = detection.froc(candidates, lesions, list("abcd"), hits=hits, n=50)
    assert result.reason == "it rests on 3 scans, fewer than 5"
    assert np.isnan(result.interval).all()
    assert result.sensitivity[["low", "high"]].isna().all(axis=None)


CANDIDATES = table([("a", 0, 0, 0, 0.5), ("b", 0, 0, 0, 0.4)], "score")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"candidates": CANDIDATES.drop(columns="score")},
            "have the columns scan, score; score missing",
        ),
        ({"candidates": CANDIDATES.drop(columns="z_mm")}, "z_mm missing"),
        ({"candidates": CANDIDATES.assign(score=[np.nan, 0])}, "score must hold finite numbers, got 1 NaN"),
        ({"candidates": CANDIDATES.assign(x_mm=[np.inf, 0])}, "candidates must hold finite numbers"),
        ({"lesions": LESIONS.drop(columns="diameter_mm")}, "lesions must have .* diameter_mm missing"),
        ({"lesions": LESIONS.assign(diameter_mm=0.0)}, "diameter_mm must be positive, got 0"),
        ({"scans": ["a"]}, "scans must name all scans, but 1 candidates lie in others"),
        ({"scans": ["a", "b", "b"]}, "scans must name each scan once, got 1 twice"),
        ({"hits": [0]}, "same length, got hits 1, candidates 2"),
        ({"hits": [0, 3]}, "own scan or be -1, got 1 others"),
        ({"hits": [-2, 2]}, "own scan or be -1, got 1 others"),
        ({"hits": [0, 1]}, "hits must name a lesion of the candidate's own scan or be -1, got 1 others"),
        ({"groups": ["p"]}, "same length"),
    ],
)
def test_refuses_what_cannot_be_counted(change, message):
    arguments = {"candidates": CANDIDATES, "lesions": LESIONS, "scans": ["a", "b"], "n": 5} | change
    with pytest.raises(ValueError, match=message):
        detection.froc(**arguments)


def test_a_sensitivity_needs_lesions():
    with pytest.raises(UndefinedError, match="Sensitivity needs lesions, got none"):
        detection.froc(CANDIDATES, LESIONS.iloc[:0], ["a", "b"])
