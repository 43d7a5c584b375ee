"""Explanations that look where we say: what is planted has to be found, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

import imaged
import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError, UnsupportedError
from jetlens.physics.image import pixelate, square
from jetlens.summarise.trainings.ensemble import Ensemble, Member

EDGES = np.linspace(-imaged.WINDOW, imaged.WINDOW, imaged.PIXELS + 1)
MIDDLES = (EDGES[1:] + EDGES[:-1]) / 2
NULLS = ("area", "pt", "random", "turned", "other")


def in_discs(some, radius, name="partons"):
    """Return which pixels are in discs, by a loop over jets, pixels and regions."""
    found = np.zeros((len(some), imaged.PIXELS, imaged.PIXELS))
    for j in range(len(some)):
        for x, y in some[name].values[j, some[name].mask[j], :2]:
            for row, up in enumerate(MIDDLES):
                for column, across in enumerate(MIDDLES):
                    if np.hypot(across - x, up - y) <= radius:
                        found[j, row, column] = 1
    return found


def pt_of(some):
    values = np.where(some["particles"].mask[..., None], some["particles"].values, 0)
    x, y, pt = np.moveaxis(values.astype(np.float64), -1, 0)
    return pixelate(x, y, pt, window=square(imaged.WINDOW), pixels=imaged.PIXELS)


def summed(some, looked, patch=None, **options):
    settings = {"regions": "partons", "radius": 0.2, "radii": []} | options
    return jl.summarise(imaged.explained(some, looked, patch), "attention-fraction", **settings)


def summed_from(attribution, **options):
    return jl.summarise(attribution, "attention-fraction", regions="partons", **options)


def numbers(*arguments, **options):
    return summed(*arguments, **options).numbers()


def value(found, name):
    return found[f"attention_fraction.{name}"]["value"]


def test_what_looks_inside_alone_is_all_inside():
    some = imaged.jets(60, weighted=False)
    inside = in_discs(some, 0.2)
    found = numbers(some, inside)
    area = inside.mean(axis=(1, 2))
    real = some["partons"].mask.any(axis=1)
    assert value(found, "all") == pytest.approx(1)
    assert value(found, "all.area") == pytest.approx(area[real].mean(), rel=1e-6)
    assert value(found, "all.enrichment.area") == pytest.approx(1 / area[real].mean(), rel=1e-6)
    for null in ("area", "random", "turned", "other"):
        assert found[f"attention_fraction.all.minus.{null}"]["low_95"] > 0.2
        assert value(found, f"all.above.{null}") == pytest.approx(1)


def test_what_looks_nowhere_special_is_not_enriched_but_over_pt():
    some = imaged.jets(200)
    found = numbers(some, np.ones((200, imaged.PIXELS, imaged.PIXELS)))
    area = found["attention_fraction.all.enrichment.area"]
    assert area == pytest.approx({"value": 1, "low": 1, "high": 1})  # replica by replica
    assert value(found, "all.above.area") == pytest.approx(0.5)
    for null in ("turned", "other", "random"):  # however discs overlap each other, or the edge
        assert value(found, f"all.enrichment.{null}") == pytest.approx(1)
    assert value(found, "all.enrichment.pt") < 0.4
    assert found["attention_fraction.all.minus.pt"]["high_95"] < -0.3


def test_what_looks_at_pt_is_enriched_over_all_but_pt():
    some = imaged.jets(200)
    pt = pt_of(some)
    found = numbers(some, pt)
    over = found["attention_fraction.all.enrichment.pt"]
    assert over == pytest.approx({"value": 1, "low": 1, "high": 1}, rel=1e-5)
    for null in ("area", "random", "turned", "other"):
        assert found[f"attention_fraction.all.enrichment.{null}"]["low"] > 1.5


def test_pt_seen_in_patches_is_the_null_of_explanations_in_patches():
    """A tagger of patches that looks at the pT alone looks less at prongs than the pT itself."""
    some = imaged.jets(200)
    cells, side = imaged.PIXELS // imaged.PATCH, imaged.PATCH
    coarse = pt_of(some).reshape(-1, cells, side, cells, side).mean(axis=(2, 4))
    looked = coarse.repeat(side, axis=1).repeat(side, axis=2)
    found = numbers(some, looked, imaged.PATCH, radius=0.1)
    assert value(found, "all.enrichment.pt") < 0.6
    own = found["attention_fraction.all.enrichment.pt_in_patches"]
    assert own == pytest.approx({"value": 1, "low": 1, "high": 1}, rel=1e-5)


def test_a_profile_about_the_axis_is_enriched_over_random_places_not_over_turned_ones():
    """What is drawn to the middle of every jet alike knows nothing of its prongs."""
    some = imaged.jets(400, radius=0.3)
    away = np.hypot(MIDDLES[None], MIDDLES[:, None])
    found = numbers(some, np.tile(np.exp(-((away / 0.25) ** 2)), (400, 1, 1)))
    assert found["attention_fraction.all.enrichment.random"]["low"] > 1.8
    assert value(found, "all.enrichment.turned") == pytest.approx(1, abs=0.03)
    assert value(found, "all.enrichment.other") == pytest.approx(1, abs=0.03)


def test_radii_classes_and_verdicts_are_kept_apart():
    some = imaged.jets(200, weighted=False)
    attribution = imaged.explained(some, in_discs(some, 0.2), None)
    right = (attribution["output"].argmax("class") == attribution["label"]).values
    dark = np.where(right[:, None, None], attribution["image_importance"], 1.0)
    attribution["image_importance"] = (("jet", "y", "x"), dark)  # the wrong look everywhere
    result = jl.summarise(
        attribution, "attention-fraction", regions="partons", radius=0.2, radii=[0.1, 0.3]
    )
    summary = result.summary
    assert list(result.sums["radius"].values) == [0.1, 0.2, 0.3]
    inside = summary.shares(result, "right")[:, 0, :, 0]
    assert (inside[:, 0] < 0.7).all()
    np.testing.assert_allclose(inside[:, 1:], 1)
    found = result.numbers()
    assert value(found, "all.wrong.enrichment.area") == pytest.approx(1)
    assert value(found, "four.area") > 1.5 * value(found, "two.area")
    weights = result.sums["tagged_weight"].values
    np.testing.assert_allclose(weights[0], weights[1] + weights[2])
    by_score = summary.against_score(result)[:, 0, 0, 0]
    by_score = by_score[np.isfinite(by_score)]
    assert by_score[0] < 0.3  # the probability of the true class is small: wrong ones
    assert by_score[-1] == pytest.approx(1)
    some_right = summary.against_score(result, "right")[:, 0, 0, 0]
    np.testing.assert_allclose(some_right[np.isfinite(some_right)], 1)
    jets = result.sums["score_jets"].sel(group="all").sum("score")
    np.testing.assert_array_equal(jets, result.sums["tagged_jets"].sel(group="all"))


def test_right_is_tested_against_wrong():
    """Those tagged right look inside the discs, the others everywhere: both have their shares."""
    some = imaged.jets(200, weighted=False)
    inside = in_discs(some, 0.2)
    attribution = imaged.explained(some, inside, None)
    right = (attribution["output"].argmax("class") == attribution["label"]).values
    dark = np.where(right[:, None, None], attribution["image_importance"], 1.0)
    attribution["image_importance"] = (("jet", "y", "x"), dark)
    found = jl.summarise(attribution, "attention-fraction", regions="partons", radius=0.2).numbers()
    wrong = ~right & some["partons"].mask.any(axis=1)
    gap = found["attention_fraction.all.right_minus_wrong"]
    assert gap["value"] == pytest.approx(1 - inside[wrong].mean(), rel=1e-6)
    assert 0.2 < gap["low_95"] < gap["low"] < gap["high"] < gap["high_95"]
    for null in ("area", "pt"):
        over = "attention_fraction.all.{}enrichment." + null
        each = [found[over.format(tagged)]["value"] for tagged in ("right.", "wrong.")]
        gap = found[over.format("right_minus_wrong.")]
        assert gap["value"] == pytest.approx(each[0] - each[1])
        assert gap["low_95"] > 0


def test_an_overconfident_tagger_fills_several_bins():
    some = imaged.jets(200)
    found = imaged.explained(some, np.ones((200, imaged.PIXELS, imaged.PIXELS)))
    sure = found["output"] + np.where(found["output"] == found["output"].max("class"), 1.5, -1.5)
    found["output"] = sure
    own = np.take_along_axis(sure.values, found["label"].values[:, None], axis=1)[:, 0]
    p = 1 / (1 + np.exp(sure.values.sum(axis=1) - 2 * own))
    edges = [-4, 0, 4, 5]
    result = summed_from(found, score_edges=edges)
    cell = np.digitize(np.log(p / (1 - p)), edges)
    used = some["partons"].mask.any(axis=1)
    jets = result.sums["score_jets"].sel(group="all", tagged="every")
    np.testing.assert_array_equal(jets, np.bincount(cell[used], minlength=5))
    assert (p[used] > 0.8).mean() > 0.8  # the last of five bins of equal width
    assert min(jets.values[2:]) > 20
    for wrong in ([], [1, 1], [2, 0]):
        with pytest.raises(BadValueError, match="rising"):
            summed_from(found, score_edges=wrong)


def test_nulls_are_tested_over_trainings_by_the_error_of_the_mean():
    """Three trainings look at the discs, each by another share: the mean difference has Student's
    error, wider than that of any alone; of a single training it is the test sample's."""
    some = imaged.jets(160)
    inside, even = in_discs(some, 0.2), np.ones((160, imaged.PIXELS, imaged.PIXELS))
    results = [summed(some, inside + share * even) for share in (0.0, 0.5, 1.0)]
    every = Ensemble(tuple(Member({"model": "x"}, n, r) for n, r in enumerate(results))).numbers()
    found = every["attention_fraction.x.all.minus.area"]
    each = [r.numbers()["attention_fraction.all.minus.area"] for r in results]
    assert found["pairs"] == 3
    assert found["value"] == pytest.approx(np.mean([n["value"] for n in each]))
    spread = np.std([n["value"] for n in each], ddof=1) / np.sqrt(3)
    assert found["value"] - found["low_95"] > 4.30 * spread  # Student's factor of two degrees
    tagged = results[0].sums["tagged_jets"]
    tagged.loc[{"tagged": "wrong"}] = 0  # of one training no number
    every = Ensemble(tuple(Member({"model": "x"}, n, r) for n, r in enumerate(results))).numbers()
    gaps = [r.numbers()["attention_fraction.all.right_minus_wrong"]["value"] for r in results[1:]]
    found = every["attention_fraction.x.all.right_minus_wrong"]
    assert (found["pairs"], found["value"]) == (2, pytest.approx(np.mean(gaps)))
    alone = Ensemble((Member({"model": "x"}, 0, results[1]),)).numbers()
    found = alone["attention_fraction.x.all.minus.area"]
    assert found.pop("pairs") == 1
    assert found == pytest.approx(each[1])


