from __future__ import annotations

import numpy as np
import pytest
import torch

import jetlens as jl
from jetlens.core.errors import BadValueError, UnsupportedError
from reference import gradient_summaries as reference
from synthetic import graded


def test_it_is_the_slow_twin():
    jets = graded(60, 9)
    result = jl.summarise(jets, "wanted-change", ranks=[1, 2, 4])
    mean, by_rank = result.summary.means(result)[..., 0], result.summary.by_rank(result)[..., 0]
    for g, own in enumerate(reference.groups(jets).values()):
        for f, feature in enumerate(result.sums["feature"].values):
            signed, size = reference.mean_gradients(jets, own, feature)
            assert mean[:, g, f] == pytest.approx([size, signed], rel=1e-6, abs=1e-12)
            for r, ends in enumerate(((1, 1), (2, 3), (4, np.inf))):
                signed, size = reference.mean_gradients(jets, own, feature, *ends)
                expected = pytest.approx([size, signed], rel=1e-6, abs=1e-12, nan_ok=True)
                assert by_rank[:, g, r, f] == expected


def test_a_linear_tagger_wants_its_weights_times_the_spreads():
    """From the explainer on: per spread, the gradient of w.x is w times each feature's spread."""
    rng = np.random.default_rng(1)
    spreads, weights = np.array([10.0, 0.1, 2.0]), np.array([0.02, -5.0, 0.2])
    mask = np.arange(6) < rng.integers(1, 7, 200)[:, None]
    values = rng.normal(size=(200, 6, 3)) * spreads
    label = rng.integers(0, 2, 200)
    jets = jl.batch(
        {"constituents": (values, ("pt", "deta", "dphi"), mask)}, label=label, classes=("g", "q")
    )

    class Linear(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(weights, dtype=torch.float32))

        def forward(self, inputs, masks):
            real = masks["constituents"][..., None]
            said = (inputs["constituents"] * real * self.weight).sum((1, 2))
            return torch.stack([-said, said], dim=1)

    tagger = jl.wrap(Linear(), inputs={"constituents": ("pt", "deta", "dphi")}, classes=("g", "q"))
    scores = jl.explain(tagger, jets, "gradient", target="q", unit="spread")
    result = jl.summarise(scores, "wanted-change", order="listed")
    size, signed = result.summary.means(result)[..., 0]
    measured = values[mask].std(axis=0)
    np.testing.assert_allclose(size[0], np.abs(weights) * measured, rtol=1e-4)
    np.testing.assert_allclose(signed[0], weights * measured, rtol=1e-4)
    assert result.summary.ranking(result, "all") == ["deta", "dphi", "pt"]
    assert result.numbers()["wanted_change.all.deta.first"]["value"] == 1
    assert result.sums.attrs["unit"] == "spread"


def test_ranks_are_named_and_add_up():
    jets = graded(80, 10)
    result = jl.summarise(jets, "wanted-change")
    names = ["1", "2", "3", "4-5", "6-10", "11-20", "21-40", "41+"]
    assert list(result.sums["rank"].values) == names
    particles = result.sums["particles"].values[0, :, 0]
    real, weight = jets["constituents_mask"].values, jets["weight"].values
    assert particles.sum() == pytest.approx((real.sum(axis=1) * weight).sum())
    assert particles[0] == pytest.approx(weight[real.any(axis=1)].sum())
    assert not particles[5:].any()
    assert np.isnan(result.summary.by_rank(result)[:, 0, 5:]).all()


def test_leading_particles_are_compared_with_all():
    jets = graded(150, 8, weighted=False)
    numbers = jl.summarise(jets, "wanted-change").numbers()
    first = reference.mean_gradients(jets, range(150), "deta", 1, 1)[1]
    every = reference.mean_gradients(jets, range(150), "deta")[1]
    assert numbers["wanted_change.all.deta.leading"]["value"] == pytest.approx(first / every)
    assert numbers["wanted_change.all.pt.leading"]["low"] > 1  # as they are made up


def test_every_group_of_ranks_has_a_number_with_its_error():
    jets = graded(150, 8, weighted=False)
    numbers = jl.summarise(jets, "wanted-change", ranks=[1, 2, 4, 30]).numbers()
    start = "wanted_change.all.deta.size.rank_"
    found = {n.removeprefix(start): v for n, v in numbers.items() if n.startswith(start)}
    assert list(found) == ["1", "2-3", "4-29"]  # of what no jet has, there is none
    for name, ends in (("1", (1, 1)), ("2-3", (2, 3)), ("4-29", (4, np.inf))):
        wanted = reference.mean_gradients(jets, range(150), "deta", *ends)[1]
        assert found[name]["value"] == pytest.approx(wanted)
        assert found[name]["low"] < wanted < found[name]["high"]


def test_the_largest_is_first_and_ties_of_chance_are_shared():
    jets = graded(300, 6)
    score = jets["constituents_score"].values.copy()
    score[..., 1] = -score[..., 2]  # of the same size: the first of the two is named
    result = jl.summarise(
        jets.assign(constituents_score=(jets["constituents_score"].dims, score)), "wanted-change"
    )
    first = result.summary.first(result)
    np.testing.assert_allclose(first.sum(axis=1), 1)
    noise = np.random.default_rng(2).normal(size=score.shape)
    same = jets.assign(constituents_score=(jets["constituents_score"].dims, noise))
    result = jl.summarise(same, "wanted-change")
    assert result.summary.first(result)[0].max() < 0.9  # no feature is the first for certain


def test_groups_of_few_jets_have_no_numbers():
    jets = graded(200).isel(jet=slice(0, 12))
    numbers = jl.summarise(jets, "wanted-change", replicas=5).numbers()
    assert any(name.startswith("wanted_change.all.") for name in numbers)
    assert not any(".misclassified." in name for name in numbers)


def test_what_cannot_be_ranked_is_refused():
    with pytest.raises(UnsupportedError, match="cannot be ranked against each other"):
        jl.summarise(graded(10, unit="physical"), "wanted-change")
    for ranks in ([2, 3], [], [1, 1], [1, 2.5]):
        with pytest.raises(BadValueError, match="increase from 1"):
            jl.summarise(graded(10), "wanted-change", ranks=ranks)
