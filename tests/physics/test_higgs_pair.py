from __future__ import annotations

import numpy as np
import pytest

from jetlens.physics.higgs_pair import mass_distance


def test_it_counts_resolutions():
    m = np.array([125.0, 100.0, 125.0, 250.0])
    other = np.array([125.0, 125.0, 62.5, 250.0])
    found = mass_distance(m, other, (125.0, 125.0), 0.1)
    np.testing.assert_allclose(found, [0, 2.5, 10, np.hypot(5, 5)])


def test_each_jet_has_a_centre_of_its_own():
    assert mass_distance(np.array(124.0), np.array(115.0), (124, 115), 0.1) == 0
    assert mass_distance(np.array(115.0), np.array(124.0), (124, 115), 0.1) == pytest.approx(
        np.hypot(9 / 11.5, 9 / 12.4)
    )


def test_a_jet_without_mass_is_far_away():
    assert np.isinf(mass_distance(np.array([0.0]), np.array([125.0]), (125, 125), 0.1)).all()
