from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.physics.limits import discovery_significance, expected_limit
from jetlens.summarise.reach import EDGES, SHARE
from jetlens.summarise.search.reach_numbers import cut_based, limited, tagged
from jetlens.summarise.trainings.ensemble import Ensemble, Member
from searches import BACKGROUND, MASSES, PER_FB, VARIABLES, events

OPTIONS = {
    "masses": MASSES,
    "luminosity": 100.0,
    "systematic": 0.1,
    "events": 20,
    "window": (0.85, 1.1),
    "replicas": 20,
}


def found(jets, **options):
    return jl.summarise(jets, "reach", **(OPTIONS | options))


def column(jets, name):
    if name in VARIABLES:
        return jets["jets_value"].values[:, VARIABLES.index(name)]
    return jets[f"jets_{name}"].values


def test_the_cut_based_analysis_counts_events():
    jets = events(6000)
    result = found(jets, distance=1.6, deta=1.3, window=(0.9, 1.1), events=1)
    yields = cut_based(result)
    weight, process = column(jets, "xsec_weight"), column(jets, "process")
    x = np.hypot(*((column(jets, m) - 125) / (0.1 * column(jets, m)) for m in ("m_1", "m_2")))
    near = (x < 1.6) & (np.abs(column(jets, "deta_hh")) < 1.3)
    for m, mass in enumerate(MASSES):
        ratio = column(jets, "m_hh") / mass
        passed = near & (ratio > 0.9) & (ratio < 1.1)
        s = 100 * weight[passed & (column(jets, "resonance_mass") == mass)].sum()
        b = 100 * weight[passed & (process > 0)].sum()
        assert yields.signal[m, 0] == pytest.approx(s)
        assert yields.background[m, 0] == pytest.approx(b)
        w = weight[passed & (process > 0)]
        assert yields.effective[m] == pytest.approx(w.sum() ** 2 / (w**2).sum())
        numbers = result.numbers()
        limit = numbers[f"reach.cut_based.limit.{mass:g}"]
        assert limit["value"] == pytest.approx(float(expected_limit(s, b, 0.1)))
        assert limit["low"] < limit["value"] < limit["high"]
        significance = numbers[f"reach.cut_based.significance.{mass:g}"]["value"]
        assert significance == pytest.approx(float(discovery_significance(s, b, 0.1)))


def test_what_is_selected_at_all_is_told():
    numbers = found(events()).numbers()
    for mass in ("500", "1000"):
        assert numbers[f"reach.acceptance.{mass}"]["value"] == pytest.approx(PER_FB)
    for name, total in BACKGROUND.items():
        assert numbers[f"reach.cross_section.{name}"]["value"] == pytest.approx(total)


def test_a_part_of_the_events_stands_for_all():
    jets = events(6000)
    fifth = jets.isel(jet=slice(0, 1200)).assign_attrs({SHARE: 0.2})
    whole, numbers = (found(some, events=1).numbers() for some in (jets, fifth))
    for name in ("reach.acceptance.500", "reach.cut_based.limit.1000", "reach.cross_section.qcd"):
        assert numbers[name]["value"] == pytest.approx(whole[name]["value"], rel=0.15)
    widths = [
        n["reach.acceptance.500"]["high"] - n["reach.acceptance.500"]["low"]
        for n in (whole, numbers)
    ]
    assert widths[1] > 1.5 * widths[0]


def test_each_half_is_counted_by_the_others_cut():
    """A discriminant that separates nothing in one half, and all in the other."""
    jets = events(8000)
    result = found(jets, window=(0, 9), events=5)
    sums = result.sums["score"]
    turned = result.sums.copy(deep=True)
    turned["score"] = sums.copy(deep=True)
    # in half 1 everything has the same discriminant: its best cut is none at all
    turned["score"].values[:, :, 1] = 0
    turned["score"].values[:, :, 1, 0] = sums.values[:, :, 1].sum(axis=2)
    turned["score_squares"] = result.sums["score_squares"].copy(deep=True)
    turned["score_squares"].values[:, :, 1] = 0
    squares = result.sums["score_squares"].values[:, :, 1].sum(axis=2)
    turned["score_squares"].values[:, :, 1, 0] = squares
    yields = tagged(type(result)(result.summary, turned))
    # half 0 is counted by half 1's cut, so whole; half 1 by half 0's, which leaves nothing of it
    whole = 100 * sums.values[:, :, 0].sum(axis=2)
    np.testing.assert_allclose(yields.signal, whole[:, 0])
    np.testing.assert_allclose(yields.background, whole[:, 1:].sum(axis=1))


def test_the_cut_is_near_the_best_there_is():
    jets = events(40_000, power=2.0)
    result = found(jets, window=(0.0, 9.0), events=20)
    cuts = np.linspace(-2, 3, 200)
    s = 100 * PER_FB * norm.sf(cuts - 2.0)
    b = 100 * sum(BACKGROUND.values()) * norm.sf(cuts)
    best = expected_limit(s[:, None], b[:, None], 0.1).min()
    numbers = result.numbers()
    for mass in ("500", "1000"):
        value = numbers[f"reach.limit.{mass}"]["value"]
        assert best * 0.9 < value < best * 1.25
        assert numbers[f"reach.limit_without_systematic.{mass}"]["value"] < value


