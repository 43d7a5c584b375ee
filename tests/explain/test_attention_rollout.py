"""Rollout against loops over layers, for one stream and for streams that ask each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import attending
import jetlens as jl
from contracts import taggers as cases
from jetlens.core import attention
from reference import attention as slow


@pytest.mark.parametrize("name", ["encoder", "encoder-norm-first"])
def test_one_stream_is_the_product_over_layers(name: str) -> None:
    tagger, jets = attending.tagger(name), attending.jets()
    maps = attention.attention(jl.explain(tagger, jets, "attention"), "tracks", "tracks").values
    found = jl.explain(tagger, jets, "attention-rollout")
    assert list(found.layer_tracks_tracks.values) == ["rollout"]
    for j, mask in enumerate(jets["tracks"].mask):
        if mask.any():
            want = slow.rollout([layer[:, mask][:, :, mask] for layer in maps[j]])
            ours = found.attention_tracks_tracks.values[j, 0, 0]
            np.testing.assert_allclose(ours[np.ix_(mask, mask)], want, rtol=1e-9)
            given = found.tracks_importance.values[j][mask]
            np.testing.assert_allclose(given, want.mean(0), rtol=1e-9)


def test_importance_is_what_reaches_the_class_token() -> None:
    found = jl.explain(attending.tagger("class-token"), attending.jets(), "attention-rollout")
    tokens = attention.tokens(found, "query_tracks_tracks")
    assert tokens.collection[0] == "class"
    row = found.attention_tracks_tracks.values[:, 0, 0, 0]
    np.testing.assert_allclose(found.tracks_importance, row[:, 1:])
    np.testing.assert_allclose(np.nansum(row, 1), 1)


def test_pooling_by_attention_is_gone_through() -> None:
    case = next(c for c in cases.cases() if c.use == "gn2")
    tagger, jets = case.build(), cases.sample()
    maps = jl.explain(tagger, jets, "attention")
    found = jl.explain(tagger, jets, "attention-rollout")
    mask = jets["tracks"].mask
    for j in range(1, len(jets)):
        inside = np.ix_(mask[j], mask[j])
        layers = [x[(slice(None), *inside)] for x in maps.attention_tracks_tracks.values[j]]
        pooled = maps.attention_class_tracks.values[j, 0, 0, 0, mask[j]]
        want = pooled @ slow.rollout(layers)
        np.testing.assert_allclose(found.tracks_importance[j, mask[j]], want, rtol=1e-9)


def test_streams_that_ask_each_other_at_once_are_rolled_out_together() -> None:
    """Both ask what the other was before the crossing, as the tagger does."""
    case = next(c for c in cases.cases() if str(c) == "cross-attention-constituents+objects")
    tagger, jets = case.build(), cases.sample()
    maps = jl.explain(tagger, jets, "attention")
    found = jl.explain(tagger, jets, "attention-rollout")
    names = ("constituents", "objects")
    masks = {name: jets[name].mask for name in names}

    def mean(q: str, k: str, layer: int, j: int) -> np.ndarray:
        whole = attention.attention(maps, q, k).values[j, layer]
        heads = np.array([h for h in whole if not np.isnan(h).all()])
        return heads.mean(0)[np.ix_(masks[q][j], masks[k][j])]

    checked = 0
    for j in range(len(jets)):
        count = {name: int(masks[name][j].sum()) for name in names}
        if not all(count.values()):
            continue
        checked += 1
        first = count["constituents"]
        eye = np.eye(sum(count.values()))
        state = {"constituents": eye[:first], "objects": eye[first:]}
        for name, layers in (("constituents", 2), ("objects", 1)):
            for layer in range(layers):
                state[name] = (state[name] + mean(name, name, layer, j) @ state[name]) / 2
        for layer in range(2):
            before = dict(state)
            for q, k in (names, names[::-1]):
                state[q] = (before[q] + mean(q, k, layer, j) @ before[k]) / 2
        total = sum(s.mean(0) for s in state.values()) / 2
        for name, part in (("constituents", slice(first)), ("objects", slice(first, None))):
            given = found[f"{name}_importance"].values[j][masks[name][j]]
            np.testing.assert_allclose(given, total[part], rtol=1e-9)
            for q in names:
                ours = attention.attention(found, q, name).values[j, 0, 0]
                ours = ours[np.ix_(masks[q][j], masks[name][j])]
                np.testing.assert_allclose(ours, state[q][:, part], rtol=1e-9)
    assert checked > 10


def test_rows_add_up_to_one_over_all_streams() -> None:
    for case in (c for c in cases.cases() if c.use in ("gn2", "cross-attention")):
        found = jl.explain(case.build(), cases.sample(), "attention-rollout", heads="max")
        sums: dict[str, np.ndarray] = {}
        for query, key in attention.pairs(found):
            values = attention.attention(found, query, key).values
            sums[query] = sums.get(query, 0) + np.nan_to_num(values).sum(-1)
        for total in sums.values():
            assert np.isclose(total, 1).any()
            assert (np.isclose(total, 1) | (total == 0)).all()


def test_a_class_token_that_asks_alone_keeps_itself() -> None:
    """Class attention (CaiT): only the class token is updated, layer by layer."""

    class ClassAttention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.embed, self.head = nn.Linear(3, 4), nn.Linear(4, 2)
            self.token = nn.Parameter(torch.randn(4))

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            x = self.embed(x)[:, None]
            token = self.token.expand(len(x), 1, 1, -1)
            allowed = F.pad(mask, (1, 0), value=True)[:, None, None]
            for _ in range(2):
                keys = torch.cat([token, x], 2)
                token = token + F.scaled_dot_product_attention(token, keys, keys, allowed)
            return self.head(token[:, 0, 0])

    tagger, jets = attending.wrapped(ClassAttention().double()), attending.jets()
    maps = jl.explain(tagger, jets, "attention").attention_class_tracks.values[:, :, 0, 0]
    found = jl.explain(tagger, jets, "attention-rollout")
    for j, mask in enumerate(jets["tracks"].mask):
        first, second = (m[np.concatenate([[True], mask])] for m in maps[j])
        own = np.eye(len(first))
        once = (own[0] + first @ own) / 2
        twice = (once + second @ np.vstack([once, own[1:]])) / 2
        np.testing.assert_allclose(found.tracks_importance[j, mask], twice[1:], rtol=1e-9)


def test_the_plain_mean_is_that_of_all_layers_and_heads() -> None:
    tagger, jets = attending.tagger("encoder"), attending.jets()
    maps = jl.explain(tagger, jets, "attention").attention_tracks_tracks
    found = jl.explain(tagger, jets, "attention-rollout", rule="mean")
    want = maps.mean(("layer_tracks_tracks", "head_tracks_tracks"), skipna=False)
    np.testing.assert_allclose(found.attention_tracks_tracks[:, 0, 0], want, rtol=1e-9)


def test_bad_options() -> None:
    for options, match in (
        ({"rule": "roll-out"}, "did you mean 'rollout'"),
        ({"heads": "all"}, "expected one of mean, max, min"),
    ):
        with pytest.raises(jl.JetlensError, match=match):
            jl.explain(
                attending.tagger("encoder"), attending.jets(), "attention-rollout", **options
            )
