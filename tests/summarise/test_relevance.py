from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError
from jetlens.summarise.result import merge
from jetlens.summarise.trainings.ensemble import Ensemble, Member
from reference import relevance as reference
from synthetic import attribution


def relevance(jets, **options):
    return jl.summarise(jets, "relevance", **options)


@pytest.fixture(scope="module")
def jets():
    return attribution(120, image=True)


def test_means_are_those_of_the_slow_twin(jets):
    result = relevance(jets)
    mean = result.summary.means(result)[..., 0]
    for g, group in enumerate(result.sums["group"].values):
        exact = reference.mean(jets, group)
        assert list(exact) == [str(n) for n in result.sums["input"].values]
        np.testing.assert_allclose(mean[g], list(exact.values()), rtol=1e-6)


def test_the_inputs_are_ranked_with_the_image_as_one(jets):
    result = relevance(jets)
    exact = reference.mean(jets, "all")
    wanted = sorted(exact, key=exact.__getitem__, reverse=True)
    ranking = result.summary.ranking(result)
    assert ranking[0] != ranking[-1]
    assert ["image" if f is None else f"{c}.{f}" for c, f in ranking] == wanted
    assert ("image", None) in ranking


def test_channels_of_an_image_can_be_inputs_of_their_own(jets):
    two = jets["image_score"].values.repeat(2, axis=1) * np.array([1.0, -3.0])[:, None, None]
    features = '[{"name": "a"}, {"name": "b"}]'
    value = jets["image_value"].values.repeat(2, axis=1)
    axes = ("jet", "image_channel", "y", "x")
    several = jets.drop_vars(["image_score", "image_value", "image_channel"]).assign(
        image_score=(axes, two), image_value=(axes, value, {"features": features})
    )
    apart = relevance(several, channels=True)
    names = [str(n) for n in apart.sums["input"].values]
    assert {"image.a", "image.b"} < set(names)
    mean = dict(zip(names, apart.summary.means(apart)[0, :, 0], strict=True))
    assert mean["image.b"] == pytest.approx(3 * mean["image.a"])
    assert ("image", "b") in apart.summary.ranking(apart)
    whole = relevance(several)
    together = whole.summary.means(whole)[0, names.index("image.a"), 0]
    assert list(whole.sums["input"].values).index("image") == names.index("image.a")
    assert together == pytest.approx(mean["image.a"] + mean["image.b"])


def test_only_sizes_relative_to_the_jet_matter(jets):
    factor = np.exp(np.random.default_rng(1).normal(size=120)) * np.resize([1, -1], 120)
    turned = jets.copy()
    for name in ("tracks_score", "jets_score", "image_score"):
        each = factor.reshape(-1, *[1] * (jets[name].ndim - 1))
        turned[name] = (jets[name].dims, jets[name].values * each)
    a, b = (r.summary.means(r) for r in (relevance(jets), relevance(turned)))
    np.testing.assert_allclose(a, b, rtol=1e-5)


def test_jets_without_any_score_are_counted_not_divided(jets):
    silent = jets.copy()
    for name in ("tracks_score", "jets_score", "image_score"):
        values = jets[name].values.copy()
        values[:7] *= 0
        silent[name] = (jets[name].dims, values)
    result = relevance(silent)
    assert int(result.sums["zero"].sel(group="all")) == 7
    rest = relevance(jets.isel(jet=slice(7, None)))
    np.testing.assert_allclose(result.summary.means(result), rest.summary.means(rest), rtol=1e-9)
    from jetlens.plots import caption

    assert "7 jets whose scores are all zero" in caption(result)
    assert "all zero" not in caption(rest)


def test_groups_follow_by(jets):
    assert list(relevance(jets).sums["group"].values) == ["all", "b", "c", "u", "tau"]
    assert list(relevance(jets, by=[]).sums["group"].values) == ["all"]
    with pytest.raises(BadValueError, match=r"by=\['lable'\]"):
        relevance(jets, by="lable")
    with pytest.raises(BadValueError, match="did you mean 'correct'"):
        relevance(jets, select="corect")


def members(retrainings):
    found = []
    for k, model in enumerate(("image", "list")):
        for repeat in range(retrainings):
            made = attribution(60, seed=10 * k + repeat, image=model == "image")
            found.append(Member({"model": model}, repeat, relevance(made, replicas=20)))
    return found


def test_retrainings_give_the_errors_of_what_is_compared():
    parts = members(4)
    numbers = Ensemble(tuple(parts)).numbers()
    found = numbers["relevance.image.all.image"]
    values = [m.result.numbers()["relevance.all.image"]["value"] for m in parts[:4]]
    assert found["value"] == pytest.approx(np.mean(values))
    own = [m.result.numbers()["relevance.all.image"] for m in parts[:4]]
    for side in ("low", "high"):  # another training, on other jets
        error = np.mean([abs(n[side] - n["value"]) for n in own])
        away = abs(found[side] - found["value"])
        assert away == pytest.approx(np.hypot(np.std(values, ddof=1), error))
    assert "relevance.list.b.tracks.d0" in numbers
    assert "relevance.list.all.image" not in numbers  # it has none
    summary = parts[0].result.summary
    value, low, _ = summary.spread([m.result for m in parts[:4]])  # the bars of the figure
    where = list(parts[0].result.sums["input"].values).index("image")
    assert value[0, where] == pytest.approx(found["value"])
    assert value[0, where] - low[0, where] == pytest.approx(np.std(values, ddof=1))


def test_of_one_training_the_interval_is_over_events():
    one = [m for m in members(2) if m.repeat == 0]
    numbers = Ensemble(tuple(one)).numbers()
    assert numbers["relevance.image.all.image"] == one[0].result.numbers()["relevance.all.image"]


def test_intervals_over_events_are_as_wide_as_they_should_be():
    jets = attribution(2000, weighted=False, image=True)
    jets = jets.assign(event=("jet", np.arange(2000)))
    result = relevance(jets, replicas=300)
    number = result.numbers()["relevance.all.jets.eta_btagJes"]
    single = [relevance(jets.isel(jet=slice(k, k + 1)), replicas=2) for k in range(0, 2000, 20)]
    where = list(result.sums["input"].values).index("jets.eta_btagJes")
    each = [r.summary.means(r)[0, where, 0] for r in single]
    half = (number["high"] - number["low"]) / 2
    assert half == pytest.approx(np.std(each) / np.sqrt(2000), rel=0.3)
    merged = merge(single)
    assert merged.summary.means(merged)[0, where, 0] == pytest.approx(np.mean(each))
