from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.plots.entry import caption, draw
from jetlens.plots.tagging.reach_compared import NONE
from jetlens.summarise.search.limits import limited
from jetlens.summarise.trainings.ensemble import Ensemble, Member
from searches import MASSES, events

OPTIONS = {"masses": MASSES, "luminosity": 100.0, "replicas": 10, "events": 2}


def curves(ax):
    return {c.get_label(): c for c in ax.containers}


def test_points_are_the_numbers_and_published_limits_are_scaled():
    published = {"published": [[500, 8.0], [1000, 4.0]], "published_luminosity": 25.0}
    result = jl.summarise(events(4000), "reach", **OPTIONS, **published)
    drawn = draw(result)
    left, right = drawn.axes
    numbers = result.numbers()
    for ax, quantity in ((left, "limit"), (right, "significance")):
        found = curves(ax)
        for name, prefix in (("tagger", "reach."), ("cuts alone", "reach.cut_based.")):
            wanted = [numbers[f"{prefix}{quantity}.{m:g}"]["value"] for m in MASSES]
            np.testing.assert_allclose(found[name].lines[0].get_ydata(), wanted)
    (band,) = [c for c in left.collections if "scaled" in str(c.get_label())]
    edges = band.get_paths()[0].vertices[:, 1]
    assert (edges.min(), edges.max()) == pytest.approx((1.0, 4.0))  # 4 times the luminosity
    assert "scaled between" in caption(result)
    assert "ATLAS" not in caption(jl.summarise(events(500), "reach", **OPTIONS))


def test_compared_taggers_have_a_curve_each_and_ratios():
    members = [
        Member(
            {"model": name}, r, jl.summarise(events(4000, power=p + 0.1 * r), "reach", **OPTIONS)
        )
        for name, p in (("a", 1.5), ("b", 2.5))
        for r in range(2)
    ]
    ensemble = Ensemble(tuple(members))
    upper, middle, lower = draw(ensemble).axes
    numbers = ensemble.numbers()
    for ax, quantity in ((upper, "limit"), (middle, "significance")):
        assert set(curves(ax)) == {"a", "b", "cuts alone"}
        for name, start in (("b", "b"), ("cuts alone", "a.cut_based")):
            wanted = [numbers[f"reach.{start}.{quantity}.{m:g}"]["value"] for m in MASSES]
            np.testing.assert_allclose(curves(ax)[name].lines[0].get_ydata(), wanted)
    alone = draw(Ensemble(tuple(members[:2])))
    assert [ax.get_ylabel()[:8] for ax in alone.axes] == ["Expected", "Expected"]
    wanted = [numbers[f"reach.ratio.b.{m:g}.vs.a"]["value"] for m in MASSES]
    np.testing.assert_allclose(curves(lower)["b"].lines[0].get_ydata(), wanted)
    assert "below 1 is better" in caption(ensemble)


def test_limits_that_are_those_of_the_simulation_are_told():
    options = OPTIONS | {"events": 20}
    sharp, blunt = (jl.summarise(events(4000, power=p), "reach", **options) for p in (2.5, 0.0))
    assert limited(sharp) == list(MASSES)
    assert limited(blunt) == []
    members = [Member({"model": n}, 0, r) for n, r in (("a", sharp), ("b", blunt), ("c", sharp))]
    said = caption(Ensemble(tuple(members)))
    assert "Of 3 taggers" in said
    assert "at 500 GeV of 2, at 1000 GeV of 2:" in said
    assert "tighter cut" not in caption(Ensemble((Member({"model": "b"}, 0, blunt),)))
    none = jl.summarise(events(60), "reach", **(OPTIONS | {"events": 1e5}))
    assert limited(none) == []


def test_what_has_no_limit_says_so():
    members = [
        Member({"model": n}, 0, jl.summarise(events(60), "reach", **(OPTIONS | {"events": 1e5})))
        for n in "ab"
    ]
    upper = draw(Ensemble(tuple(members))).axes[0]
    assert NONE in [t.get_text() for t in upper.texts]


def test_limits_of_some_retrainings_are_told():
    full, few = (jl.summarise(events(n), "reach", **OPTIONS) for n in (4000, 20))
    assert "reach.limit.1000" not in few.numbers()
    members = [
        Member({"model": name}, r, result)
        for name in "ab"
        for r, result in enumerate((full, few, full))
    ]
    words = caption(Ensemble(tuple(members)))
    assert "at 500 GeV 2 of 3 trainings of a and 2 of 3 trainings of b; at 1000 GeV" in words
    assert "Not every test sample" not in caption(Ensemble((members[0],)))


def test_that_mean_tags_may_be_optimistic_is_told_where_there_are_tags():
    options = OPTIONS | {"replicas": 3}
    tagged, bare = (
        jl.summarise(events(400, tags=tags), "reach", **options) for tags in ((0.8, 0.2), None)
    )
    assert "limits are optimistic where" in caption(tagged)
    assert "limits are optimistic where" in caption(Ensemble((Member({}, 0, tagged),)))
    assert "optimistic" not in caption(bare)
