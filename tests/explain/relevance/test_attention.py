"""Attention against AttnLRP's equations written out, in every way that torch can compute it."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import jetlens as jl
from attention_calls import explicit
from jetlens.core.registry import taggers
from reference import lrp as slow

FEATURES = tuple("abcdef")
WIDTH, JETS, PLACES = 4, 6, 5


def tracks(holes: bool = True):
    rng = np.random.default_rng(3)
    mask = rng.random((JETS, PLACES)) < 0.6
    mask[:, 0] = True
    if not holes:
        mask[:] = True
    values = rng.normal(size=(JETS, PLACES, len(FEATURES)))
    return jl.batch({"tracks": (values, FEATURES, mask)})


def wrapped(module: nn.Module) -> jl.Tagger:
    torch.manual_seed(5)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.6)
    return jl.wrap(
        module.double(),
        {"tracks": FEATURES},
        ("b", "c"),
        call=lambda m, inputs, masks: m(inputs["tracks"], masks["tracks"]),
    )


class OneHead(nn.Module):
    """Attention of the inputs themselves: features 0-1 ask, 2-3 answer, 4-5 are the values."""

    def __init__(self, how: str, bias: bool = False) -> None:
        super().__init__()
        self.how, self.bias = how, bias
        self.scale = nn.Parameter(torch.ones(()))  # a tagger is as precise as its parameters

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        q, k, v = x[..., :2], x[..., 2:4], x[..., 4:]
        hidden = ~mask[:, None, :]
        bias = x[..., :1] * 1.0 + x[..., None, :, 1] * 0.5 if self.bias else None
        if self.how == "fused":
            if bias is None:
                out = F.scaled_dot_product_attention(q, k, v, ~hidden)
            else:
                out = F.scaled_dot_product_attention(q, k, v, bias.masked_fill(hidden, -torch.inf))
        else:
            scores = q @ k.mT / math.sqrt(2)
            scores = scores if bias is None else scores + bias
            out = scores.masked_fill(hidden, -torch.inf).softmax(-1) @ v
        return out[:, 0] * self.scale


@pytest.mark.parametrize("how", ["fused", "explicit"])
@pytest.mark.parametrize("attention", ["attnlrp", "value"])
def test_one_head_follows_the_equations(how: str, attention: str) -> None:
    jets = tracks()
    found = jl.explain(
        wrapped(OneHead(how)), jets, "lrp", target="c", rule="z", attention=attention
    )
    mask, x = jets["tracks"].mask, jets["tracks"].values
    for j in range(JETS):
        real = x[j][mask[j]]
        relevance = np.zeros((len(real), 2))
        relevance[0, 1] = float(found.output[j, 1])
        want = slow.attention(
            real[:, :2], real[:, 2:4], real[:, 4:], relevance, value_only=attention == "value"
        )
        scores = found.tracks_score[j].values[mask[j]]
        for part, columns in (("q", slice(0, 2)), ("k", slice(2, 4)), ("v", slice(4, 6))):
            np.testing.assert_allclose(scores[:, columns], want[part], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("how", ["fused", "explicit"])
def test_a_pair_bias_gets_its_share(how: str) -> None:
    jets = tracks(holes=False)
    tagger = wrapped(OneHead(how, bias=True))
    found = jl.explain(tagger, jets, "lrp", target="c", rule="z")
    for j, x in enumerate(jets["tracks"].values):
        relevance = np.zeros((PLACES, 2))
        relevance[0, 1] = float(found.output[j, 1])
        one, other = x[:, :1] + 0 * x[:, 1], 0.5 * x[:, 1] + 0 * x[:, :1]
        want = slow.attention(x[:, :2], x[:, 2:4], x[:, 4:], relevance, bias=one + other)
        to_q = want["q"].copy()
        share = want["bias"] / (one + other)
        to_q[:, 0] += (share * one).sum(1)
        to_q[:, 1] += (share * other).sum(0)
        np.testing.assert_allclose(found.tracks_score[j, :, :2], to_q, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(found.tracks_score[j, :, 2:4], want["k"], rtol=1e-8, atol=1e-10)


class Multi(nn.Module):
    """`nn.MultiheadAttention` between dense layers, or the same of its parts."""

    def __init__(self, plain: bool = False, weights: bool = False, **options) -> None:
        super().__init__()
        self.plain, self.weights = plain, weights
        self.embed = nn.Linear(len(FEATURES), WIDTH)
        self.mix = nn.MultiheadAttention(WIDTH, 2, **options)
        self.out = nn.Linear(WIDTH, 2)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        h = self.embed(x)
        if self.plain:
            mixed = self._parts(h, mask)
        elif self.mix.batch_first:
            mixed, _ = self.mix(h, h, h, key_padding_mask=~mask, need_weights=self.weights)
        else:
            h = h.transpose(0, 1)
            mixed, _ = self.mix(h, h, h, key_padding_mask=~mask, need_weights=self.weights)
            mixed = mixed.transpose(0, 1)
        return self.out((mixed * mask[..., None]).sum(1))

    def _parts(self, h: Tensor, mask: Tensor) -> Tensor:
        q, k, v = F.linear(h, self.mix.in_proj_weight, self.mix.in_proj_bias).chunk(3, -1)
        if self.mix.bias_k is not None:
            k = torch.cat([k, self.mix.bias_k.expand(len(h), 1, -1)], 1)
            v = torch.cat([v, self.mix.bias_v.expand(len(h), 1, -1)], 1)
            mask = F.pad(mask, (0, 1), value=True)
        if self.mix.add_zero_attn:
            k, v, mask = (
                F.pad(k, (0, 0, 0, 1)),
                F.pad(v, (0, 0, 0, 1)),
                F.pad(mask, (0, 1), value=True),
            )
        q, k, v = (t.unflatten(-1, (2, -1)).transpose(1, 2) for t in (q, k, v))
        scores = q @ k.mT / math.sqrt(WIDTH // 2)
        scores = scores.masked_fill(~mask[:, None, None], -torch.inf)
        mixed = scores.softmax(-1) @ v
        return self.mix.out_proj(mixed.transpose(1, 2).flatten(2))


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("more", [{}, {"add_bias_kv": True, "add_zero_attn": True}])
@pytest.mark.parametrize("attention", ["attnlrp", "value"])
def test_multi_head_attention_is_its_parts(attention, more, first: bool, weights: bool) -> None:
    jets = tracks()
    options = {"target": "c", "rule": "z", "attention": attention}
    whole = wrapped(Multi(weights=weights, batch_first=first, **more))
    parts = wrapped(Multi(plain=True, **more))
    one, other = (jl.explain(t, jets, "lrp", **options) for t in (whole, parts))
    np.testing.assert_allclose(one.output, other.output, rtol=1e-10)
    np.testing.assert_allclose(one.tracks_score, other.tracks_score, rtol=1e-8, atol=1e-10)
    for cause in ("bias", "constants", "softmax"):
        sums = [f.relevance_absorbed.sel(cause=cause).sum("layer") for f in (one, other)]
        np.testing.assert_allclose(*sums, rtol=1e-8, atol=1e-10)


def test_masks_of_every_kind_hide_the_same() -> None:
    class Masked(Multi):
        kind = "padding"

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            h, hidden = self.embed(x), ~mask
            options = {"key_padding_mask": hidden, "need_weights": False}
            if self.kind != "padding":
                each = hidden[:, None, None].expand(-1, 2, PLACES, -1).flatten(0, 1)
                if self.kind == "float":
                    each = torch.zeros(each.shape, dtype=x.dtype).masked_fill(each, -torch.inf)
                options = {"attn_mask": each, "need_weights": False}
            mixed, _ = self.mix(h, h, h, **options)
            return self.out((mixed * mask[..., None]).sum(1))

    found = {}
    for kind in ("padding", "bool", "float"):
        tagger = wrapped(Masked(batch_first=True))
        tagger.module.kind = kind
        found[kind] = jl.explain(tagger, tracks(), "lrp").tracks_score
    np.testing.assert_allclose(found["bool"], found["padding"], rtol=1e-10)
    np.testing.assert_allclose(found["float"], found["padding"], rtol=1e-10)


@pytest.mark.parametrize("norm_first", [False, True])
def test_an_encoder_in_evaluation_with_padding(norm_first: bool) -> None:
    """The encoder's fast path, which nothing can see into, is not taken."""

    class Encoder(nn.Module):
        def __init__(self, by_hand: bool) -> None:
            super().__init__()
            self.by_hand = by_hand
            self.embed = nn.Linear(len(FEATURES), WIDTH)
            layer = nn.TransformerEncoderLayer(WIDTH, 2, 8, batch_first=True, norm_first=norm_first)
            self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
            self.out = nn.Linear(WIDTH, 2)

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            h = self.embed(x)
            if not self.by_hand:
                h = self.encoder(h, src_key_padding_mask=~mask)
            else:
                for layer in self.encoder.layers:
                    h = self._layer(layer, h, mask)
            return self.out((h * mask[..., None]).sum(1))

        def _layer(self, layer: nn.Module, h: Tensor, mask: Tensor) -> Tensor:
            def attend(h: Tensor) -> Tensor:
                return layer.self_attn(h, h, h, key_padding_mask=~mask, need_weights=False)[0]

            def dense(h: Tensor) -> Tensor:
                return layer.linear2(layer.linear1(h).relu())

            if norm_first:
                h = h + attend(layer.norm1(h))
                return h + dense(layer.norm2(h))
            h = layer.norm1(h + attend(h))
            return layer.norm2(h + dense(h))

    jets = tracks()
    found, hand = (jl.explain(wrapped(Encoder(by)), jets, "lrp") for by in (False, True))
    np.testing.assert_allclose(found.output, hand.output, rtol=1e-9)
    np.testing.assert_allclose(found.tracks_score, hand.tracks_score, rtol=1e-7, atol=1e-10)
    real = found.tracks_score.values[jets["tracks"].mask]
    assert np.isfinite(real).all()
    assert abs(real).max() > 1e-3


