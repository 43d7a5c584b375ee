"""What reference jets tell of how far jets can go, and what is counted by it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import jetlens as jl
import moving
from jetlens.core.errors import UnsupportedError
from jetlens.data.scaling.fit import fit
from jetlens.explain.base import Context
from jetlens.explain.steps.limits import limits
from jetlens.physics.roles import roles

HITS = ("x", "y", "z", "energy", "time")
OFF = dict.fromkeys(["positive_pt", "inside", "keep_discrete", "on_shell", "recentre"], False)


def showers(n: int = 12, places: int = 6, seed: int = 1) -> jl.JetBatch:
    """Hits in cells of 20 mm, above 5 MeV, around 0 by the resolution, or 9 ns later."""
    rng = np.random.default_rng(seed)
    cell = 20.0 * rng.integers(-3, 4, (n, places, 3))
    energy = 0.005 + rng.exponential(0.05, (n, places, 1))
    time = rng.normal(0, 0.03, (n, places, 1)) + 9 * (rng.random((n, places, 1)) > 0.9)
    mask = rng.random((n, places)) < 0.8
    mask[0] = False
    values = np.concatenate([cell, energy, time], -1)
    return jl.batch({"hits": (values, HITS, mask)})


def of_showers(logarithm: bool = False) -> jl.Tagger:
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.GELU(), torch.nn.Linear(8, 2))
    floors = {"hits": {"energy": 0.001}} if logarithm else None
    return jl.wrap(
        module.double(),
        {"hits": HITS},
        ("pion", "kaon"),
        call=lambda m, i, masks: (m(i["hits"]) * masks["hits"][..., None]).sum(1),
        scaling=fit([showers(40)], {"hits": HITS}, floors=floors),
    )


def test_hits_are_in_cells_within_the_gate_and_above_the_threshold() -> None:
    some, pool = showers(), showers(40, seed=2)
    found = limits("hits", roles(HITS), HITS, True, Context(some, pool, np.zeros(12, np.int64)))
    own = pool["hits"].values[pool["hits"].mask]
    assert found.radius is None
    assert found.pt is None
    assert found.shift is None
    for i, name in enumerate(("x", "y", "z")):
        np.testing.assert_array_equal(found.cells[name], np.unique(own[:, i]))
        assert found.ends[name] == (own[:, i].min() - 10, own[:, i].max() + 10)
    assert found.ends["energy"] == (own[:, 3].min(), np.inf)
    assert found.ends["time"][1] == own[:, 4].max()
    assert -0.25 < found.ends["time"][0] < -0.1
    few = limits("hits", roles(HITS), ("x", "time"), True, Context(some, pool, np.zeros(12, int)))
    assert set(few.ends) == {"x", "time"}
    nobody = some.take([0])
    none = limits("hits", roles(HITS), HITS, True, Context(nobody, nobody, np.zeros(1, np.int64)))
    assert none.ends == none.cells == {}


def test_jets_have_a_range_of_pt_and_of_their_axis() -> None:
    some, pool = moving.jets(), moving.jets(60, seed=5)
    role = roles(moving.FEATURES)
    context = Context(some, pool, some.label)
    found = limits("constituents", role, moving.FEATURES, 0.4, context)
    assert found.radius == 0.4
    own, mask = pool["constituents"].values[1:], pool["constituents"].mask[1:]
    pt, deta, dphi = np.moveaxis(own[..., :3], -1, 0) * mask
    total = np.hypot((pt * np.cos(dphi)).sum(1), (pt * np.sin(dphi)).sum(1))
    np.testing.assert_allclose(found.pt, (total.min(), total.max()))
    mean = np.hypot(*((pt * angle).sum(1) / pt.sum(1) for angle in (deta, dphi)))
    assert found.shift == pytest.approx(mean.max())
    none = limits("jets", roles(moving.JETS, particles=False), moving.JETS, True, context)
    assert none[:4] == (None, {}, None, None)


@pytest.mark.parametrize("logarithm", [False, True])
def test_moved_hits_are_measured(logarithm: bool) -> None:
    some, pool = showers(), showers(40, seed=2)
    own = pool["hits"].values[pool["hits"].mask]
    for toward in ("pion", "kaon"):
        found = jl.explain(
            of_showers(logarithm), some, "nudge", scales=[0, 1, 30], pool=pool, toward=toward
        )
        moved = found.hits_moved.values[:, 2][some["hits"].mask]
        start = some["hits"].values[some["hits"].mask]
        assert (moved[:, 3] >= np.minimum(own[:, 3].min(), start[:, 3]) * (1 - 1e-9)).all()
        assert (moved[:, 4] <= np.maximum(own[:, 4].max(), start[:, 4]) + 1e-9).all()
        assert np.isnan(found.hits_moved.values[0]).all()
        counted = found.unphysical_below.values[:, 2] | found.unphysical_late.values[:, 2]
        assert not (counted & ~found.bent.values[:, 2]).any()
        assert (found.unphysical_below | found.unphysical_early | found.unphysical_late).any()


def test_hits_leave_the_middle_of_cells_unless_there_is_a_grid() -> None:
    some, pool = showers(), showers(40, seed=2)
    mask, start = some["hits"].mask, some["hits"].values[some["hits"].mask]
    options = {"scales": [0, 1e-6, 30], "pool": pool, "toward": "kaon"}
    free = jl.explain(of_showers(), some, "nudge", **options)
    held = jl.explain(of_showers(), some, "nudge", **options, constraints={"grid": True})
    at = [f.hits_moved.values[:, 2][mask][:, :3] for f in (free, held)]
    assert (at[0] % 20 != 0).any()
    assert (at[1] % 20 == 0).all()
    assert np.abs(at[1] - at[0]).max() <= 10 + 1e-9
    assert (at[1] != start[:, :3]).any()
    np.testing.assert_array_equal(held.hits_moved.values[:, 1][mask][:, :3], start[:, :3])
    np.testing.assert_array_equal(free.bent, held.bent)  # a short step is not bent by it
    still = jl.explain(
        of_showers(), some, "nudge", **options, hold=["x", "y", "z"], constraints={"grid": True}
    )
    np.testing.assert_array_equal(still.hits_moved.values[:, 2][mask][:, :3], start[:, :3])
    assert "grid" in still.attrs["idle"]
    for asked in ({"grid": True}, {"causal": True}):
        with pytest.raises(UnsupportedError, match=f"constraint {next(iter(asked))}: no feature"):
            jl.explain(moving.tagger(), moving.jets(), "nudge", scales=[0, 1], constraints=asked)
    with pytest.raises(UnsupportedError, match="constraint radius: no feature of hits"):
        jl.explain(of_showers(), some, "nudge", scales=[0, 1], constraints={"radius": 0.4})


def test_what_is_outside_is_counted_by_the_radius_whether_it_is_held_or_not() -> None:
    options = {"scales": [0, 1.0, 5.0], "pool": moving.jets(60, seed=5)}

    def counted(**constraints) -> list[list[bool]]:
        given = OFF | constraints
        found = jl.explain(moving.tagger(), moving.jets(), "nudge", **options, constraints=given)
        return found.unphysical_outside.values.tolist()

    small = counted(inside=0.2)
    assert counted(inside=False, radius=0.2) == counted(radius=0.2, inside=True) == small
    assert counted(inside=False) != small


def test_impact_parameters_of_what_has_no_track_stay() -> None:
    jets = moving.jets()
    photon = jets["constituents"].values[..., 5] > 0
    mask, column = jets["constituents"].mask, moving.FEATURES.index("d0_significance")
    for constraints in ({}, {"keep_discrete": False}):
        found = jl.explain(
            moving.tagger(), jets, "nudge", scales=[0, 0.5], steps=2, constraints=constraints
        )
        moved = found.constituents_moved.values[:, 1, :, column]
        assert (moved[photon & mask] == 0).all() == (constraints == {})
        assert (moved != jets["constituents"].values[..., column])[~photon & mask].all()
        some = (photon & mask).any(1)
        np.testing.assert_array_equal(found.unphysical_trackless.values[:, 1], some)
        assert not found.unphysical_trackless.values[:, 0].any()
