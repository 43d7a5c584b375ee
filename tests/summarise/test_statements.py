from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.summarise.jets.statement_table import STATEMENTS
from jetlens.summarise.statements import FAILS, HOLDS, UNDECIDED
from synthetic import attribution


def top_tracks(jets):
    """Each jet's top track, for jets that have one: (jet, track)."""
    total = np.where(jets["tracks_mask"].values, jets["tracks_score"].values.sum(axis=2), -np.inf)
    there = np.flatnonzero(jets["tracks_mask"].values.any(axis=1))
    return there, total.argmax(axis=1)[there]


def rows(jets, normalise="none", **options):
    result = jl.summarise(jets, "statements", **options)
    return {r.statement.key: r for r in result.summary.rows(result) if r.normalise == normalise}


@pytest.fixture(scope="module")
def jets():
    return attribution(1500)


def test_means_and_rises_are_those_of_a_direct_calculation(jets):
    found = rows(jets, select="correct")
    right = jets["label"].values == jets["output"].values.argmax(axis=1)
    jet, track = top_tracks(jets)
    jet, track = jet[right[jet]], track[right[jet]]
    names = list(jets["tracks_feature"].values)

    def mean(label, feature, inside):
        column = names.index(feature)
        value = jets["tracks_value"].values[jet, track, column]
        use = (jets["label"].values[jet] == label) & inside(value)
        score, weight = jets["tracks_score"].values[jet, track, column], jets["weight"].values[jet]
        return np.average(score[use], weights=weight[use]), use.sum()

    sd0 = "IP3D_signed_d0_significance"
    exact, number = mean(0, sd0, lambda v: v >= 5)
    assert found["b_large_sd0"].value == pytest.approx(exact)
    assert found["b_large_sd0"].jets == number
    exact = mean(2, "d0", lambda v: np.abs(v) >= 1)[0]
    assert found["light_huge_d0"].value == pytest.approx(exact)
    large = mean(1, "d0", lambda v: (np.abs(v) >= 0.1) & (np.abs(v) < 0.5))
    small = mean(1, "d0", lambda v: np.abs(v) < 0.05)
    assert found["c_rising_d0"].value == pytest.approx(large[0] - small[0])
    assert found["c_rising_d0"].jets == min(large[1], small[1])
    rise = {
        label: mean(label, sd0, lambda v: v >= 5)[0]
        - mean(label, sd0, lambda v: (v >= -1) & (v < 1))[0]
        for label in (0, 1)
    }
    assert found["c_slight_sd0"].value == pytest.approx(abs(rise[1] / rise[0]))


def test_all_tracks_instead_of_the_top_ones(jets):
    result = jl.summarise(jets, "statements", select="all", tracks="all")
    found = {r.statement.key: r for r in result.summary.rows(result) if r.normalise == "none"}
    column = list(jets["tracks_feature"].values).index("d0")
    inside = jets["tracks_mask"].values & (np.abs(jets["tracks_value"].values[..., column]) >= 1)
    inside &= (jets["label"].values == 2)[:, None]
    weight = np.broadcast_to(jets["weight"].values[:, None], inside.shape)
    exact = np.average(jets["tracks_score"].values[..., column][inside], weights=weight[inside])
    assert found["light_huge_d0"].value == pytest.approx(exact)
    assert found["light_huge_d0"].jets == inside.any(axis=1).sum() < inside.sum()
    assert "of all tracks" in found["light_huge_d0"].definition
    top = rows(jets, select="all")
    assert found["b_top_origin"].value == top["b_top_origin"].value
    assert "statement_all_tracks.light_huge_d0.none" in result.numbers()


def test_a_handful_of_jets_decides_nothing(jets):
    result = jl.summarise(jets.isel(jet=slice(0, 60)), "statements", select="all")
    few = [r for r in result.summary.rows(result) if 0 < r.jets < 10]
    assert few
    assert all(r.verdict == UNDECIDED and np.isnan([r.low, r.high]).all() for r in few)
    assert not {f"statement.{r.statement.key}.{r.normalise}" for r in few} & set(result.numbers())


