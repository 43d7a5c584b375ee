"""What users' modules do with functions: each has its rule, or is refused by name."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import jetlens as jl
from jetlens.core.errors import BadValueError, UnsupportedError
from relevance_modules import (
    FEATURES,
    JETS,
    PLACES,
    assert_closed,
    assert_jets_are_apart,
    explain,
    gap,
    tagger,
    tracks,
)


def in_place(x: Tensor, mask: Tensor) -> Tensor:
    y = x * 2
    y += x
    y.mul_(0.5).relu_()
    y[:, 0] = x[:, 1]
    y[mask] -= 1.0
    return F.leaky_relu(y, 0.1, inplace=True)


def across(x: Tensor, mask: Tensor) -> Tensor:
    flat = x.transpose(0, 1).reshape(-1, 4)  # places first, jets within them
    flat = F.softplus(flat + 1.0).unflatten(0, (PLACES, -1))
    return flat.permute(1, 0, 2)


def ragged(x: Tensor, mask: Tensor) -> Tensor:
    real = x[mask] + 0.5  # rows of particles, with no axis of jets
    out = x.new_zeros(x.shape)
    out[mask] = real
    return out


def halves(x: Tensor, mask: Tensor) -> Tensor:
    half = len(x) // 2
    y = torch.cat([x[half:], x[:half]]) + 0.3  # the jets in another order
    return torch.cat([y[len(x) - half :], y[: len(x) - half]])


def backwards(x: Tensor, mask: Tensor) -> Tensor:
    order = torch.arange(len(x) - 1, -1, -1)
    return x + (x[:, 0, 0][order] + 0.7)[order][:, None, None]


def residual(x: Tensor, mask: Tensor) -> Tensor:
    """Write into what dropout hands through, as weaver's ParticleTransformer does."""
    y = F.dropout(F.layer_norm(x, (4,)), 0.1, training=False)
    y += x
    return y


def pairs(x: Tensor, mask: Tensor) -> Tensor:
    """Write what was found for pairs of places into a matrix, and merge two of its axes."""
    i, j = torch.tril_indices(PLACES, PLACES)
    y = torch.zeros(len(x), 2, PLACES, PLACES, dtype=x.dtype)
    y[:, :, i, j] = (x[:, i] - x[:, j] + 0.2)[..., :2].transpose(1, 2)
    return y.view(-1, PLACES, PLACES).softmax(-1).view(len(x), -1)


def without_gradients(x: Tensor, mask: Tensor) -> Tensor:
    with torch.no_grad():
        largest = x.amax(1, keepdim=True) + 0.1
    return x - 0.3 * largest


def segments(x: Tensor, mask: Tensor) -> Tensor:
    jet = torch.arange(len(x)).repeat_interleave(PLACES)
    flat = x.reshape(-1, 4)
    by_jet = x.new_zeros(len(x), 4).index_add_(0, jet, flat)
    by_place = torch.full_like(flat, 0.3).scatter_add(0, jet[:, None].expand(-1, 4) * PLACES, flat)
    return torch.cat([by_jet, by_place.reshape(len(x), -1)], -1)


def one_by_one(x: Tensor, mask: Tensor) -> Tensor:
    weight = torch.eye(4, dtype=x.dtype) + 0.1
    return torch.stack(
        [F.linear(jet[real].sum(0), weight) for jet, real in zip(x, mask, strict=True)]
    )