def test_of_few_jets_there_are_no_numbers():
    """Of five jets a bootstrap has an interval, and a verdict, that is much too narrow."""
    some = imaged.jets(90)
    found = imaged.explained(some, in_discs(some, 0.1), None)
    right = (found["output"].argmax("class") == found["label"]).values
    few = np.sort(np.concatenate([np.flatnonzero(right)[:30], np.flatnonzero(~right)[:9]]))
    result = jl.summarise(found.isel(jet=few), "attention-fraction", replicas=20)
    jets = result.sums["tagged_jets"].sel(group="all")
    assert int(jets.sel(tagged="right")) >= 10
    assert 0 < int(jets.sel(tagged="wrong")) < 10
    numbers = result.numbers()
    assert "attention_fraction.all.right.minus.turned" in numbers
    assert not any(".wrong" in name for name in numbers)


def test_jets_without_regions_or_explanation_are_counted_and_left_out():
    some = imaged.jets(90)
    looked = np.ones((90, imaged.PIXELS, imaged.PIXELS))
    looked[::3] = 0
    counts = summed(some, looked).sums["jets"].sel(group="all")
    real = some["partons"].mask.any(axis=1) & (np.arange(90) % 3 != 0)
    assert int(counts.sel(count="selected")) == 90
    assert int(counts.sel(count="used")) == real.sum() < 60


