"""Every rule on every kind of layer against the slow reference, neuron by neuron."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import jetlens as jl
from reference import lrp as slow

RULES = {
    "z": {},
    "epsilon": {"epsilon": 0.1},
    "gamma": {"gamma": 0.4},
    "alpha-beta": {"alpha": 2.0},
    "z+": {},
    "flat": {},
    "w-squared": {},
    "z-box": {"low": -1.5, "high": 2.0},
}
LAYERS = {
    "dense": lambda: nn.Sequential(nn.Flatten(), nn.Linear(18, 4)),
    "conv": lambda: nn.Conv2d(2, 3, 2),
    "strided": lambda: nn.Conv2d(2, 3, (2, 3), stride=(2, 1), padding=1),
    "dilated": lambda: nn.Conv2d(2, 4, 2, dilation=2, groups=2),
    "rows": lambda: nn.Conv2d(2, 3, 5, padding=2, stride=2),
    "same": lambda: nn.Conv2d(2, 3, 3, padding="same", bias=False),
    "transposed": lambda: nn.ConvTranspose2d(2, 4, 2, stride=2, groups=2, output_padding=1),
}
JETS = 3


def wrapped(module: nn.Module, classes: int, axes: str = "image") -> jl.Tagger:
    names = {"image": ("pt", "charge")}
    return jl.wrap(
        module.double(),
        names,
        tuple(f"c{i}" for i in range(classes)),
        call=lambda m, inputs, masks: m(inputs["image"]),
    )


def images(signed: bool, size: int = 3, seed: int = 1):
    values = np.random.default_rng(seed).normal(size=(JETS, 2, size, size))
    return jl.batch({"image": (values if signed else abs(values), ("pt", "charge"))})


def seeded(module: nn.Module) -> nn.Module:
    torch.manual_seed(4)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.6)
    return module.double()


def reference(name: str, layer: nn.Module, x: np.ndarray, relevance: np.ndarray, options):
    """Return the relevance of a layer's inputs and its bias, of one jet."""
    w, b = slow.matrix(layer, x.shape)
    rule, options = ("alpha-beta", {"alpha": 1.0}) if name == "z+" else (name, dict(options))
    if rule == "flat":
        ones = next(m for m in layer.modules() if hasattr(m, "weight"))
        kept = ones.weight.detach().clone()
        ones.weight.data.fill_(1.0)
        options["there"] = slow.matrix(layer, x.shape)[0]
        ones.weight.data.copy_(kept)
    if rule == "z-box":
        options |= {k: np.full(x.size, options[k]) for k in ("low", "high")}
    return slow.step(rule, x.ravel(), w, b, relevance.ravel(), **options)


