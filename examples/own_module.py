"""Explain your own `torch.nn.Module`: name its inputs and classes, and everything else follows.

Run it with ``python examples/own_module.py``; it writes ``own_module.png``.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

import jetlens as jl


class MyTagger(nn.Module):
    """A deep set, as it might stand in anyone's notebook: it takes two tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.each = nn.Sequential(nn.Linear(3, 32), nn.GELU(), nn.Linear(32, 32))
        self.all = nn.Sequential(nn.GELU(), nn.Linear(32, 2))

    def forward(self, particles: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        return self.all((self.each(particles) * real[..., None]).sum(1))


def jets(n: int = 400) -> jl.JetBatch:
    """Jets of up to twelve particles; those of class "displaced" have two with a large d0."""
    rng = np.random.default_rng(1)
    mask = np.arange(12) < rng.integers(3, 13, n)[:, None]
    d0 = rng.normal(0, 0.03, (n, 12))
    label = rng.integers(0, 2, n)
    d0[label == 1, :2] += rng.exponential(0.3, ((label == 1).sum(), 2))
    particles = np.stack([d0, rng.exponential(10, (n, 12)), rng.normal(0, 0.1, (n, 12))], -1)
    return jl.batch(
        {"constituents": (particles, ["d0", "pt", "deta"], mask)},
        label=label,
        classes=("prompt", "displaced"),
    )


def main() -> None:
    """Train for a moment, explain, and draw."""
    torch.manual_seed(1)
    module, batch = MyTagger(), jets()
    tagger = jl.wrap(
        module,
        inputs={"constituents": ["d0", "pt", "deta"]},
        classes=("prompt", "displaced"),
        call=lambda m, inputs, masks: m(inputs["constituents"], masks["constituents"]),
        scaling={"constituents": {"d0": (0.0, 0.1), "pt": (10.0, 10.0), "deta": (0.0, 0.1)}},
    )
    train(tagger, batch)
    scores = jl.explain(tagger, batch, "integrated-gradients", target="displaced")
    total = abs(scores.constituents_score).sum("constituents").mean("jet")
    for feature, size in zip(total.constituents_feature.values, total.values, strict=True):
        print(f"{feature:5s} {size:.2f}")
    result = jl.summarise(scores, "box", normalise="none")
    jl.draw(result).savefig("own_module.png")


def train(tagger: jl.Tagger, batch: jl.JetBatch) -> None:
    """Fit the module, in the way of its owner."""
    from jetlens.taggers.encode import encode

    inputs, masks = encode(tagger, batch)
    optimiser = torch.optim.Adam(tagger.parameters(), 1e-2)
    for _ in range(150):
        loss = nn.functional.cross_entropy(tagger(inputs, masks), torch.as_tensor(batch.label))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


if __name__ == "__main__":
    main()
