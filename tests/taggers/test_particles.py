from __future__ import annotations

import pytest
import torch

from jetlens.taggers.particles import RealBatchNorm, moved_up, real_first

MASK = torch.tensor([[1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]], dtype=torch.bool)
X = torch.arange(16.0).reshape(4, 4, 1) + 1


@pytest.mark.parametrize("mask", [MASK, MASK[1:3]])  # with holes, and without
def test_real_particles_move_up_in_their_order_and_padding_is_zero(mask: torch.Tensor) -> None:
    x = X[: len(mask)]
    moved, new = moved_up(x, mask)
    for row, real, out, kept in zip(x, mask, moved, new, strict=True):
        n = int(real.sum())
        assert out[:n, 0].tolist() == row[real, 0].tolist()
        assert (out[n:] == 0).all()
        assert kept.tolist() == [True] * n + [False] * (4 - n)
    assert real_first(MASK)[0].tolist() == [0, 2, 3, 1]


def test_normalisation_measures_real_particles_alone() -> None:
    torch.manual_seed(0)
    norm, x = RealBatchNorm(3).double().train(), torch.randn(4, 3, 4, dtype=torch.float64)
    x[(~MASK)[:, None].expand_as(x)] = 1e6
    out = norm(x, MASK)
    real = x.transpose(1, 2)[MASK]
    expected = (real - real.mean(0)) / torch.sqrt(real.var(0, unbiased=False) + norm.norm.eps)
    torch.testing.assert_close(out.transpose(1, 2)[MASK], expected)
    assert (out.transpose(1, 2)[~MASK] == 0).all()
    torch.testing.assert_close(norm.norm.running_mean, 0.1 * real.mean(0))
    at_rest = norm.eval()(x, MASK)
    assert (at_rest.transpose(1, 2)[~MASK] == 0).all()
    by_hand = (real - 0.1 * real.mean(0)) / torch.sqrt(norm.norm.running_var + norm.norm.eps)
    torch.testing.assert_close(at_rest.transpose(1, 2)[MASK], by_hand)


@pytest.mark.parametrize("real", [0, 1])
def test_too_few_particles_to_measure_take_what_was_measured_before(real: int) -> None:
    norm, x = RealBatchNorm(3).train(), torch.randn(2, 3, 4, requires_grad=True)
    before = norm.norm.running_mean.clone()
    mask = torch.zeros(2, 4, dtype=torch.bool)
    mask[0, :real] = True
    out = norm(x, mask)
    out.sum().backward()
    assert torch.isfinite(x.grad).all()
    assert torch.equal(norm.norm.running_mean, before)
    torch.testing.assert_close(out[0, :, :real], x[0, :, :real] / (1 + norm.norm.eps) ** 0.5)