WHAT = {
    "halves": halves,
    "in what dropout gives": residual,
    "pairs": pairs,
    "without gradients": without_gradients,
    "segments": segments,
    "one by one": one_by_one,
    "where, of a tensor": lambda x, mask: x.where(x > 0, torch.tensor(0.1, dtype=x.dtype)),
    "the larger": lambda x, mask: torch.max(x, other=x.flip(1)) + torch.minimum(x, x.flip(2)),
    "fold": lambda x, mask: F.fold(F.unfold(x[:, None], 2) * 0.5, (PLACES, 4), 2),
    "dots": lambda x, mask: torch.einsum("...a,...b", x, x.cos()),
    "variance": lambda x, mask: x.var(1) + 2 ** x.mean(1),
    "one over": lambda x, mask: 1 / (1 + x.abs()) + F.logsigmoid(x) + F.threshold(x, 0.1, 0.0),
    "lengths": lambda x, mask: x / (torch.linalg.norm(x, dim=-1, keepdim=True) + 1),
    "not a number": lambda x, mask: x.masked_fill(~mask[..., None], torch.nan).nansum(1),
    "shared heads": lambda x, mask: F.scaled_dot_product_attention(
        x[:, None].expand(-1, 4, -1, -1), *[x[:, None].repeat(1, 2, 1, 1)] * 2, enable_gqa=True
    ).flatten(1),
    "one query": lambda x, mask: F.scaled_dot_product_attention(
        torch.arange(4.0, dtype=x.dtype).view(1, 1, 4), x, x
    ),
    "steps": lambda x, mask: torch.sign(x) * torch.log(x.abs() + 1) + x.round(),
    "backwards": backwards,
    "in place": in_place,
    "jets not first": across,
    "no axis of jets": ragged,
    "reductions": lambda x, mask: torch.cat([x.sum(1), x.mean(1), x.amax(1), x.norm(dim=1)], -1),
    "numpy's words": lambda x, mask: torch.cat(
        [x.sum(axis=1, keepdims=True), x.norm(2, 1, True), x.std(1, keepdim=True)], axis=-1
    ),
    "unfold": lambda x, mask: F.unfold(x[:, None], (2, 3), padding=1) * 0.5,
    "residual": lambda x, mask: x + F.gelu(x - 0.3),
    "gate": lambda x, mask: x * torch.sigmoid(x.roll(1, -1)) + x * (1 - x.sigmoid()),
    "glu": lambda x, mask: F.glu(x),
    "product": lambda x, mask: x * x.flip(1) - 2 * x**2,
    "einsum": lambda x, mask: torch.einsum("jta,jtb->jab", x, x.cos()),
    "stack": lambda x, mask: torch.stack([x, torch.ones_like(x), x.exp()], 1)[:, ::2],
    "where": lambda x, mask: torch.where(x > 0, x, 0.1).clamp(max=2),
    "pad": lambda x, mask: F.pad(x, (1, 2), value=0.7),
    "triangle": lambda x, mask: (x @ x.mT).tril(),
    "top": lambda x, mask: x.sort(1, descending=True)[0] + x.topk(3, 1)[0],
    "norms": lambda x, mask: F.layer_norm(x, (4,)) + F.group_norm(x, 3) + F.normalize(x, dim=-1),
    "divide": lambda x, mask: x / (1 + x.abs().sum(1, keepdim=True)),
    "pooling": lambda x, mask: F.avg_pool1d(x, 2) + F.adaptive_max_pool1d(x, 2),
    "constant": lambda x, mask: torch.arange(4.0, dtype=x.dtype) + x + (1 - x) / 3,
    "log softmax": lambda x, mask: x.log_softmax(-1),
    "bmm": lambda x, mask: torch.baddbmm(x[:, :, :3], x, x.mT),
    "attention": lambda x, mask: F.scaled_dot_product_attention(x, x.detach(), x, is_causal=True),
}


@pytest.mark.parametrize("options", [{}, {"rule": "flat"}, {"rule": "gamma"}], ids=str)
@pytest.mark.parametrize("what", WHAT)
def test_the_account_is_closed_whatever_a_module_does(what: str, options) -> None:
    made, batch = tagger(WHAT[what]), tracks()
    assert_closed(jl.explain(made, batch, "lrp", target="c", **options), made, batch)


@pytest.mark.parametrize("what", WHAT)
def test_a_jet_alone_has_the_same_account(what: str) -> None:
    # one by one, every jet has layers of its own
    assert_jets_are_apart(tagger(WHAT[what]), tracks(), by_layer=what != "one by one")


class Tripled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        return x * 3

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return gradient * 3


def slope(x: Tensor) -> Tensor:
    with torch.enable_grad():
        x = x.requires_grad_()
        energy = (x**2).sum((1, 2))
        return torch.autograd.grad(energy, x, torch.ones_like(energy), create_graph=True)[0]


def unasked(x: Tensor) -> Tensor:
    y = x * 1
    with torch.no_grad():
        y += 1
    return y


