from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg, stats

from medlab.data import Dataset, Split
from medlab.evaluation import generation
from medlab.evaluation.generation import (
    at_equal_counts,
    copies,
    coverage,
    frechet_distance,
    kernel_distance,
    memorization,
    network_features,
    pixel_features,
    train_on_synthetic,
)


def faces(rng, n, classes=None):
    """Smooth blobs on a ramp, gray values 0 to 255, shape (n, 12, 8, 1); class 1 has the larger ones."""
    rows, columns = np.mgrid[:12, :8]
    y, x = rng.uniform(3, 9, n), rng.uniform(2, 6, n)
    width = rng.uniform(1, 2, n) + (0 if classes is None else 1.5 * classes)
    gray = rng.uniform(60, 180, n)
    shape = (n, 1, 1)
    distance = (rows - y.reshape(shape)) ** 2 + (columns - x.reshape(shape)) ** 2
    images = gray.reshape(shape) * np.exp(-distance / (2 * width.reshape(shape) ** 2)) + 4 * columns
    return (images + rng.normal(0, 2, images.shape))[..., np.newaxis]


def dataset_of(rng, counts=(120, 60, 60), one_class=False):
    splits = []
    for count in counts:
        labels = np.zeros(count, np.int64) if one_class else np.arange(count) % 2
        splits.append(Split(faces(rng, count, labels).astype(np.float32), labels))
    return Dataset(
        "faces",
        *splits,
        task="binary",
        class_names=("small", "large"),
        positive_class=1,
        flips=("left-right",),
    )


@pytest.fixture
def dataset(rng):
    return dataset_of(rng)


def gaussian(rng, mean, covariance, n=50):
    """Points whose mean and covariance are exactly those asked for."""
    points = rng.normal(size=(n, len(mean)))
    points -= points.mean(axis=0)
    whitened = points @ np.linalg.inv(np.linalg.cholesky(np.cov(points.T))).T
    return whitened @ np.linalg.cholesky(covariance).T + mean


# Distances


def test_frechet_distance_of_known_gaussians(rng):
    # Commuting covariances: the sum over axes of (difference of standard deviations)^2.
    a = gaussian(rng, [0.0, 0.0], np.diag([1.0, 4.0]))
    b = gaussian(rng, [3.0, 4.0], np.diag([9.0, 16.0]))
    assert frechet_distance(a, b) == pytest.approx(25 + (3 - 1) ** 2 + (4 - 2) ** 2)
    # Any two: the root by another road.
    first, second = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([[1.0, -0.7], [-0.7, 3.0]])
    root = linalg.sqrtm(first @ second).real
    a, b = gaussian(rng, [0.0, 1.0], first), gaussian(rng, [0.0, 1.0], second)
    assert frechet_distance(a, b) == pytest.approx(np.trace(first + second - 2 * root))


def test_frechet_distance_needs_no_epsilon_where_covariances_are_singular(rng):
    few = rng.normal(size=(10, 64))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-10)
    collapsed = np.repeat(few[:1], 10, axis=0)
    wanted = few.var(axis=0, ddof=1).sum() + np.square(few.mean(axis=0) - few[0]).sum()
    assert frechet_distance(few, collapsed) == pytest.approx(wanted)


def test_kernel_distance_by_hand_and_against_its_definition(rng):
    # k(x, y) = (xy + 1)^3. Within: k(0, 1) = 1 and k(0, 2) = 1; between: 1, 1, 1, 27.
    assert kernel_distance([[0.0], [1.0]], [[0.0], [2.0]]) == pytest.approx(1 + 1 - 2 * 7.5)
    a, b = rng.normal(size=(6, 3)), rng.normal(1, 1, size=(9, 3))
    within = [
        np.mean([(x[i] @ x[j] / 3 + 1) ** 3 for i in range(len(x)) for j in range(len(x)) if i != j])
        for x in (a, b)
    ]
    between = np.mean([(x @ y / 3 + 1) ** 3 for x in a for y in b])
    assert kernel_distance(a, b) == pytest.approx(sum(within) - 2 * between)


