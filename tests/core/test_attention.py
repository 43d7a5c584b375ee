from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core import attention, attribution
from jetlens.core.attention import CLASS, REGISTER, Tokens
from jetlens.core.attribution import Table
from jetlens.run import attributions

STREAMS = ("constituents+objects", "objects")


def tokens(constituents: int, objects: int = 0, extras: int = 1) -> Tokens:
    names = [CLASS, *[REGISTER] * (extras - 1)][:extras]
    names += ["constituents"] * constituents + ["objects"] * objects
    return Tokens(tuple(names), (*[-1] * extras, *range(constituents), *range(objects)))


def explained(jets: int, constituents: int, objects: int = 2, extras: int = 2):
    """An attribution with the attention of class, register and both collections to objects."""
    rng = np.random.default_rng(constituents)
    batch = jl.batch(
        {
            "constituents": (rng.normal(size=(jets, constituents, 2)), ("pt", "eta")),
            "objects": (rng.normal(size=(jets, objects, 1)), ("pt",)),
        }
    )
    asking, asked = tokens(constituents, objects, extras), tokens(0, objects, 0)
    axes = attention.axes(*STREAMS)
    layers, heads = ("encoder.0", "encoder.1"), ("0", "1", "2")
    values = rng.random((jets, 2, 3, len(asking), len(asked))).astype(np.float32)
    table = Table(
        values,
        dict(zip(axes, (layers, heads, asking, asked), strict=True)),
        dict(zip(("query", "key"), STREAMS, strict=True)),
    )
    return attribution.build(
        batch,
        {"constituents": ("pt", "eta"), "objects": ("pt",)},
        {},
        classes=("a", "b"),
        output=np.zeros((jets, 2)),
        target=np.zeros(jets, int),
        importance={"constituents": rng.random((jets, constituents))},
        tables={attention.variable(*STREAMS): table},
    )


def test_a_sequence_is_called_by_what_is_in_it() -> None:
    assert tokens(3).stream == "constituents"
    assert tokens(3, 2).stream == "constituents+objects"
    assert tokens(0, 0, 1).stream == CLASS
    where, places = tokens(3, 2).of("objects")
    np.testing.assert_array_equal(where, [4, 5])
    np.testing.assert_array_equal(places, [0, 1])
    assert len(tokens(3).of(CLASS)[0]) == 0


def test_maps_are_found_by_their_streams() -> None:
    found = explained(3, 4)
    assert attention.pairs(found) == (STREAMS,)
    values = attention.attention(found, *STREAMS)
    assert values.dims == ("jet", *attention.axes(*STREAMS))
    assert list(found["layer_constituents+objects_objects"].values) == ["encoder.0", "encoder.1"]
    assert attention.tokens(found, values.dims[3]) == tokens(4, 2, 2)
    with pytest.raises(jl.JetlensError, match=r"no attention of objects to objects.*did you mean"):
        attention.attention(found, "objects", "objects")


def test_the_tokens_of_sequences_of_other_lengths_are_put_together() -> None:
    every, where = attention.joined([tokens(2, 3, 2), tokens(4, 1, 2), tokens(0, 2, 2)])
    assert every == tokens(4, 3, 2)
    assert [list(w) for w in where] == [[0, 1, 2, 3, 6, 7, 8], [0, 1, 2, 3, 4, 5, 6], [0, 1, 6, 7]]
    with pytest.raises(jl.JetlensError, match="other tokens"):
        attention.joined([tokens(2, 3, 2), Tokens(("objects", "objects"), (5, 6))])


def test_attention_of_batches_is_put_together_token_by_token(tmp_path) -> None:
    parts = [explained(3, 2, 3), explained(2, 4, 1), explained(0, 0, 3)]
    for i, part in enumerate(parts):
        attributions.write(tmp_path / attributions.part_name(i), part)
    for both in (attribution.concatenate(parts), attributions.read(tmp_path)):
        values = attention.attention(both, *STREAMS)
        assert values.shape == (5, 2, 3, 9, 3)
        assert values.dtype == np.float32
        assert (values.attrs["query"], values.attrs["key"]) == STREAMS
        assert attention.tokens(both, values.dims[3]) == tokens(4, 3, 2)
        assert attention.tokens(both, values.dims[4]) == tokens(0, 3, 0)
        one, other = (attention.attention(p, *STREAMS).values for p in parts[:2])
        np.testing.assert_array_equal(values[:3, :, :, [0, 1, 2, 3, 6, 7, 8]], one)
        np.testing.assert_array_equal(values[3:, :, :, :7, :1], other)
        assert np.isnan(values[:3, :, :, 4:6]).all()
        assert np.isnan(values[3:, :, :, 7:]).all()
        assert np.isnan(values[3:, :, :, :, 1:]).all()
        assert np.isnan(both.constituents_importance.values[:3, 2:]).all()
    some = both.isel(jet=slice(1, 3))
    assert attention.tokens(some, values.dims[3]) == tokens(4, 3, 2)


def test_importance_is_the_methods_own_or_the_size_of_its_scores() -> None:
    found = explained(3, 4)
    own = attribution.importance(found, "constituents")
    assert own.dims == ("jet", "constituents")
    with pytest.raises(jl.JetlensError, match=r"'objects' neither.*one of constituents"):
        attribution.importance(found, "objects")
    score = found.constituents_value * [1.0, -2.0]
    scored = found.drop_vars("constituents_importance").assign(constituents_score=score)
    np.testing.assert_allclose(
        attribution.importance(scored, "constituents"),
        abs(found.constituents_value.values) @ [1, 2],
    )
