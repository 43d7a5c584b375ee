from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import UnknownNameError, UnsupportedError
from reference import attention_summaries as reference
from synthetic import attended


def with_importance(jets, values):
    mask = jets["constituents_mask"].values
    made = np.where(mask, values, np.nan)
    return jets.assign(constituents_importance=(("jet", "constituents"), made))


def fractions(jets):
    return np.nan_to_num(jets["constituents_value"].values[..., 0].astype(np.float64))


def test_shares_near_subjets_are_the_slow_twins():
    jets = attended(80, 8)
    importance = jets["constituents_importance"].values
    distance, pt = jets["constituents_dr_subjet"].values, fractions(jets)
    sizes = [lambda j, p: importance[j, p], lambda j, p: pt[j, p], lambda j, p: 1.0]
    result = jl.summarise(jets, "importance-plane", radius=0.12)
    found = result.summary.near(result)[..., 0]
    for g, own in enumerate(reference.groups(jets).values()):
        for k, size in enumerate(sizes):
            exact = reference.share_where(jets, own, size, lambda j, p: distance[j, p] < 0.12)
            assert found[g, k] == pytest.approx(exact, rel=1e-6)


def test_importance_that_is_pt_is_not_enriched():
    jets = attended(100, 8)
    numbers = jl.summarise(with_importance(jets, 3 * fractions(jets)), "importance-plane").numbers()
    for group in ("all", "signal", "background"):
        own = numbers[f"importance_plane.{group}.enrichment"]
        assert own == pytest.approx({"value": 1, "low": 1, "high": 1})  # replica by replica


def test_importance_of_the_near_ones_alone():
    jets = attended(150, 12)
    distance = jets["constituents_dr_subjet"].values
    for inside, share in ((distance < 0.2, 1.0), (distance >= 0.2, 0.0)):
        numbers = jl.summarise(with_importance(jets, 1.0 * inside), "importance-plane").numbers()
        assert numbers["importance_plane.signal.near_subjets"]["value"] == pytest.approx(share)
        assert numbers["importance_plane.signal.near_subjets.pt"]["value"] > 0.5


def test_one_particle_is_in_its_cell_and_before_the_flip_on_the_other_side():
    jets = attended(1, 3, weighted=False)
    made = with_importance(jets, np.array([[0.0, 2.0, 0.0]])).assign(
        constituents_mask=(("jet", "constituents"), np.array([[True, True, False]])),
        constituents_flip=(("jet", "constituents"), np.array([[1, -1, -1]])),
    )
    value = jets["constituents_value"].copy(deep=True)
    value[0, :2] = [[0.5, 0.1, 0.1], [0.5, 0.31, -0.52]]
    made = made.assign(constituents_value=value)
    result = jl.summarise(made, "importance-plane", bins=20, reach=1.0)
    density = result.summary.densities(result)[0]
    assert list(result.sums["frame"].values) == ["after", "before"]
    for frame, column in ((0, 13), (1, 6)):
        own = density[0, frame]
        assert own[4, column] == pytest.approx(100)  # all of it in a cell of 0.01
        assert own.sum() == pytest.approx(100)
    at = result.sums.isel(x=13, y=4)
    assert (float(at["x"]), float(at["y"])) == pytest.approx((0.35, -0.55))
    pt = density[1, 0]
    assert pt[4, 13] == pytest.approx(50)
    assert pt[11, 11] == pytest.approx(50)


def test_densities_add_up_to_what_is_in_sight():
    jets = attended(100, 10)
    result = jl.summarise(jets, "importance-plane", reach=50.0)
    whole = result.summary.densities(result).sum(axis=(-1, -2)) * (100 / 40) ** 2
    np.testing.assert_allclose(whole, 1)


def test_scores_count_by_their_size():
    """Where a method scores features, a particle's importance is the sum of absolute scores."""
    jets = attended(60, 6)
    rng = np.random.default_rng(3)
    score = rng.normal(size=jets["constituents_value"].shape)
    scored = jets.drop_vars("constituents_importance").assign(
        constituents_score=(jets["constituents_value"].dims, score)
    )
    a = jl.summarise(scored, "importance-plane", replicas=5)
    b = jl.summarise(
        with_importance(jets, np.abs(score).sum(axis=2)), "importance-plane", replicas=5
    )
    np.testing.assert_allclose(a.sums["near"], b.sums["near"])


def test_jets_without_any_importance_are_counted_and_left_out():
    jets = attended(90, 6)
    dark = np.arange(90) % 3 == 0
    values = np.where(dark[:, None], 0.0, jets["constituents_importance"])
    result = jl.summarise(with_importance(jets, values), "importance-plane")
    bare = ~jets["constituents_mask"].values.any(axis=1)
    counted = result.sums["jets"].sel(group="all")
    assert int(counted.sel(count="selected")) == 90
    assert int(counted.sel(count="used")) == 90 - (dark | bare).sum()


def test_truth_that_is_not_there_is_not_needed():
    jets = attended(40, 6).drop_vars(["constituents_dr_subjet", "constituents_flip"])
    result = jl.summarise(jets, "importance-plane")
    assert list(result.sums["frame"].values) == ["after"]
    assert result.numbers() == {}
    jl.draw(result)


def test_what_is_wrong_is_told():
    jets = attended(10, 4)
    with pytest.raises(UnknownNameError, match=r"did you mean 'constituents\.deta'"):
        jl.summarise(jets, "importance-plane", x="detta")
    with pytest.raises(UnsupportedError, match="neither importance nor scores"):
        jl.summarise(jets.drop_vars("constituents_importance"), "importance-plane")
    with pytest.raises(UnsupportedError, match="no collection of particles 'tracks'"):
        jl.summarise(jets, "importance-plane", collection="tracks")
    with pytest.raises(jl.JetlensError, match="radius=0"):
        jl.summarise(jets, "importance-plane", radius=0)
