from __future__ import annotations

import numpy as np
import pytest

from jetlens.data.detector import table
from jetlens.data.detector.calorimeter import jet_inputs
from jetlens.data.detector.collisions import PARTICLE, Pool, collide
from jetlens.data.detector.hits import INNERMOST, crossings, is_pixel, merge, pairs
from jetlens.data.detector.material import interact, layers
from jetlens.data.detector.response import efficiency, fakes, pulls, reconstruct, resolution
from jetlens.data.events.clustering import Jets, anti_kt, nearest
from jetlens.data.events.truth import FAKE, FROM_B, PILEUP, PRIMARY, SECONDARY
from jetlens.physics.helix import to_perigee


def gun(count: int, pt, eta, r=0.0, pdg: int = 211, charge: int = 1):
    """Particles flying outwards from radius `r`."""
    rng = np.random.default_rng(8)
    particles = np.zeros(count, dtype=PARTICLE)
    particles["pdg"], particles["charge"], particles["origin"] = pdg, charge, PRIMARY
    phi = rng.uniform(-np.pi, np.pi, count)
    pt, eta, r = (np.broadcast_to(np.asarray(x, float), count) for x in (pt, eta, r))
    particles["momentum"][:, :3] = np.stack(
        [pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=1
    )
    particles["momentum"][:, 3] = pt * np.cosh(eta)
    particles["vertex"] = np.stack([r * np.cos(phi), r * np.sin(phi), r * np.sinh(eta)], axis=1)
    particles["end"] = np.inf
    return particles


def test_pulls_have_a_core_of_one_and_tails() -> None:
    drawn = pulls(200_000, np.random.default_rng(1))
    for column in (0, 1):
        core = np.quantile(drawn[:, column], [0.1587, 0.8413])
        assert core == pytest.approx([-1.0, 1.0], abs=0.06)
        share = np.mean(np.abs(drawn[:, column]) > 5)
        assert 1e-3 < share < 1e-2  # 6e-7 without tails
    for column in (2, 3, 4):
        assert drawn[:, column].std() == pytest.approx(1.0, abs=0.01)


def test_tracks_are_measured_within_their_uncertainties() -> None:
    particles = gun(20_000, 4.0, 0.7)
    vertex = np.zeros((len(particles), 3))
    particles["charge"] = np.random.default_rng(4).choice([-1, 1], len(particles))
    tracks = reconstruct(particles, vertex, np.random.default_rng(2))
    assert 0.85 < len(tracks) / len(particles) < 0.99
    pull = tracks["d0"] / tracks["sigma"][:, 0]
    assert np.quantile(pull, [0.1587, 0.5, 0.8413]) == pytest.approx([-1, 0, 1], abs=0.08)
    momentum = 1 / np.abs(tracks["q_over_p"])
    assert np.median(momentum) == pytest.approx(4 * np.cosh(0.7), rel=2e-3)
    # the uncertainty is spread about its median, not a function of pt and eta
    spread = np.log(tracks["sigma"][:, 0] / resolution("d0", np.array([4.0]), np.array([0.7])))
    assert 0.08 < (np.quantile(spread, 0.84) - np.quantile(spread, 0.16)) / 2 < 0.2


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"pt": 5.0, "eta": 0.2}, {"pt": 0.6, "eta": 0.2}),
        ({"pt": 5.0, "eta": 0.2}, {"pt": 5.0, "eta": 2.3}),
        ({"pt": 5.0, "eta": 0.2}, {"pt": 5.0, "eta": 0.2, "r": 100.0}),
    ],
)
def test_efficiency_falls_for_low_pt_high_eta_and_late_production(better, worse) -> None:
    assert efficiency(gun(1, **better))[0] > efficiency(gun(1, **worse))[0] + 0.05
    found = [
        len(reconstruct(p, np.zeros((len(p), 3)), np.random.default_rng(3)))
        for p in (gun(3000, **better), gun(3000, **worse))
    ]
    assert found[0] > found[1] + 100


def test_layers_inside_the_production_radius_have_no_hits() -> None:
    radii = np.array([b.radius for b in table.BARREL.value])
    for r in (0.0, 40.0, 100.0, 350.0):
        crossed = crossings(gun(50, 2.0, 0.3, r))[:, : len(radii)]
        np.testing.assert_array_equal(crossed, np.tile(radii > r, (50, 1)))
    stopped = gun(50, 2.0, 0.3)
    stopped["end"] = 100.0
    assert crossings(stopped).sum(axis=1).tolist() == [3] * 50


