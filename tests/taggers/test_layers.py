from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from jetlens.core.errors import UnknownNameError
from jetlens.taggers.layers import (
    AttentionPooling,
    AttentionWeights,
    EncoderLayer,
    SelfAttention,
    dense,
    explicit_attention,
)

JETS, TRACKS, WIDTH, HEADS = 6, 5, 8, 2


def sample() -> tuple[Tensor, Tensor]:
    torch.manual_seed(3)
    mask = torch.rand(JETS, TRACKS) < 0.6
    mask[0], mask[1] = False, True
    return torch.randn(JETS, TRACKS, WIDTH, dtype=torch.float64), mask


def slow_attention(layer: SelfAttention, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Attention as the paper writes it, a jet, a head and a query at a time."""
    weight, bias = (p.detach().numpy() for p in (layer.qkv.weight, layer.qkv.bias))
    out = np.zeros_like(x)
    depth = WIDTH // HEADS
    for j, jet in enumerate(x):
        q, k, v = np.split(jet @ weight.T + bias, 3, axis=1)
        mixed = np.zeros_like(jet)
        for h in range(HEADS):
            own = slice(h * depth, (h + 1) * depth)
            for i in range(TRACKS):
                exps = [
                    np.exp(q[i, own] @ k[m, own] / np.sqrt(depth)) if mask[j, m] else 0.0
                    for m in range(TRACKS)
                ]
                for m in range(TRACKS):
                    if mask[j, m]:
                        mixed[i, own] += exps[m] / sum(exps) * v[m, own]
        out[j] = mixed @ layer.out.weight.detach().numpy().T + layer.out.bias.detach().numpy()
    return out


@pytest.mark.parametrize("fused", [True, False])
def test_self_attention_is_the_formula(fused: bool) -> None:
    x, mask = sample()
    layer = SelfAttention(WIDTH, HEADS).double()
    layer.fused = fused
    np.testing.assert_allclose(
        layer(x, mask).detach().numpy(), slow_attention(layer, x.numpy(), mask.numpy()), atol=1e-12
    )


def test_explicit_and_fused_attention_agree_in_gradients_and_the_flag_is_undone() -> None:
    x, mask = sample()
    layer = SelfAttention(WIDTH, HEADS).double()
    x.requires_grad_()
    (fused,) = torch.autograd.grad(layer(x, mask).sin().sum(), x)
    with explicit_attention(layer):
        (explicit,) = torch.autograd.grad(layer(x, mask).sin().sum(), x)
        assert not layer.fused
    torch.testing.assert_close(fused, explicit, rtol=1e-10, atol=1e-12)
    with pytest.raises(ZeroDivisionError), explicit_attention(layer):
        _ = 1 / 0
    assert layer.fused


def test_a_hook_sees_weights_that_add_up_to_one_over_real_keys() -> None:
    x, mask = sample()
    layer = SelfAttention(WIDTH, HEADS).double()
    seen: list[Tensor] = []
    layer.weights.register_forward_hook(lambda module, given, out: seen.append(out))
    layer(x, mask)
    assert not seen
    with explicit_attention(layer):
        layer(x, mask)
    (weights,) = seen
    assert weights.shape == (JETS, HEADS, TRACKS, TRACKS)
    any_key = mask.any(1).double()[:, None, None].expand(-1, HEADS, TRACKS)
    torch.testing.assert_close(weights.sum(-1), any_key)
    assert (weights.movedim(-1, 1)[~mask] == 0).all()


@pytest.mark.parametrize("fused", [True, False])
def test_a_jet_without_tracks_gives_zeros_and_finite_gradients(fused: bool) -> None:
    x, mask = sample()
    layer, pool = EncoderLayer(WIDTH, HEADS, 16, "gelu", 0.0), AttentionPooling(WIDTH)
    layer.attention.fused = fused
    layer.double(), pool.double()
    x.requires_grad_()
    pooled = pool(layer(x, mask), mask)
    assert (pooled[0] == 0).all()
    pooled.square().sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    assert (x.grad[~mask] == 0).all()
    assert all(torch.isfinite(p.grad).all() for p in (*layer.parameters(), *pool.parameters()))
    # attention itself, before its output bias
    layer.attention.out.bias.data.zero_()
    assert (layer.attention(x, mask)[0] == 0).all()


def test_softmax_stays_exact_where_scores_are_large() -> None:
    scores = torch.tensor([[1e30, -1e30, 3e38]])
    mask = torch.tensor([[True, True, False]])
    assert AttentionWeights()(scores, mask).tolist() == [[1.0, 0.0, 0.0]]


def test_pooling_is_a_weighted_mean_of_real_tracks() -> None:
    x, mask = sample()
    pool = AttentionPooling(WIDTH).double()
    score = x.numpy() @ pool.score.weight.detach().numpy()[0]
    weight = np.exp(score) * mask.numpy()
    expected = (weight[..., None] * x.numpy()).sum(1)[1:] / weight.sum(1)[1:, None]
    np.testing.assert_allclose(pool(x, mask).detach().numpy()[1:], expected, atol=1e-12)


def test_dense_has_activations_between_its_layers_alone() -> None:
    names = [type(m).__name__ for m in dense([3, 4, 5, 2], "silu", dropout=0.1)]
    assert names == ["Linear", "SiLU", "Dropout", "Linear", "SiLU", "Dropout", "Linear"]
    with pytest.raises(UnknownNameError, match="did you mean 'gelu'"):
        dense([1, 2], "gelo")