@pytest.mark.parametrize(
    ("does", "message"),
    [
        (lambda x, mask: torch.fft.rfft(x).real, r"'fft_rfft' in module \(Module\) has no rule"),
        (lambda x, mask: x.tanh().erfinv(), "'erfinv' .*there is one for erf"),
        (lambda x, mask: torch.linalg.pinv(x), "'linalg_pinv' .* has no rule"),
        (lambda x, mask: F.dropout(x), "'dropout' .* self.training"),
        (lambda x, mask: x / x.sum(), "'sum' .* mixes the jets"),
        (lambda x, mask: x.exp() ** x, "'pow' .* constant second argument"),
        (lambda x, mask: x + (x * 1).erfinv_(), "'erfinv' in module .* has no rule"),
        (lambda x, mask: x.data.add_(1.0) + x, "'add' .* detached from the signal"),
        (lambda x, mask: slope(x), r"'autograd.grad' .* takes a gradient within"),
        (lambda x, mask: F.normalize(x, dim=0), "'normalize' .* mixes the jets"),
        (lambda x, mask: torch.div(x, 0.3, rounding_mode="floor"), "'div' .* without rounding"),
        (lambda x, mask: F.scaled_dot_product_attention(x, x, x, None, 0.5), "self.training"),
        (lambda x, mask: x.cumsum(0), "'cumsum' .* mixes the jets"),
        (lambda x, mask: x - x.max(0)[0], "'max' .* mixes the jets"),
        (lambda x, mask: x - x[:1], "'sub' .* mixes the jets"),
        (lambda x, mask: x * x.flip(0), "'mul' .* mixes the jets"),
        (lambda x, mask: x.softmax(0), "'softmax' .* mixes the jets"),
        (lambda x, mask: x + torch.einsum("jta->ta", x), "'einsum' .* mixes the jets"),
        (lambda x, mask: x + (x[:, 0] @ x[:, 0].T)[:, :1, None], "'matmul' .* mixes the jets"),
        (lambda x, mask: Tripled.apply(x) + x, r"'(add|__add__)' .* cannot be seen"),
        (lambda x, mask: torch.vmap(torch.exp)(x), "'flatten' .* cannot be seen"),
        (lambda x, mask: unasked(x), "'add' .* while gradients are switched off"),
        (lambda x, mask: x.index_add(0, torch.arange(len(x)).flip(0), x), "'index_add' .* mixes"),
        (lambda x, mask: torch.einsum("jtt->jt", x @ x.mT), "'einsum' .* cannot be propagated"),
    ],
)
def test_functions_without_a_rule_are_refused_by_name(does, message: str) -> None:
    made = tagger(does)
    before = {k: v.clone() for k, v in made.state_dict().items()}
    with pytest.raises(UnsupportedError, match=message):
        jl.explain(made, tracks(), "lrp")
    assert all(torch.equal(v, before[k]) for k, v in made.state_dict().items())
    assert all(p.requires_grad for p in made.parameters())


@pytest.mark.parametrize("options", [{"rule": "z"}, {"rule": "gamma"}], ids=str)
def test_a_compiled_module_is_explained_as_it_is_written(options) -> None:
    """And one that TorchScript holds, in which functions cannot be seen, is refused."""
    module = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).double()

    def found(made: nn.Module):
        named = jl.wrap(
            made, {"tracks": FEATURES}, ("b", "c"), lambda m, i, k: m(i["tracks"].sum(1))
        )
        return jl.explain(named, tracks(), "lrp", target="c", **options)

    want = found(module)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        traced = torch.jit.trace(module, torch.rand(2, 4, dtype=torch.float64))
    compiled = found(torch.compile(module, backend="eager"))
    np.testing.assert_array_equal(compiled.tracks_score, want.tracks_score)
    with pytest.raises(UnsupportedError, match=r"numbers .* cannot be seen .*TorchScript"):
        found(traced)


def test_an_output_apart_from_the_inputs_is_refused() -> None:
    module = nn.Linear(4, 2).double()
    made = jl.wrap(
        module, {"tracks": FEATURES}, ("b", "c"), lambda m, i, k: m(i["tracks"].detach()).sum(1)
    )
    with pytest.raises(UnsupportedError, match="does not depend on its inputs"):
        jl.explain(made, tracks(), "lrp")


def test_softmax_in_a_precision_of_its_own() -> None:
    made = tagger(lambda x, mask: F.softmax(x.float(), -1, dtype=torch.float64).to(x) * x)
    found, batch = jl.explain(made, tracks(), "lrp", target="c"), tracks()["tracks"]
    with torch.no_grad():
        given = (
            {"tracks": torch.as_tensor(batch.values).double()},
            {"tracks": torch.as_tensor(batch.mask)},
        )
        np.testing.assert_allclose(found.output, made(*given), rtol=1e-12)
    assert gap(found) < 1e-8  # single precision on the way


def test_weights_held_constant_may_leave_nothing() -> None:
    with pytest.raises(UnsupportedError, match="a softmax of which attention='value' holds"):
        explain(
            lambda x, mask: F.scaled_dot_product_attention(x, x, torch.ones_like(x)),
            attention="value",
        )