def test_kernel_distance_has_no_bias(rng):
    values = [kernel_distance(rng.normal(size=(30, 4)), rng.normal(size=(40, 4))) for _ in range(200)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(200)


def test_distances_are_symmetric_and_do_not_see_rotations(rng):
    a, b = rng.normal(size=(40, 5)), rng.normal(0.5, 2, size=(40, 5))
    turn = stats.ortho_group.rvs(5, random_state=0)
    for distance in (frechet_distance, kernel_distance):
        assert distance(a, b) == pytest.approx(distance(b, a))
        assert distance(a @ turn, b @ turn) == pytest.approx(distance(a, b))
    assert coverage(a @ turn, b @ turn) == pytest.approx(coverage(a, b))


# Coverage


def test_coverage_and_density_by_hand():
    real = [[0.0], [1.0], [10.0]]  # radii for k = 1: 1, 1, 9
    assert coverage([[0.5], [5.0], [40.0]], real, k=1) == (1.0, pytest.approx(3 / 3))
    assert coverage([[0.0]] * 3, real, k=1) == (pytest.approx(2 / 3), pytest.approx(6 / 3))
    # On the ball is within it: 2 lies 1 from 1 and 8 from 10.
    assert coverage([[2.0]] * 3, real, k=1) == (pytest.approx(2 / 3), pytest.approx(6 / 3))
    assert coverage([[40.0]] * 3, real, k=1) == (0.0, 0.0)


def test_fresh_real_images_have_the_coverage_that_theory_gives(rng):
    covered = [coverage(rng.normal(size=(200, 3)), rng.normal(size=(200, 3))) for _ in range(20)]
    # Naeem et al. 2020: 1 - (N-1)...(N-k) / ((2N-1)...(2N-k))
    steps = np.arange(1, 6)
    assert np.mean([measured.coverage for measured in covered]) == pytest.approx(
        1 - np.prod((200 - steps) / (400 - steps)), abs=0.01
    )
    assert np.mean([measured.density for measured in covered]) == pytest.approx(1, abs=0.05)


def test_a_collapsed_generator_covers_little_and_is_dense(rng):
    real = rng.normal(size=(100, 4))
    covered = coverage(np.repeat(real[:2], 50, axis=0), real)
    assert covered.coverage < 0.3
    assert covered.density > covered.coverage


# Floor


@pytest.mark.parametrize("measure", ["frechet", "kernel", "coverage", "density"])
def test_the_floor_holds_fresh_real_images_and_not_shifted_ones(rng, measure):
    real, fresh = rng.normal(size=(300, 6)), rng.normal(size=(400, 6))
    measured = at_equal_counts(fresh, real, measure)
    assert measured.floor.low <= measured.generated.value <= measured.floor.high
    shifted = at_equal_counts(fresh + 2, real, measure)
    assert not shifted.floor.low <= shifted.generated.value <= shifted.floor.high
    assert shifted.floor == measured.floor


def test_frechet_distance_depends_on_the_count_and_so_both_sides_have_the_same(rng):
    real = rng.normal(size=(400, 20))
    few, many = (at_equal_counts(rng.normal(size=(count, 20)), real) for count in (30, 200))
    assert few.floor.value > 3 * many.floor.value
    assert few.generated.value == pytest.approx(few.floor.value, rel=0.1)


# Features


def test_pixel_features_are_centered_scaled_and_keep_the_distances(dataset):
    features = pixel_features(dataset)
    values = features.of(dataset.train.images)
    assert values.shape == (120, 64)
    assert values.mean(axis=0) == pytest.approx(np.zeros(64), abs=1e-4)
    assert values.var(axis=0, ddof=1).mean() == pytest.approx(1)
    flat = dataset.train.images.reshape(120, -1)
    ratio = np.linalg.norm(values[0] - values[1:], axis=1) / np.linalg.norm(flat[0] - flat[1:], axis=1)
    assert ratio.std() / ratio.mean() < 0.02
    assert features.describe().startswith("principal components of the pixels: 64 dimensions, ")


def test_features_come_from_training_images_only(dataset, rng):
    other = dataset_of(rng)
    changed = Dataset(
        "faces", dataset.train, other.val, other.test, "binary", dataset.class_names, positive_class=1
    )
    assert np.array_equal(
        pixel_features(dataset).of(other.test.images), pixel_features(changed).of(other.test.images)
    )


# Memorization


@pytest.fixture
def sets(rng):
    return {name: faces(rng, n) for name, n in (("train", 300), ("held_out", 120), ("fresh", 150))}


def test_fresh_images_are_no_copies_and_neither_are_noise_or_a_collapsed_generator(sets, rng):
    train, held_out = sets["train"], sets["held_out"]
    for made in (
        sets["fresh"],
        rng.uniform(0, 255, (150, 12, 8, 1)),
        np.repeat(sets["fresh"][:1], 150, axis=0) + rng.normal(0, 0.1, (150, 12, 8, 1)),
    ):
        memory = memorization(made, train, held_out)
        assert not memory.copies
        assert memory.p > 0.005
    assert "no sign of copies" in memory.describe()


@pytest.mark.parametrize("changed", ["noise", "mirrored", "blend"])
def test_a_generator_that_copies_is_caught(sets, rng, changed):
    train = sets["train"]
    made = {
        "noise": train[:150] + rng.normal(0, 1, (150, 12, 8, 1)),
        "mirrored": train[:150, :, ::-1],
        "blend": 0.9 * train[:150] + 0.1 * train[150:],
    }[changed]
    memory = memorization(made, train, sets["held_out"], flips=("left-right",))
    assert memory.copies
    assert memory.p < 1e-6
    assert memory.z < -5
    assert memory.share_close > 0.8
    assert np.mean(memory.nearest == np.arange(150)) > 0.9
    assert "copies of training images" in memory.describe()


def test_a_generator_that_copies_now_and_then_is_caught_and_its_pairs_come_first(sets):
    made = np.concatenate([sets["fresh"], sets["train"][:20]])
    memory = memorization(made, sets["train"], sets["held_out"])
    assert memory.copies
    assert memory.p_close < 1e-3
    copied = np.argsort(memory.generated, kind="stable")[:20]
    assert {(int(i), int(memory.nearest[i])) for i in copied} == {(150 + i, i) for i in range(20)}


def test_mirrored_copies_are_missed_unless_mirrors_count(sets):
    made = sets["train"][:150, :, ::-1]
    assert not memorization(made, sets["train"], sets["held_out"]).copies


def test_all_eight_symmetries_are_tried_once():
    image = np.arange(9.0).reshape(1, 3, 3, 1)

    def count(flips, turns, images=image):
        return len({view.tobytes() for view in copies._symmetries(images, flips, turns)}), len(
            copies._symmetries(images, flips, turns)
        )

    assert count((), False) == (1, 1)
    assert count(("left-right",), False) == (2, 2)
    assert count(("left-right", "up-down"), False) == (4, 4)
    assert count(("left-right", "up-down"), True) == (8, 8)
    assert count(("left-right",), True) == (8, 8)
    assert count((), True) == (4, 4)
    assert count((), True, np.arange(6.0).reshape(1, 2, 3, 1)) == (2, 2)
    assert count(("left-right", "up-down"), True, np.arange(6.0).reshape(1, 2, 3, 1)) == (4, 4)


def test_mann_whitney_is_scipys_and_the_closest_few_are_counted_exactly(rng):
    a, b = rng.integers(0, 9, 30).astype(float), rng.integers(2, 9, 40).astype(float)
    wanted = stats.mannwhitneyu(a, b, alternative="less", method="asymptotic", use_continuity=False).pvalue
    assert stats.norm.cdf(copies._mann_whitney(a, b)) == pytest.approx(wanted)
    # 2 generated, 2 held out, below the lowest held-out one: both in 4 of 24 orders, one or more in half.
    assert copies._at_least(2, 1, 2, 2) == pytest.approx(4 / 24)
    assert copies._at_least(1, 1, 2, 2) == pytest.approx(1 / 2)
    assert copies._at_least(0, 1, 2, 2) == 1


@pytest.mark.slow
def test_false_alarms_are_rare(rng):
    alarms = []
    for _ in range(60):
        train, held_out, made = (rng.normal(size=(n, 2, 2, 1)) for n in (100, 60, 80))
        alarms.append(memorization(made, train, held_out).copies)
    assert sum(alarms) <= 3


# Refusals


def test_refusals_of_features():
    a = np.arange(12.0).reshape(6, 2)
    with pytest.raises(ValueError, match=r"must be features \(N, D\) .* got shapes \(6, 2, 1\)"):
        frechet_distance(a[..., np.newaxis], a)
    with pytest.raises(ValueError, match=r"of one kind, got shapes \(6, 2\) and \(6, 1\)"):
        frechet_distance(a, a[:, :1])
    with pytest.raises(ValueError, match=r"equally many images, got 6 and 5\. .*at_equal_counts"):
        frechet_distance(a, a[:5])
    with pytest.raises(ValueError, match="a must hold at least 2 images, got 1"):
        frechet_distance(a[:1], a[:1])
    with pytest.raises(ValueError, match="b must hold at least 2 images, got 1"):
        kernel_distance(a, a[:1])
    with pytest.raises(ValueError, match="a must hold finite numbers, got 1 NaN"):
        kernel_distance(np.where(a == 3, np.nan, a), a)
    with pytest.raises(ValueError, match="real must hold at least 7 images, got 6"):
        coverage(a, a, k=6)
    with pytest.raises(ValueError, match="real must vary, got 6 images with the same features"):
        coverage(a, np.ones((6, 2)), k=2)
    with pytest.raises(ValueError, match=r"two parts without a common image, must hold at least 4"):
        at_equal_counts(a, a[:3])
    with pytest.raises(ValueError, match="measure must be one of: frechet, kernel, coverage, density"):
        at_equal_counts(a, a, "fid")
    with pytest.raises(ValueError, match="repeats must lie between 1"):
        at_equal_counts(a, a, repeats=0)


def test_refusals_of_images(dataset, rng):
    features = pixel_features(dataset)
    with pytest.raises(ValueError, match=r"images must have shape \(N, 12, 8, 1\) .* got \(3, 8, 12, 1\)"):
        features.of(np.zeros((3, 8, 12, 1)))
    with pytest.raises(ValueError, match=r"units of the real images, .* got -1 to 1. Undo"):
        features.of(np.tanh(10 * rng.normal(size=(9, 12, 8, 1))).round())
    with pytest.raises(ValueError, match="images must hold finite numbers"):
        features.of(np.full((3, 12, 8, 1), np.nan))
    constant = Split(np.full((9, 12, 8, 1), 7.0), np.arange(9) % 2)
    with pytest.raises(ValueError, match="training images must vary, got 9 with equal features"):
        pixel_features(dataset.with_train(constant))
    with pytest.raises(ValueError, match=r"several classes, got only one. Use pixel_features"):
        network_features(dataset_of(rng, one_class=True))


def test_refusals_of_memorization(sets):
    train, held_out, made = sets["train"], sets["held_out"], sets["fresh"]
    with pytest.raises(ValueError, match="generated must hold at least 20 images, got 19"):
        memorization(made[:19], train, held_out)
    with pytest.raises(ValueError, match=r"held_out must have shape \(N, 12, 8, 1\)"):
        memorization(made, train, held_out[:, :, :7])
    with pytest.raises(ValueError, match=r"flips must be one of: left-right, up-down; got 'left'"):
        memorization(made, train, held_out, flips=("left",))
    with pytest.raises(ValueError, match="train must vary, got 300 images"):
        memorization(made, np.full_like(train, 9.0), held_out)


def test_refusals_of_training(dataset, rng):
    made = faces(rng, 40)
    with pytest.raises(ValueError, match=r"class 'large' must have at least 10 generated .* got 0"):
        train_on_synthetic(made, np.zeros(40, int), dataset)
    with pytest.raises(ValueError, match=r"labels must be classes 0 to 1, shape \(N,\), got \[0, 2\]"):
        train_on_synthetic(made, np.arange(40) % 2 * 2, dataset)
    with pytest.raises(ValueError, match="same length, got generated 40, labels 3"):
        train_on_synthetic(made, np.zeros(3, int), dataset)


def test_refusals_of_judge(dataset, rng):
    with pytest.raises(ValueError, match="generated must hold at least 20 images, got 5"):
        generation.judge(faces(rng, 5), dataset)
    with pytest.raises(ValueError, match="val and test together must hold at least 40 images, got 20"):
        generation.judge(faces(rng, 30), dataset_of(rng, counts=(60, 10, 10)))
    with pytest.raises(ValueError, match="same length, got generated 30, labels 2"):
        generation.judge(faces(rng, 30), dataset, labels=[0, 1])
