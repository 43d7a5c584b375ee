"""Networks of all sorts: what capture sees through, and what it refuses in words."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import attending
import jetlens as jl
from attending import FEATURES, Net, four, wrapped
from contracts.taggers import cases, sample
from jetlens.core import attention
from jetlens.taggers.particles import moved_up
from reference import attention as slow

METHODS = ("attention", "attention-rollout", "grad-cam")


def whole_jets() -> jl.JetBatch:
    """Return jets of which none is empty."""
    return attending.jets().take(slice(1, None))


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_half_precision_inside(kind: torch.dtype) -> None:
    class Inside(nn.Module):
        def __init__(self, kind: torch.dtype) -> None:
            super().__init__()
            self.net, self.kind = Net(four).to(kind), kind

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            return self.net(x.to(self.kind), mask).float()

    tagger, jets = wrapped(Inside(kind)), whole_jets()
    found = jl.explain(tagger, jets, "attention").attention_tracks_tracks
    whole = jl.explain(wrapped(Inside(torch.float32)), jets, "attention")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, whole.attention_tracks_tracks, atol=0.02)
    rolled = jl.explain(tagger, jets, "attention-rollout").tracks_importance
    np.testing.assert_allclose(rolled.sum("tracks"), 1, atol=0.02)
    assert jl.explain(tagger, jets, "grad-cam").tracks_importance.dtype == np.float32


class Joined(nn.Module):
    """Two collections in one sequence, whose real ones are moved up in front of attention."""

    def __init__(self, moves: bool) -> None:
        super().__init__()
        self.net, self.other, self.moves = Net(four), nn.Linear(3, 8), moves

    def forward(self, inputs: dict[str, Tensor], masks: dict[str, Tensor]) -> Tensor:
        x = torch.cat([self.net.embed(inputs["a"]), self.other(inputs["b"])], 1)
        mask = torch.cat([masks["a"], masks["b"]], 1)
        if self.moves:
            x, mask = moved_up(x, mask)
        x = four(self.net, x, mask)
        return self.net.head((x * mask[..., None]).sum(1))


@pytest.mark.parametrize("method", METHODS)
def test_particles_that_a_network_moves_about_are_not_taken_for_others(method: str) -> None:
    rng = np.random.default_rng(5)
    masks = {name: rng.random((14, n)) < 0.6 for name, n in (("a", 5), ("b", 4))}
    masks["a"][:, 0] = True
    jets = jl.batch({k: (rng.normal(size=(*m.shape, 3)), FEATURES, m) for k, m in masks.items()})
    inputs = {"a": FEATURES, "b": FEATURES}
    stays, moves = (jl.wrap(Joined(m).double(), inputs, ("s", "t")) for m in (False, True))
    options = {"layer": "module.net.qkv"} if method == "grad-cam" else {}
    assert jl.explain(stays, jets, method, **options).a_importance.shape == (14, 5)
    with pytest.raises(jl.JetlensError, match="in jets that lack particles"):
        jl.explain(moves, jets, method, **options)


def test_holes_that_a_network_closes_itself_are_refused() -> None:
    """It has its own number of places: jets cannot be packed before it sees them."""

    class Places(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.place = Net(four), nn.Parameter(torch.randn(6, 8))
            self.out = nn.Linear(48, 2)

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            x, mask = moved_up(x, mask)
            x = four(self.net, self.net.embed(x) + self.place, mask)
            return self.out((x * mask[..., None]).flatten(1))

    tagger = wrapped(Places().double())
    with pytest.raises(jl.JetlensError, match="whose real particles come first"):
        jl.explain(tagger, attending.jets(), "attention")
    rng = np.random.default_rng(0)
    first = np.arange(6) < rng.integers(1, 7, 9)[:, None]
    jets = jl.batch({"tracks": (rng.normal(size=(9, 6, 3)), FEATURES, first)})
    weights = jl.explain(tagger, jets, "attention").attention_tracks_tracks.values
    np.testing.assert_allclose(np.nansum(weights, -1)[:, 0, 0][first], 1)


class Patches(nn.Module):
    """Attention between the patches of an image."""

    def __init__(self) -> None:
        super().__init__()
        self.cut, self.net = nn.Conv2d(1, 8, 4, stride=4), Net(four)

    def forward(self, image: Tensor) -> Tensor:
        x = self.cut(image.sqrt()).flatten(2).transpose(1, 2)
        mask = torch.ones(x.shape[:2], dtype=torch.bool)
        return self.net.head(four(self.net, x, mask).mean(1))

    def wrapped(self) -> jl.Tagger:
        """Return it as a tagger in double precision."""
        inputs = {"image": ("pt",)}
        return jl.wrap(self.double(), inputs, ("s", "t"), call=lambda m, i, _: m(i["image"]))


def images(many: int) -> jl.JetBatch:
    """Return jets' images, most pixels of which are empty."""
    rng = np.random.default_rng(0)
    pixels = rng.random((many, 1, 12, 8)) * (rng.random((many, 1, 12, 8)) > 0.9)
    return jl.batch({"image": (pixels, ("pt",))})


