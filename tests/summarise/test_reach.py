from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.hashing import uniform
from jetlens.physics.limits import discovery_significance, expected_limit
from jetlens.summarise.reach import SHARE
from jetlens.summarise.search.limits import limited
from jetlens.summarise.search.tagging import rates
from jetlens.summarise.search.yields import EDGES, SCORE, by_cuts, by_tagger
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


def tagged(result):
    return by_tagger(result, rates(result.sums))


def cut_based(result):
    return by_cuts(result, rates(result.sums))


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
    jets = events(tags=(0.8, 0.1))
    numbers, untagged = (found(some).numbers() for some in (jets, events()))
    own = column(jets, "tag_1") * column(jets, "tag_2")
    for mass in ("500", "1000"):
        for each in (numbers, untagged):
            assert each[f"reach.acceptance.{mass}"]["value"] == pytest.approx(PER_FB)
        passed = own[column(jets, "resonance_mass") == float(mass)].mean()
        both = numbers[f"reach.acceptance_and_tags.{mass}"]["value"]
        assert both == pytest.approx(PER_FB * passed)
        assert untagged[f"reach.acceptance_and_tags.{mass}"]["value"] == pytest.approx(PER_FB)
    for name, total in BACKGROUND.items():
        for each in (numbers, untagged):
            before = each[f"reach.cross_section_before_tags.{name}"]["value"]
            assert before == pytest.approx(total)
        assert untagged[f"reach.cross_section.{name}"]["value"] == pytest.approx(total)
    assert numbers["reach.cross_section.qcd"]["value"] == pytest.approx(0.01 * 40, rel=0.25)


def test_intervals_hold_the_error_of_tags():
    """Independent samples differ in their few tags as much as their intervals say."""
    values, widths, plain = [], [], []
    for seed in range(40):
        numbers = found(events(600, seed=seed, tags=(0.8, 0.15)), replicas=60).numbers()
        number = numbers["reach.cross_section.qcd"]
        values.append(number["value"])
        widths.append((number["high"] - number["low"]) / 2)
        before = numbers["reach.cross_section_before_tags.qcd"]
        plain.append((before["high"] - before["low"]) / (2 * before["value"]))
    assert np.mean(values) == pytest.approx(0.15**2 * 40, rel=3 * np.std(values) / 40**0.5 / 0.9)
    assert np.mean(widths) == pytest.approx(np.std(values, ddof=1), rel=0.35)
    # what the number of events alone would say
    assert np.mean(widths) / np.mean(values) > 2 * np.mean(plain)