def test_chance_is_no_gain():
    """A discriminant of pure noise excludes no more than no cut at all."""
    ratios = []
    for seed in range(12):
        jets = events(1500, seed=seed, power=0.0)
        noise = found(jets, events=3, window=(0.8, 1.2))
        none = found(jets.assign(output=jets["output"] * 0), events=3, window=(0.8, 1.2))
        pair = (r.numbers()["reach.limit.1000"]["value"] for r in (noise, none))
        ratios.append(next(pair) / next(pair))
    # chosen and counted in the same events, the best of a hundred cuts would be well below 1
    assert np.mean(ratios) > 0.98


def test_a_better_tagger_excludes_more_and_too_few_events_nothing():
    limits = [
        found(events(8000, power=p)).numbers()["reach.limit.1000"]["value"] for p in (0.5, 1.5, 3)
    ]
    assert limits == sorted(limits, reverse=True)
    tight = found(events(8000, power=6), events=150)
    assert set(limited(tight)) == set(MASSES)  # it could cut tighter, if there were more events
    loose = tagged(tight)
    assert (loose.effective > 250).all()
    nothing = found(events(400), events=1e6).numbers()
    assert not [n for n in nothing if "limit" in n or "significance" in n]
    assert "reach.acceptance.500" in nothing


def test_errors_grow_as_the_simulated_background_shrinks():
    widths = []
    for n in (2000, 32_000):
        limit = found(events(n), replicas=60).numbers()["reach.limit.1000"]
        widths.append((limit["high"] - limit["low"]) / limit["value"])
    assert widths[0] > 1.5 * widths[1]


def test_scores_beyond_the_bins_still_count():
    jets = events(2000)
    far = jets.assign(output=jets["output"] * 1e3)
    assert jets["output"].values.max() * 1e3 > EDGES[-1]
    assert found(far).sums["score"].sum() == pytest.approx(float(found(jets).sums["score"].sum()))


def test_it_does_not_matter_whether_a_fact_is_a_variable_or_truth():
    jets = events(800)
    names = ["process", "resonance_mass", "xsec_weight"]
    values = np.column_stack([jets["jets_value"].values, *(column(jets, n) for n in names)])
    features = [*VARIABLES, *names]
    alike = jets.drop_vars([f"jets_{n}" for n in names] + ["jets_value", "jets_feature"]).assign(
        jets_value=(("jet", "jets_feature"), values)
    )
    assert found(alike.assign_coords(jets_feature=features)) == found(jets)


def test_mistakes_are_told():
    jets = events(100)
    with pytest.raises(BadValueError, match="signal events of 500 GeV"):
        found(jets, masses=[1000])
    with pytest.raises(BadValueError, match=r"backgrounds=\['qcd'\].*0 to 2"):
        found(jets, backgrounds=["qcd"])
    bare = jets.isel(jets_feature=slice(0, 3))
    with pytest.raises(UnknownNameError, match="variable of the events 'deta_hh'"):
        found(bare)
    for wrong in ({"luminosity": 0}, {"systematic": -1}, {"masses": []}, {"window": (1.1, 0.9)}):
        with pytest.raises(BadValueError, match=next(iter(wrong))):
            found(jets, **wrong)


def ensemble(powers, repeats=4):
    members = [
        Member({"model": name}, r, found(with_noise(r, power)))
        for name, power in powers.items()
        for r in range(repeats)
    ]
    return Ensemble(tuple(members))


def with_noise(repeat, power):
    """The same events, seen by a tagger that was trained a little differently."""
    jets = events(6000, power=power)
    noise = np.random.default_rng(repeat).normal(size=jets["output"].shape) * 0.3
    return jets.assign(output=jets["output"] + noise)


def test_taggers_are_compared_over_retrainings():
    both = ensemble({"concatenation": 1.5, "cross-attention": 3.0})
    numbers = both.numbers()
    limits = [numbers[f"reach.{m}.limit.1000"] for m in ("concatenation", "cross-attention")]
    assert limits[0]["low"] > limits[1]["high"]
    own = [m.result.numbers()["reach.limit.1000"]["value"] for m in both.members]
    assert limits[1]["value"] == pytest.approx(np.mean(own[4:]))
    ratio = numbers["reach.ratio.cross-attention.1000.vs.concatenation"]
    each = np.log(own[4:]) - np.log(own[:4])
    assert ratio["value"] == pytest.approx(np.exp(each.mean()))
    assert ratio["high"] < 1
    same = ensemble({"a": 2.0, "b": 2.0}).numbers()["reach.ratio.b.1000.vs.a"]
    assert (same["value"], same["low"], same["high"]) == pytest.approx((1, 1, 1))


def test_other_events_are_not_compared():
    members = [Member({"data.seed": s}, 0, found(events(500, seed=int(s)))) for s in "12"]
    assert not [n for n in Ensemble(tuple(members)).numbers() if "ratio" in n]
