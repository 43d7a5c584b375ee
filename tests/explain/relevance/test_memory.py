"""Writing into memory that several tensors share: as if it had been written without."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import jetlens as jl
from jetlens.core.errors import UnsupportedError
from relevance_modules import assert_closed, assert_jets_are_apart, tagger, tracks


def older_view(x: Tensor) -> Tensor:
    y = x * 2
    view = y[:, 0]
    y += 1
    return torch.cat([y.flatten(1), view], -1)


def older_view_plainly(x: Tensor) -> Tensor:
    y = x * 2 + 1
    return torch.cat([y.flatten(1), y[:, 0]], -1)


def into_views(x: Tensor) -> Tensor:
    y = x * 2
    y[:, 0] += x[:, 1]
    y[:, 1, 2:] *= 3
    y[:, 2].relu_()
    return y


def into_views_plainly(x: Tensor) -> Tensor:
    y = x * 2
    second = torch.cat([y[:, 1, :2], y[:, 1, 2:] * 3], -1)
    return torch.stack([y[:, 0] + x[:, 1], second, y[:, 2].relu()], 1)


def views_of_views(x: Tensor) -> Tensor:
    y = x * 2
    later = y[:, 1:]
    turned = later.transpose(1, 2)
    turned[:, 0].mul_(3)  # y[:, 1:, 0]
    later += 1
    turned[:, :, 1] = 0.5  # y[:, 2]
    before = turned[:, 0] * 1
    y[:, 1] = x[:, 2]
    return torch.cat([y.flatten(1), later.flatten(1), turned.flatten(1), before], 1)


def views_of_views_plainly(x: Tensor) -> Tensor:
    y = x * 2
    second = torch.cat([y[:, 1, :1] * 3, y[:, 1, 1:]], -1) + 1
    third = torch.full_like(y[:, 2], 0.5)
    before = torch.stack([second[:, 0], third[:, 0]], -1)
    later = torch.stack([x[:, 2], third], 1)
    whole = torch.cat([y[:, :1], later], 1)
    turned = later.transpose(1, 2).flatten(1)
    return torch.cat([whole.flatten(1), later.flatten(1), turned, before], 1)


def steps_first(x: Tensor) -> Tensor:
    """Outputs step by step into a tensor of zeros, the axis of jets second."""
    out = torch.zeros(x.shape[1], len(x), 4, dtype=x.dtype)
    middle = out[1]
    middle.copy_(x[:, 0])
    out[0] = x[:, 1]
    out[2].add_(x[:, 2])
    return out.transpose(0, 1) + middle[:, None]


def steps_first_plainly(x: Tensor) -> Tensor:
    return torch.stack([x[:, 1], x[:, 0], x[:, 2]], 1) + x[:, :1]


def reshaped_in_place(x: Tensor) -> Tensor:
    y = x * 2
    view = y[:, 0]
    y.transpose_(1, 2)
    y += 1
    y.unsqueeze_(1)
    return torch.cat([y.flatten(1), view], 1)


def reshaped_in_place_plainly(x: Tensor) -> Tensor:
    y = x * 2 + 1
    return torch.cat([y.mT.flatten(1), y[:, 0]], 1)


def constants(x: Tensor) -> Tensor:
    y = x * 2
    y[:, 0].zero_()
    y[:, 1].fill_(0.5)
    return y


def constants_plainly(x: Tensor) -> Tensor:
    first = torch.zeros_like(x[:, 0])
    return torch.stack([first, first + 0.5, x[:, 2] * 2], 1)


def detached(x: Tensor) -> Tensor:
    y = x * 2
    numbers = y.detach()
    y += 1
    return y * numbers


def detached_plainly(x: Tensor) -> Tensor:
    y = x * 2 + 1
    return y * y.detach()


def handed_through(x: Tensor) -> Tensor:
    """What dropout does not change, it hands through; what follows writes into it."""
    y = x * 1
    out = F.relu(F.dropout(y, 0.1, training=False, inplace=True), inplace=True)
    out += 1
    return torch.cat([y, out], -1)


def handed_through_plainly(x: Tensor) -> Tensor:
    y = x.relu() + 1
    return torch.cat([y, y], -1)


def other_jets(x: Tensor) -> Tensor:
    backwards, y = torch.arange(len(x) - 1, -1, -1), x * 1
    y[backwards] = x * 3
    return y[backwards]


def several_jets_a_row(x: Tensor) -> Tensor:
    rows = torch.ones(len(x) * 3, 4, dtype=x.dtype)
    rows.view(len(x), 3, 4)[:, 1] = x[:, 0]
    return rows.view(len(x), 12)


def several_jets_a_row_plainly(x: Tensor) -> Tensor:
    ones = torch.ones_like(x[:, 0])
    return torch.cat([ones, x[:, 0], ones], 1)


WAYS = {
    "an older view": (older_view, older_view_plainly),
    "into views": (into_views, into_views_plainly),
    "views of views": (views_of_views, views_of_views_plainly),
    "steps first": (steps_first, steps_first_plainly),
    "another shape": (reshaped_in_place, reshaped_in_place_plainly),
    "constants": (constants, constants_plainly),
    "detached": (detached, detached_plainly),
    "handed through": (handed_through, handed_through_plainly),
    "other jets": (other_jets, lambda x: x * 3),
    "several jets a row": (several_jets_a_row, several_jets_a_row_plainly),
}


@pytest.mark.parametrize("way", WAYS)
def test_scores_are_those_of_a_module_that_writes_nothing(way: str) -> None:
    writes, plainly = (tagger(lambda x, mask, f=f: f(x)) for f in WAYS[way])
    batch = tracks()
    found, want = (
        jl.explain(made, batch, "lrp", target="c", rule="z") for made in (writes, plainly)
    )
    assert_closed(found, writes, batch)
    np.testing.assert_allclose(found.output, want.output, rtol=1e-12)
    np.testing.assert_allclose(found.tracks_score, want.tracks_score, rtol=1e-6, atol=1e-9)
    assert_jets_are_apart(writes, batch)


@pytest.mark.parametrize(
    ("does", "message"),
    [
        (lambda y, x: y.__setitem__((slice(None), [0, 0]), x[:, :2]), "one place more than once"),
        (lambda y, x: y[:, 0].view(torch.int64).add_(1), "detached|cannot be propagated"),
        (lambda y, x: torch.zeros(7, dtype=x.dtype).index_copy_(0, torch.arange(5), x[:, 0, 0]),
         "jets cannot be told"),
        (lambda y, x: torch.zeros(3, 4)[:, :2].copy_(x[0, :, :2]), "jets cannot be told"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_refused(does, message: str) -> None:
    def forward(x: Tensor, mask: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            does(x * 2, x)
        return x

    with pytest.raises(UnsupportedError, match=message):
        jl.explain(tagger(forward), tracks(), "lrp", target="c")