@pytest.mark.parametrize("method", ["attention", "attention-rollout"])
def test_roots_and_logarithms_of_inputs(method: str) -> None:
    """What particles are exchanged for is no less than they are."""
    found = jl.explain(Patches().wrapped(), images(5), method)
    assert attention.tokens(found, "key_image_image").collection == ("image",) * 6

    class Logarithms(Net):
        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            return super().forward(x.log(), mask)

    alike = np.full((7, 4, 3), 0.3)  # nothing real to exchange a particle for
    jets = jl.batch({"tracks": (alike, FEATURES, np.ones((7, 4), bool))})
    found = jl.explain(wrapped(Logarithms(four).double()), jets, method)
    assert attention.tokens(found, "key_tracks_tracks").place == (0, 1, 2, 3)


def test_made_up_jets_without_numbers_are_refused() -> None:
    class Bounded(Net):
        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            return super().forward((0.5 - x).sqrt(), mask)

    alike = np.full((7, 4, 3), 0.3)
    jets = jl.batch({"tracks": (alike, FEATURES, np.ones((7, 4), bool))})
    tagger = wrapped(Bounded(four).double())
    with pytest.raises(jl.JetlensError, match="not finite for made-up jets"):
        jl.explain(tagger, jets, "attention")
    told = jl.explain(tagger, jets, "attention", streams={"module": "tracks"})
    np.testing.assert_allclose(told.attention_tracks_tracks.sum("key_tracks_tracks"), 1)


def test_rollout_is_read_where_the_logits_are() -> None:
    """The last token is the one that is read; those before it are registers."""

    def ends(net: Net, x: Tensor, mask: Tensor) -> Tensor:
        own = torch.stack([net.token * 2, net.token]).expand(len(x), -1, -1)
        y = four(net, torch.cat([x, own], 1), F.pad(mask, (0, 2), value=True))
        return y[:, -1:] + 0 * y[:, : x.shape[1]]

    tagger, jets = wrapped(Net(ends).double()), attending.jets()
    maps = jl.explain(tagger, jets, "attention").attention_tracks_tracks.values
    found = jl.explain(tagger, jets, "attention-rollout").tracks_importance.values
    for j, mask in enumerate(jets["tracks"].mask):
        real = np.append(mask, [True, True])
        want = slow.rollout([maps[j, 0][:, real][..., real]])[-1]
        np.testing.assert_allclose(found[j][mask], want[:-2])


