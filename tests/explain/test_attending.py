"""Attention in blocks against torch's own, whatever the blocks are."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from jetlens.explain import attending

SHAPES = {
    "two-axes": ((), ()),
    "three-axes": ((6,), (6,)),
    "four-axes": ((5, 3), (5, 3)),
    "five-axes": ((2, 4, 3), (2, 4, 3)),
    "keys-of-all-jets": ((5, 3), (1, 3)),
    "no-jets": ((0, 3), (0, 3)),
}
MASKS = {
    "none": lambda lead, q, k: None,
    "keys": lambda lead, q, k: torch.rand(*lead[:1], *[1] * len(lead), k) < 0.7,
    "last-keys": lambda lead, q, k: (torch.arange(k) < k - 3)[None],
    "all-keys": lambda lead, q, k: torch.ones(1, k, dtype=torch.bool),
    "one-number": lambda lead, q, k: torch.tensor([[0.5]]).double(),
    "pairs": lambda lead, q, k: torch.rand(q, k) < 0.7,
    "numbers": lambda lead, q, k: torch.randn(*lead, q, k).double(),
}


@pytest.mark.parametrize("cached", [1, 200, 1 << 18])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_torchs_attention(
    shape: str, mask: str, cached: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attending, "_CACHED", cached)
    torch.manual_seed(1)
    lead, of_keys = SHAPES[shape]
    q = torch.randn(*lead, 7, 4).double()
    k, v = (torch.randn(*of_keys, 4, n).mT.double() for n in (9, 9))
    allowed = MASKS[mask](lead, 7, 9)
    if allowed is not None and allowed.dtype == torch.bool:
        allowed[..., 0] = True
    mixed, weights = attending.attention(q, k, v, allowed, 0.4)
    want = F.scaled_dot_product_attention(q, k, v, allowed, scale=0.4)
    torch.testing.assert_close(mixed, want)
    assert weights.shape == (*lead, 7, 9)
    torch.testing.assert_close(weights @ v, want)
    if allowed is not None and allowed.dtype == torch.bool:
        assert (weights[~allowed.expand(weights.shape)] == 0).all()


def test_where_nothing_may_be_looked_at_nothing_comes_back() -> None:
    q, k, v = (torch.randn(3, 2, n, 4) for n in (5, 6, 6))
    allowed = torch.ones(3, 1, 1, 6, dtype=torch.bool)
    allowed[1] = False
    mixed, weights = attending.attention(q, k, v, allowed, None)
    assert (mixed[1] == 0).all()
    assert (weights[1] == 0).all()
    torch.testing.assert_close(weights.sum(-1)[[0, 2]], torch.ones(2, 2, 5))
