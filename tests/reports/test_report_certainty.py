from types import SimpleNamespace

import numpy as np
import pytest

from medlab.reports.report_certainty import _without


@pytest.mark.parametrize(
    ("wrong", "verdict"),
    [
        (range(80, 100), "Its doubt tells where it errs"),
        (range(80), "It errs where it is sure"),
        (range(0, 100, 2), "The intervals overlap"),
    ],
)
def test_whether_doubt_tells_where_it_errs_follows_from_both_intervals(wrong, verdict):
    # The last 20 of 100 images are the least sure ones.
    right = np.ones(100, bool)
    right[list(wrong)] = False
    words = _without(SimpleNamespace(patients=None), right, np.arange(100.0))
    assert verdict in words
