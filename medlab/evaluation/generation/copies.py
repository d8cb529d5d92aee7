"""Whether a generator has learnt a distribution or its training images by heart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn.neighbors import NearestNeighbors

from medlab import checks
from medlab.data.augmentation import FLIPS
from medlab.evaluation.generation.image_features import Array, Features, enough, flat, like_real
from medlab.text import percent

# Of either test: together one false alarm in a hundred generators that do not copy.
ALARM = 0.005
_CROWD = 50
_CLOSE_PERCENT = 5
_FEWEST = 20


@dataclass(frozen=True)
class Memorization:
    """How near generated images come to training images, beside held-out real images.

    Attributes
    ----------
    generated, held_out : float arrays, shape (N,) and (M,)
        Distance of each image to its nearest training image: about 1 if it is no copy, and near 0
        for a copy.
    nearest : int array, shape (N,)
        The training image nearest to each generated one.
    z : float
        Mann-Whitney statistic, standardized: 0 on average without copying, far below 0 where generated
        images are nearer on the whole.
    p : float in [0, 1]
        Probability of a z as low without copying.
    share_close : float in [0, 1]
        Share of generated images nearer to a training image than nearly all held-out ones.
    expected_close : float in [0, 1]
        That share for fresh real images.
    p_close : float in [0, 1]
        Probability of as many close images without copying. It finds a generator that copies now and then.
    space : str
        What the distance is taken on.

    Notes
    -----
    z, p and p_close take one image for each training image that is a nearest one, so that a generator which
    has collapsed onto a few images counts as those few. Of a collapse onto a single training image they
    therefore say little: share_close shows it, and coverage does.
    """

    generated: Array
    held_out: Array
    nearest: NDArray[np.int64]
    z: float
    p: float
    share_close: float
    expected_close: float
    p_close: float
    space: str

    @property
    def copies(self) -> bool:
        """Whether `p` or `p_close` is below 0.005: nearer to the training images than chance allows."""
        return min(self.p, self.p_close) < ALARM

    def describe(self) -> str:
        """Return the finding in one sentence."""
        verdict = "copies of training images" if self.copies else "no sign of copies"
        return (
            f"{verdict}: {percent(self.share_close)} of {len(self.generated)} images are closer to a "
            f"training image than {percent(1 - self.expected_close)} of the held-out images are "
            f"(p = {self.p_close:.2g}); "
            f"z = {self.z:.1f} on the whole (p = {self.p:.2g}); distances on {self.space}"
        )


def memorization(
    generated: ArrayLike,
    train: ArrayLike,
    held_out: ArrayLike,
    *,
    features: Features | None = None,
    flips: Sequence[str] = (),
    quarter_turns: bool = False,
) -> Memorization:
    """Test whether generated images lie nearer to the training images than other real images do.

    Parameters
    ----------
    generated, train, held_out : arrays, shape (N, H, W, C), (T, H, W, C), (M, H, W, C); volumes alike
        Generated images; the real images that the generator learnt from; real images that it did not see.
        At least 20 of each, all in the same units.
    features : Features or None
        What the distance is taken on; None: on all pixels. A copy that is shifted or of other contrast is
        found on features of a network, an exact one on pixels.
    flips : sequence of "left-right", "up-down"
        Mirror images count as copies, generated and held-out ones alike: name those that the generator's
        training drew.
    quarter_turns : bool
        Turns by 90 degrees count as copies as well.

    Returns
    -------
    memorization : Memorization
        Distances are divided by the mean one to the 50 nearest training images: else blurred and average
        images would count as copies, because they are near to everything. "Close" is closer than 95 % of the
        held-out images.

    Raises
    ------
    ValueError
        If shapes or units differ, images are too few, a value is NaN, an option is out of range, or the
        training images are all alike.

    Notes
    -----
    z: Meehan et al. 2020 (arXiv 2004.05675), over the whole space as one cell. Relative distance: Carlini et
    al. 2023 (arXiv 2301.13188), section 4.2. p_close: where generated and held-out images are of one source,
    their order by distance is random, so the count of generated ones among the nearest is hypergeometric.
    Near-copies of training images among the held-out ones (several images of a patient, duplicates;
    BreastMNIST has some) make the test for the closest few blind to copies with noise;
    z still sees those. Split by patients.
    """
    for flip in flips:
        checks.one_of("flips", flip, FLIPS)
    real = checks.finite("train", train)
    sets = {
        "generated": like_real("generated", generated, real),
        "train": real,
        "held_out": like_real("held_out", held_out, real),
    }
    for name, images in sets.items():
        enough(name, len(images), _FEWEST)
    embed = flat if features is None else features.of
    known = embed(real)
    if np.ptp(known, axis=0).max() == 0:
        msg = f"train must vary, got {len(known)} images with the same features. Are they constant?"
        raise ValueError(msg)
    neighbors = NearestNeighbors(n_neighbors=min(_CROWD, len(known)), algorithm="brute").fit(known)
    closest = {}
    for name in ("generated", "held_out"):
        views = _symmetries(sets[name], flips, quarter_turns)
        closest[name] = _closest([neighbors.kneighbors(embed(view)) for view in views])
    (near, nearest), (fresh, _) = closest["generated"], closest["held_out"]
    # The first distance to each training image that is a nearest one.
    near_once, fresh_once = (d[np.unique(index, return_index=True)[1]] for d, index in closest.values())
    z = _mann_whitney(near_once, fresh_once)
    rank, once = (max(1, len(each) * _CLOSE_PERCENT // 100) for each in (fresh, fresh_once))
    close, close_once = near < np.sort(fresh)[rank - 1], near_once < np.sort(fresh_once)[once - 1]
    ways = "" if len(_symmetries(real[:1], flips, quarter_turns)) == 1 else ", over mirror images and turns"
    on = "all pixels" if features is None else features.source
    return Memorization(
        generated=near,
        held_out=fresh,
        nearest=nearest,
        z=z,
        p=float(stats.norm.cdf(z)),
        share_close=float(close.mean()),
        expected_close=rank / (len(fresh) + 1),
        p_close=_at_least(int(close_once.sum()), once, len(near_once), len(fresh_once)),
        space=f"{on}{ways}, relative to the crowd",
    )


def _closest(neighbors: list[tuple[Array, NDArray[np.int64]]]) -> tuple[Array, NDArray]:
    """Return distance and index of the nearest training image over all views of each image."""
    distances, indices = [], []
    for distance, index in neighbors:
        crowd = distance.mean(axis=1)
        # An image that lies on the whole crowd lies on its nearest, too.
        distances.append(np.divide(distance[:, 0], crowd, out=np.zeros_like(crowd), where=crowd > 0))
        indices.append(index[:, 0])
    view = np.argmin(distances, axis=0)
    rows = np.arange(len(view))
    return np.array(distances)[view, rows], np.array(indices)[view, rows]


def _mann_whitney(near: Array, fresh: Array) -> float:
    """Return the standardized count of pairs in which the generated image is the farther one."""
    n, m = len(near), len(fresh)
    rank = stats.rankdata(np.concatenate([near, fresh]))
    u = rank[:n].sum() - n * (n + 1) / 2
    variance = n * m * (n + m + 1) / 12 * stats.tiecorrect(rank)
    return float((u - n * m / 2) / np.sqrt(variance)) if variance > 0 else 0.0


def _at_least(close: int, rank: int, n: int, m: int) -> float:
    """Return the probability that `close` or more of n lie below the rank-th of m, all in random order.

    They do if among the first close + rank - 1 of all, `close` are of the n.
    """
    return 1.0 if close == 0 else float(stats.hypergeom.sf(close - 1, n + m, n, close + rank - 1))


def _symmetries(images: NDArray, flips: Sequence[str], quarter_turns: bool) -> list[NDArray]:
    views = [images]
    if "left-right" in flips:
        views += [view[..., ::-1, :] for view in views]
    if "up-down" in flips:
        views += [view[..., ::-1, :, :] for view in views]
    if quarter_turns:
        square = images.shape[-3] == images.shape[-2]
        # Half a turn is both flips; with them, one quarter gives all the rest.
        both = len(flips) == 2
        turns = ([1] if both else [1, 2, 3]) if square else ([] if both else [2])
        views += [np.rot90(view, turn, axes=(-3, -2)) for turn in turns for view in tuple(views)]
    return views
