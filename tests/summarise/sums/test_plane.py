from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetlens.core.errors import BadValueError
from jetlens.summarise.sums.plane import Plane, together


def jets(n=4000, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.exponential(size=n)
    y = 100 + 0.1 * rng.standard_t(2, size=n)
    score = rng.random(n)
    weights = rng.poisson(1.0, (n, 4)) + 0.5
    return x, y, score, weights


def fill(x, y, score, weights, most=32):
    return Plane.fill(x, y, {"score": score}, weights, most)


def test_few_columns_and_rows_are_occupied_and_nothing_is_lost():
    x, y, score, weights = jets()
    plane = fill(x, y, score, weights)
    for axis in range(2):
        assert 16 < len(np.unique(plane.place[:, axis])) <= 32
    np.testing.assert_allclose(plane.content[:, 0].sum(axis=0), weights.sum(axis=0))
    np.testing.assert_allclose(plane.content[:, 1].sum(axis=0), score @ weights)


@settings(deadline=None, max_examples=30)
@given(cut=st.integers(0, 600), seed=st.integers(0, 50))
def test_parts_add_up_to_the_whole(cut, seed):
    data = jets(600, seed)
    whole = fill(*data)
    parts = fill(*(d[:cut] for d in data)) + fill(*(d[cut:] for d in data))
    np.testing.assert_array_equal(whole.level, parts.level)
    np.testing.assert_array_equal(whole.place, parts.place)
    np.testing.assert_allclose(whole.content, parts.content, atol=1e-9)


def test_a_window_holds_what_numpy_counts():
    x, y, score, weights = jets()
    plane = fill(x, y, score, weights)
    window = plane.window(0.98, 24)
    columns, rows = window.edges
    assert max(window.cells) <= 24
    for values, edges in ((x, columns), (y, rows)):
        assert edges[0] <= np.quantile(values, 0.02)
        assert edges[-1] >= np.quantile(values, 0.98)
        np.testing.assert_allclose(np.diff(edges), edges[1] - edges[0])
    dense = plane.dense(window)
    for replica in (0, 3):
        exact = np.histogram2d(y, x, (rows, columns), weights=score * weights[:, replica])[0]
        np.testing.assert_allclose(dense[..., 1, replica], exact, atol=1e-9)


def test_a_coarse_plane_keeps_the_sums():
    plane = fill(*jets())
    coarse = plane.coarse(50)
    assert 10 < len(coarse) <= 50
    np.testing.assert_allclose(coarse.sum(axis=0), plane.content.sum(axis=0))


def test_planes_of_unlike_jets_share_a_window():
    a, b = fill(*jets(300, 1)), fill(*jets(5000, 2))
    window = together([a, b]).window(0.9, 40)
    for plane in (a, b):
        assert plane.dense(window)[..., 0, 0].sum() == pytest.approx(
            plane.content[:, 0, 0].sum(), rel=0.2
        )


def test_planes_of_other_bins_do_not_add():
    data = jets(50)
    with pytest.raises(BadValueError, match="cannot be added"):
        fill(*data) + fill(*data, most=16)


def test_no_jets_have_a_plane_and_a_window():
    none = fill(*(d[:0] for d in jets(5)))
    assert none.dense(none.window(0.9, 8)).shape == (1, 1, 2, 4)
    assert len(none.coarse(3)) == 0
