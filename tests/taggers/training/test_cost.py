from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from jetlens.taggers.training.cost import Counting


def test_products_and_convolutions_are_counted_forward_and_backward() -> None:
    linear, convolution = nn.Linear(5, 3), nn.Conv2d(2, 4, 3)
    counting = Counting()
    with counting:
        linear(torch.rand(7, 5)).relu()
    assert counting.total == 2 * 7 * 5 * 3
    with counting:
        convolution(torch.rand(6, 2, 9, 9))
    assert counting.total == 2 * 7 * 5 * 3 + 2 * 6 * 7 * 7 * 4 * 2 * 9
    again = Counting()
    out = linear(torch.rand(7, 5)).sum()
    with again:
        out.backward()
    assert again.total == 2 * 7 * 5 * 3  # of the weights; the input asks for none


@pytest.mark.parametrize("backward", [False, True])
def test_fused_attention_costs_what_its_products_do(backward: bool) -> None:
    totals = []
    for kernel in (SDPBackend.MATH, SDPBackend.FLASH_ATTENTION):
        q, k, v = (torch.rand(2, 3, n, 8, requires_grad=True) for n in (60, 70, 70))
        counting = Counting()
        with sdpa_kernel(kernel):
            if backward:
                out = F.scaled_dot_product_attention(q, k, v).sum()
                with counting:
                    out.backward()
            else:
                with counting:
                    F.scaled_dot_product_attention(q, k, v)
        totals.append(counting.total)
    products = 2 * 2 * 3 * 60 * 70 * 8
    # going back, the fused kernel computes the scores once more
    assert totals == ([4 * products, 5 * products] if backward else [2 * products] * 2)
