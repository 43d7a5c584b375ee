"""Every registered tagger can be explained by its gradient, and its jets can be moved along it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import jetlens as jl
from contracts import taggers as case
from jetlens.taggers.encode import encode
from reference.gradient import slow_gradient

CASES = case.cases()
SCALES = [0.0, 1e-4, 0.5]


@pytest.mark.parametrize("made", CASES, ids=str)
def test_gradients_are_those_of_each_jet_alone(made: case.Case) -> None:
    tagger, jets = made.build(), case.sample()
    found = jl.explain(tagger, jets, "gradient")
    reference = slow_gradient(tagger, jets, found.target.values)
    for name, values in reference.items():
        scores = found[f"{name}_score"].values
        real = np.isfinite(scores)
        mask = jets[name].mask
        assert real.all() if mask is None else (real == mask[..., None]).all()
        np.testing.assert_allclose(scores[real], values[real], rtol=1e-8, atol=1e-10)
    assert max(np.abs(v).max() for v in reference.values()) > 1e-6


@pytest.mark.parametrize("made", CASES, ids=str)
@pytest.mark.parametrize("method", ["gradient-times-input", "smooth-gradient"])
def test_the_family_explains_it(made: case.Case, method: str) -> None:
    tagger, jets = made.build(), case.sample()
    options = {"samples": 2} if method == "smooth-gradient" else {}
    found = jl.explain(tagger, jets, method, **options)
    for name in tagger.inputs:
        scores, mask = found[f"{name}_score"].values, jets[name].mask
        assert np.isfinite(scores if mask is None else scores[mask]).all()
    assert any(np.nanmax(abs(found[f"{n}_score"].values)) > 1e-6 for n in tagger.inputs)


@pytest.mark.parametrize("made", CASES, ids=str)
def test_jets_move_and_the_score_rises(made: case.Case) -> None:
    tagger, jets = made.build(), case.sample()
    before = {k: v.clone() for k, v in tagger.state_dict().items()}
    free = {"positive_pt": False, "inside": False, "keep_discrete": False, "on_shell": False}
    free["recentre"] = False
    found = jl.explain(tagger, jets, "nudge", scales=SCALES, constraints=free)
    rows = np.arange(len(jets))
    said = found.moved_output.values
    gain = (said[:, 1] - said[:, 0])[rows, found.target.values]
    size = sum(
        np.nansum((found[f"{n}_score"].values ** 2).reshape(len(jets), -1), 1)
        for n in tagger.inputs
    )
    # to first order, what is followed is the gradient in the inputs, where no limit is in the way
    np.testing.assert_allclose(gain, 1e-4 * size, rtol=0.05, atol=1e-13)
    assert gain.max() > 1e-11
    kept = jl.explain(tagger, jets, "nudge", scales=SCALES)
    for name in tagger.inputs:
        moved, mask = kept[f"{name}_moved"].values, jets[name].mask
        there = moved if mask is None else moved.swapaxes(1, 2)[mask]
        assert np.isfinite(there).all()
        np.testing.assert_array_equal(kept[f"{name}_moved"].isel(scale=0), kept[f"{name}_value"])
    assert all(torch.equal(v, before[k]) for k, v in tagger.state_dict().items())


@pytest.mark.parametrize("made", CASES, ids=str)
def test_decisions_flip_where_flip_says(made: case.Case) -> None:
    tagger, jets = made.build(), case.sample()
    heads = [m for m in tagger.modules() if isinstance(m, torch.nn.Linear) and m.bias is not None]
    head = [m for m in heads if m.out_features == len(tagger.classes)][-1]
    with torch.no_grad():  # let it decide for several classes, so that some are within reach
        head.bias -= tagger(*encode(tagger, jets)).median(0).values
    scales = [0.0, 3.0, 30.0]
    found = jl.explain(tagger, jets, "flip", scales=scales, of="log-odds", normalise="unit")
    before, scale = found.output.values.argmax(-1), found.flip_scale.values
    flips = np.flatnonzero(np.isfinite(scale))
    assert len(flips)
    assert found.tried.values.all()
    assert (found.moved_output.values.argmax(-1)[flips] != before[flips]).all()
    # on the way that nudge goes: there they flip, and those that do not do so at none of the scales
    at = np.unique([*scales, *scale[flips]])
    course = jl.explain(tagger, jets, "nudge", scales=at, of="log-odds", normalise="unit")
    there = course.moved_output.values[flips, np.searchsorted(at, scale[flips])]
    np.testing.assert_allclose(there, found.moved_output.values[flips], rtol=1e-6, atol=1e-8)
    assert (there.argmax(-1) != before[flips]).all()
    decided = course.moved_output.sel(scale=scales).values.argmax(-1) != before[:, None]
    np.testing.assert_array_equal(np.isfinite(scale), decided.any(1))
    first = np.take(scales, decided[flips].argmax(1))
    assert (scale[flips] <= first).all()
    assert (scale[flips] > np.where(first == scales[1], 0, scales[1])).all()


@pytest.mark.parametrize("made", CASES, ids=str)
def test_moved_jets_are_what_the_tagger_was_asked_about(made: case.Case) -> None:
    tagger, jets = made.build(), case.sample()
    found = jl.explain(tagger, jets, "nudge", scales=[0.3], normalise="unit")
    collections = {}
    for name, features in tagger.inputs.items():
        values = found[f"{name}_moved"].values[:, 0]
        mask = jets[name].mask
        collections[name] = (values, features) if mask is None else (values, features, mask)
    with torch.no_grad():
        said = tagger(*encode(tagger, jl.batch(collections)))
    # moved values are kept in the precision of the jets' own
    np.testing.assert_allclose(found.moved_output[:, 0], said, rtol=1e-4, atol=1e-5)
