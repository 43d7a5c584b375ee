"""Attention in blocks against torch's own, whatever the blocks are."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from jetlens.explain.capture import blocks

SHAPES = {
    "three-axes": ((6,), (6,)),
    "four-axes": ((5, 3), (5, 3)),
    "five-axes": ((2, 4, 3), (2, 4, 3)),
    "keys-of-all-jets": ((5, 3), (1, 3)),
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


def whole(*given, **options) -> tuple[Tensor, Tensor, list[slice]]:
    """Return what is mixed, all weights, and the blocks that they came in."""
    came, weights = [], []

    def use(some: slice, found: Tensor) -> None:
        came.append(some)
        weights.append(found)

    mixed = blocks.attention(*given, use, **options)
    return mixed, torch.cat(weights), came


@pytest.mark.parametrize(("keys", "width"), [(9, 9), (9, 18), (21, 5), (17, 16)])
@pytest.mark.parametrize("cached", [1, 600, 1 << 18])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_torchs_attention(
    shape: str, mask: str, cached: int, keys: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "_CACHED", cached)
    torch.manual_seed(1)
    lead, of_keys = SHAPES[shape]
    q = torch.randn(*lead, 7, 4).double()
    k, v = (torch.randn(*of_keys, n, keys).mT.double() for n in (4, width))
    allowed = MASKS[mask](lead, 7, keys)
    if allowed is not None and allowed.dtype == torch.bool:
        allowed[..., 0] = True
    mixed, weights, _ = whole(q, k, v, allowed, 0.4)
    want = F.scaled_dot_product_attention(q, k, v, allowed, scale=0.4)
    torch.testing.assert_close(mixed, want)
    assert weights.shape == (*lead, 7, keys)
    torch.testing.assert_close(weights @ v, want)
    if allowed is not None and allowed.dtype == torch.bool:
        assert (weights[~allowed.expand(weights.shape)] == 0).all()


@pytest.mark.parametrize("keys", [6, 18])
def test_where_nothing_may_be_looked_at_nothing_comes_back(keys: int) -> None:
    q, k, v = (torch.randn(3, 2, n, 4) for n in (5, keys, keys))
    allowed = torch.ones(3, 1, 1, keys, dtype=torch.bool)
    allowed[1] = False
    v[1] = torch.inf  # what is looked at by nobody does not matter
    mixed, weights, _ = whole(q, k, v, allowed, None)
    assert (mixed[1] == 0).all()
    assert (weights[1] == 0).all()
    torch.testing.assert_close(weights.sum(-1)[[0, 2]], torch.ones(2, 2, 5))


def test_blocks_are_what_fits_but_what_belongs_together_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    q = torch.randn(12, 2, 5, 4)
    monkeypatch.setattr(blocks, "_CACHED", 2 * 5 * 5 * 5)
    for together, size in ((1, 5), (3, 3), (4, 4), (6, 6), (None, 12)):
        *_, came = whole(q, q, q, None, None, together=together)
        assert came == [slice(i, min(i + size, 12)) for i in range(0, 12, size)], together


def test_no_jets_have_no_blocks() -> None:
    none = torch.randn(0, 3, 7, 4)
    mixed = blocks.attention(none, none, none, None, None, lambda *_: pytest.fail("a block"))
    assert mixed.shape == (0, 3, 7, 4)
