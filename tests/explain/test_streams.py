"""How much each stream is used, by activations times weights and by permuting it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import jetlens as jl
from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.core.registry import taggers
from jetlens.explain.permutation import partners
from jetlens.taggers.encode import encode

NAMES = {"constituents": ("pt", "deta"), "objects": ("mass", "pt", "eta")}
CLASSES = ("background", "signal")


def events(n: int = 30, seed: int = 0, objects: bool = True):
    """Events with constituents and objects; the first has no constituents."""
    rng = np.random.default_rng(seed)
    masks = {name: rng.random((n, 5)) < 0.7 for name in NAMES}
    masks["constituents"][0] = False
    return jl.batch(
        {
            name: (rng.normal(size=(n, 5, len(names))), names, masks[name])
            for name, names in NAMES.items()
        },
        label=rng.integers(0, 2, n),
        classes=CLASSES,
    )


def tagger(**settings) -> jl.Tagger:
    torch.manual_seed(1)
    small = {"width": 8, "heads": 2, "layers": 1}
    settings = {"cross_heads": 2, "hidden": (6, 5), "fusion": "concatenate"} | settings
    streams = dict.fromkeys(settings.pop("inputs", NAMES), small)
    inputs = {name: NAMES[name] for name in streams}
    made = taggers.make(
        "cross-attention", inputs=inputs, classes=CLASSES, streams=streams, **settings
    )
    return made.double().eval()


def ignoring(made: jl.Tagger, stream: str) -> jl.Tagger:
    """Let the head multiply all that comes from one stream by zero."""
    with torch.no_grad():
        for i, name in enumerate(made.joined_streams):
            made.head[0].weight[:, i] *= name != stream
    return made


@pytest.mark.parametrize("ignored", list(NAMES))
def test_a_stream_that_is_ignored_has_no_share_and_no_loss(ignored: str) -> None:
    made, jets = ignoring(tagger(), ignored), events()
    share = jl.explain(made, jets, "stream-share").stream_share.sel(stream=ignored)
    some = share.values[1:]
    assert (some == 0).all()
    lost = jl.explain(made, jets, "permutation")
    other = next(n for n in NAMES if n != ignored)
    for table in ("permutation_loss", "permutation_change"):
        np.testing.assert_allclose(lost[table].sel(stream=ignored), 0, atol=1e-13)  # rounding
        assert (abs(lost[table].sel(stream=other)) > 1e-4).any()


def test_shares_are_activations_times_weights() -> None:
    made, jets = tagger(fusion="cross"), events()
    found = jl.explain(made, jets, "stream-share").stream_share
    assert found.dims == ("jet", "stream")
    assert list(found.stream.values) == list(NAMES)
    z = made.joined(*encode(made, jets)).detach().numpy()
    a = made.head[0].weight.detach().numpy()
    for j in range(len(jets)):
        each = dict.fromkeys(NAMES, 0.0)
        for i, name in enumerate(made.joined_streams):
            each[name] += sum(abs(z[j, i] * a[h, i]) for h in range(len(a)))
        want = [v / sum(each.values()) for v in each.values()]
        np.testing.assert_allclose(found[j], want, rtol=1e-10)
    # no constituents: their mean is zero
    assert found[0].sel(stream="constituents") == 0
    np.testing.assert_allclose(found.sum("stream"), 1)


def test_permutation_is_the_loss_with_the_streams_of_others() -> None:
    made, jets, pool = tagger(fusion="cross"), events(), events(50, seed=3)
    pool = jl.batch(
        {name: (pool[name].values, NAMES[name], pool[name].mask) for name in NAMES},
        label=pool.label, classes=CLASSES, event=np.arange(50) + 1000,
    )  # fmt: skip
    found = jl.explain(made, jets, "permutation", pool=pool, repeats=1, target="signal")
    again = jl.explain(made, jets, "permutation", pool=pool, repeats=1, target="signal", seed=2)
    assert not np.allclose(found.permutation_loss, again.permutation_loss)

    def said(streams) -> tuple[np.ndarray, np.ndarray]:
        logits = made(*encode(made, jl.batch(streams))).detach()
        return (
            nn.functional.cross_entropy(
                logits, torch.as_tensor(jets.label), reduction="none"
            ).numpy(),
            logits[:, 1].numpy(),
        )

    def streams(of: dict) -> dict:
        return {
            name: (b[name].values[rows], NAMES[name], b[name].mask[rows])
            for name, (b, rows) in of.items()
        }

    every = np.arange(len(jets))
    before = said(streams(dict.fromkeys(NAMES, (jets, every))))
    for name in NAMES:
        want = found.permutation_loss.sel(stream=name).values
        matches = np.zeros(len(jets), int)
        changes = found.permutation_change.sel(stream=name).values
        for p in range(50):  # whichever was chosen, it is one of the pool's
            rows = np.full(len(jets), p)
            loss, score = said(
                streams({n: (pool, rows) if n == name else (jets, every) for n in NAMES})
            )
            matches += np.isclose(loss - before[0], want, atol=1e-10) & np.isclose(
                score - before[1], changes, atol=1e-10
            )
        assert (matches >= 1).all()


def test_partners_are_of_another_event_and_follow_the_row_alone() -> None:
    jets = events(40)
    chosen = partners(jets, jets, 7)
    assert (chosen != np.arange(40)).all()
    assert len(np.unique(chosen)) > 20
    np.testing.assert_array_equal(partners(jets.take(slice(10, 20)), jets, 7), chosen[10:20])
    assert (partners(jets, jets, 8) != chosen).any()
    twins = jl.batch({"a": (np.zeros((6, 1)), ["x"])}, event=[0, 0, 0, 0, 0, 1])
    assert partners(twins, twins, 1)[:5].tolist() == [5] * 5
    with pytest.raises(BadValueError, match="1 reference jets, none of another event"):
        partners(jets.take(slice(0, 1)), jets.take(slice(0, 1)), 1)


def test_what_cannot_be_compared_is_told() -> None:
    jets = events()
    alone = tagger(inputs={"constituents": NAMES["constituents"]})
    with pytest.raises(UnsupportedError, match="of one stream, 'constituents'"):
        jl.explain(alone, jets, "stream-share")
    with pytest.raises(UnsupportedError, match="takes 'constituents' alone"):
        jl.explain(alone, jets, "permutation")
    one_way = tagger(fusion="cross", cross=[["constituents", "objects"]])
    with pytest.raises(UnsupportedError, match="those that ask"):
        jl.explain(one_way, jets, "stream-share")
    assert jl.explain(one_way, jets, "permutation").permutation_loss.shape == (30, 2)
    foreign = jl.wrap(nn.Identity(), NAMES, CLASSES, call=lambda m, i, _: i["objects"][:, 0, :2])
    with pytest.raises(UnsupportedError, match=r"does not say which stream .* 'permutation' any"):
        jl.explain(foreign, jets, "stream-share")
    unlabelled = jl.batch({n: (jets[n].values, NAMES[n], jets[n].mask) for n in NAMES})
    with pytest.raises(BadValueError, match=r"no jet has a label .*background, signal"):
        jl.explain(tagger(), unlabelled, "permutation")
    with pytest.raises(BadValueError, match="repeats=0"):
        jl.explain(tagger(), jets, "permutation", repeats=0)


def test_jets_without_label_have_a_change_and_no_loss() -> None:
    jets = events()
    half = jl.batch(
        {n: (jets[n].values, NAMES[n], jets[n].mask) for n in NAMES},
        label=np.where(np.arange(30) % 2, jets.label, -1), classes=CLASSES,
    )  # fmt: skip
    found = jl.explain(tagger(), half, "permutation")
    missing = np.isnan(found.permutation_loss.values).all(1)
    np.testing.assert_array_equal(missing, np.arange(30) % 2 == 0)
    assert np.isfinite(found.permutation_change.values).all()
