"""Streams that ask each other: what is joined, what asks what, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

import jetlens as jl
from attention_calls import Watch
from jetlens.core.errors import BadValueError, JetlensError, UnknownNameError
from jetlens.core.registry import taggers
from jetlens.taggers.cross_attention import CrossAttention
from jetlens.taggers.encode import encode

NAMES = {"constituents": ("pt", "deta", "dphi"), "objects": ("pt", "mass"), "others": ("e",)}
TWO = ("constituents", "objects")
PLACES = {"constituents": 7, "objects": 4, "others": 3}
SMALL = {"width": 8, "heads": 2, "layers": 1}


def build(*names: str, **settings) -> CrossAttention:
    torch.manual_seed(0)
    names = names or TWO
    settings = {"streams": dict.fromkeys(names, SMALL), "cross_heads": 2} | settings
    inputs = {name: NAMES[name] for name in names}
    made = taggers.make("cross-attention", inputs=inputs, classes=("b", "s"), **settings)
    return made.double().eval()


def events(*names: str, n: int = 6) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    torch.manual_seed(1)
    names = names or TWO
    inputs = {k: torch.randn(n, PLACES[k], len(NAMES[k])).double() for k in names}
    masks = {k: torch.rand(n, PLACES[k]) < 0.7 for k in names}
    for mask in masks.values():
        mask[:, 0] = True
    return inputs, masks


def shown(made: CrossAttention, *names: str) -> list[tuple[int, int]]:
    """Return queries and keys of each call of attention."""
    with Watch() as watch, torch.no_grad():
        made(*events(*names))
    return [tuple(call.weights.shape[-2:]) for call in watch.calls]


def test_which_stream_asks_which() -> None:
    c, o, t = 7, 4, 3
    own = [(c, c), (o, o)]
    assert shown(build()) == [*own, (c, o), (o, c)]
    assert shown(build(fusion="concatenate")) == own
    assert shown(build(cross=[["constituents", "objects"]])) == [*own, (c, o)]
    assert shown(build(cross=[["objects", "constituents"]], cross_layers=3)) == [
        *own,
        *[(o, c)] * 3,
    ]
    assert shown(build("objects"), "objects") == [(o, o)]
    three = ("constituents", "objects", "others")
    pairs = [["constituents", "others"], ["constituents", "objects"]]
    assert shown(build(*three, cross=pairs), *three) == [*own, (t, t), (c, t), (c, o)]
    assert len(shown(build(*three), *three)) == 3 + 6


def test_what_is_joined_is_what_asks_or_is_not_asked() -> None:
    assert build().joins == TWO
    assert build(fusion="concatenate").joins == TWO
    one_way = build(cross=[["constituents", "objects"]])
    assert one_way.joined_streams == ("constituents",) * 8
    three = build("constituents", "objects", "others", cross=[["objects", "constituents"]])
    assert three.joined_streams == ("objects",) * 8 + ("others",) * 8
    made = build()
    inputs, masks = events()
    joined = made.joined(inputs, masks)
    assert joined.shape == (6, len(made.joined_streams))
    torch.testing.assert_close(made.head(joined), made(inputs, masks), rtol=0, atol=0)


@pytest.mark.parametrize("fusion", ["cross", "concatenate"])
def test_streams_know_of_each_other_only_where_they_ask(fusion: str) -> None:
    made = build(fusion=fusion)
    inputs, masks = events()
    before = made.joined(inputs, masks)
    other = made.joined(inputs | {"objects": inputs["objects"] + 1}, masks)
    own = torch.tensor([s == "constituents" for s in made.joined_streams])
    assert (before[:, ~own] != other[:, ~own]).all()
    assert torch.equal(before[:, own], other[:, own]) == (fusion == "concatenate")


def test_streams_that_ask_at_once_ask_what_the_others_were_before() -> None:
    """The same pairs in another order give the same."""
    pairs = [["constituents", "objects"], ["objects", "constituents"]]
    one, other = build(cross=pairs), build(cross=pairs[::-1])
    other.load_state_dict(one.state_dict())
    inputs, masks = events()
    torch.testing.assert_close(one(inputs, masks), other(inputs, masks), rtol=0, atol=0)


def test_an_empty_stream_gives_zeros_and_asking_it_changes_nothing() -> None:
    made, alone = build(), build(fusion="concatenate")
    inputs, masks = events()
    masks["objects"][2] = False
    for name in ("attention.out", "dense.2"):  # what else the layer adds is left out
        part = made.crossings[0]["constituents_objects"].get_submodule(name)
        if name.startswith("dense"):
            torch.nn.init.zeros_(part.weight), torch.nn.init.zeros_(part.bias)
        else:
            torch.nn.init.ones_(part.bias)
    alone.load_state_dict(
        {k: v for k, v in made.state_dict().items() if not k.startswith("crossings")}
    )
    inputs = {k: v.requires_grad_() for k, v in inputs.items()}
    joined, apart = made.joined(inputs, masks), alone.joined(inputs, masks)
    own = torch.tensor([s == "constituents" for s in made.joined_streams])
    assert (joined[2, ~own] == 0).all()
    torch.testing.assert_close(joined[2, own], apart[2, own], rtol=0, atol=0)
    assert (joined[:2, own] != apart[:2, own]).all()
    found = torch.autograd.grad(made(inputs, masks).square().sum(), list(inputs.values()))
    assert all(torch.isfinite(g).all() for g in found)
    masks = {k: torch.zeros_like(m) for k, m in masks.items()}
    assert (made.joined(inputs, masks) == 0).all()


def test_inputs_without_being_told() -> None:
    jets = jl.batch(
        {k: (np.zeros((2, PLACES[k], len(v))), v) for k, v in NAMES.items()}
        | {"jets": (np.zeros((2, 1)), ["mass"])}
    )
    assert CrossAttention.inputs_for(jets) == {k: list(NAMES[k]) for k in TWO}
    jets = replace(jets, collections={k: jets[k] for k in ("objects", "others", "jets")})
    assert CrossAttention.inputs_for(jets) == {"objects": list(NAMES["objects"])}
    jets = replace(jets, collections={k: jets[k] for k in ("others", "jets")})
    with pytest.raises(BadValueError, match=r"hold others, jets: name the streams"):
        CrossAttention.inputs_for(jets)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"streams": {"constituent": {}}}, "'constituent': did you mean 'constituents'"),
        ({"streams": {"objects": {"widht": 4}}}, "'widht': did you mean 'width'"),
        ({"streams": {"objects": {"width": 0}}}, r"streams.objects.width=0: expected .* 1 or more"),
        ({"streams": {"objects": {"layers": 1.5}}}, "layers=1.5: expected a whole number"),
        ({"streams": {"objects": {"places": -1}}}, "objects.places=-1: expected .* 0 or more"),
        ({"streams": {"objects": {"places": True}}}, "places=True: expected a whole number"),
        ({"streams": {"objects": {"width": 12}}}, "streams.objects: 5 heads of a width of 12"),
        ({"cross_heads": 3}, "cross_heads, where 'constituents' ask 'objects': 3 heads of a width"),
        ({"cross_layers": 0}, "cross_layers=0"),
        ({"cross": [["constituents", "object"]]}, "'object': did you mean 'objects'"),
        ({"cross": [["objects", "objects"]]}, "asks itself in its own layers"),
        ({"cross": [["objects", "constituents"]] * 2}, "twice"),
        ({"cross": ["objects"]}, r"holds 'objects': expected the stream that asks"),
        ({"cross": [["objects"]]}, r"holds \['objects'\]|holds \('objects',\): expected the"),
        ({"cross": []}, "nothing asks; say so by fusion='concatenate'"),
        ({"cross": [["objects", "constituents"]], "fusion": "concatenate"}, "nothing asks there"),
        ({"fusion": "concat"}, "'concat': did you mean 'concatenate'"),
        ({"activation": "gelo"}, "did you mean 'gelu'"),
        ({"hidden": (0,)}, "expected 1 or more"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, told: str) -> None:
    with pytest.raises(JetlensError, match=told):
        build(**settings)


def test_settings_of_a_stream_that_is_not_taken_are_passed_over() -> None:
    streams = {"constituents": {"layers": 1}, "objects": {"layers": 3}}
    one = CrossAttention({"objects": ["pt"]}, ("a", "b"), streams=streams)
    assert list(one.encoders) == ["objects"]
    assert len(one.encoders["objects"].layers) == 3
    with pytest.raises(UnknownNameError, match="did you mean 'constituents'"):
        CrossAttention({"objects": ["pt"]}, ("a", "b"), streams={"constituent": {"layers": 1}})


def test_masks_that_do_not_fit_are_refused() -> None:
    made = build()
    inputs, masks = events()
    short = masks | {"objects": masks["objects"][:, :3]}
    with pytest.raises(
        BadValueError, match=r"mask of 'objects' has shape \(6, 3\): expected \(6, 4"
    ):
        made(inputs, short)
    with pytest.raises(BadValueError, match=r"'objects' of shape \(6, 4, 2\) without a mask"):
        made(inputs, {"constituents": masks["constituents"]})
    with pytest.raises(BadValueError, match=r"'objects' of shape \(6, 2\) is no list"):
        made(inputs | {"objects": inputs["objects"][:, 0]}, masks)
    with pytest.raises(BadValueError, match="mask of 'objects' is of float32: expected bool"):
        made(inputs, masks | {"objects": masks["objects"].float()})
    with pytest.raises(UnknownNameError, match="stream among the inputs 'objects'"):
        made({"constituents": inputs["constituents"]}, masks)
    with pytest.raises(UnknownNameError, match="stream"):
        build(streams={"jets": SMALL})


def test_where_each_place_is_a_thing_of_its_own_it_is_told_apart() -> None:
    placed = {"objects": SMALL | {"places": 4}}
    made, alike = build(streams=placed), build(streams={"objects": SMALL})
    assert made.places == {"objects": 4}
    assert alike.places == {}
    inputs, masks = events()
    turned = inputs | {"objects": inputs["objects"].flip(1)}
    rows = masks | {"objects": masks["objects"].flip(1)}
    torch.testing.assert_close(alike(inputs, masks), alike(turned, rows))
    assert not torch.isclose(made(inputs, masks), made(turned, rows)).all(1).any()
    # without the embedding of places, it is the other
    weights = {k: v for k, v in made.state_dict().items() if k != "encoders.objects.place"}
    torch.nn.init.zeros_(made.encoders["objects"].place)
    alike.load_state_dict(weights)
    torch.testing.assert_close(made(inputs, masks), alike(inputs, masks), rtol=0, atol=0)


def test_what_stands_behind_the_last_place_is_never_passed_over() -> None:
    made = build("objects", streams={"objects": SMALL | {"places": 4}})
    values = np.random.default_rng(1).normal(size=(3, 6, 2))
    mask = np.ones((3, 6), bool)
    mask[:, 4:] = False
    fits = jl.batch({"objects": (values, NAMES["objects"], mask)})
    logits = jl.explain(made, fits, "gradient", target="s")["output"].values
    with torch.no_grad():
        np.testing.assert_allclose(logits, made(*encode(made, fits)).numpy())
    mask[1, 5] = True
    more = jl.batch({"objects": (values, NAMES["objects"], mask)})
    for method in ("gradient", "grad-cam", "attention"):
        with pytest.raises(BadValueError, match="row 1: one stands at place 6; expected 4 places"):
            jl.explain(made, more, method, target="s")
    inputs, masks = events("objects")
    inputs, masks = ({"objects": torch.cat([x["objects"]] * 2, 1)} for x in (inputs, masks))
    with pytest.raises(BadValueError, match=r"place . of a list of 4 places"):
        made(inputs, masks)
