from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from jetlens.data.scaling.moments import Moments


def test_parts_add_up_to_the_whole_wherever_they_are_cut() -> None:
    rng = np.random.default_rng(1)
    values = 1e6 + rng.normal(size=(400, 3)) * [1.0, 10.0, 0.0]
    values[rng.random(400) < 0.3, 1] = 0.0
    weight = rng.uniform(0, 2, 400) * (rng.random(400) < 0.8)
    edges = [0, 0, 1, 1, 150, 151, 400]  # some parts are empty
    parts = [Moments.of(values[a:b], weight[a:b]) for a, b in pairwise(edges)]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged + part
    counted = weight > 0
    mean = np.average(values, axis=0, weights=weight)
    std = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weight))
    assert merged.total == pytest.approx(weight.sum())
    np.testing.assert_allclose(merged.mean, mean, rtol=1e-13)
    np.testing.assert_allclose(merged.std, std, rtol=1e-9, atol=1e-8)
    assert merged.low.tolist() == values[counted].min(0).tolist()
    assert merged.high.tolist() == values[counted].max(0).tolist()
    hit = np.where(values[:, 1] != 0, weight, 0)
    rms = np.sqrt((hit * values[:, 1] ** 2).sum() / hit.sum())
    assert merged.hits[1] == pytest.approx(hit.sum())
    assert merged.rms_of_hits[1] == pytest.approx(rms)


def test_without_hits_there_is_no_rms() -> None:
    assert Moments.of(np.zeros((4, 2)), np.ones(4)).rms_of_hits.tolist() == [0, 0]
