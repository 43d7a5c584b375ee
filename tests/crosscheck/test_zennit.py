"""Zennit as the judge of the rules on dense layers and convolutions."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from torch import nn

import jetlens as jl

LOW, HIGH = -3.5, 4.0
RULES = {
    "epsilon": ({"epsilon": 0.01}, lambda r: r.Epsilon(0.01)),
    "gamma": ({"gamma": 0.4}, lambda r: r.Gamma(0.4)),
    "alpha-beta": ({"alpha": 2, "beta": 1}, lambda r: r.AlphaBeta(2, 1)),
    "alpha-beta-3": ({"rule": "alpha-beta", "alpha": 3}, lambda r: r.AlphaBeta(3, 2)),
    "z+": ({"rule": "alpha-beta", "alpha": 1}, lambda r: r.ZPlus()),
    "flat": ({}, lambda r: r.Flat()),
    "w-squared": ({}, lambda r: r.WSquare()),
}
JETS = 8


def network(kind: str) -> nn.Sequential:
    torch.manual_seed(11)
    if kind == "dense":
        layers = [nn.Flatten(), nn.Linear(50, 20), nn.ReLU(), nn.Linear(20, 12), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(12, 3)).double()
    return nn.Sequential(
        *(nn.Conv2d(2, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 8, 2, stride=2), nn.ReLU()),
        *(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)),
    ).double()


def images(signed: bool) -> np.ndarray:
    values = np.random.default_rng(6).normal(size=(JETS, 2, 5, 5))
    return values if signed else abs(values)


def theirs(module: nn.Module, values: np.ndarray, composite) -> np.ndarray:
    from zennit.attribution import Gradient

    def seed(out: torch.Tensor) -> torch.Tensor:
        return torch.eye(3, dtype=out.dtype)[1] * out.detach()

    with Gradient(model=module, composite=composite) as attributor:
        _, relevance = attributor(torch.as_tensor(values), seed)
    return relevance.numpy()


def ours(module: nn.Module, values: np.ndarray, **options) -> np.ndarray:
    made = jl.wrap(
        module, {"image": ("pt", "q")}, ("a", "b", "c"), call=lambda m, i, k: m(i["image"])
    )
    jets = jl.batch({"image": (values, ("pt", "q"))})
    return jl.explain(made, jets, "lrp", target="b", **options).image_score.values


def test_no_stub_outlives_the_import() -> None:
    assert "zennit" in sys.modules
    found = sys.modules.get("torchvision")
    assert found is None or found.__spec__ is not None


@pytest.mark.parametrize("signed", [False, True], ids=["nonnegative", "signed"])
@pytest.mark.parametrize("kind", ["dense", "conv"])
@pytest.mark.parametrize("name", RULES)
def test_rules(name: str, kind: str, signed: bool) -> None:
    from zennit import rules
    from zennit.composites import LayerMapComposite
    from zennit.types import Activation, Convolution, Linear

    options, made = RULES[name]
    layers = [(Activation, rules.Pass()), (Convolution, made(rules)), (Linear, made(rules))]
    module, values = network(kind), images(signed)
    want = theirs(module, values, LayerMapComposite(layers))
    found = ours(module, values, **{"rule": name} | options)
    scale = abs(want).max()
    assert scale > 1e-3
    np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-6 * scale)


@pytest.mark.parametrize("signed", [False, True], ids=["nonnegative", "signed"])
@pytest.mark.parametrize("name", ["epsilon-plus", "epsilon-alpha2-beta1-flat", "epsilon-gamma-box"])
def test_composites(name: str, signed: bool) -> None:
    from zennit import composites

    given = {
        "epsilon-plus": composites.EpsilonPlus(),
        "epsilon-alpha2-beta1-flat": composites.EpsilonAlpha2Beta1Flat(),
        "epsilon-gamma-box": composites.EpsilonGammaBox(low=LOW, high=HIGH),
    }
    module, values = network("conv"), images(signed)
    want = theirs(module, values, given[name])
    box = {"low": LOW, "high": HIGH} if name.endswith("box") else {}
    found = ours(module, values, composite=name, **box)
    np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-6 * abs(want).max())


def test_a_composite_with_an_epsilon() -> None:
    from zennit.composites import EpsilonPlus

    module, values = network("conv"), images(signed=True)
    want = theirs(module, values, EpsilonPlus(epsilon=0.3))
    found = ours(module, values, composite="epsilon-plus", epsilon=0.3)
    scale = abs(want).max()
    assert abs(want - ours(module, values, composite="epsilon-plus")).max() > 1e-2 * scale
    np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-6 * scale)


@pytest.mark.parametrize("signed", [False, True], ids=["nonnegative", "signed"])
@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_z_box_of_the_layer_that_sees_the_inputs(kind: str, signed: bool) -> None:
    from zennit import rules
    from zennit.composites import SpecialFirstLayerMapComposite
    from zennit.types import Activation, Convolution, Linear

    others = [(t, rules.Epsilon(1e-6)) for t in (Convolution, Linear)]
    first = [(t, rules.ZBox(LOW, HIGH)) for t in (Convolution, Linear)]
    composite = SpecialFirstLayerMapComposite(
        layer_map=[(Activation, rules.Pass()), *others], first_map=first
    )
    module, values = network(kind), images(signed)
    want = theirs(module, values, composite)
    found = ours(module, values, rule="z-box", low=LOW, high=HIGH)
    plain = ours(module, values, rule="epsilon")
    scale = abs(want).max()
    assert abs(want - plain).max() > 1e-2 * scale
    np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-6 * scale)