def test_backgrounds_count_with_the_tags_of_jets_like_theirs():
    jets = events(3000, tags=(1.0, 0.2))
    background = column(jets, "process") > 0
    none = jets.isel(jet=~background | (column(jets, "tag_1") + column(jets, "tag_2") < 2))
    numbers = found(none, events=1).numbers()  # no background event has both tags
    assert numbers["reach.cross_section.qcd"]["value"] > 0.01 * 40
    assert numbers["reach.cut_based.limit.1000"]["value"] > 0


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
    half = uniform(jets["event"].values, salt=3) < 0.5
    # in half 1 everything has the same discriminant: its best cut is none at all
    output = np.where(half[:, None], [0.0, -20.0], jets["output"].values)
    result = found(jets.assign(output=(("jet", "class"), output)), window=(0, 9), events=5)
    cell = result.parts[SCORE].cell
    assert {"1"} == {
        label
        for k, label in enumerate(result.parts[SCORE].axes["half"])
        if len(np.unique(result.parts[SCORE].place[cell // 15 % 2 == k])) == 1
    }
    yields = tagged(result)
    # half 0 is counted by half 1's cut, so whole; half 1 by half 0's, which leaves nothing of it
    for m, mass in enumerate(MASSES):
        for some, of in (
            (column(jets, "resonance_mass") == mass, yields.signal),
            (column(jets, "process") > 0, yields.background),
        ):
            whole = 100 * column(jets, "xsec_weight")[some & ~half].sum()
            assert of[m, 0] == pytest.approx(whole)


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
    contents = [found(some).parts[SCORE].content[:, 0].sum() for some in (far, jets)]
    assert contents[0] == pytest.approx(contents[1])


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
    with pytest.raises(UnknownNameError, match="variable of the jets 'deta_hh'"):
        found(bare)
    for wrong in (
        *({"luminosity": 0}, {"luminosity": np.inf}, {"systematic": -1}, {"window": (1.1, 0.9)}),
        *({"masses": []}, {"masses": [500, 1000, 500]}, {"published_luminosity": 0}),
        *({"published": [1000, 3.0]}, {"published": [[1000, 3.0, 4.0]]}, {"published": [[1, -2]]}),
    ):
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
    assert limits[1]["value"] == pytest.approx(np.exp(np.mean(np.log(own[4:]))))
    ratio = numbers["reach.ratio.cross-attention.1000.vs.concatenation"]
    each = np.log(own[4:]) - np.log(own[:4])
    assert ratio["value"] == pytest.approx(np.exp(each.mean()))
    assert ratio["high"] < 1
    same = ensemble({"a": 2.0, "b": 2.0}).numbers()["reach.ratio.b.1000.vs.a"]
    assert (same["value"], same["low"], same["high"]) == pytest.approx((1, 1, 1))


def test_other_events_are_not_compared():
    members = [Member({"setting": s}, 0, found(events(500, seed=int(s))), s) for s in "12"]
    assert not [n for n in Ensemble(tuple(members)).numbers() if "ratio" in n]


def some_without(lacking):
    """Three splits of two taggers; of the repeats named, the test sample is too small at 1000."""
    members = []
    for name, power in (("a", 1.5), ("b", 3.0)):
        for repeat in range(3):
            jets = events(3000, seed=repeat, power=power)
            if repeat in lacking:
                far = column(jets, "process") > 0
                far &= np.abs(column(jets, "m_hh") / 1000 - 1) < 0.2
                jets = jets.isel(jet=~far)
            members.append(Member({"model": name}, repeat, found(jets)))
    return Ensemble(tuple(members))


def test_limits_of_some_retrainings_stand_for_all_and_are_counted():
    both = some_without([1])
    numbers = both.numbers()
    own = [m.result.numbers().get("reach.limit.1000", {}).get("value") for m in both.members]
    assert [v is None for v in own] == 2 * [False, True, False]
    assert numbers["reach.b.limit.1000"]["value"] == pytest.approx((own[3] * own[5]) ** 0.5)
    assert numbers["reach.b.trainings_with_limit.1000"]["value"] == 2
    assert "reach.b.trainings_with_limit.500" not in numbers
    logs = np.log(own[3]) - np.log(own[0]), np.log(own[5]) - np.log(own[2])
    ratio = numbers["reach.ratio.b.1000.vs.a"]["value"]
    assert ratio == pytest.approx(np.exp(np.mean(logs)))


def test_the_limit_of_one_retraining_of_three_does_not_stand_for_all():
    numbers = some_without([0, 1]).numbers()
    assert numbers["reach.a.trainings_with_limit.1000"]["value"] == 1
    assert not [n for n in numbers if n.endswith(("limit.1000", "1000.vs.a")) and "with" not in n]
    assert "reach.ratio.b.500.vs.a" in numbers


def test_no_share_is_beyond_one():
    jets = events(300)
    jets["jets_xsec_weight"] = jets["jets_xsec_weight"] * 40  # an acceptance of more than all
    numbers = jl.summarise(jets, "reach", masses=MASSES, replicas=10).numbers()
    shares = [n for name, n in numbers.items() if "acceptance" in name or "in_window" in name]
    assert shares
    assert all(0 <= n["low"] <= n["value"] <= n["high"] <= 1 for n in shares)