def test_forward_tracks_cross_disks_and_enough_silicon() -> None:
    pixel = is_pixel()
    for eta in np.arange(-2.4, 2.5, 0.2):
        crossed = crossings(gun(1, 2.0, eta))[0]
        assert 3 <= crossed[pixel].sum() <= 7
        assert 3 <= crossed[~pixel].sum() <= 9
    assert crossings(gun(1, 2.0, -2.3))[0, len(table.BARREL.value) :].any()


def test_a_missing_innermost_hit_widens_the_impact_parameter() -> None:
    tracks = reconstruct(gun(20_000, 3.0, 0.4), np.zeros((20_000, 3)), np.random.default_rng(2))
    missing = tracks["hits"][:, INNERMOST] == 0
    assert 0.01 < missing.mean() < 0.1
    ratio = np.median(tracks["sigma"][missing, 0]) / np.median(tracks["sigma"][~missing, 0])
    assert ratio == pytest.approx(np.exp(0.8), rel=0.05)


def test_photons_convert_as_often_as_the_material_says() -> None:
    count = 100_000
    made = interact(gun(count, 5.0, 0.5, pdg=22, charge=0), np.random.default_rng(5))
    new = made[count:]
    depth = layers()[1].sum() * np.cosh(0.5) * 7 / 9
    assert len(new) / 2 / count == pytest.approx(1 - np.exp(-depth), rel=0.03)
    assert set(new["pdg"]) == {11, -11}
    assert set(new["origin"]) == {SECONDARY}
    half = len(new) // 2
    pair = new["momentum"][:half, 3] + new["momentum"][half:, 3]
    assert pair == pytest.approx(np.full(half, 5 * np.cosh(0.5)), rel=1e-3)
    radius = np.hypot(new["vertex"][:, 0], new["vertex"][:, 1])
    assert np.isin(np.round(radius, 6), layers()[0]).all()
    # a massless pair from the origin points back to it up to its bending: d0 = r^2 / 2R
    first = new[:half][radius[:half] < 40]
    perigee = to_perigee(
        first["vertex"],
        first["momentum"][:, :3],
        first["charge"].astype(float),
        0 * first["vertex"],
    )
    assert np.median(np.abs(perigee.d0)) < 0.3