def test_rollout_is_read_from_all_learned_queries() -> None:
    """A decoder's queries ask each other, then the particles, in two layers."""

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(3)
            self.embed, self.head = nn.Linear(3, 8), nn.Linear(8, 2)
            self.queries = nn.Parameter(torch.randn(3, 8))
            layer = nn.TransformerDecoderLayer(8, 2, 12, batch_first=True)
            self.decoder = nn.TransformerDecoder(layer, 2)

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            asking = self.queries.expand(len(x), -1, -1)
            found = self.decoder(asking, self.embed(x), memory_key_padding_mask=~mask)
            return self.head(found.mean(1))

    tagger, jets = wrapped(Decoder().double()), whole_jets()
    maps = jl.explain(tagger, jets, "attention", heads="mean")
    found = jl.explain(tagger, jets, "attention-rollout")
    own = "class+register"
    for j, mask in enumerate(jets["tracks"].mask):
        state = np.hstack([np.eye(3), np.zeros((3, mask.sum()))])
        particles = np.hstack([np.zeros((mask.sum(), 3)), np.eye(mask.sum())])
        for layer in range(2):
            among = attention.attention(maps, own, own).values[j, layer, 0]
            state = (state + among @ state) / 2
            asked = attention.attention(maps, own, "tracks").values[j, layer, 0][:, mask]
            state = (state + asked @ particles) / 2
        np.testing.assert_allclose(
            attention.attention(found, own, "tracks").values[j, 0, 0][:, mask], state[:, 3:]
        )
        np.testing.assert_allclose(found.tracks_importance[j][mask], state[:, 3:].mean(0))


@pytest.mark.filterwarnings("ignore:.*nested tensors.*")
def test_an_output_that_hangs_on_the_fast_path_is_refused() -> None:
    class Unmasked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.embed, self.head = nn.Linear(3, 8), nn.Linear(8, 2)
            layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2)

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            x = self.encoder(self.embed(x), src_key_padding_mask=~mask)
            return self.head(x.sum(1))  # rows of padding are zero in the fast path alone

    rng = np.random.default_rng(1)
    mask = np.arange(6) < rng.integers(1, 7, 14)[:, None]
    jets = jl.batch({"tracks": (rng.normal(size=(14, 6, 3)), FEATURES, mask)})
    tagger = wrapped(Unmasked().double())
    for method in ("attention", "attention-rollout"):
        with pytest.raises(jl.JetlensError, match="does it use rows of padding"):
            jl.explain(tagger, jets, method)


def test_an_output_that_hangs_on_being_watched_is_refused_each_time() -> None:
    class Shy(Patches):
        def forward(self, image: Tensor) -> Tensor:
            watched = torch.overrides._get_current_function_mode() is not None
            return super().forward(image) + (5 if watched else 0)

    tagger = Shy().wrapped()
    for _ in range(2):
        with pytest.raises(jl.JetlensError, match="attention is captured without"):
            jl.explain(tagger, images(12), "attention")


def test_images_are_compared_with_the_plain_pass_once() -> None:
    plain: list[int] = []

    class Counted(Patches):
        def forward(self, image: Tensor) -> Tensor:
            if torch.overrides._get_current_function_mode() is None:
                plain.append(len(image))
            return super().forward(image)

    tagger = Counted().wrapped()
    jl.explain(tagger, images(12), "attention")
    assert plain == [8]
    jl.explain(tagger, images(12), "attention")
    assert plain == [8]
    with torch.no_grad():
        tagger.module.net.head.weight.add_(1)
    jl.explain(tagger, images(12), "attention")
    assert plain == [8, 8]


Pair = namedtuple("Pair", "first second")