def test_taggers_are_compared_on_the_jets_that_both_explain():
    """One looks inside the discs, of all jets; the other everywhere, at every second jet alone."""
    some = imaged.jets(120)
    inside = in_discs(some, 0.2)
    even = np.ones_like(inside)
    even[::2] = 0
    members = [
        Member({"model": name}, 0, summed(some, looked))
        for name, looked in (("inside", inside), ("even", even))
    ]
    found = Ensemble(tuple(members)).numbers()
    real = some["partons"].mask.any(axis=1) & (np.arange(120) % 2 == 1)
    area = np.average(inside.mean(axis=(1, 2))[real], weights=some.weight[real])
    gain = found["attention_fraction.gain.even.all.vs.inside"]
    assert gain["value"] == pytest.approx(area - 1, rel=1e-5)
    assert gain["low_95"] < gain["value"] < gain["high_95"] < 0
    over = found["attention_fraction.gain.even.all.enrichment.area.vs.inside"]
    assert over["value"] == pytest.approx(1 - 1 / area, rel=1e-5)
    left = Member({"model": "none"}, 0, summed(some.take(slice(0, 120, 2)), even[::2]))
    alone = Ensemble((members[0], left)).numbers()
    assert not any(".gain." in name for name in alone)


def test_scores_of_channels_count_by_their_sizes():
    some = imaged.jets(40)
    rng = np.random.default_rng(1)
    score = rng.normal(size=(40, 1, imaged.PIXELS, imaged.PIXELS))
    attribution = imaged.explained(some, np.abs(score[:, 0]), None)
    scored = attribution.drop_vars("image_importance").assign(
        image_score=(("jet", "image_channel", "y", "x"), score)
    )
    a, b = (jl.summarise(x, "attention-fraction", replicas=5) for x in (attribution, scored))
    np.testing.assert_allclose(a.sums["share"], b.sums["share"], rtol=1e-5)


