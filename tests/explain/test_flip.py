from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr

import jetlens as jl
import moving
from contracts import explainers as case
from jetlens.data.scaling import Scaling
from jetlens.explain.shared.spread import spread
from jetlens.taggers.encode import encode

SCALES = [0.0, 2.0, 5.0, 10.0, 30.0]
POOL = moving.jets(60, seed=5)


def explained(method: str, jets: jl.JetBatch | None = None, **options) -> xr.Dataset:
    options = {"scales": SCALES, "pool": POOL} | options
    return jl.explain(moving.tagger(), jets or moving.jets(), method, **options)


@pytest.mark.parametrize("options", [{}, {"steps": 4}, {"normalise": "unit", "toward": "quark"}])
def test_a_flip_is_where_the_decision_changes_on_the_same_course(options: dict) -> None:
    found = explained("flip", tolerance=1e-4, **options)
    scale = found.flip_scale.values
    flips = np.isfinite(scale)
    assert flips.sum() > 5
    before = found.output.values.argmax(1)
    course = explained("nudge", **options)
    decided = course.moved_output.values.argmax(2) != before[:, None]
    np.testing.assert_array_equal(flips, decided.any(1))
    if options.get("toward"):
        assert not flips[before == 1].any()  # what rises is what is decided for
    gaps = np.diff([0, *SCALES])  # that before each
    for j in np.flatnonzero(flips):
        first = int(decided[j].argmax())
        assert SCALES[first - 1] < scale[j] <= SCALES[first]
        close = 1e-4 * gaps[first]
        around = sorted({max(scale[j] - 1.01 * close, 1e-9), scale[j]})
        last = SCALES[-1]
        one = explained("nudge", moving.jets().take([j]), **options | {"scales": [*around, last]})
        said = one.moved_output.values[0].argmax(1)
        assert said[-2] != before[j]
        assert len(around) < 2 or said[0] == before[j]
        np.testing.assert_allclose(
            one.constituents_moved.values[0, -2], found.constituents_moved.values[j], rtol=1e-9
        )
        np.testing.assert_allclose(one.moved_output[0, -2], found.moved_output[j], rtol=1e-9)
    assert np.isnan(found.constituents_moved.values[~flips]).all()
    assert np.isnan(found.moved_output.values[~flips]).all()


def test_distances_are_root_mean_squares_in_spreads() -> None:
    tagger = moving.tagger()
    found = explained("flip")
    flips = np.flatnonzero(np.isfinite(found.flip_scale.values))
    mask = moving.jets()["constituents"].mask
    start, _ = encode(tagger, moving.jets())
    ends = jl.batch(
        {
            "jets": (found.jets_moved.values[flips], moving.JETS),
            "constituents": (
                found.constituents_moved.values[flips], moving.FEATURES, mask[flips]
            ),
        }
    )  # fmt: skip
    there, _ = encode(tagger, ends)
    width = spread(tagger, POOL)
    for i, j in enumerate(flips):
        change = (there["constituents"][i] - start["constituents"][j])[mask[j]].numpy()
        own = (there["jets"][i] - start["jets"][j]).numpy()
        rms = np.sqrt((change**2).mean(0)) / width["constituents"] if len(change) else np.nan
        np.testing.assert_allclose(
            found.constituents_flip_distance[j], np.broadcast_to(rms, 7), rtol=1e-9, atol=1e-12
        )
        np.testing.assert_allclose(found.jets_flip_distance[j], abs(own) / width["jets"])
        step = found.constituents_flip_step.values[j]
        np.testing.assert_allclose(step[mask[j]], change / width["constituents"], atol=1e-12)
        assert np.isnan(step[~mask[j]]).all()
        np.testing.assert_allclose(found.jets_flip_step[j], own / width["jets"])
    nowhere = np.setdiff1d(np.arange(len(mask)), flips)
    assert np.isnan(found.constituents_flip_distance.values[nowhere]).all()
    assert np.isnan(found.constituents_flip_step.values[nowhere]).all()
    assert found.tried.values.all()
    held = found.constituents_flip_distance.sel(constituents_feature=["charge", "m2"])
    assert float(held.max()) == 0.0