@pytest.mark.parametrize("attention", ["attnlrp", "value"])
def test_fused_and_explicit_attention_of_gn2_agree(
    attention: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    names = {"jets": ("pt", "eta"), "tracks": FEATURES}
    tagger = taggers.make("gn2", inputs=names, classes=("b", "c", "u")).double()
    rng, made = np.random.default_rng(0), tracks()
    jets = jl.batch(
        {
            "jets": (rng.normal(size=(JETS, 2)), names["jets"]),
            "tracks": (made["tracks"].values, FEATURES, made["tracks"].mask),
        }
    )
    for target in ("predicted", "log(b/(0.1*c+0.9*u))", "tracks.origin=from_b"):
        options = {"target": target, "attention": attention, "rule": "z"}
        fused = jl.explain(tagger, jets, "lrp", **options)
        with monkeypatch.context() as patch:
            parts = SimpleNamespace(scaled_dot_product_attention=explicit)
            patch.setattr("jetlens.taggers.attention.F", parts)
            by_parts = jl.explain(tagger, jets, "lrp", **options)
        np.testing.assert_allclose(fused.tracks_score, by_parts.tracks_score, rtol=1e-6, atol=1e-10)
        assert float(abs(fused.tracks_score).max()) > 1e-4
        assert "encoder.1.attention.qkv" in fused.layer.values


def test_masked_places_get_exactly_nothing_on_the_way() -> None:
    """A softmax over minus infinity is 0 times infinity if done naively."""
    seen = []

    class Watched(OneHead):
        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            if x.requires_grad:
                x.register_hook(lambda relevance: seen.append((relevance, mask)))
            return super().forward(x, mask)

    for how in ("fused", "explicit"):
        seen.clear()
        found = jl.explain(wrapped(Watched(how)), tracks(), "lrp")
        assert seen
        for relevance, mask in seen:
            assert torch.isfinite(relevance).all()
            assert relevance[mask].any()
            assert (~mask).any()
            assert not relevance[~mask].any()
        constants = found.relevance_absorbed.sel(layer="tracks", cause="constants")
        assert float(abs(constants).max()) == 0
