"""Layer-wise relevance propagation beside Zennit and beside one gradient, in one run.

The network is the 2D CNN of arXiv:2011.13466, its weights frozen; the images are as sparse as those
of jets and non-negative. All ways get the same images in batches of the size that each likes best
(tried on a part of the images). What is ours is `jetlens.explain` from the images to the
attribution: it also predicts, and accounts for what each layer absorbs.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import jetlens as jl
from bench.peers import import_zennit
from jetlens.core.batch import JetBatch
from jetlens.taggers.base import Tagger

IMAGES = 20_000
TRIED = 512  # images on which a batch size is chosen
BATCHES = (64, 128, 256)
PARTICLES = 20
RULES: dict[str, dict[str, Any]] = {
    "epsilon": {"rule": "epsilon"},
    "alpha1beta0": {"rule": "alpha-beta", "alpha": 1},
    "z+": {"rule": "alpha-beta", "alpha": 1},  # the same numbers; Zennit has a cheaper way to them
    "alpha2beta1": {"rule": "alpha-beta", "alpha": 2},
    "gamma": {"rule": "gamma"},
}

AIMS = {"epsilon": (1.4, 2.0), "alpha1beta0": (2.0, 3.0), "alpha2beta1": (2.4, 2.0)}
"""What is aimed at: at most so many times a gradient, and Zennit at least so many times ours."""


@dataclass(frozen=True)
class Way:
    """One way to explain the images: its best batch size and its time."""

    name: str
    batch: int
    seconds: float
    gradients: float  # its time over that of one gradient
    zennit: float | None = None  # Zennit's time for the same rule over its own
    difference: float | None = None  # largest difference to Zennit's scores over the largest score


def network() -> nn.Sequential:
    """Return the network for ``[jet, 1, 32, 32]``, two classes."""
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 11), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(288, 32), nn.ReLU(), nn.Linear(32, 64), nn.ReLU()),
        nn.Linear(64, 2),
    ).requires_grad_(False)


def images(n: int) -> np.ndarray:
    """Return `n` images ``[jet, 1, 32, 32]`` of a few particles each, that sum to one."""
    rng = np.random.default_rng(1)
    found = np.zeros((n, 1, 32, 32), dtype=np.float32)
    places = rng.normal(16, 5, size=(n, PARTICLES, 2)).clip(0, 31).astype(int)
    np.add.at(
        found,
        (np.arange(n)[:, None], 0, places[..., 0], places[..., 1]),
        rng.dirichlet(np.ones(PARTICLES), size=n),
    )
    return found


def main(n: int = IMAGES, repeats: int = 3) -> list[Way]:
    """Time all ways, in turn."""
    model = network()
    values = images(n)
    tensor = torch.as_tensor(values)
    jets = jl.batch({"image": (values, ("pt",))})
    tagger = jl.wrap(
        model, {"image": ("pt",)}, ("background", "signal"), call=lambda m, i, _: m(i["image"])
    )
    ways: dict[str, Callable[[int, int], np.ndarray]] = {
        "gradient": lambda size, upto: _gradient(model, tensor[:upto], size)
    }
    for name, options in RULES.items():
        ways[f"jetlens {name}"] = lambda size, upto, o=options: _ours(
            tagger, jets if upto == n else jets.take(slice(upto)), size, o
        )
        ways[f"Zennit {name}"] = lambda size, upto, name=name: _zennit(
            model, tensor[:upto], size, name
        )
    best = {name: _best(way, min(TRIED, n)) for name, way in ways.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    found = {}
    for _ in range(repeats):
        for name, way in ways.items():  # in turn, so that a drift of the machine meets all alike
            start = time.perf_counter()
            found[name] = way(best[name], n)
            seconds[name].append(time.perf_counter() - start)
    median = {name: statistics.median(s) for name, s in seconds.items()}
    table = []
    for name, took in median.items():
        zennit = name.replace("jetlens", "Zennit") if name.startswith("jetlens") else None
        table.append(
            Way(
                name,
                best[name],
                took,
                took / median["gradient"],
                median[zennit] / took if zennit else None,
                _difference(found[name], found[zennit]) if zennit else None,
            )
        )
    return table


def _best(way: Callable[[int, int], np.ndarray], upto: int) -> int:
    def once(size: int) -> float:
        start = time.perf_counter()
        way(size, upto)
        return time.perf_counter() - start

    once(BATCHES[0])
    return min(BATCHES, key=lambda size: min(once(size) for _ in range(2)))


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max() / np.abs(other).max())


def _chosen(logits: Tensor) -> Tensor:
    """Return the seed of the predicted class: its logit, one-hot."""
    return nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]) * logits


def _gradient(model: nn.Module, values: Tensor, size: int) -> np.ndarray:
    found = []
    for batch in values.split(size):
        x = batch.requires_grad_()
        out = model(x)
        (gradient,) = torch.autograd.grad(out.amax(-1).sum(), x)
        found.append(gradient)
    return torch.cat(found).numpy()


def _ours(tagger: Tagger, jets: JetBatch, size: int, options: Mapping[str, Any]) -> np.ndarray:
    tokens = size * jets["image"].values[0, 0].size // 16
    scores = jl.explain(tagger, jets, "lrp", tokens=tokens, **options).image_score
    return np.asarray(scores.values)


def _zennit(model: nn.Module, values: Tensor, size: int, name: str) -> np.ndarray:
    import_zennit()
    from zennit.attribution import Gradient
    from zennit.composites import LayerMapComposite
    from zennit.rules import AlphaBeta, Epsilon, Gamma, Pass, ZPlus
    from zennit.types import Activation, Convolution, Linear

    rule = {
        "epsilon": Epsilon(),
        "alpha1beta0": AlphaBeta(1, 0),
        "z+": ZPlus(),
        "alpha2beta1": AlphaBeta(2, 1),
        "gamma": Gamma(0.25),
    }[name]
    composite = LayerMapComposite([(Activation, Pass()), (Convolution, rule), (Linear, rule)])
    found = []
    with Gradient(model=model, composite=composite) as attributor:
        for batch in values.split(size):
            _, relevance = attributor(batch, lambda out: _chosen(out.detach()))
            found.append(relevance)
    return torch.cat(found).numpy()


if __name__ == "__main__":
    torch.set_num_threads(2)
    for way in main(int(sys.argv[1]) if len(sys.argv) > 1 else IMAGES):
        print(way)
