import numpy as np
import pytest

from medlab.data.splitting import stratified_split

HALVES = {"train": 0.5, "test": 0.5}


def test_each_split_gets_its_share_of_each_class():
    labels = np.repeat([0, 1, 2], [200, 60, 20])
    index = stratified_split(labels, seed=3)
    counts = {name: np.bincount(labels[rows]).tolist() for name, rows in index.items()}
    assert counts == {"train": [140, 42, 14], "val": [30, 9, 3], "test": [30, 9, 3]}


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_divided_and_every_image_is_in_one_split(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 70, size=600)
    labels = (rng.random(600) < 0.25).astype(int)
    index = stratified_split(labels, groups, seed=seed)
    held = {name: set(groups[rows]) for name, rows in index.items()}
    assert not held["train"] & held["val"]
    assert not held["train"] & held["test"]
    assert not held["val"] & held["test"]
    np.testing.assert_array_equal(np.sort(np.concatenate(list(index.values()))), np.arange(600))


@pytest.mark.parametrize("seed", range(5))
def test_class_ratios_stay_close_where_groups_are_uneven(seed):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(80), rng.integers(1, 30, size=80))
    labels = (rng.random(len(groups)) < 0.2).astype(int)
    index = stratified_split(labels, groups, seed=seed)
    for name, share in {"train": 0.7, "val": 0.15, "test": 0.15}.items():
        assert len(index[name]) / len(labels) == pytest.approx(share, abs=0.02)
        assert labels[index[name]].mean() == pytest.approx(labels.mean(), abs=0.03)


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    labels = np.arange(90) % 2
    first, again, other = (stratified_split(labels, seed=seed)["test"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_small_classes_reach_every_split():
    labels = np.repeat([0, 1], [40, 4])
    index = stratified_split(labels)
    assert [int((labels[rows] == 1).sum()) for rows in index.values()] == [2, 1, 1]


def test_multi_label_sets_keep_the_share_of_each_label():
    labels = (np.random.default_rng(0).random((400, 3)) < [0.5, 0.2, 0.1]).astype(np.uint8)
    index = stratified_split(labels, fractions={"train": 0.75, "test": 0.25})
    np.testing.assert_allclose(labels[index["test"]].sum(axis=0), labels.sum(axis=0) / 4, atol=2)


def test_refuses_fractions_that_do_not_add_up():
    with pytest.raises(ValueError, match=r"fractions must be positive and add up to 1, got"):
        stratified_split([0, 1], fractions={"train": 0.5, "test": 0.4})


def test_refuses_a_class_with_too_few_groups_and_counts_them():
    with pytest.raises(ValueError, match=r"at least 2 groups.*'benign' in 2, 'malignant' in 1\. Use smaller"):
        stratified_split(["benign", "benign", "malignant"], ["a", "b", "b"], HALVES)


def test_the_last_groups_of_a_class_go_where_it_is_missing():
    labels, groups = np.repeat([0, 1], [20, 30]), np.arange(50) // 5
    index = stratified_split(labels, groups)
    assert all(set(labels[rows]) == {0, 1} for rows in index.values())


def test_refuses_a_split_that_cannot_hold_every_class():
    labels, groups = ["a", "c", "a", "b", "b", "c"], [1, 1, 2, 2, 3, 3]
    with pytest.raises(ValueError, match=r"would hold no image of class '.': its images lie in 2 groups"):
        stratified_split(labels, groups, HALVES)


def test_refuses_continuous_labels():
    with pytest.raises(ValueError, match=r"labels must be classes, got fractional numbers\. Bin them first"):
        stratified_split([0.1, 0.2])


def test_refuses_an_empty_set():
    with pytest.raises(ValueError, match=r"got none\. Use smaller groups"):
        stratified_split(np.array([], dtype=int))


@pytest.mark.parametrize(
    "groups",
    [
        [1.0, np.nan, np.nan, 2.0],
        np.array(["a", None, "b", float("nan")], dtype=object),
        np.array(["a", "b", "", "nan"]),
    ],
)
def test_refuses_groups_that_nobody_named(groups):
    with pytest.raises(
        ValueError, match=r"groups must name one for each image, got none for 2 of 4 \(empty, None"
    ):
        stratified_split([0, 1, 0, 1], groups, HALVES)


def test_refuses_groups_of_another_length():
    with pytest.raises(ValueError, match=r"same length, got labels 3, groups 2"):
        stratified_split([0, 1, 1], ["a", "b"], HALVES)
