"""A risk score on measured features: a rival of the network that fits on a card and can be argued with."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special
from sklearn.linear_model import LogisticRegression

from medlab import checks
from medlab.metrics import inputs


@dataclass(frozen=True)
class RiskScore:
    """Points for what was measured; the more points, the higher the risk.

    Attributes
    ----------
    points : pandas.DataFrame
        One row a level: columns ``feature``, ``level``, ``points`` (a whole number, 0 for the safest level)
        and ``n`` (how many of the training cases).
    cuts : dict
        Where numbers were cut into levels.
    slope, intercept : float
        Of the log-odds on the sum of points.
    """

    points: pd.DataFrame
    cuts: Mapping[str, tuple[float, ...]]
    slope: float
    intercept: float

    def total(self, features: pd.DataFrame) -> NDArray[np.int64]:
        """Return the sum of points of each case, shape (N,).

        Raises
        ------
        ValueError
            If a feature is missing, is not finite, or has a level that training never saw.
        """
        _, points = self._read(features)
        return points.sum(axis=1).to_numpy(np.int64)

    def predict(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """Return the risk of each case, shape (N,), in [0, 1]."""
        return self._risk(self.total(features))

    def explain(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return how the points of one case come together: a row a feature, then the sum and its risk.

        Raises
        ------
        ValueError
            If there is not exactly one case.
        """
        if len(features) != 1:
            msg = f"features must hold one case, got {len(features)}. Take one: features.iloc[[0]]."
            raise ValueError(msg)
        levels, points = self._read(features)
        rows = list(zip(levels.columns, levels.iloc[0], points.iloc[0], strict=True))
        total = points.sum(axis=1).to_numpy(np.int64)
        rows.append(("sum", f"risk {self._risk(total)[0]:.0%}", int(total[0])))
        return pd.DataFrame(rows, columns=["feature", "level", "points"])

    def _read(self, features: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the level and the points of each case (rows) by each feature (columns)."""
        levels, points = {}, {}
        for name, rows in self.points.groupby("feature", sort=False):
            table = dict(zip(rows["level"], rows["points"], strict=True))
            levels[name] = _levels(features, str(name), self.cuts.get(str(name)))
            points[name] = [table[checks.one_of(f"level of {name}", level, table)] for level in levels[name]]
        return pd.DataFrame(levels), pd.DataFrame(points)

    def _risk(self, total: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(special.expit(self.intercept + self.slope * total))

    def _repr_html_(self) -> str:
        return str(self.points.to_html(index=False))


def risk_score(
    features: pd.DataFrame,
    targets: ArrayLike,
    *,
    cuts: Mapping[str, Sequence[float]] | None = None,
    most_points: int = 12,
) -> RiskScore:
    """Fit a score of whole points to measured features.

    Parameters
    ----------
    features : pandas.DataFrame, N rows
        One column a feature. A number with more than four values is cut into levels; anything else has its
        values as levels.
    targets : array, shape (N,), 0 or 1
        1 is the positive class.
    cuts : dict of increasing numbers, or None
        Where to cut a number; without it, at its quartiles, to two digits of their spread.
    most_points : int
        About the largest sum: fewer points are easier to add up, more are finer.

    Returns
    -------
    score : RiskScore

    Raises
    ------
    ValueError
        If lengths differ, one class only is there, a feature holds NaN, or cuts name no feature.

    Notes
    -----
    Points are the coefficients of a logistic regression on the levels, in whole multiples of one unit, after
    Sullivan et al. 2004, doi 10.1002/sim.1742; the risk of a sum is fitted once more.
    """
    checks.in_range("most_points", most_points, 2, whole=True)
    truth, _ = inputs.pair(targets, np.zeros(len(features)), "features")
    if truth.min() == truth.max():
        msg = f"targets must hold both classes, got only {int(truth.min())}. A score needs cases of each."
        raise ValueError(msg)
    features = features.rename(columns=str)
    named = {str(name): values for name, values in (cuts or {}).items()}
    for name in named:
        checks.one_of("feature to cut", name, features.columns)
    names = list(map(str, features))
    numbers = [name for name in names if features[name].dtype.kind in "iuf"]
    many = [name for name in numbers if features[name].nunique() > 4]
    chosen = {name: _cuts(features[name], named.get(name)) for name in names if name in {*named, *many}}
    levels = pd.DataFrame({name: _levels(features, name, chosen.get(name)) for name in names})
    columns = pd.get_dummies(levels, columns=names, prefix_sep="\x1f")
    pairs = [str(column).split("\x1f") for column in columns]
    table = pd.DataFrame(pairs, columns=["feature", "level"])
    table["n"] = columns.sum().to_numpy()
    weight = pd.Series(LogisticRegression(max_iter=1000).fit(columns, truth).coef_[0])
    weight -= weight.groupby(table["feature"]).transform("min")
    # At least a point a feature on average: with many, all would be rounded away.
    unit = weight.groupby(table["feature"]).max().sum() / max(most_points, len(features.columns))
    table.insert(2, "points", np.rint(weight / unit).astype(int) if unit > 0 else 0)
    order = sorted(table.index, key=lambda i: (names.index(table["feature"][i]), _order(table["level"][i])))
    table = table.loc[order].reset_index(drop=True)
    score = RiskScore(table, chosen, 1.0, 0.0)
    total = score.total(features)[:, np.newaxis]
    risk = LogisticRegression(C=1e6, max_iter=1000).fit(total, truth)
    return RiskScore(table, chosen, float(risk.coef_[0, 0]), float(risk.intercept_[0]))


def _cuts(column: pd.Series, cuts: Sequence[float] | None) -> tuple[float, ...]:
    if cuts is None:
        values = np.quantile(checks.finite(str(column.name), column), [0.25, 0.5, 0.75])
        spread = values[-1] - values[0]
        digits = 1 - int(np.floor(np.log10(spread))) if spread > 0 else 6
        cuts = sorted({round(float(value), digits) for value in values})
    if not len(cuts) or any(b <= a for a, b in itertools.pairwise(cuts)):
        msg = f"cuts of {column.name} must be increasing numbers, got {list(cuts)}."
        raise ValueError(msg)
    return tuple(map(float, cuts))


def _levels(features: pd.DataFrame, name: str, cuts: tuple[float, ...] | None) -> list[str]:
    """Return the level of each case, in words."""
    features = features.rename(columns=str)
    column = features[checks.one_of("feature", name, features.columns)]
    if cuts is None:
        if column.isna().any():
            checks.finite(name, np.where(column.isna(), np.nan, 0.0))
        # A whole number is the same level whether pandas keeps it as one or not.
        whole = column.dtype.kind in "iuf"
        return [f"{value:.12g}" if whole else str(value) for value in column]
    values = checks.finite(name, column)
    words = [f"up to {cuts[0]:.12g}"]
    words += [f"{low:.12g} to {high:.12g}" for low, high in itertools.pairwise(cuts)]
    words.append(f"above {cuts[-1]:.12g}")
    return [words[int(i)] for i in np.searchsorted(cuts, values, side="left")]


def _order(level: str) -> tuple[float, str]:
    """Return what sorts levels as a reader would: ranges by their numbers, words by the alphabet."""
    first = level.split(" ")[0]
    try:
        if first == "up":
            return -np.inf, level
        return (np.inf if first == "above" else float(first)), level
    except ValueError:
        return (0.0, level)
