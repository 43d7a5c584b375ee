"""Functions without weights against the slow reference, for many inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import jetlens as jl
from jetlens.core.errors import UnsupportedError
from reference import lrp as slow
from relevance_modules import PLACES, assert_closed, assert_jets_are_apart, tagger, tracks

JETS, PARTICLES, WIDTH = 2, 4, 3
NAMES = tuple(f"x{i}" for i in range(WIDTH))
Does = Callable[[Tensor], Tensor]

many = settings(max_examples=12, deadline=None)
seeds = given(st.integers(0, 10**6))


class Alone(nn.Module):
    """A function of the inputs ``[jet, particle, feature]`` that gives two logits."""

    def __init__(self, does: Does) -> None:
        super().__init__()
        self.does = does
        self.precision = nn.Parameter(torch.zeros(1, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.does(x)


def scores(does: Does, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the relevance of the inputs for the second logit, and that logit."""
    made = jl.wrap(Alone(does), {"tracks": NAMES}, ("b", "c"), lambda m, i, k: m(i["tracks"]))
    found = jl.explain(made, jl.batch({"tracks": (x, NAMES)}), "lrp", target="c", rule="z")
    absorbed = found.relevance_absorbed.sum(("layer", "cause"))
    whole = found.tracks_score.sum(("tracks", "tracks_feature")) + absorbed
    np.testing.assert_allclose(whole, found.output[:, 1], rtol=1e-9, atol=1e-12)
    return found.tracks_score.values, found.output[:, 1].values


def particles(seed: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(JETS, PARTICLES, WIDTH)) + shift


@many
@seeds
def test_a_product_gives_equal_parts(seed: int) -> None:
    x = particles(seed)
    x[0, 1:3, 1] = 1.0  # as masked places have
    found, out = scores(lambda t: t.prod(1)[:, :2], x)
    for j in range(JETS):
        np.testing.assert_allclose(found[j, :, 1], slow.product(x[j, :, 1], out[j]), rtol=1e-9)
        assert not found[j, :, [0, 2]].any()


def test_a_product_of_ones_gives_equal_parts() -> None:
    x = np.ones((JETS, PARTICLES, WIDTH))
    found, _ = scores(lambda t: t.prod(1)[:, :2], x)
    np.testing.assert_allclose(found[:, :, 1], 1 / PARTICLES)
    np.testing.assert_allclose(found[0, :, 1], slow.product(x[0, :, 1], 1.0))


@many
@seeds
def test_a_soft_maximum_gives_by_softmax(seed: int) -> None:
    x = particles(seed) * 3
    found, out = scores(lambda t: t.logsumexp(1)[:, :2], x)
    for j in range(JETS):
        np.testing.assert_allclose(found[j, :, 1], slow.log_sum_exp(x[j, :, 1], out[j]), rtol=1e-9)


def test_a_hidden_place_has_no_part_in_a_soft_maximum() -> None:
    x = particles(3)
    hidden = torch.tensor([False, True, False, False])

    def does(t: Tensor) -> Tensor:
        return t.masked_fill(hidden[None, :, None], -torch.inf).logsumexp(1)[:, :2]

    found, out = scores(does, x)
    for j in range(JETS):
        want = slow.log_sum_exp(x[j, [0, 2, 3], 1], out[j])
        np.testing.assert_allclose(found[j, [0, 2, 3], 1], want, rtol=1e-9)
        assert found[j, 1, 1] == 0


@many
@seeds
def test_a_cosine_gives_half_to_either_vector(seed: int) -> None:
    x = particles(seed)
    found, out = scores(lambda t: F.cosine_similarity(t[:, :2], t[:, 2:], dim=-1), x)
    for j in range(JETS):
        one, other = slow.cosine(x[j, 1], x[j, 3], out[j])
        np.testing.assert_allclose(found[j, 1], one, rtol=1e-7, atol=1e-12)
        np.testing.assert_allclose(found[j, 3], other, rtol=1e-7, atol=1e-12)


@many
@given(st.integers(0, 10**6), st.permutations(range(PARTICLES)))
def test_what_is_scattered_is_gathered_again(seed: int, places: list[int]) -> None:
    x = particles(seed)
    index = torch.tensor(places[:2])[None].expand(JETS, -1)
    weight = torch.arange(1.0, PARTICLES + 1, dtype=torch.float64)

    def does(t: Tensor) -> Tensor:
        made = t[..., 0].scatter(1, index, t[:, :2, 1])
        return torch.stack([made.sum(1), made @ weight], 1)

    found, out = scores(does, x)
    for j in range(JETS):
        made = x[j, :, 0].copy()
        made[places[:2]] = x[j, :2, 1]
        base, source = slow.scattered(x[j, :, 0], places[:2], x[j, :2, 1], made * weight.numpy())
        np.testing.assert_allclose(found[j, :, 0], base, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found[j, :2, 1], source, rtol=1e-9, atol=1e-12)
        assert out[j] == pytest.approx(made @ weight.numpy())


