from __future__ import annotations

import numpy as np
import pytest
import torch

from contracts import explainers as case
from jetlens.taggers.chunks import pack, runs
from jetlens.taggers.encode import encode


def test_packing_moves_particles_up_and_scatters_back() -> None:
    tagger, jets = case.tagger(), case.jets()
    inputs, masks = encode(tagger, jets)
    packed = pack(tagger, inputs, masks)
    counts = packed.masks["tracks"].sum(1)
    assert (counts.diff() >= 0).all()
    for mask, count in zip(packed.masks["tracks"], counts, strict=True):
        assert mask[:count].all()
        assert not mask[count:].any()
    for name, values in inputs.items():
        torch.testing.assert_close(packed.restore(name, packed.inputs[name]), values)
    cut, _ = packed.cut(slice(0, 5))
    assert cut["tracks"].shape[1] == max(1, int(counts[4]))
    restored = packed.restore("tracks", packed.inputs["tracks"][:, :3])
    assert restored.shape == inputs["tracks"].shape


def test_what_belongs_to_the_jets_is_arranged_as_they_are() -> None:
    tagger, jets = case.tagger(), case.jets()
    inputs, masks = encode(tagger, jets)
    packed = pack(tagger, inputs, masks)
    for name, values in inputs.items():
        assert torch.equal(packed.arranged(name, values), packed.inputs[name])
    assert torch.equal(packed.arranged("tracks", masks["tracks"]), packed.masks["tracks"])
    assert torch.equal(packed.arranged("", torch.arange(40)), packed.rows)


@pytest.mark.parametrize("budget", [1, 10, 33, 10**6])
def test_runs_cover_all_jets_within_the_budget(budget: int) -> None:
    tokens = torch.as_tensor(np.sort(np.random.default_rng(0).integers(1, 12, 50)))
    slices = list(runs(tokens, budget, rows_per_jet=2))
    assert [s.start for s in slices] == [0, *[s.stop for s in slices[:-1]]]
    assert slices[-1].stop == 50
    for s in slices:
        assert s.stop - s.start == 1 or 2 * (s.stop - s.start) * tokens[s.stop - 1] <= budget


def test_chunked_logits_are_those_of_the_padded_batch() -> None:
    tagger, jets = case.tagger(), case.jets()
    inputs, masks = encode(tagger, jets)
    packed = pack(tagger, inputs, masks)
    logits = torch.cat([tagger(*packed.cut(s)) for s in packed.chunks(20)])
    torch.testing.assert_close(packed.restore("", logits), tagger(inputs, masks))