@pytest.mark.parametrize("of", ["logit", "log-odds"])
def test_a_linear_tagger_flips_where_algebra_says(of: str) -> None:
    weight = torch.tensor([[1.0, -2.0], [0.5, 1.0]], dtype=torch.float64)
    module = torch.nn.Linear(2, 2, bias=False).double()
    with torch.no_grad():
        module.weight.copy_(weight)
    names = ("a", "b")
    tagger = jl.wrap(module, {"jets": names}, ("s", "b"), call=lambda m, i, _: m(i["jets"]))
    x = np.random.default_rng(0).normal(size=(50, 2))
    jets = jl.batch({"jets": (x, names)})
    found = jl.explain(tagger, jets, "flip", of=of, scales=[0, 4], tolerance=1e-6)
    logits = x @ weight.numpy().T
    other = logits.argmin(1)
    apart = weight.numpy()[other] - weight.numpy()[1 - other]
    gain = ((apart if of == "log-odds" else weight.numpy()[other]) * apart).sum(1)
    exact = np.abs(logits[:, 0] - logits[:, 1]) / gain
    if of == "log-odds":  # whatever the logits share, all jets flip
        assert (gain > 0).all()
        assert exact.max() < 4
    wanted = np.where((exact > 0) & (exact < 4), exact, np.nan)
    assert np.isfinite(wanted).sum() > 10
    np.testing.assert_allclose(found.flip_scale, wanted, atol=4e-6)


class Bent(torch.nn.Module):
    """A score that rises with the logarithm of pt up to 39.5, and by a hundredth of that beyond."""

    def __init__(self) -> None:
        super().__init__()
        self.rises = torch.nn.Parameter(torch.tensor(0.01, dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        score = x.clamp(max=39.5) + self.rises * (x - 39.5).clamp(min=0) - 39.508
        return torch.cat([score, torch.zeros_like(score)], 1)


def test_each_jet_goes_no_farther_than_its_own_scale() -> None:
    tagger = jl.wrap(
        Bent(),
        {"jets": ("pt",)},
        ("s", "b"),
        call=lambda m, i, _: m(i["jets"]),
        scaling=Scaling(floors={"jets": {"pt": 0.1}}),
    )
    jets = jl.batch({"jets": (np.exp([[10.0], [0.0]]), ("pt",))})
    scales = [0, 20, 40, 60, 80]  # at 70 and the slope of its start, the second had 1e30 GeV
    found = jl.explain(tagger, jets, "flip", toward="s", scales=scales, steps=2, pool=jets)
    np.testing.assert_allclose(found.flip_scale, [30.3, 70.0], atol=0.03)


@pytest.mark.parametrize("method", ["flip", "nudge"])
def test_each_gradient_on_the_way_is_taken_once_and_where_it_is_needed(method: str) -> None:
    tagger, jets, steps = moving.tagger(), moving.jets(), 4
    asked: list[int] = []

    def call(module, inputs, masks):
        first = next(iter(inputs.values()))
        asked.append(len(first) if first.requires_grad else 0)
        return module(inputs, masks)

    tagger.call = call
    found = jl.explain(tagger, jets, method, scales=SCALES, pool=POOL, steps=steps)
    last = np.full(len(jets), SCALES[-1])
    if method == "flip":
        flips = np.isfinite(found.flip_scale.values)
        assert 5 < flips.sum() < len(jets)
        last[flips] = [min(s for s in SCALES if s >= f) for f in found.flip_scale.values[flips]]
        assert len(set(last)) > 2
    points = 1 + np.minimum(last * steps // SCALES[-1], steps - 1)
    assert sum(asked) == points.sum()


def test_no_jet_flips_at_scale_zero() -> None:
    found = explained("flip", scales=[0.0])
    assert np.isnan(found.flip_scale.values).all()
    assert found.constituents_moved.dims == ("jet", "constituents", "constituents_feature")


@pytest.mark.parametrize("tolerance", [0, 1, -0.1, "fine"])
def test_wrong_tolerances(tolerance) -> None:
    with pytest.raises(jl.JetlensError, match="tolerance="):
        jl.explain(case.tagger(), case.jets(3), "flip", tolerance=tolerance)