def test_hits_and_origins(jets):
    found = rows(jets, select="all")
    scores = np.abs(np.nan_to_num(jets["tracks_score"].values).sum(axis=1))
    hit = np.array([n.startswith("numberOf") for n in jets["tracks_feature"].values])
    weight = jets["weight"].values
    ratio = (weight @ scores[:, hit]).mean() / (weight @ scores[:, ~hit]).mean()
    assert found["few_hits"].value == pytest.approx(ratio)
    assert found["few_hits"].verdict == HOLDS
    jet, track = top_tracks(jets)
    b = jets["label"].values[jet] == 0
    from_b = np.isin(jets["tracks_origin"].values[jet, track], (3, 4))
    share = np.average(from_b[b], weights=weight[jet][b])
    assert found["b_top_origin"].value == pytest.approx(share)


def test_verdicts_turn_with_the_sign_of_the_scores(jets):
    strong = jets.assign(
        tracks_score=jets["tracks_score"].copy(data=np.abs(jets["tracks_score"].values))
    )
    found = rows(strong, select="all")
    assert found["b_large_sd0"].verdict == HOLDS  # everything is positive
    assert found["light_large_sd0"].verdict == FAILS
    assert found["b_huge_d0"].verdict == FAILS
    # noise of no preferred sign decides nothing
    sign = np.where(np.arange(1500) % 2, -1.0, 1.0)
    flat = jets["tracks_score"] * 0 + 1e-3 * sign[:, None, None]
    undecided = rows(jets.assign(tracks_score=flat), select="all")
    assert undecided["light_small_sigma_phi"].verdict == UNDECIDED


def test_three_normalisations_stand_side_by_side(jets):
    result = jl.summarise(jets, "statements", select="all")
    table = result.summary.rows(result)
    assert len(table) == 3 * len(STATEMENTS)
    total = np.nan_to_num(jets["tracks_score"].values).sum(axis=(1, 2))
    total += jets["jets_score"].values.sum(axis=1)
    used = result.sums["jets"].sel(count="used", group="all")
    assert int(used.sel(normalise="sum")) == (total > 0).sum()
    assert int(used.sel(normalise="none")) == len(total)
    scaled = jets.assign(tracks_score=7 * jets["tracks_score"], jets_score=7 * jets["jets_score"])
    for normalise in ("sum", "abs"):
        a, b = (rows(j, normalise)["b_large_sd0"].value for j in (jets, scaled))
        assert a == pytest.approx(b)
    a, b = (rows(j, "none")["b_large_sd0"].value for j in (jets, scaled))
    assert b == pytest.approx(7 * a)


def test_every_row_says_what_it_is(jets):
    result = jl.summarise(jets, "statements")
    for row in result.summary.rows(result):
        assert "expected" in row.definition
        assert row.verdict in (HOLDS, FAILS, UNDECIDED)
        assert row.low <= row.value <= row.high or row.jets < 10
    assert len({s.key for s in STATEMENTS}) == len(STATEMENTS)


def test_newer_names_of_a_feature_are_understood(jets):
    names = [
        str(n).replace("IP3D_signed_d0_significance", "lifetimeSignedD0Significance")
        for n in jets["tracks_feature"].values
    ]
    renamed = jets.assign_coords(tracks_feature=names)
    assert rows(renamed)["b_large_sd0"].value == rows(jets)["b_large_sd0"].value


def test_missing_features_and_classes_are_undecided(jets):
    without = jets.isel(tracks_feature=slice(1, None))  # no d0
    assert rows(without)["b_huge_d0"].verdict == UNDECIDED
    assert np.isnan(rows(without)["b_huge_d0"].value)
    other = attribution(40, classes=("signal", "background"))
    assert all(
        r.verdict == UNDECIDED for k, r in rows(other, select="all").items() if k != "few_hits"
    )
