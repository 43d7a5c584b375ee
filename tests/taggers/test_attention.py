from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from attention_calls import Watch
from jetlens.core.errors import BadValueError
from jetlens.taggers.attention import Attention, AttentionPooling, SelfAttention
from jetlens.taggers.layers import CrossLayer, EncoderLayer

JETS, TRACKS, OBJECTS, WIDTH, OTHER, HEADS = 6, 5, 3, 8, 6, 2


def sample(places: int = TRACKS, width: int = WIDTH, seed: int = 3) -> tuple[Tensor, Tensor]:
    """Particles and their mask; the first jet has none, the second all."""
    torch.manual_seed(seed)
    mask = torch.rand(JETS, places) < 0.6
    mask[0], mask[1] = False, True
    return torch.randn(JETS, places, width, dtype=torch.float64), mask


def projected(layer: nn.Linear, x: np.ndarray) -> np.ndarray:
    return x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()


def slow_mixing(q: np.ndarray, k: np.ndarray, v: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Attention as the paper writes it, for one jet: a head and a query at a time."""
    mixed = np.zeros_like(q)
    depth = WIDTH // HEADS
    for h in range(HEADS):
        own = slice(h * depth, (h + 1) * depth)
        for i in range(len(q)):
            exps = [
                np.exp(q[i, own] @ k[m, own] / np.sqrt(depth)) if real[m] else 0.0
                for m in range(len(k))
            ]
            for m in range(len(k)):
                if real[m]:
                    mixed[i, own] += exps[m] / sum(exps) * v[m, own]
    return mixed


def test_self_attention_is_the_formula() -> None:
    x, mask = sample()
    layer = SelfAttention(WIDTH, HEADS).double()
    found = layer(x, mask).detach().numpy()
    for j, jet in enumerate(x.numpy()):
        q, k, v = np.split(projected(layer.qkv, jet), 3, axis=1)
        want = projected(layer.out, slow_mixing(q, k, v, mask[j].numpy()))
        np.testing.assert_allclose(found[j], want, atol=1e-12)


def test_attention_to_another_stream_is_the_formula_and_nothing_where_that_is_empty() -> None:
    x, _ = sample()
    other, there = sample(OBJECTS, OTHER, seed=4)
    layer = Attention(WIDTH, OTHER, HEADS).double()
    found = layer(x, other, there).detach().numpy()
    assert (found[0] == 0).all()
    assert there[1:].any(1).sum() > 2
    for j in there.any(1).nonzero()[:, 0].tolist():
        k, v = np.split(projected(layer.key_value, other[j].numpy()), 2, axis=1)
        q = projected(layer.query, x[j].numpy())
        want = projected(layer.out, slow_mixing(q, k, v, there[j].numpy()))
        np.testing.assert_allclose(found[j], want, atol=1e-12)


@pytest.mark.parametrize("places", [TRACKS, 64])  # by matrix products, and by the fused kernel
def test_the_weights_that_a_watcher_sees_are_those_that_are_computed_with(places: int) -> None:
    x, mask = sample(places)
    layer, pool = SelfAttention(WIDTH, HEADS).double(), AttentionPooling(WIDTH).double()
    unseen = layer(x, mask), pool(x, mask)
    with Watch() as watch:
        seen = layer(x, mask), pool(x, mask)
    torch.testing.assert_close(seen, unseen, rtol=0, atol=0)
    assert [c.weights.shape for c in watch.calls] == [
        (JETS, HEADS, places, places),
        (JETS, 1, 1, places),
    ]
    some = mask.any(1)
    for call in watch.calls:
        torch.testing.assert_close(call.given, call.expected, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(call.weights.sum(-1), torch.ones_like(call.weights[..., 0]))
        assert (call.weights.movedim(-1, 1)[some][~mask[some]] == 0).all()


def test_a_jet_without_tracks_gives_zeros_and_finite_gradients() -> None:
    x, mask = sample()
    other, there = sample(OBJECTS, OTHER, seed=4)
    layer, pool = EncoderLayer(WIDTH, HEADS, 16, "gelu", 0.0), AttentionPooling(WIDTH)
    asking = CrossLayer(WIDTH, OTHER, HEADS, 16, "gelu", 0.0)
    parts = nn.ModuleList([layer, pool, asking]).double()
    x.requires_grad_(), other.requires_grad_()
    pooled = pool(asking(layer(x, mask), other, there), mask)
    assert (pooled[0] == 0).all()
    pooled.square().sum().backward()
    for given, real in ((x, mask), (other, there)):
        assert given.grad is not None
        assert torch.isfinite(given.grad).all()
        assert (given.grad[~real] == 0).all()
        assert (given.grad[real] != 0).any()
    assert all(torch.isfinite(p.grad).all() for p in parts.parameters())
    # attention itself, before its output bias
    layer.attention.out.bias.data.zero_()
    assert (layer.attention(x, mask)[0] == 0).all()


def test_attention_stays_exact_where_scores_are_large() -> None:
    layer = SelfAttention(2, 1)
    with torch.no_grad():
        layer.qkv.weight.copy_(torch.eye(2).repeat(3, 1)), layer.qkv.bias.zero_()
        layer.out.weight.copy_(torch.eye(2)), layer.out.bias.zero_()
    x = torch.tensor([[[1e15, 0.0], [-1e15, 1.0], [1e18, 5.0]]])
    mask = torch.tensor([[True, True, False]])
    assert torch.equal(layer(x, mask)[:, :2], x[:, :2])


def test_pooling_is_a_weighted_mean_of_real_tracks() -> None:
    x, mask = sample()
    pool = AttentionPooling(WIDTH).double()
    score = x.numpy() @ pool.score.weight.detach().numpy()[0]
    weight = np.exp(score) * mask.numpy()
    expected = (weight[..., None] * x.numpy()).sum(1)[1:] / weight.sum(1)[1:, None]
    np.testing.assert_allclose(pool(x, mask).detach().numpy()[1:], expected, atol=1e-12)


@pytest.mark.parametrize(("width", "heads", "near"), [(40, 6, 5), (12, 5, 4), (8, 0, 1), (0, 1, 1)])
def test_heads_that_do_not_divide_the_width_are_refused(width: int, heads: int, near: int) -> None:
    for build in (lambda: SelfAttention(width, heads), lambda: Attention(width, 8, heads)):
        with pytest.raises(BadValueError, match=rf"{heads} heads of a width.*nearest is {near}"):
            build()