@pytest.mark.parametrize("name", ["index_add", "scatter_add", "scatter_reduce"])
@settings(max_examples=6, deadline=None)
@given(
    st.integers(0, 10**6), st.lists(st.integers(0, PARTICLES - 1), min_size=PARTICLES, max_size=4)
)
def test_what_is_added_up_shares_in_proportion(name: str, seed: int, places: list[int]) -> None:
    x = particles(seed)
    index = torch.tensor(places)
    weight = torch.arange(1.0, PARTICLES + 1, dtype=torch.float64)

    def does(t: Tensor) -> Tensor:
        base, source = t[..., 0], t[..., 1]
        wide = index[None].expand(JETS, -1)
        if name == "index_add":
            made = base.index_add(1, index, source)
        elif name == "scatter_add":
            made = base.scatter_add(1, wide, source)
        else:
            made = base.scatter_reduce(1, wide, source, "sum")
        return torch.stack([made.sum(1), made @ weight], 1)

    found, _ = scores(does, x)
    for j in range(JETS):
        made = x[j, :, 0].copy()
        np.add.at(made, places, x[j, :, 1])
        base, source = slow.added_at(x[j, :, 0], places, x[j, :, 1], made * weight.numpy())
        np.testing.assert_allclose(found[j, :, 0], base, rtol=1e-7, atol=1e-10)
        np.testing.assert_allclose(found[j, :, 1], source, rtol=1e-7, atol=1e-10)


@many
@seeds
def test_a_contraction_of_signals_gives_half_to_either(seed: int) -> None:
    x = particles(seed)
    weight = np.random.default_rng(seed + 1).normal(size=(WIDTH, PARTICLES, WIDTH, 2))

    def does(t: Tensor) -> Tensor:
        both = torch.tensordot(t, torch.as_tensor(weight), ([2], [0]))  # [jet, i, particle, w, 2]
        return torch.einsum("jpw,jpwc->jc", t, both[:, 0])

    found, out = scores(does, x)
    for j in range(JETS):
        b = np.einsum("v,vpwc->pwc", x[j, 0], weight)
        of_a, of_b = slow.contraction(x[j], b, np.array([0.0, out[j]]))
        want = of_a
        for v in range(WIDTH):  # each number of b is a sum over the first particle's features
            part = x[j, 0, v] * weight[v] / b * of_b
            want[0, v] += part.sum()
        np.testing.assert_allclose(found[j], want, rtol=1e-6, atol=1e-9)


def rows(x: Tensor) -> Tensor:
    return torch.arange(len(x)).repeat_interleave(PLACES)


def reduced(x: Tensor, how: str, own: bool) -> Tensor:
    """The PyTorch of libraries for graphs: particles as rows, put together by their jet."""
    index = rows(x)[:, None].expand(-1, 4)
    start = torch.full((len(x), 4), 0.1, dtype=x.dtype)
    return start.scatter_reduce(0, index, x.reshape(-1, 4), how, include_self=own)


