"""Shapes of jets, against the formulae written out jet by jet, and against FastJet's own."""

from __future__ import annotations

import awkward as ak
import fastjet
import numpy as np
import pytest

from jetlens.physics import jet_shapes
from jetlens.physics.clustering import WHOLE, sequence
from jetlens.physics.declustering import soft_drop_multiplicity
from jetlens.physics.grooming import soft_drop
from jetlens.physics.jet_shapes import OBSERVABLES, Constituents, observables
from jetlens.physics.kinematics import momentum_of


def made(jets=12, seed=1):
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 25, jets)
    counts[0] = 1
    n = counts.sum()
    angles = rng.normal(0, 0.12, (2, n))
    mass = rng.choice([0.0, 0.1396, 0.4937], n)
    return Constituents(counts, rng.exponential(9, n) + 0.2, *angles, mass, rng.integers(-1, 2, n))


def each(jets):
    """Go through jets of one each."""
    for begin, many in zip(np.cumsum(jets.counts) - jets.counts, jets.counts, strict=True):
        own = slice(begin, begin + many)
        yield Constituents(np.array([many]), *(column[own] for column in jets[1:]))


def test_against_the_formulae():
    jets = made()
    found = observables(jets, tuple(OBSERVABLES), hard=2.0)
    for j, own in enumerate(each(jets)):
        pt = own.pt
        px, py, pz, energy = own.momentum.sum(0)
        y, phi = 0.5 * np.log((energy + pz) / (energy - pz)), np.arctan2(py, px)
        distance = np.sqrt((own.rapidity - y) ** 2 + (own.phi - phi) ** 2)
        wanted = {
            "multiplicity": len(pt),
            "multiplicity_hard": (pt > 2).sum(),
            "width": (pt * distance).sum() / np.hypot(px, py),
            "ptd": np.sqrt((pt**2).sum()) / pt.sum(),
            "mass": np.sqrt(max(energy**2 - px**2 - py**2 - pz**2, 0)),
            "charge": (own.charge * np.sqrt(pt / np.hypot(px, py))).sum(),
        }
        for name, value in wanted.items():
            assert found[name][j] == pytest.approx(value, rel=1e-6, abs=1e-5), name
        # with many axes tau_1 comes down to its own; one axis may be any
        assert found["tau1"][j] <= 1.05 * found["width"][j] / 0.4 + 1e-9
        assert found["tau2"][j] <= found["tau1"][j] + 1e-12
        if found["tau1"][j] > 0:
            assert found["tau21"][j] == pytest.approx(found["tau2"][j] / found["tau1"][j])


def test_nothing_depends_on_the_axis_that_angles_are_relative_to():
    jets = made(6)
    turned = jets._replace(rapidity=jets.rapidity + 0.7, phi=jets.phi - 1.1)
    one, other = (observables(j, tuple(OBSERVABLES)) for j in (jets, turned))
    for name in OBSERVABLES:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-6, atol=1e-6, err_msg=name)


def test_emissions_are_those_of_the_primary_lund_plane():
    jets = made(20, seed=3)
    found = soft_drop_multiplicity(jets.momentum, jets.counts, z_cut=0.1)
    plane = sequence(jets.momentum, jets.counts, fastjet.cambridge_algorithm, WHOLE)
    emitted = plane.exclusive_jets_lund_declusterings(njets=1)
    for j, own in enumerate(each(jets)):
        if len(own.pt) == 1:
            assert found[j] == 0
            continue
        # kt = dR pt of the softer; what is left of the jet's pt is nearly that of both
        delta, kt = (ak.to_numpy(emitted[j][name]) for name in ("Delta", "kt"))
        softer = kt / delta
        both = np.hypot(*own.momentum.sum(0)[:2]) - np.cumsum(softer) + softer
        low, high = (softer > cut * both for cut in (0.105, 0.095))
        assert low.sum() <= found[j] <= high.sum()
    assert found[0] == 0
    assert found.max() > 3
    passed = soft_drop(jets.momentum, jets.counts, radius=0.4).zg > 0
    np.testing.assert_array_equal(found > 0, passed)


def test_three_prongs_by_hand():
    pt, rapidity = np.array([100.0, 30.0, 5.0, 60.0]), np.array([0.0, 0.1, 0.02, 0.3])
    momentum = momentum_of(pt, rapidity, np.zeros(4), np.zeros(4))
    counts = np.array([4])
    # undone: 60 of 195, then 30 of 135, then 5 of 105
    assert soft_drop_multiplicity(momentum, counts, z_cut=0.1) == 2
    assert soft_drop_multiplicity(momentum, counts, z_cut=0.04) == 3
    assert soft_drop_multiplicity(momentum, counts, z_cut=0.25) == 1
    # wide ones have to be harder: 0.3 / 0.4 of the cut, where narrow ones pass
    assert soft_drop_multiplicity(momentum, counts, z_cut=0.5, beta=1) == 2


def test_no_jets():
    none = Constituents(np.zeros(0, int), *[np.zeros(0)] * 5)
    found = observables(none, tuple(OBSERVABLES))
    assert {len(v) for v in found.values()} == {0}
    assert jet_shapes.width(none).shape == (0,)
