"""Modules that do something to tracks between two dense layers, explained by relevance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

import jetlens as jl

FEATURES = tuple("abcd")
JETS, PLACES = 5, 3


def tracks() -> jl.JetBatch:
    values = np.random.default_rng(8).normal(size=(JETS, PLACES, 4))
    mask = np.ones((JETS, PLACES), dtype=bool)
    mask[1, 2] = mask[3, 0] = False
    return jl.batch({"tracks": (values, FEATURES, mask)})


class Module(nn.Module):
    """A dense layer, something that a user does, and a dense layer."""

    def __init__(self, does: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first, self.does, self.last = nn.Linear(4, 4), does, nn.LazyLinear(2)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.first(x) * mask[..., None]
        return self.last(self.does(x, mask).flatten(1))


def tagger(does: Callable[[Tensor, Tensor], Tensor]) -> jl.Tagger:
    module = Module(does)
    with torch.no_grad():
        module(torch.rand(2, PLACES, 4), torch.ones(2, PLACES, dtype=torch.bool))
    return jl.wrap(
        module.double(),
        {"tracks": FEATURES},
        ("b", "c"),
        call=lambda m, inputs, masks: m(inputs["tracks"], masks["tracks"]),
    )


def explain(does: Callable[[Tensor, Tensor], Tensor], **options):
    return jl.explain(tagger(does), tracks(), "lrp", target="c", **options)


def gap(found) -> float:
    """Return how far an account is from being closed, of its whole size."""
    names = [v for v in found.data_vars if str(v).endswith("_score")]
    sums = [np.nansum(found[n].values.reshape(found.sizes["jet"], -1), 1) for n in names]
    absorbed = found.relevance_absorbed.values
    size = sum(np.nansum(abs(found[n].values)) for n in names) + abs(absorbed).sum()
    return float(abs(sum(sums) + absorbed.sum((1, 2)) - found.relevance_in).max() / size)


def assert_closed(found, made: jl.Tagger, batch: jl.JetBatch) -> None:
    """Check that the tagger said what it says alone, and that nothing is unaccounted for."""
    tracks = batch["tracks"]
    mask = torch.as_tensor(tracks.mask)
    with torch.no_grad():
        alone = made({"tracks": torch.as_tensor(tracks.values * tracks.mask[..., None])},
                     {"tracks": mask})  # fmt: skip
    np.testing.assert_allclose(found.output, alone, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.relevance_in, found.output[:, 1], rtol=1e-12)
    assert gap(found) < 1e-12
    assert float(abs(found.tracks_score).max()) > 1e-3


def assert_jets_are_apart(made: jl.Tagger, batch: jl.JetBatch, by_layer: bool = True) -> None:
    """Check that a jet alone has the same account: what is absorbed is never another jet's."""
    together = jl.explain(made, batch, "lrp", target="c")
    for j in range(len(batch)):
        alone = jl.explain(made, batch.take(slice(j, j + 1)), "lrp", target="c")
        np.testing.assert_allclose(alone.tracks_score[0], together.tracks_score[j], atol=1e-9)
        absorbed = [alone.relevance_absorbed[0], together.relevance_absorbed[j]]
        if not by_layer:
            absorbed = [a.sum("layer") for a in absorbed]
        np.testing.assert_allclose(*absorbed, atol=1e-9)