class Named(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inside = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Pair:
        return Pair(self.inside(x), x)


class Positive(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (x > 0).long()


def test_layers_that_give_something_else() -> None:
    def mix(net: Net, x: Tensor, mask: Tensor) -> Tensor:
        return four(net, net.parts["named"](x).first + net.parts["positive"](x), mask)

    tagger = wrapped(Net(mix, named=Named(), positive=Positive()).double())
    jets = attending.jets()
    found = [
        jl.explain(tagger, jets, "grad-cam", layer=f"module.parts.{layer}").tracks_importance
        for layer in ("named", "named.inside")
    ]
    np.testing.assert_array_equal(*found)
    with pytest.raises(jl.JetlensError, match="no tensor of real numbers"):
        jl.explain(tagger, jets, "grad-cam", layer="module.parts.positive")


def test_a_layer_that_is_used_under_two_names() -> None:
    def mix(net: Net, x: Tensor, mask: Tensor) -> Tensor:
        return net.parts["b"](net.parts["a"](x))

    both = nn.Linear(8, 8)
    tagger = wrapped(Net(mix, a=both, b=both).double())
    with pytest.raises(jl.JetlensError, match=r"'module\.parts\.b' runs more than once"):
        jl.explain(tagger, attending.jets(), "grad-cam", layer="module.parts.b")


def test_a_network_that_keeps_gradients_from_itself() -> None:
    class Kept(Net):
        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            with torch.no_grad():
                return super().forward(x, mask)

    tagger, jets = wrapped(Kept(four).double()), attending.jets()
    with pytest.raises(jl.JetlensError, match=r"runs under torch\.no_grad"):
        jl.explain(tagger, jets, "grad-cam", layer="module.qkv")
    assert jl.explain(tagger, jets, "attention").sizes["jet"] == len(jets)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["multi-head-more-keys", "multi-head-separate"])
def test_no_jets(name: str, method: str) -> None:
    found = jl.explain(attending.tagger(name), attending.jets().take(slice(0)), method)
    assert found.sizes["jet"] == 0


def without_places(jets: jl.JetBatch, name: str, places: int) -> jl.JetBatch:
    """Return jets of which none has a particle in a collection, or a place for one."""
    old = jets[name]
    new = replace(
        old,
        values=np.zeros_like(old.values[:, :places]),
        mask=np.zeros_like(old.mask[:, :places]),
        truth={k: v[:, :places] if v.ndim > 1 else v for k, v in old.truth.items()},
    )
    return replace(jets, collections={**jets.collections, name: new})


WITH_TWO = next(c for c in cases() if str(c) == "cross-attention-constituents+objects")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["constituents", "objects"])
def test_a_stream_of_no_places_is_as_one_without_particles(name: str, method: str) -> None:
    tagger = WITH_TWO.build()
    none, one = (
        jl.explain(tagger, without_places(sample(), name, places), method) for places in (0, 1)
    )
    (other,) = {"constituents", "objects"} - {name}
    assert none[f"{name}_importance"].shape == (len(sample()), 0)
    np.testing.assert_allclose(none.output, one.output)
    np.testing.assert_allclose(none[f"{other}_importance"], one[f"{other}_importance"])
    assert attention.pairs(none) == attention.pairs(one)
    for query, key in attention.pairs(none):
        ours, want = (attention.attention(f, query, key) for f in (none, one))
        assert ours.shape[3:] == tuple(
            0 if stream == name else n
            for stream, n in zip((query, key), want.shape[3:], strict=True)
        )
        if name not in (query, key):
            np.testing.assert_allclose(ours, want)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", attending.MODULES)
def test_tracks_of_no_places_give_nothing_or_a_message(name: str, method: str) -> None:
    jets = without_places(attending.jets(), "tracks", 0)
    if name == "multi-head-separate":  # torch's own cannot project them
        with pytest.raises(jl.JetlensError, match=r"not a single place for 'tracks'.*padded\(1\)"):
            jl.explain(attending.tagger(name), jets, method)
    else:
        found = jl.explain(attending.tagger(name), jets, method)
        assert found.tracks_importance.shape == (14, 0)


def test_settings_of_the_wrong_kind() -> None:
    for method, options, match in (
        ("attention", {"layers": 3}, "layers=3: expected 'all'"),
        ("attention", {"streams": "tracks"}, "streams='tracks': expected a table"),
        ("attention", {"streams": {"module": 3}}, "expected queries and keys"),
        ("grad-cam", {"layer": 3}, "layer=3: expected a module's path"),
    ):
        with pytest.raises(jl.JetlensError, match=match):
            jl.explain(attending.tagger("4d-bool-mask"), attending.jets(), method, **options)