@pytest.mark.parametrize("signed", [False, True], ids=["nonnegative", "signed"])
@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("name", RULES)
def test_a_rule_on_a_layer(name: str, kind: str, signed: bool) -> None:
    layer, jets = seeded(LAYERS[kind]()), images(signed)
    module = nn.Sequential(layer, nn.Flatten())
    outs = module(torch.as_tensor(jets["image"].values)).detach().numpy()
    options = dict(RULES[name])
    said = {"rule": name, **options}
    found = jl.explain(wrapped(module, outs.shape[1]), jets, "lrp", target="predicted", **said)
    for j in range(JETS):
        top = outs[j].argmax()
        relevance = np.eye(outs.shape[1])[top] * outs[j, top]
        want, bias = reference(name, layer, jets["image"].values[j], relevance, options)
        np.testing.assert_allclose(found.image_score[j].values.ravel(), want, rtol=1e-7, atol=1e-9)
        absorbed = float(found.relevance_absorbed[j].sel(cause="bias").sum())
        assert absorbed == pytest.approx(bias, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("name", [n for n in RULES if n != "z-box"])
def test_a_network_layer_by_layer(name: str) -> None:
    torch.manual_seed(7)
    layers = [nn.Conv2d(2, 3, 2), nn.Conv2d(3, 3, 2), nn.Sequential(nn.Flatten(), nn.Linear(12, 2))]
    layers = [seeded(layer) for layer in layers]
    module = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
    jets, options = images(signed=True, size=4), dict(RULES[name])
    said = {"rule": name, **options}
    found = jl.explain(wrapped(module, 2), jets, "lrp", target="c1", **said)
    for j in range(JETS):
        x = [torch.as_tensor(jets["image"].values[j : j + 1])]
        x += [first := layers[0](x[0]).relu().detach(), layers[1](first).relu().detach()]
        relevance = np.array([0.0, layers[2](x[-1])[0, 1].item()])
        biases = []
        for layer, values in zip(layers[::-1], x[::-1], strict=True):
            relevance, bias = reference(name, layer, values[0].numpy(), relevance, options)
            biases.append(bias)
        np.testing.assert_allclose(found.image_score[j].values.ravel(), relevance, rtol=1e-7)
        absorbed = found.relevance_absorbed[j].sel(cause="bias")
        paths = ["module.0", "module.2", "module.4.1"]
        np.testing.assert_allclose(absorbed.sel(layer=paths), biases[::-1], rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("name", ["epsilon", "alpha-beta", "gamma", "w-squared"])
@pytest.mark.parametrize("front", [True, False], ids=["conv-norm", "norm-conv"])
def test_a_batch_norm_is_folded_into_its_neighbour(name: str, front: bool) -> None:
    conv, norm = nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3 if front else 2)
    order = [conv, norm] if front else [norm, conv]
    module = seeded(nn.Sequential(*order, nn.ReLU(), nn.Flatten(), nn.Linear(12, 2))).eval()
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
    shift = (norm.bias - norm.running_mean * scale).detach()
    merged = nn.Conv2d(2, 3, 2).double()
    weight = conv.weight.detach()
    if front:
        merged.weight.data = weight * scale[:, None, None, None]
        merged.bias.data = conv.bias.detach() * scale + shift
    else:
        merged.weight.data = weight * scale[:, None, None]
        merged.bias.data = conv.bias.detach() + (weight.sum((2, 3)) @ shift)
    one = nn.Sequential(merged, nn.ReLU(), nn.Flatten(), module[-1])
    before = {k: v.clone() for k, v in module.state_dict().items()}
    jets = images(signed=True)
    two = jl.explain(wrapped(module, 2), jets, "lrp", target="c0", rule=name, tokens=1)
    single = jl.explain(wrapped(one, 2), jets, "lrp", target="c0", rule=name)
    np.testing.assert_allclose(two.image_score, single.image_score, rtol=1e-7, atol=1e-10)
    bias = [f.relevance_absorbed.sum("layer").sel(cause="bias") for f in (two, single)]
    np.testing.assert_allclose(*bias, rtol=1e-7)
    assert all(torch.equal(v, before[k]) for k, v in module.state_dict().items())


def test_z_is_gradient_times_input_without_biases() -> None:
    module = nn.Sequential(
        *(nn.Conv2d(2, 4, 2, bias=False), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(16, 8, bias=False), nn.LeakyReLU(), nn.Linear(8, 2, bias=False)),
    )
    # a leaky ReLU is not gradient times input, a ReLU is
    module[5] = nn.ReLU()
    module, jets = seeded(module), images(signed=True, size=5)
    found = jl.explain(wrapped(module, 2), jets, "lrp", target="c1", rule="z")
    x = torch.as_tensor(jets["image"].values).requires_grad_()
    (gradient,) = torch.autograd.grad(module(x)[:, 1].sum(), x)
    np.testing.assert_allclose(found.image_score, (gradient * x).detach(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        found.image_score.sum(("image_channel", "y", "x")), found.output[:, 1]
    )
    assert float(abs(found.relevance_absorbed).max()) == 0


def test_inputs_of_no_sign_take_the_same_way_as_split_ones() -> None:
    """Half of the work is spared where inputs cannot be negative; the scores are the same."""
    layer = seeded(nn.Sequential(nn.Conv2d(2, 3, 2), nn.Flatten()))
    jets = images(signed=False)
    mixed = jl.batch({"image": (jets["image"].values * [[[[1]], [[1]]]], ("pt", "charge"))})
    mixed["image"].values[2, 0, 0, 0] = -1e-300  # one chunk takes the long way
    for rule in ("alpha-beta", "gamma"):
        short = jl.explain(wrapped(layer, 12), jets, "lrp", rule=rule, target="c3")
        long = jl.explain(wrapped(layer, 12), mixed, "lrp", rule=rule, target="c3")
        np.testing.assert_allclose(short.image_score[:2], long.image_score[:2], rtol=1e-10)


def test_what_rounding_cannot_tell_from_zero_gets_no_more_than_its_part() -> None:
    """In single precision, a difference of large sums is no denominator."""
    torch.manual_seed(2)
    layer = nn.Linear(300, 200, bias=False)
    weight = torch.rand(200, 300)
    weight[:, 0] = -1e-9
    layer.weight.data = weight
    classes = tuple(f"c{i}" for i in range(200))
    names = tuple(f"x{i}" for i in range(300))
    tagger = jl.wrap(layer, {"jets": names}, classes, call=lambda m, i, k: m(i["jets"]))
    jets = jl.batch({"jets": (np.full((1, 300), 100.0), names)})
    for target in classes[:50]:
        found = jl.explain(tagger, jets, "lrp", rule="alpha-beta", target=target)
        assert np.isfinite(found.jets_score).all()
        assert float(abs(found.jets_score).max()) < 1.1 * float(found.relevance_in[0])


@pytest.mark.parametrize("precision", [torch.float32, torch.float64], ids=str)
def test_of_alpha_beta_the_stabiliser_and_the_missing_sign_are_told_apart(precision) -> None:
    layer = nn.Linear(2, 1, bias=False).to(precision)
    layer.weight.data = torch.tensor([[0.5, 0.25]], dtype=precision)
    tagger = jl.wrap(layer, {"jets": ("a", "b")}, ("c0",), call=lambda m, i, k: m(i["jets"]))
    jets = jl.batch({"jets": (np.array([[1.0, 2.0], [0.0, 0.0], [-1.0, -2.0]]), ("a", "b"))})
    found = jl.explain(tagger, jets, "lrp", rule="alpha-beta", alpha=2, epsilon=0.25, target="c0")
    absorbed = found.relevance_absorbed.sum("layer")
    # outputs are 1, 0 and -1: of the sign that there is, a fifth stays in the denominator
    scores = found.jets_score.sum("jets_feature")
    np.testing.assert_allclose(scores, [2 * 0.8, 0, 1 * 0.8], rtol=1e-6)
    np.testing.assert_allclose(absorbed.sel(cause="stabiliser"), [2 * 0.2, 0, 1 * 0.2], rtol=1e-6)
    np.testing.assert_allclose(absorbed.sel(cause="one-signed"), [-1, 0, -2], atol=1e-6)


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_alpha_beta_without_a_stabiliser_gives_nothing_where_nothing_is(alpha: float) -> None:
    """Neurons without contributions, and empty images, are no 0 / 0."""
    first, last = seeded(nn.Conv2d(2, 3, 2, bias=False)), seeded(nn.Linear(12, 2, bias=False))
    first.weight.data[0] = -abs(first.weight.data[0])  # never above zero
    jets = images(signed=False)
    values = jets["image"].values.copy()
    values[0] = 0
    jets = jl.batch({"image": (values, ("pt", "charge"))})
    tagger = wrapped(nn.Sequential(first, nn.ReLU(), nn.Flatten(), last), 2)
    options = {"rule": "alpha-beta", "alpha": alpha, "target": "c1"}
    found = jl.explain(tagger, jets, "lrp", epsilon=0, **options)
    near = jl.explain(tagger, jets, "lrp", epsilon=1e-12, **options)
    np.testing.assert_allclose(found.image_score, near.image_score, rtol=1e-9, atol=1e-12)
    told = found.image_score.sum(("image_channel", "y", "x"))
    told = told + found.relevance_absorbed.sum(("layer", "cause"))
    np.testing.assert_allclose(told, found.relevance_in, rtol=1e-9, atol=1e-12)
    assert float(abs(found.image_score[1:]).max()) > 1e-3
    assert float(abs(found.relevance_absorbed.sel(cause="stabiliser")).max()) == 0
