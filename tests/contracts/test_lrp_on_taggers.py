"""Every registered tagger can be explained by relevance propagation, by rules of every kind."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import jetlens as jl
from contracts import taggers as case

RULES = [
    {},
    {"rule": "z", "attention": "value"},
    {"rule": "gamma"},
    {"rule": "alpha-beta"},
    {"composite": "epsilon-plus-flat"},
    {"composite": "epsilon-gamma-box"},
]
CASES = case.cases()


@pytest.mark.parametrize("made", CASES, ids=str)
def test_relevance_is_accounted_for(made: case.Case) -> None:
    tagger, jets = made.build(), case.sample()
    before = {k: v.clone() for k, v in tagger.state_dict().items()}
    targets = ["predicted", f"log({tagger.classes[0]}/{tagger.classes[1]})"]
    targets += [f"{t}={names[0]}" for t, names in tagger.tasks.items() if names]
    for options in RULES:
        for target in targets[: None if not options else 1]:
            found = jl.explain(tagger, jets, "lrp", target=target, **options)
            scores = [found[f"{c}_score"].values.reshape(len(jets), -1) for c in tagger.inputs]
            scores = np.concatenate(scores, 1)
            absorbed = found.relevance_absorbed.values
            total = np.nansum(scores, 1) + absorbed.sum((1, 2))
            size = np.nansum(abs(scores), 1) + abs(absorbed).sum((1, 2))
            gap = abs(total - found.relevance_in.values)
            assert (gap <= 1e-9 * size).all(), (options, target)
            assert np.nanmax(abs(scores)) > 1e-6
    assert all(torch.equal(v, before[k]) for k, v in tagger.state_dict().items())


@pytest.mark.parametrize("made", CASES, ids=str)
def test_without_what_absorbs_the_scores_add_up(made: case.Case) -> None:
    """Biases and shifts zero, weights of attention constant: nothing is lost."""
    tagger, jets = made.build(), case.sample()
    with torch.no_grad():
        for name, value in (*tagger.named_parameters(), *tagger.named_buffers()):
            if "bias" in name or name.endswith("mean"):  # of normalisations
                value.zero_()
    found = jl.explain(tagger, jets, "lrp", rule="z", attention="value")
    scores = [found[f"{c}_score"].values.reshape(len(jets), -1) for c in tagger.inputs]
    total = np.nansum(np.concatenate(scores, 1), 1)
    constants = found.relevance_absorbed.sel(cause="constants").sum("layer")
    np.testing.assert_allclose(total + constants, found.relevance_in, rtol=1e-5, atol=1e-9)