def test_what_is_missing_is_told():
    some = imaged.jets(10)
    looked = np.ones((10, imaged.PIXELS, imaged.PIXELS))
    attribution = imaged.explained(some, looked)
    for name in ("partons", "prongs"):
        there = [v for v in attribution.data_vars if not str(v).startswith(name)]
        with pytest.raises(UnsupportedError, match=f"no '{name}' in the image's frame"):
            jl.summarise(attribution[there], "attention-fraction", regions=name)
    with pytest.raises(UnsupportedError, match="only jets that jetlens generates"):
        jl.summarise(
            attribution.drop_vars("partons_value"), "attention-fraction", regions="partons"
        )
    with pytest.raises(UnsupportedError, match="does not say where its pixels are"):
        jl.summarise(attribution.drop_vars("x"), "attention-fraction")
    with pytest.raises((BadValueError, UnknownNameError), match="did you mean 'partons'"):
        jl.summarise(attribution, "attention-fraction", regions="parton")
    with pytest.raises(BadValueError, match="radius=0"):
        jl.summarise(attribution, "attention-fraction", radius=0)
    without = attribution.drop_vars("particles_value")
    kinds = jl.summarise(without, "attention-fraction").sums["kind"].values
    assert "pt" not in kinds
    assert "area" in kinds
