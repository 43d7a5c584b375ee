"""Flips: shares and distances against jets one by one, and a tagger whose flips are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError, UnsupportedError
from reference import gradient_summaries as reference
from synthetic import flipping, graded

RANKS = ((1, 1), (2, 3), (4, 99))


@pytest.fixture(scope="module")
def jets():
    return flipping(300, 9, weighted=False)


@pytest.fixture(scope="module")
def found(jets):
    return jl.summarise(jets, "flip-distance", replicas=30, ranks=[1, 2, 4])


def test_shares_and_medians_are_those_of_jets(jets, found):
    mask, step = jets["constituents_mask"].values, jets["constituents_flip_step"].values
    scale, tried = jets["flip_scale"].values, jets["tried"].values
    value, low, high = found.summary.share(found)
    median = found.summary.median(found)
    every = found.summary.median(found, every=True)
    for g, own in enumerate(reference.groups(jets).values()):
        there = [j for j in own if tried[j]]
        flips = [j for j in there if np.isfinite(scale[j]) and mask[j].any()]
        assert value[g] == pytest.approx(len(flips) / len(there))
        assert low[g] < value[g] < high[g]
        rms = np.array([np.sqrt((step[j, mask[j]] ** 2).mean(0)) for j in flips])
        whole = [np.sqrt((step[j, mask[j]] ** 2).sum()) for j in flips]
        wanted = [*np.median(rms, axis=0), np.median(whole), np.median(scale[flips])]
        np.testing.assert_allclose(median[0][g], wanted, rtol=1e-5, atol=1e-7)
        # of all that were tried, those that do not flip lie beyond all others
        beyond = np.full(len(there) - len(flips), np.inf)
        columns = [*rms.T, whole, scale[flips]]
        wanted = [np.median(np.concatenate([column, beyond])) for column in columns]
        assert (np.isfinite(wanted)).all() == (len(flips) > len(there) / 2)
        np.testing.assert_allclose(every[0][g], wanted, rtol=1e-5, atol=1e-7)
        assert (every[1][g] <= every[0][g]).all()
        assert (every[0][g] <= every[2][g]).all()
    assert (median[1] <= median[0]).all()
    assert (median[2] >= median[0]).all()
    upto = found.summary.flipped_by(found, np.array([0, 0.5, 1e6]))[..., 0]
    at_half = np.mean((scale < 0.5)[tried])
    assert upto[0] == pytest.approx([0, at_half, value[0]], abs=0.01)


def test_jets_count_by_their_weight():
    jets = flipping(300, 9)
    weight, tried = jets["weight"].values, jets["tried"].values
    scale, every = jets["flip_scale"].values, jets["constituents_mask"].values
    flips = tried & np.isfinite(scale) & every.any(axis=1)
    assert np.ptp(weight) > 0.1
    result = jl.summarise(jets, "flip-distance", replicas=5)
    value = result.summary.share(result)[0][0]
    assert value == pytest.approx(weight[flips].sum() / weight[tried].sum())
    assert value != pytest.approx(flips.sum() / tried.sum(), rel=1e-6)
    every = float(result.summary.median(result, every=True)[0][0, -1])
    assert weight[flips & (scale < every)].sum() / weight[tried].sum() == pytest.approx(
        0.5, abs=2 * weight.max() / weight[tried].sum()
    )
    median = float(result.summary.median(result)[0][0, -1])
    below = weight[flips & (scale < median)].sum() / weight[flips].sum()
    assert below == pytest.approx(0.5, abs=2 * weight.max() / weight[flips].sum())


def test_a_median_over_all_is_reached_where_more_than_half_flip(jets):
    label = jets["label"].values
    rng = np.random.default_rng(1)
    some = np.where((label == 1) & (rng.random(len(label)) < 0.6), np.nan, jets["flip_scale"])
    few = jets.assign(flip_scale=("jet", some))
    numbers = jl.summarise(few, "flip-distance", replicas=30).numbers()
    assert numbers["flip.share.quark"]["high"] < 0.5 < numbers["flip.share.gluon"]["low"]
    for what in ("step", "scale", "distance"):
        after = ".pt" if what == "distance" else ""
        every = numbers[f"flip.{what}_of_all.gluon{after}"]
        assert every["low"] < every["value"] < every["high"]
        assert every["value"] > numbers[f"flip.{what}.gluon{after}"]["value"]
        assert f"flip.{what}.quark{after}" in numbers
        assert f"flip.{what}_of_all.quark{after}" not in numbers
    # next to half, some replicas have no median: how many do is told
    tried = jets["tried"].values & jets["constituents_mask"].values.any(axis=1)
    flips = np.flatnonzero(tried & np.isfinite(jets["flip_scale"].values))
    kept = np.isin(np.arange(len(label)), flips[: int(0.51 * jets["tried"].values.sum())])
    half = jl.summarise(jets.assign(flip_scale=jets["flip_scale"].where(kept)), "flip-distance")
    numbers = half.numbers()
    assert "defined" not in numbers["flip.step.all"]
    assert 0.5 <= numbers["flip.step_of_all.all"]["defined"] < 1
    whole = jl.summarise(few, "flip-distance", replicas=30)
    merged = sum_of([few.isel(jet=slice(0, 90)), few.isel(jet=slice(90, None))])
    np.testing.assert_allclose(
        merged.summary.median(merged, every=True)[0], whole.summary.median(whole, every=True)[0]
    )


def sum_of(parts):
    """Add up the results of parts."""
    first, second = (jl.summarise(part, "flip-distance", replicas=30) for part in parts)
    return first + second


def test_ranks_are_root_mean_squares_over_particles(jets, found):
    by_rank = found.summary.by_rank(found)[..., 0]
    step, scale = jets["constituents_flip_step"].values, jets["flip_scale"].values
    for g, own in enumerate(reference.groups(jets).values()):
        for r, (first, last) in enumerate(RANKS):
            squares = [
                step[j, place] ** 2
                for j in own
                if np.isfinite(scale[j])
                for rank, place in enumerate(reference.in_order(jets, j, "pt"), start=1)
                if first <= rank <= last
            ]
            np.testing.assert_allclose(by_rank[g, r], np.sqrt(np.mean(squares, axis=0)), rtol=1e-6)


def test_numbers_tell_what_moves(found):
    numbers = found.numbers()
    assert {n.split(".")[-1] for n in numbers if n.startswith("flip.distance.all")} == {
        "pt", "deta", "dphi",
    }  # fmt: skip
    pt = [numbers[f"flip.distance.{c}.pt"]["value"] for c in ("gluon", "quark")]
    assert 1.5 < pt[0] / pt[1] < 4  # as they are made up
    assert numbers["flip.leading.all.pt"]["value"] > 1.2
    assert found.summary.ranking(found, "all") == ["pt", "deta", "dphi"]
    assert numbers["flip.share.quark"]["value"] == pytest.approx(0.75, abs=0.1)


def test_a_linear_tagger_flips_by_what_algebra_says():
    """From the explainer on: the step is along the weights, as long as it has to be."""
    rng = np.random.default_rng(2)
    names, weight = ("a", "b"), np.array([2.0, 1.0])
    mask = np.ones((80, 3), bool)
    values = rng.normal(size=(80, 3, 2))
    jets = jl.batch({"constituents": (values, names, mask)}, classes=("s", "b"))
    module = torch.nn.Linear(2, 1, bias=False).double()
    with torch.no_grad():
        module.weight.copy_(torch.tensor(weight[None]))

    def call(m, inputs, masks):
        said = m(inputs["constituents"]).sum((1, 2))
        return torch.stack([-said, said], dim=1)

    tagger = jl.wrap(module, {"constituents": names}, ("s", "b"), call=call)
    flips = jl.explain(tagger, jets, "flip", normalise="unit", scales=[0, 50], tolerance=1e-7)
    result = jl.summarise(flips, "flip-distance", misclassified=False, replicas=5)
    numbers = result.numbers()
    spread = values.reshape(-1, 2).std(axis=0)
    said = (values @ weight).sum(1)
    # along the unit vector of weight * spread over all particles, the output changes by its length
    length = np.sqrt(3 * ((weight * spread) ** 2).sum())
    whole = np.abs(said) / length
    assert numbers["flip.share.all"]["value"] == 1
    assert 0.9 < numbers["flip.share.all"]["low"] < 1
    assert numbers["flip.step.all"]["value"] == pytest.approx(np.median(whole), rel=1e-3)
    assert numbers["flip.scale.all"]["value"] == pytest.approx(np.median(whole), rel=1e-3)
    each = np.median(whole) * weight * spread / length
    for name, wanted in zip(names, each, strict=True):
        assert numbers[f"flip.distance.all.{name}"]["value"] == pytest.approx(wanted, rel=1e-3)


def test_what_was_not_moved_to_a_flip_is_refused():
    with pytest.raises(UnsupportedError, match="expected an attribution of 'flip'"):
        jl.summarise(graded(20), "flip-distance")
    with pytest.raises(UnknownNameError, match="did you mean 'constituents'"):
        jl.summarise(flipping(20), "flip-distance", collection="constituent")
    with pytest.raises(BadValueError, match="whole numbers that increase from 1"):
        jl.summarise(flipping(20), "flip-distance", ranks=[2, 3])
