from __future__ import annotations

import numpy as np

from jetlens.summarise.sums.entries import add_up


def test_add_up_is_a_weighted_sum_by_cell():
    weights = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]])
    cell, jet = np.array([0, 3, 3, 0]), np.array([0, 1, 2, 2])
    found = add_up(cell, jet, weights, (2, 2), np.array([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_array_equal(found[0, 0], [401, 802])
    np.testing.assert_array_equal(found[1, 1], [320, 640])
    assert found[0, 1].sum() == found[1, 0].sum() == 0
