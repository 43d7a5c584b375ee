from __future__ import annotations

import numpy as np
import pytest
import torch

import jetlens as jl
import moving
from contracts import explainers as case
from jetlens.core.hashing import normal
from jetlens.explain.shared.spread import spread
from jetlens.taggers.encode import encode


def watched(tagger: jl.Tagger) -> list[dict[str, torch.Tensor]]:
    """Let the tagger note the inputs that it is asked about with gradients."""
    seen: list[dict[str, torch.Tensor]] = []

    def call(module, inputs, masks):
        if any(v.requires_grad for v in inputs.values()):
            seen.append({n: v.detach().clone() for n, v in inputs.items()})
        return module(inputs, masks)

    tagger.call = call
    return seen


def test_without_noise_it_is_the_gradient() -> None:
    tagger, jets = moving.tagger(), moving.jets()
    plain = jl.explain(tagger, jets, "gradient")
    found = jl.explain(tagger, jets, "smooth-gradient", noise=0.0, samples=3)
    np.testing.assert_allclose(found.constituents_score, plain.constituents_score, atol=1e-13)


def test_noise_is_normal_in_spreads_and_leaves_what_is_discrete() -> None:
    tagger = moving.tagger(scaled=False)
    jets = moving.jets(120, places=20)
    some = jets.take(jets["constituents"].mask.all(1) | (np.arange(len(jets)) > 2))
    pool = moving.jets(60, seed=5)
    seen = watched(tagger)
    samples = 40
    jl.explain(tagger, some, "smooth-gradient", noise=0.3, samples=samples, pool=pool)
    per_chunk = len(seen) // samples
    assert per_chunk * samples == len(seen)
    widths = spread(tagger, pool)["constituents"]
    first = torch.cat([s["constituents"].flatten(0, 1) for s in seen])
    calm = watched(tagger)
    jl.explain(tagger, some, "smooth-gradient", noise=0.0, samples=samples)
    change = (first - torch.cat([s["constituents"].flatten(0, 1) for s in calm])).numpy()
    real = change.any(1)
    assert 0.3 < real.mean() < 0.8  # the rest is padding
    for i, name in enumerate(moving.FEATURES):
        if name in ("charge", "is_photon", "m2"):
            assert (change[:, i] == 0).all()
            continue
        relative = change[real, i] / (0.3 * widths[i])
        assert abs(relative.mean()) < 0.05
        assert abs(relative.std() - 1) < 0.05
        assert abs((relative**3).mean()) < 0.1
    both = np.corrcoef(change[real][:, [0, 1, 2, 6]].T)
    assert np.abs(both - np.eye(4)).max() < 0.05


def test_without_reference_jets_noise_is_in_units_of_the_scaling() -> None:
    """A single jet has as much as among others."""
    tagger = moving.tagger()
    one = moving.jets(120, places=20).take([1])
    seen = watched(tagger)
    found = jl.explain(tagger, one, "smooth-gradient", noise=0.3, samples=200)
    assert found.attrs["noise"] == "0.3 spreads of the feature in the tagger's scaling"
    inputs, masks = encode(tagger, one)
    noisy = torch.stack([s["jets"] for s in seen]) - inputs["jets"]
    np.testing.assert_allclose(noisy[..., 0].std(), 0.3, rtol=0.15)
    noisy = torch.stack([s["constituents"] for s in seen]) - inputs["constituents"]
    assert masks["constituents"].all()
    free = [i for i, n in enumerate(moving.FEATURES) if n in ("pt", "deta", "d0_significance")]
    np.testing.assert_allclose(noisy[..., free].flatten(0, 2).std(0), 0.3, rtol=0.05)


def test_what_is_held_has_no_noise() -> None:
    """Beside masses, which follow from the type, and what is discrete."""
    tagger, jets = moving.tagger(), moving.jets(5)
    seen = watched(tagger)
    jl.explain(tagger, jets, "smooth-gradient", samples=2, hold="constituents.deta")
    different = (seen[0]["constituents"] != seen[1]["constituents"]).flatten(0, 1).any(0)
    still = {n for n, moves in zip(moving.FEATURES, different.tolist(), strict=True) if not moves}
    assert still == {"deta", "charge", "is_photon", "m2"}