def test_hadrons_shatter_into_several_tracks_that_keep_their_origin_in_b_jets() -> None:
    count = 40_000
    particles = gun(count, 8.0, 0.5)
    particles["origin"][: count // 2] = FROM_B
    made = interact(particles, np.random.default_rng(6))
    struck, new = np.isfinite(made["end"][:count]), made[count:]
    depth = layers()[1].sum() * np.cosh(0.5) * table.X0_PER_INTERACTION_LENGTH.value
    assert struck.mean() == pytest.approx(1 - np.exp(-depth), rel=0.06)
    assert 1.5 < len(new) / struck.sum() < 5
    assert set(new["origin"]) == {FROM_B, SECONDARY}
    assert new["momentum"][:, 3].max() <= 8 * np.cosh(0.5) * 1.01


def test_tracks_on_top_of_each_other_share_or_split_their_hits() -> None:
    close = gun(4000, 20.0, 0.3)
    close[1::2] = close[::2]
    rng = np.random.default_rng(7)
    tracks = reconstruct(close, np.zeros((len(close), 3)), rng)
    phi = np.round(tracks["phi"], 2)
    tracks = tracks[np.argsort(phi)]
    jet = np.unique(np.sort(phi), return_inverse=True)[1].astype(np.int64)
    dense = merge(tracks, jet, rng)
    alone = merge(tracks, np.arange(len(tracks)), rng)
    for name in ("innermost_split", "pixel_split", "strip_shared", "pixel_shared"):
        assert getattr(dense, name).mean() > 2 * getattr(alone, name).mean() + 0.1
    assert alone.pixel_split.sum() == 0


def test_pairs_are_all_pairs_within_a_group() -> None:
    group = np.array([0, 0, 0, 2, 3, 3])
    first, second = pairs(group)
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == [
        (0, 1), (0, 2), (1, 2), (4, 5),
    ]  # fmt: skip


def test_fakes_grow_with_density() -> None:
    tracks = reconstruct(gun(40_000, 3.0, 0.4), np.zeros((40_000, 3)), np.random.default_rng(2))
    sparse = fakes(tracks, np.arange(len(tracks)), np.random.default_rng(1))
    dense = fakes(tracks, np.arange(len(tracks)) // 100, np.random.default_rng(1))
    assert 0 < len(sparse) < 0.6 * len(dense)
    assert set(dense["origin"]) == {FAKE}
    assert np.std(dense["d0"]) > 10 * np.std(tracks["d0"])


def test_pileup_is_poisson_at_its_own_vertices_and_deterministic() -> None:
    single = gun(30, 1.0, 0.1)
    single["event"] = np.arange(30) // 3
    single["origin"] = PILEUP
    pool = Pool(single, 10)
    hard = gun(2000, 5.0, 0.0)
    hard["event"] = np.arange(2000)
    made, place = collide(hard, 2000, pool, 5.0, np.random.default_rng(9))
    again, _ = collide(hard, 2000, pool, 5.0, np.random.default_rng(9))
    assert made.tobytes() == again.tobytes()
    assert (np.diff(made["event"]) >= 0).all()
    other = made[made["origin"] == PILEUP]
    count = np.bincount(other["event"], minlength=2000) / 3
    assert count.mean() == pytest.approx(5, abs=0.2)
    assert count.var() == pytest.approx(5, abs=0.6)
    assert other["vertex"][:, 2].std() == pytest.approx(table.BEAM_SPOT.value[2], rel=0.1)
    assert place[:, 0].std() == pytest.approx(table.BEAM_SPOT.value[0], rel=0.1)
    momentum = np.hypot(other["momentum"][:, 0], other["momentum"][:, 1])
    assert momentum == pytest.approx(np.ones(len(other)))


def test_charged_pileup_stays_out_of_jets_and_muons_do_too() -> None:
    rng = np.random.default_rng(3)
    far = gun(1000, 5.0, 0.0)
    far["origin"], far["vertex"][:, 2] = PILEUP, 30.0
    event, _ = jet_inputs(far, np.zeros(1000), rng)
    assert len(event) < 60  # those that the tracker misses
    assert len(jet_inputs(gun(1000, 5.0, 0.0), np.zeros(1000), rng)[0]) == 1000
    assert len(jet_inputs(gun(1000, 5.0, 0.0, pdg=13), np.zeros(1000), rng)[0]) == 0
    _, momentum = jet_inputs(gun(5000, 50.0, 0.0, pdg=2112, charge=0), np.zeros(5000), rng)
    assert momentum[:, 3].std() / 50 == pytest.approx(0.5 / np.sqrt(50) + 0.03, rel=0.05)


def test_anti_kt_finds_two_back_to_back_jets_and_says_nothing(capfd) -> None:
    particles = gun(4, [30.0, 10.0, 25.0, 8.0], 0.1)
    direction = np.array([1, 1, -1, -1.0])
    pt = np.array([30.0, 10.0, 25.0, 8.0])
    momentum = np.zeros((4, 4))
    momentum[:, 0], momentum[:, 1] = direction * pt, 0.1 * np.array([1, -1, 1, -1]) * pt
    momentum[:, 3] = np.linalg.norm(momentum[:, :3], axis=1)
    jets = anti_kt(particles["event"], momentum, 2, 0.4, 5.0)
    assert jets.event.tolist() == [0, 0]
    assert sorted(jets.pt) == pytest.approx([np.hypot(33, 1.7), np.hypot(40, 2)])
    assert capfd.readouterr() == ("", "")


def test_nearest_is_the_nearest_of_the_same_event() -> None:
    jets = Jets(
        np.array([0, 0, 2]), np.ones(3), np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 3.1]),
        np.zeros(3),
    )  # fmt: skip
    row, dr = nearest(
        np.array([0, 0, 1, 2]), np.array([0.4, 0.6, 0, 0]), np.array([0, 0, 0, -3.1]), jets, 3
    )
    assert row.tolist() == [0, 1, -1, 2]
    assert dr == pytest.approx([0.4, 0.4, np.inf, 2 * np.pi - 6.2])
