from __future__ import annotations

import math

import pytest
import torch

from jetlens.core.errors import UnsupportedError
from jetlens.taggers.base import Tagger
from jetlens.taggers.gn2 import GN2
from jetlens.taggers.training.examples import encode_examples
from jetlens.taggers.training.losses import losses
from labelled import INPUTS, jets

CLASSES = ("b", "c", "u", "tau")


def test_losses_are_the_slow_sums() -> None:
    torch.manual_seed(0)
    tagger = GN2(INPUTS, CLASSES).double()
    sample = jets(30)
    batch = encode_examples(tagger, sample).batch(torch.arange(30))
    batch = batch._replace(weight=torch.rand(30, dtype=torch.float64))
    with torch.no_grad():
        out = tagger.outputs(batch.inputs, batch.masks)
    found = losses(tagger, out, batch)

    jet, origin, vertex = ([0.0, 0.0, 0] for _ in range(3))
    mask = batch.masks["tracks"]
    for j in range(30):
        w = float(batch.weight[j])

        def add(sums: list, loss: float, w: float = w) -> None:
            sums[0] += w * loss
            sums[1] += w
            sums[2] += 1

        add(jet, -float(out["jet"][j].log_softmax(-1)[batch.label[j]]))
        for i in range(mask.shape[1]):
            if not mask[j, i]:
                continue
            truth = batch.truth["tracks.origin"][j, i]
            add(origin, -float(out["tracks.origin"][j, i].log_softmax(-1)[truth]))
            for k in range(i):
                if mask[j, k]:
                    one, other = batch.truth["tracks.vertex"][j, [i, k]].tolist()
                    same = one == other and one >= 0
                    logit = float(out["tracks.vertex"][j, i, k])
                    add(vertex, math.log1p(math.exp(-logit if same else logit)))
    for task, sums in zip(
        ("jet", "tracks.origin", "tracks.vertex"), (jet, origin, vertex), strict=True
    ):
        assert found[task].tolist() == pytest.approx(sums, rel=1e-9)


def test_jets_without_tracks_cost_nothing_but_their_flavour() -> None:
    tagger = GN2(INPUTS, CLASSES)
    sample = jets(30)
    sample["tracks"].mask[:] = False
    batch = encode_examples(tagger, sample).batch(torch.arange(30))
    found = losses(tagger, tagger.outputs(batch.inputs, batch.masks), batch)
    assert found["tracks.origin"].tolist() == found["tracks.vertex"].tolist() == [0, 0, 0]
    sum(sums[0] for sums in found.values()).backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in tagger.parameters())


def test_a_task_that_nothing_is_known_of_is_told() -> None:
    class Odd(Tagger):
        def outputs(self, inputs, masks):
            return {"jet": torch.zeros(30, 4), "tracks.spin": torch.zeros(30, 10)}

    sample = jets(30)
    known = encode_examples(GN2(INPUTS, CLASSES), sample).batch(torch.arange(30))
    odd = Odd(INPUTS, CLASSES, tasks={"tracks.spin": ()})
    with pytest.raises(UnsupportedError, match=r"tracks\.spin"):
        losses(odd, odd.outputs(None, None), known)