def test_samples_differ_and_so_do_seeds() -> None:
    tagger, jets = moving.tagger(), moving.jets(4)
    seen = watched(tagger)
    jl.explain(tagger, jets, "smooth-gradient", samples=2)
    jl.explain(tagger, jets, "smooth-gradient", samples=2, seed=2)
    noisy = [s["constituents"] for s in seen]
    assert all(not torch.equal(noisy[0], other) for other in noisy[1:])


def test_it_is_the_mean_gradient_of_what_the_tagger_was_asked() -> None:
    tagger, jets = moving.tagger(), moving.jets(6)
    seen = watched(tagger)
    found = jl.explain(tagger, jets, "smooth-gradient", samples=5, target="quark")
    _, masks = encode(tagger, jets)
    order = torch.argsort(masks["constituents"].sum(1), stable=True)
    total = np.zeros((6, 2))
    for noisy in seen:
        leaf = noisy["jets"].requires_grad_()
        counts = masks["constituents"].sum(1)[order]
        length = noisy["constituents"].shape[1]
        mask = torch.arange(length) < counts[:, None]
        inputs = {"jets": leaf, "constituents": noisy["constituents"]}
        value = tagger.module(inputs, {"constituents": mask})[:, 1].sum()
        total[order.numpy()] += torch.autograd.grad(value, leaf)[0].numpy() / 5
    np.testing.assert_allclose(found.jets_score, total, atol=1e-12)


def test_more_samples_scatter_less() -> None:
    tagger, jets = moving.tagger(), moving.jets()

    def scatter(samples: int) -> float:
        runs = [
            jl.explain(tagger, jets, "smooth-gradient", samples=samples, seed=s, noise=0.5)
            for s in range(6)
        ]
        scores = np.stack([r.constituents_score.values for r in runs])
        return float(np.nanmean(scores.std(0)))

    ratio = scatter(4) / scatter(36)
    assert 2 < ratio < 4.5  # 3 expected


def test_images_have_their_noise_by_place() -> None:
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(25, 4), torch.nn.GELU(), torch.nn.Linear(4, 2)
    ).double()
    tagger = jl.wrap(module, {"image": ["pt"]}, ("s", "b"), call=lambda m, i, _: m(i["image"]))
    image = np.random.default_rng(0).exponential(size=(6, 1, 5, 5))
    jets = jl.batch({"image": (image, ["pt"])}, row=np.arange(6) + 3)
    whole = jl.explain(tagger, jets, "smooth-gradient", pool=jets)
    part = jl.explain(tagger, jets.take(slice(2, 5)), "smooth-gradient", pool=jets)
    np.testing.assert_allclose(whole.image_score[2:5], part.image_score, rtol=1e-10)
    assert not np.allclose(whole.image_score, jl.explain(tagger, jets, "gradient").image_score)


def test_normal_numbers_are_normal() -> None:
    from scipy.stats import kstest

    drawn = normal(np.arange(20_000), salt=3)
    assert kstest(drawn, "norm").pvalue > 1e-3
    assert not np.array_equal(drawn, normal(np.arange(20_000), salt=4))
    assert abs(np.corrcoef(drawn, normal(np.arange(20_000), salt=4))[0, 1]) < 0.03


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"samples": 0}, "samples=0: expected a whole number, 1 or more"),
        ({"samples": 2.5}, r"samples=2\.5"),
        ({"noise": -0.1}, r"noise=-0\.1: expected a number, 0 or more"),
        ({"noise": "much"}, "noise='much'"),
        ({"unit": "spreads"}, "did you mean 'spread'"),
        ({"hold": "tracks.d1"}, "did you mean 'tracks.d0'"),
    ],
)
def test_wrong_options(options: dict, says: str) -> None:
    with pytest.raises(jl.JetlensError, match=says):
        jl.explain(case.tagger(), case.jets(3), "smooth-gradient", **options)