WHAT: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cosine to a constant": lambda x, mask: F.cosine_similarity(x, torch.ones_like(x), dim=-1),
    "soft maxima": lambda x, mask: torch.cat(
        [x.logsumexp(1), x.logsumexp((1, 2), True).flatten(1), torch.logaddexp(x[:, 0], x[:, 1])], 1
    ),
    "none is left": lambda x, mask: torch.cat(
        [x.masked_fill(mask[..., None], -torch.inf).logsumexp(2).exp(), x[:, 0]], 1
    ),
    "masked products": lambda x, mask: torch.cat(
        [(x + 0).masked_fill(~mask[..., None], 1.0).prod(1), x.prod(2, keepdim=True)[..., 0]], 1
    ),
    "scattered": lambda x, mask: torch.zeros_like(x).scatter(
        1, torch.tensor([2, 0, 1])[None, :, None].expand(len(x), -1, 4), x
    ),
    "a number": lambda x, mask: x.scatter(2, torch.tensor([1, 1]).expand(len(x), PLACES, 2), 0.5),
    "copied": lambda x, mask: x.index_copy(1, torch.tensor([2, 0]), x[:, :2] * 2),
    "filled": lambda x, mask: x.index_fill(1, torch.tensor([2, 0]), 0.2),
    "put": lambda x, mask: (x * 2).index_put((torch.arange(len(x)), torch.tensor(1)), x[:, 0]),
    "masked": lambda x, mask: torch.zeros_like(x).masked_scatter(mask[..., None], x[mask]),
    "segments": lambda x, mask: torch.cat(
        [reduced(x, how, own) for how in ("sum", "mean", "amax", "amin") for own in (True, False)],
        1,
    ),
    "added to constants": lambda x, mask: (
        torch.zeros(len(x), 4, dtype=x.dtype).index_add(0, rows(x), x.reshape(-1, 4), alpha=2.0)
        + x.index_add(1, torch.tensor([0]), torch.ones(len(x), 1, 4, dtype=x.dtype))[:, 0]
    ),
    "tensordot": lambda x, mask: torch.tensordot(
        torch.ones(2, PLACES, dtype=x.dtype), x, ([1], [1])
    ).transpose(0, 1),
    "inner": lambda x, mask: torch.inner(x, torch.ones(2, 4, dtype=x.dtype)),
    "dots": lambda x, mask: torch.linalg.vecdot(x, x.flip(1)),
    "bilinear": lambda x, mask: F.bilinear(
        x, x.flip(1), torch.ones(2, 4, 4, dtype=x.dtype), torch.ones(2, dtype=x.dtype)
    ),
    "between": lambda x, mask: torch.lerp(x, x.flip(1), 0.3) + x.lerp(x.flip(2), x.sigmoid()),
    "sums of products": lambda x, mask: (
        torch.addcmul(x, x, x.flip(1), value=0.5) + torch.addcdiv(x, x, 1 + x.abs())
    ),
    "beside each other": lambda x, mask: torch.hstack(
        [x.flatten(1), torch.column_stack([x[:, 0, 0], x[:, 1]])]
    ),
    "distances": lambda x, mask: torch.cat(
        [F.pairwise_distance(x, x.flip(1)), torch.cdist(x, x[:, :2] + 1).flatten(1)], 1
    ),
    "spread": lambda x, mask: torch.broadcast_tensors(x, x[:, :1])[1],
    "moments": lambda x, mask: torch.cat(torch.var_mean(x, 1) + torch.std_mean(x, dim=2), 1),
    "numbers": lambda x, mask: x.masked_fill(~mask[..., None], torch.nan).nanmean(1),
    "softmin": lambda x, mask: F.softmin(x, dim=-1),
}


@pytest.mark.parametrize("what", WHAT)
def test_the_account_is_closed(what: str) -> None:
    made, batch = tagger(WHAT[what]), tracks()
    assert_closed(jl.explain(made, batch, "lrp", target="c"), made, batch)
    assert_jets_are_apart(made, batch)


@pytest.mark.parametrize(
    ("does", "message"),
    [
        (lambda x: x.prod(), "name its dim="),
        (lambda x: x.prod(0), "'prod' .* mixes the jets"),
        (lambda x: x.logsumexp(0), "'logsumexp' .* mixes the jets"),
        (lambda x: x.cumprod(1), "'cumprod' .* has no rule"),
        (lambda x: x.scatter(1, torch.zeros(len(x), 2, 4, dtype=torch.long), x), "more than once"),
        (lambda x: x.scatter(1, torch.zeros(len(x), 1, 4, dtype=torch.long), x, reduce="add"),
         "write it with scatter_reduce"),
        (lambda x: x.scatter_reduce(1, torch.zeros(len(x), 1, 4, dtype=torch.long), x, "prod"),
         "reduce='prod' has no rule"),
        (lambda x: x.index_put((torch.arange(len(x)),), x, accumulate=True), "with index_add"),
        (lambda x: reduced(x.flip(0), "sum", True) + x[:, 0], "mixes the jets"),
        (lambda x: F.cosine_similarity(x, x.flip(0), dim=-1), "mixes the jets"),
    ],
)  # fmt: skip
def test_what_has_no_honest_rule_is_refused(does: Does, message: str) -> None:
    def forward(x: Tensor, mask: Tensor) -> Tensor:
        return does(x) if torch.is_grad_enabled() else x

    with pytest.raises(UnsupportedError, match=message):
        jl.explain(tagger(forward), tracks(), "lrp", target="c")
