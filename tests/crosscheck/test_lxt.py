"""LXT, by the authors of AttnLRP, as the judge of attention, layer normalisation and residuals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import jetlens as jl

FEATURES, WIDTH, HEADS = tuple("abcde"), 8, 2
EPSILON = 1e-9


class Identity(torch.autograd.Function):
    """The identity rule, for activations."""

    @staticmethod
    def forward(ctx, x: Tensor, out: Tensor) -> Tensor:
        return out.clone()

    @staticmethod
    def backward(ctx, relevance: Tensor):
        return relevance, None


class Block(nn.Module):
    """A pre-norm transformer layer between dense layers, by torch's functions or by LXT's."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(9)
        self.embed = nn.Linear(len(FEATURES), WIDTH)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(2))
        self.qkv = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.out, self.up = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 12)
        self.down, self.head = nn.Linear(12, WIDTH), nn.Linear(WIDTH, 2)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.5)

    def forward(self, x: Tensor, mask: Tensor, lxt=None, fused: bool = False) -> Tensor:
        if lxt is None:
            linear, softmax, matmul, add = F.linear, torch.softmax, torch.matmul, torch.add
            gelu = F.gelu
        else:
            linear = lambda x, w, b: lxt.linear_epsilon(x, w, b, EPSILON)  # noqa: E731
            softmax, gelu = lxt.softmax, lambda x: Identity.apply(x, F.gelu(x))
            matmul = lambda a, b: lxt.matmul(a, b, False, EPSILON)  # noqa: E731
            add = lambda a, b: lxt.add2(a, b, False, EPSILON)  # noqa: E731

        def norm(x: Tensor, layer: nn.LayerNorm) -> Tensor:
            if lxt is None:
                return layer(x)
            return lxt.layer_norm_grad_fn.apply(x, layer.weight, layer.bias, layer.eps, EPSILON)

        h = linear(x, self.embed.weight, self.embed.bias)
        q, k, v = (
            linear(norm(h, self.norms[0]), m.weight, m.bias)
            .unflatten(-1, (HEADS, -1))
            .transpose(1, 2)
            for m in self.qkv
        )
        hidden = ~mask[:, None, None]
        if fused:
            mixed = F.scaled_dot_product_attention(q, k, v, ~hidden)
        else:
            if lxt is None:
                q = q / math.sqrt(WIDTH // HEADS)
            else:
                q = Identity.apply(q, q / math.sqrt(WIDTH // HEADS))
            weights = softmax(matmul(q, k.mT).masked_fill(hidden, -torch.inf), -1)
            mixed = matmul(weights, v)
        h = add(h, linear(mixed.transpose(1, 2).flatten(2), self.out.weight, self.out.bias))
        dense = gelu(linear(norm(h, self.norms[1]), self.up.weight, self.up.bias))
        h = add(h, linear(dense, self.down.weight, self.down.bias))
        return linear(h[:, 0], self.head.weight, self.head.bias)


@pytest.mark.parametrize("fused", [False, True])
def test_a_transformer_layer(fused: bool) -> None:
    from lxt.explicit import functional as lxt

    rng = np.random.default_rng(4)
    values, mask = rng.normal(size=(7, 6, len(FEATURES))), rng.random((7, 6)) < 0.6
    mask[:, 0] = True
    module = Block().double()
    tagger = jl.wrap(
        module,
        {"tracks": FEATURES},
        ("b", "c"),
        call=lambda m, inputs, masks: m(inputs["tracks"], masks["tracks"], fused=fused),
    )
    jets = jl.batch({"tracks": (values, FEATURES, mask)})
    found = jl.explain(tagger, jets, "lrp", target="c", epsilon=EPSILON)
    x = torch.as_tensor(jets["tracks"].values).requires_grad_()
    out = module(x, torch.as_tensor(mask), lxt)
    seed = torch.stack([torch.zeros(7, dtype=x.dtype), out.detach()[:, 1]], 1)
    (want,) = torch.autograd.grad(out, x, seed)
    np.testing.assert_allclose(found.output, out.detach(), rtol=1e-9)
    np.testing.assert_allclose(
        found.tracks_score.values[mask], want.numpy()[mask], rtol=1e-5, atol=1e-6
    )
    assert float(abs(want).max()) > 1e-2
