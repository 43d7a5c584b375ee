from __future__ import annotations

import numpy as np
import pytest

from jetlens.physics.grooming import soft_drop, trim
from jetlens.physics.kinematics import mass_of
from physics_particles import jets, momenta
from reference.correlators import distance


def merged(particles):
    """Cambridge/Aachen as nested pairs, the slow way: (momentum, one, other)."""
    nodes = [(p, None, None) for p in particles]
    while len(nodes) > 1:
        pairs = [(i, j) for i in range(len(nodes)) for j in range(i)]
        i, j = min(pairs, key=lambda p: distance(nodes[p[0]][0], nodes[p[1]][0]))
        joined = (nodes[i][0] + nodes[j][0], nodes[i], nodes[j])
        nodes = [n for k, n in enumerate(nodes) if k not in (i, j)] + [joined]
    return nodes[0]


def groomed(particles, z_cut, beta, radius):
    """Soft drop by its definition: momentum, z and dR."""
    node = merged(particles)
    while node[1] is not None:
        one, other = sorted(node[1:], key=lambda n: -np.hypot(*n[0][:2]))
        low, high = np.hypot(*other[0][:2]), np.hypot(*one[0][:2])
        apart = distance(one[0], other[0])
        if low / (low + high) > z_cut * (apart / radius) ** beta:
            return node[0], low / (low + high), apart, one[0], other[0]
        node = one
    return node[0], 0.0, 0.0, node[0], np.zeros(4)


@pytest.mark.parametrize(("z_cut", "beta"), [(0.1, 0.0), (0.3, 0.0), (0.1, 1.0), (0.45, 0.0)])
def test_it_is_soft_drop_by_its_definition(z_cut, beta) -> None:
    momentum, counts = jets([10, 1, 2, 14, 3, 6, 5], seed=4)
    found = soft_drop(momentum, counts, z_cut=z_cut, beta=beta, radius=0.8)
    dropped = 0
    for k, particles in enumerate(np.split(momentum, np.cumsum(counts)[:-1])):
        whole, z, apart, one, other = groomed(particles, z_cut, beta, 0.8)
        np.testing.assert_allclose(found.momentum[k], whole, rtol=1e-9)
        assert found.zg[k] == pytest.approx(z, rel=1e-9)
        assert found.rg[k] == pytest.approx(apart, rel=1e-9)
        np.testing.assert_allclose(found.prongs[k], [one, other], rtol=1e-9)
        dropped += len(particles) > 1 and not np.allclose(whole, particles.sum(axis=0))
    if z_cut == 0.3:
        assert dropped  # the groomer had something to do
    np.testing.assert_allclose(found.mass, mass_of(found.momentum))


def test_a_jet_without_a_splitting_has_one_prong() -> None:
    momentum = momenta(
        np.array([50.0, 100.0, 1.0]), np.array([0.1, 0.0, 0.5]), np.array([0.2, 0.0, 0.0])
    )
    found = soft_drop(momentum, np.array([1, 2]))  # one particle; two, one of which is too soft
    np.testing.assert_allclose(found.momentum[0], momentum[0])
    np.testing.assert_allclose(found.momentum[1], momentum[1])
    assert found.zg.tolist() == found.rg.tolist() == [0, 0]
    np.testing.assert_allclose(found.prongs[:, 0], momentum[:2])
    assert not found.prongs[:, 1].any()
    np.testing.assert_allclose(found.mass, 0, atol=1e-5)


def test_grooming_takes_mass_away() -> None:
    momentum, counts = jets(np.full(60, 20), seed=9)
    whole = np.add.reduceat(momentum, np.cumsum(counts) - counts)
    found = soft_drop(momentum, counts, z_cut=0.2)
    assert (found.mass <= mass_of(whole) * (1 + 1e-9)).all()
    assert (found.mass < 0.99 * mass_of(whole)).any()


def kt(particles, radius, until=1):
    """Cluster with kt, the slow way: inclusive jets, or as many exclusive ones (no beam)."""
    nodes, done = list(particles), []
    while len(nodes) >= (1 if until == 1 else until + 1):
        pt = [np.hypot(*n[:2]) for n in nodes]
        pairs = [
            (min(pt[i], pt[j]) ** 2 * (distance(nodes[i], nodes[j]) / radius) ** 2, i, j)
            for i in range(len(nodes))
            for j in range(i)
        ]
        beams = [(p**2, i, None) for i, p in enumerate(pt)] if until == 1 else []
        _, i, j = min(pairs + beams, key=lambda d: d[0])
        if j is None:
            done.append(nodes.pop(i))
        else:
            joined = nodes[i] + nodes[j]
            nodes = [n for k, n in enumerate(nodes) if k not in (i, j)] + [joined]
    return done + nodes


def trimmed(particles, radius, share):
    """Trim by its definition: the subjets that are kept."""
    pt = np.hypot(*particles.sum(axis=0)[:2])
    pieces = kt(particles, radius)
    hardest = max(np.hypot(*p[:2]) for p in pieces)
    return [p for p in pieces if np.hypot(*p[:2]) >= min(share * pt, hardest)]


def test_it_is_trimming_by_its_definition() -> None:
    momentum, counts = jets([12, 1, 2, 9, 3, 6, 14], seed=4)
    found = trim(momentum, counts, radius=0.2, share=0.05)
    lost = 0
    for k, particles in enumerate(np.split(momentum, np.cumsum(counts)[:-1])):
        expected = np.sum(trimmed(particles, 0.2, 0.05), axis=0)
        np.testing.assert_allclose(found.momentum[k], expected, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(found.mass[k], mass_of(expected), atol=1e-5)
        np.testing.assert_allclose(found.prongs[k].sum(axis=0), expected, rtol=1e-9, atol=1e-9)
        lost += not np.allclose(expected, particles.sum(axis=0))
        one, other = found.prongs[k]
        low, high = np.hypot(*other[:2]), np.hypot(*one[:2])
        assert low <= high
        assert found.zg[k] == pytest.approx(low / (low + high))
        assert found.rg[k] == pytest.approx(distance(one, other) if low else 0)
    assert lost > 1
    assert found.rg[1] == found.zg[1] == 0  # a single particle


def test_prongs_of_trimmed_jets_are_exclusive_kt_jets() -> None:
    momentum, counts = jets([13, 8, 5], seed=7)
    found = trim(momentum, counts, share=0.0)
    for k, particles in enumerate(np.split(momentum, np.cumsum(counts)[:-1])):
        pair = sorted(kt(particles, 1.0, until=2), key=lambda p: -np.hypot(*p[:2]))
        np.testing.assert_allclose(found.prongs[k], pair, rtol=1e-9, atol=1e-9)


def test_the_hardest_subjet_is_kept_whatever_its_share() -> None:
    phi = np.linspace(-1.5, 1.5, 31)
    momentum = momenta(np.r_[2.0, np.ones(30)], np.zeros(31), phi)
    found = trim(momentum, np.array([31]), radius=0.05, share=0.2)
    np.testing.assert_allclose(found.momentum[0], momentum[0])
    assert trim(np.zeros((0, 4)), np.zeros(0, dtype=np.int64)).prongs.shape == (0, 2, 4)