def test_a_constant_that_joins_absorbs_its_part() -> None:
    """A class token: what attention gives to it does not reach the inputs."""
    found = explain(lambda x, mask: torch.cat([x, torch.ones_like(x[:, :1])], 1), rule="z")
    absorbed = found.relevance_absorbed.sel(cause="constants")
    assert list(found.layer.values[abs(absorbed).max("jet") > 0]) == ["cat-1"]
    weight = tagger(lambda x, mask: torch.cat([x, torch.ones_like(x[:, :1])], 1)).module.last.weight
    np.testing.assert_allclose(
        absorbed.sel(layer="cat-1"), [weight[1, -4:].sum().item()] * JETS, rtol=1e-9
    )


@pytest.mark.parametrize("way", ["embedding", "one-hot"])
def test_what_is_looked_up_is_relevance_of_the_input(way: str) -> None:
    table = torch.tensor([[0.3, -1.0], [2.0, 0.5], [-0.7, 1.1]], dtype=torch.float64)

    class Looks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.last = nn.Parameter(table.clone()), nn.Linear(2, 2, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            kind = x[..., 0].long().clamp(0, 2)
            if way == "embedding":
                found = F.embedding(kind, self.table)
            else:
                found = F.one_hot(kind, 3).to(x.dtype) @ self.table
            return self.last(found.sum(1))

    module = Looks().double()
    made = jl.wrap(module, {"tracks": FEATURES}, ("b", "c"), lambda m, i, k: m(i["tracks"]))
    kinds = np.array([[0, 1, 2], [2, 2, 1]])
    values = np.concatenate([kinds[..., None], np.ones((2, 3, 3))], -1).astype(float)
    found = jl.explain(made, jl.batch({"tracks": (values, FEATURES)}), "lrp", target="b", rule="z")
    want = (table @ module.last.weight[0].detach()).numpy()[kinds]
    np.testing.assert_allclose(found.tracks_score[..., 0], want, rtol=1e-9)
    assert float(abs(found.tracks_score[..., 1:]).max()) == 0


def test_values_that_are_not_numbers_are_told() -> None:
    jets = tracks()
    jets["tracks"].values[2, 1, 3] = np.nan
    with pytest.raises(BadValueError, match="nan"):
        jl.explain(tagger(lambda x, mask: x), jets, "lrp")


def test_constant_images_are_explained() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2)).double()
    made = jl.wrap(module, {"image": ("pt",)}, ("b", "c"), lambda m, i, k: m(i["image"]))
    for value in (0.0, 1.0):
        jets = jl.batch({"image": (np.full((2, 1, 4, 4), value), ("pt",))})
        for rule in ("z", "epsilon", "gamma", "alpha-beta", "flat", "w-squared", "z-box"):
            found = jl.explain(made, jets, "lrp", rule=rule)
            assert np.isfinite(found.image_score).all()
            assert gap(found) < 1e-9


@pytest.mark.parametrize(
    "padded", [nn.ZeroPad2d(1), nn.ReflectionPad2d(1)], ids=["zero", "reflect"]
)
def test_bounds_go_along_with_padding(padded: nn.Module) -> None:
    """As those that convolutions take in their own padding do."""
    torch.manual_seed(5)
    mode = "zeros" if isinstance(padded, nn.ZeroPad2d) else "reflect"
    own = nn.Conv2d(1, 2, 3, padding=1, padding_mode=mode)
    apart = nn.Conv2d(1, 2, 3)
    apart.load_state_dict(own.state_dict())
    last = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(32, 2))
    jets = jl.batch({"image": (np.random.default_rng(2).normal(size=(3, 1, 4, 4)), ("pt",))})
    found = []
    for module in (nn.Sequential(own, last), nn.Sequential(padded, apart, last)):
        made = jl.wrap(
            module.double(), {"image": ("pt",)}, ("b", "c"), lambda m, i, k: m(i["image"])
        )
        found.append(jl.explain(made, jets, "lrp", target="b", rule="z-box", low=-3, high=4))
        assert gap(found[-1]) < 1e-12
    np.testing.assert_allclose(found[0].image_score, found[1].image_score, rtol=1e-9, atol=1e-12)


def test_z_box_needs_a_layer_that_sees_the_inputs() -> None:
    module = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 2)).double()
    made = jl.wrap(module, {"tracks": FEATURES}, ("b", "c"), lambda m, i, k: m(i["tracks"]).sum(1))
    with pytest.raises(UnsupportedError, match="'z-box' needs bounded inputs"):
        jl.explain(made, tracks(), "lrp", rule="z-box")
