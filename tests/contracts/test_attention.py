"""What holds for the attention of every registered tagger that has any, and of torch's modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
import xarray as xr

import attending
import jetlens as jl
from contracts.taggers import cases, sample
from jetlens.core import attention, attribution
from jetlens.core.batch import JetBatch
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import pack
from jetlens.taggers.encode import encode
from jetlens.taggers.predict import predict
from jetlens.taggers.state import at_rest

METHODS = ("attention", "attention-rollout", "grad-cam")
WITHOUT = ("cnn1d", "cnn2d", "mlp", "rnn")
ORDERED = ("causal",)


@dataclass(frozen=True)
class Case:
    name: str
    build: Callable[[], Tagger]
    jets: Callable[[], JetBatch]

    def __str__(self) -> str:
        return self.name

    def jets_for(self, method: str) -> JetBatch:
        """Return jets; what goes through torch's own modules gives no number for empty ones."""
        return self.jets().take(slice(method == "grad-cam", None))


def jets_of(name: str) -> Callable[[], JetBatch]:
    """Return jets, without padding for a module that would look at it."""
    made = attending.jets()
    if name in ORDERED:
        tracks = replace(made["tracks"], mask=np.ones_like(made["tracks"].mask))
        made = replace(made, collections={**made.collections, "tracks": tracks})
    return lambda: made


CASES = [
    *(Case(str(c), c.build, sample) for c in cases() if c.use not in WITHOUT),
    *(
        Case(name, lambda name=name: attending.tagger(name), jets_of(name))
        for name in attending.MODULES
    ),
]


def lists(jets: JetBatch, tagger: Tagger) -> list[str]:
    return [name for name in tagger.inputs if jets[name].mask is not None]


def places(found: xr.Dataset, collection: str, chosen: Sequence[int]) -> xr.Dataset:
    """Return an attribution with some of a collection's places, in the order given."""
    for axis in attention.token_axes(found):
        tokens = attention.tokens(found, axis)
        where, at = tokens.of(collection)
        table = dict(zip(at, where, strict=True))
        if table:
            others = [i for i in range(len(tokens)) if i not in where]
            first = [i for i in others if i < where[0]]
            last = [i for i in others if i > where[0]]
            found = found.isel({axis: [*first, *(table[p] for p in chosen), *last]})
    return found.isel({collection: list(chosen)})


def same(one: xr.Dataset, other: xr.Dataset) -> None:
    names = [v for v in one.data_vars if str(v).startswith("attention_") or "importance" in str(v)]
    assert names
    for name in names:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-8, atol=1e-10, err_msg=str(name))


def changed(jets: JetBatch, name: str, how: Callable[[np.ndarray], np.ndarray]) -> JetBatch:
    old = jets[name]
    new = replace(
        old,
        values=how(old.values),
        mask=how(old.mask),
        truth={k: how(v) for k, v in old.truth.items()},
    )
    return replace(jets, collections={**jets.collections, name: new})


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


def test_rows_add_up_to_one_over_real_keys_and_padding_is_nan(case: Case) -> None:
    tagger, jets = case.build(), case.jets()
    found = jl.explain(tagger, jets, "attention")
    assert attention.pairs(found)
    for pair in attention.pairs(found):
        weights = attention.attention(found, *pair)
        real = []
        for axis in weights.dims[3:]:
            tokens = attention.tokens(found, str(axis))
            there = np.ones((len(jets), len(tokens)), bool)
            for name in lists(jets, tagger):
                where, at = tokens.of(name)
                there[:, where] = jets[name].mask[:, at]
            real.append(there)
        pairs = (real[0][:, :, None] & real[1][:, None, :])[:, None, None]
        both = np.broadcast_to(pairs, weights.shape)
        np.testing.assert_array_equal(np.isnan(weights.values), ~both)
        sums = np.nansum(weights.values, -1)[both.any(-1)]
        np.testing.assert_allclose(sums, 1, rtol=1e-9)
        assert len(sums)


def test_the_output_is_that_of_the_plain_forward_pass(case: Case) -> None:
    tagger, jets = case.build(), case.jets()
    some = jets.take(slice(1, None))  # torch's own modules may give no number for empty jets
    plain = []
    with at_rest(tagger):
        inputs, masks = encode(tagger, some)
        with torch.no_grad():
            plain.append(tagger(inputs, masks))
        plain.append(predict(tagger, pack(tagger, inputs, masks)).logits)
    for method in METHODS:
        found = jl.explain(tagger, some, method)
        for logits in plain:
            np.testing.assert_allclose(found.output, logits, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_extra_padding_changes_nothing(case: Case, method: str) -> None:
    tagger, jets = case.build(), case.jets_for(method)
    before = jl.explain(tagger, jets, method)
    for name in lists(jets, tagger):
        longer = replace(jets, collections={**jets.collections, name: jets[name].padded(14)})
        after = jl.explain(tagger, longer, method)
        same(before, places(after, name, range(jets[name].mask.shape[1])))
        if name + attribution.IMPORTANCE in after:
            beyond = after[name + attribution.IMPORTANCE][:, jets[name].mask.shape[1] :]
            assert np.isnan(beyond.values).all()


@pytest.mark.parametrize("method", METHODS)
def test_permuting_particles_permutes_their_tokens(case: Case, method: str) -> None:
    if case.name in ORDERED:
        pytest.skip("the order matters to it")
    tagger, jets = case.build(), case.jets_for(method)
    before = jl.explain(tagger, jets, method)
    for name in [n for n in lists(jets, tagger) if n not in tagger.places]:
        order = np.random.default_rng(3).permutation(jets[name].mask.shape[1])
        after = jl.explain(tagger, changed(jets, name, lambda x, o=order: x[:, o]), method)
        same(places(before, name, order), after)


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_is_its_halves(case: Case, method: str) -> None:
    tagger, jets = case.build(), case.jets_for(method)
    whole = jl.explain(tagger, jets, method)
    halves = [jl.explain(tagger, jets.take(s), method) for s in (slice(0, 5), slice(5, None))]
    same(whole, attribution.concatenate(halves))


@pytest.mark.parametrize("heads", ["mean", "max"])
def test_what_is_reduced_on_the_way_is_what_can_be_reduced_later(case: Case, heads: str) -> None:
    tagger, jets = case.build(), case.jets()
    whole = jl.explain(tagger, jets, "attention")
    reduced = jl.explain(tagger, jets, "attention", heads=heads)
    both = jl.explain(tagger, jets, "attention", heads=heads, layers="mean")
    for pair in attention.pairs(whole):
        every, some, one = (attention.attention(f, *pair) for f in (whole, reduced, both))
        layer, head, *_ = attention.axes(*pair)
        assert list(some[head].values) == [heads]
        want = getattr(every, heads)(head, skipna=False)
        np.testing.assert_allclose(some.isel({head: 0}), want, rtol=1e-9)
        assert list(one[layer].values) == ["mean"]
        want = want.mean(layer, skipna=False)
        np.testing.assert_allclose(one.isel({head: 0, layer: 0}), want, rtol=1e-9)
