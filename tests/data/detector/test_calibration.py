from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from jetlens.data.detector.calibration import (
    COUNTS,
    FEWEST,
    compare,
    full_simulation,
    median_error,
    shoot,
)
from jetlens.data.detector.response import resolution
from jetlens.data.detector.tracks import PARAMETERS

FILE = "atlas_physlite_100_events.root"


@pytest.fixture(scope="module")
def full():
    folder = os.environ.get("JETLENS_REAL_DATA")
    if not folder:
        pytest.skip(f"JETLENS_REAL_DATA is not set: it names the folder with {FILE}")
    return full_simulation(Path(folder) / FILE)


@pytest.fixture(scope="module")
def ours(full):
    return shoot(full, 20, np.random.default_rng(1))


def test_median_uncertainties_agree_with_the_full_simulation_within_30_percent(full, ours) -> None:
    compared = compare(full, ours)
    assert len(compared) >= 5 * 12
    assert min(c.tracks for c in compared) >= FEWEST
    off = [c for c in compared if abs(c.ratio - 1) > 0.3]
    assert not off


def test_mean_hit_counts_agree_with_the_full_simulation(full, ours) -> None:
    for i, name in enumerate(COUNTS[:3]):
        there, here = full.counts[:, i], ours.counts[:, i]
        assert here.mean() == pytest.approx(there.mean(), rel=0.05), name
        assert here.std() == pytest.approx(there.std(), rel=0.25), name


def test_uncertainties_scatter_as_in_the_full_simulation(full, ours) -> None:
    for i, name in enumerate(PARAMETERS):
        widths = []
        for sample in (full, ours):
            some = sample.take(sample.pt > 1)
            median = resolution(name, some.pt, some.eta)
            if name == "q_over_p":  # a relative one
                median = median / (some.pt * np.cosh(some.eta))
            low, high = np.quantile(some.sigma[:, i] / median, [0.16, 0.84])
            widths.append(high - low)
        assert widths[1] == pytest.approx(widths[0], rel=0.25), name


def test_the_error_of_a_median_is_that_of_repeated_samples() -> None:
    rng = np.random.default_rng(3)
    samples = rng.normal(size=(2000, 101))
    expected = np.median(samples, axis=1).std()
    got = np.mean([median_error(s) for s in samples])
    assert got == pytest.approx(expected, rel=0.1)
