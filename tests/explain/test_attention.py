"""Captured attention against its twin, and against torch's own; errors read aloud."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import attending
import jetlens as jl
from contracts import taggers as cases
from jetlens.core import attention
from jetlens.explain.targets import resolve
from jetlens.taggers.encode import encode
from reference import attention as slow

PAIR = ("tracks", "tracks")


def explain(module: nn.Module | str, method: str = "attention", jets=None, **options):
    tagger = attending.tagger(module) if isinstance(module, str) else attending.wrapped(module)
    return jl.explain(tagger, jets or attending.jets(), method, **options)


def net(mix, **parts: nn.Module) -> attending.Net:
    return attending.Net(mix, **parts).double()


def test_weights_are_those_of_the_equation_written_out() -> None:
    tagger, jets = attending.tagger("4d-bool-mask"), attending.jets()
    found = attention.attention(jl.explain(tagger, jets, "attention"), *PAIR)
    inputs, masks = encode(tagger, jets)
    made = tagger.module
    q, k, _ = (t.detach().numpy() for t in attending.split(made, made.embed(inputs["tracks"])))
    for j, mask in enumerate(masks["tracks"].numpy()):
        for head in range(attending.HEADS):
            want = slow.attention(q[j, head], k[j, head], mask)
            ours = found.values[j, 0, head]
            np.testing.assert_allclose(ours[np.ix_(mask, mask)], want[np.ix_(mask, mask)])


@pytest.mark.parametrize("name", [n for n in attending.MODULES if n.startswith("multi-head")])
def test_weights_of_a_module_are_those_that_it_tells_itself(name: str) -> None:
    tagger, jets = attending.tagger(name), attending.jets()
    found = attention.attention(jl.explain(tagger, jets, "attention"), *PAIR)
    tagger.eval()
    inputs, masks = encode(tagger, jets)
    made = tagger.module
    module, x = made.parts["attention"], made.embed(inputs["tracks"])
    x = x if module.batch_first else x.transpose(0, 1)
    with torch.no_grad():
        _, want = module(x, x, x, key_padding_mask=~masks["tracks"], average_attn_weights=False)
    mask = masks["tracks"].numpy()
    own = attention.tokens(found.to_dataset(), found.dims[4]).of("tracks")[0]
    assert found.sizes[found.dims[4]] == want.shape[-1]
    for j in range(1, len(jets)):
        ours = found.values[j, 0][:, mask[j]]
        theirs = want[j][:, torch.as_tensor(mask[j])].numpy()
        np.testing.assert_allclose(ours[..., own[mask[j]]], theirs[..., mask[j].nonzero()[0]])
        extra = np.setdiff1d(np.arange(want.shape[-1]), own)
        np.testing.assert_allclose(ours[..., extra], theirs[..., extra])


def test_the_importance_of_a_particle_is_the_mean_attention_that_it_gets() -> None:
    found = explain("encoder")
    weights = attention.attention(found, *PAIR).values
    mask = attending.jets()["tracks"].mask
    for j in range(1, len(mask)):
        real = weights[j][:, :, mask[j]][..., mask[j]]
        np.testing.assert_allclose(
            found.tracks_importance.values[j][mask[j]], real.mean((0, 1, 2)), rtol=1e-9
        )


def test_layers_have_the_names_of_modules_and_can_be_chosen() -> None:
    whole = explain("encoder")
    names = list(whole.layer_tracks_tracks.values)
    assert names == [f"module.parts.encoder.layers.{i}.self_attn" for i in (0, 1)]
    for layers in (names[1], [names[1]], "*.1.self_attn"):
        some = explain("encoder", layers=layers)
        assert list(some.layer_tracks_tracks.values) == names[1:]
        np.testing.assert_array_equal(
            some.attention_tracks_tracks, whole.attention_tracks_tracks[:, 1:]
        )
    with pytest.raises(jl.JetlensError, match=r"unknown layer of attention.*did you mean 'module"):
        explain("encoder", layers="parts.encoder.layers.0.self_atn")


def test_a_module_that_is_called_twice_is_two_layers() -> None:
    def twice(net, x, mask):
        for _ in range(2):
            x = attending.module(net, x, mask)
        return x

    made = net(twice, attention=nn.MultiheadAttention(8, 2, batch_first=True))
    found = explain(made)
    assert list(found.layer_tracks_tracks.values) == [
        "module.parts.attention", "module.parts.attention-2"
    ]  # fmt: skip
    assert (found.attention_tracks_tracks[1, 0] != found.attention_tracks_tracks[1, 1]).any()


def test_tokens_are_told_whatever_their_order_and_company() -> None:
    """Keys are [class, a register, tracks from last to first, the jet]; queries the class token."""

    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tracks, self.jet = nn.Linear(3, 4), nn.Linear(2, 4)
            self.own = nn.Parameter(torch.randn(2, 4))
            self.head = nn.Linear(4, 2)

        def forward(self, inputs, masks):
            tracks, jet = self.tracks(inputs["tracks"]), self.jet(inputs["jets"])[:, None]
            own = self.own.expand(len(jet), -1, -1)
            keys = torch.cat([own, tracks.flip(1), jet], 1)[:, None]
            mask = F.pad(masks["tracks"].flip(1), (2, 1), value=True)[:, None, None]
            mixed = F.scaled_dot_product_attention(own[:, None, :1], keys, keys, mask)
            return self.head(mixed[:, 0, 0])

    torch.manual_seed(1)
    inputs = {"tracks": attending.FEATURES, "jets": ("x", "y")}
    tagger = jl.wrap(Mixed().double(), inputs, attending.CLASSES)
    found = jl.explain(tagger, attending.jets(), "attention")
    (pair,) = attention.pairs(found)
    assert pair == ("class", "tracks+jets")
    keys = attention.tokens(found, f"key_{pair[0]}_{pair[1]}")
    assert keys.collection[:2] == ("class", "register")
    assert keys.collection[2:] == (*["tracks"] * 6, "jets")
    assert keys.place == (-1, -1, 5, 4, 3, 2, 1, 0, 0)
    weights = found[attention.variable(*pair)].values[:, 0, 0, 0]
    mask = attending.jets()["tracks"].mask
    np.testing.assert_array_equal(np.isnan(weights[:, 2:8]), ~mask[:, ::-1])
    np.testing.assert_allclose(np.nansum(weights, 1), 1)
    np.testing.assert_allclose(found.jets_importance, weights[:, 8])


@pytest.mark.parametrize("order", [("class", "register"), ("register", "class")])
def test_the_class_token_is_the_one_that_the_logits_are_read_from(order: tuple[str, str]) -> None:
    """Whichever stands first; in front of the particles, in every layer."""

    def with_own(net, x, mask):
        own = torch.stack([net.token, net.token * 2]).expand(len(x), -1, -1)
        y, mask = torch.cat([own, x], 1), F.pad(mask, (2, 0), value=True)
        for _ in range(2):
            y = attending.four(net, y, mask)
        return y[:, [order.index("class")]] + 0 * x

    found = explain(net(with_own))
    for axis in ("query", "key"):
        tokens = attention.tokens(found, f"{axis}_tracks_tracks")
        assert tokens.collection == (*order, *["tracks"] * 6)


def test_padding_that_a_network_adds_is_no_class_token() -> None:
    def longer(net, x, mask):
        y = attending.four(net, F.pad(x, (0, 0, 0, 3)), F.pad(mask, (0, 3)))
        return y[:, : x.shape[1]]

    found = explain(net(longer))
    tokens = attention.tokens(found, "key_tracks_tracks")
    assert tokens.collection == (*["tracks"] * 6, *["register"] * 3)
    weights = found.attention_tracks_tracks.values[:, 0, :, :6]
    real = attending.jets()["tracks"].mask
    np.testing.assert_array_equal(weights.transpose(0, 2, 1, 3)[real][..., 6:], 0)
    np.testing.assert_array_equal(found.attention_to_padding, 0)


@pytest.mark.parametrize("method", ["attention", "attention-rollout"])
def test_the_share_of_attention_that_goes_to_padding(method: str) -> None:
    """A network masks in its first layer alone; the mean over layers, heads and real tokens."""

    def half(net, x, mask):
        x = attending.four(net, x, mask)
        return attending.four(net, x, torch.ones_like(mask))

    jets = attending.jets()
    found = explain(net(half), method)
    maps = explain(net(half)).attention_tracks_tracks.values
    for j, real in enumerate(jets["tracks"].mask):
        kept = maps[j][:, :, real][..., real].sum(-1)  # the rest went to padding
        want = 1 - kept.mean((1, 2)) if real.any() else np.zeros(2)
        if not real.all() and real.any():
            assert want[1] > 0.01
        np.testing.assert_allclose(want[0], 0, atol=1e-12)
        np.testing.assert_allclose(found.attention_to_padding[j], want.mean(), atol=1e-12)
    assert found.attention_to_padding.dims == ("jet",)


def vision(attend) -> jl.Tagger:
    """Return a network as Hugging Face writes them: class token, registers, then patches."""

    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.qkv, self.out = nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 8)

        def forward(self, x: Tensor) -> Tensor:
            q, k, v = (
                t.unflatten(-1, (2, 4)).transpose(1, 2) for t in self.qkv(self.norm(x)).chunk(3, -1)
            )
            return x + self.out(attend(q, k, v).transpose(1, 2).flatten(2))

    class Vision(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cut = nn.Conv2d(1, 8, 4, stride=4)
            self.own = nn.Parameter(torch.randn(4, 8))
            self.position = nn.Parameter(torch.randn(6, 8))
            self.layers = nn.Sequential(Layer(), Layer(), nn.LayerNorm(8))
            self.head = nn.Linear(16, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = self.cut(x).flatten(2).transpose(1, 2) + self.position
            x = self.layers(torch.cat([self.own.expand(len(x), -1, -1), x], 1))
            return self.head(torch.cat([x[:, 0], x[:, 4:].mean(1)], 1))

    torch.manual_seed(1)
    return jl.wrap(
        Vision().double(), {"image": ("pt",)}, ("s", "t"), call=lambda m, i, _: m(i["image"])
    )


def test_class_token_registers_and_patches() -> None:
    jets = jl.batch({"image": (np.random.default_rng(0).random((5, 1, 12, 8)), ("pt",))})
    tagger = vision(F.scaled_dot_product_attention)
    found = jl.explain(tagger, jets, "attention")
    tokens = attention.tokens(found, "key_image_image")
    assert tokens.collection == ("class", *["register"] * 3, *["image"] * 6)
    assert tokens.place[4:] == tuple(range(6))
    assert list(found.layer_image_image.values) == ["module.layers.0", "module.layers.1"]
    rolled = jl.explain(tagger, jets, "attention-rollout").attention_image_image.values[:, 0, 0]
    np.testing.assert_allclose(rolled.sum(-1), 1)
    assert jl.explain(tagger, jets, "grad-cam").image_importance.shape == (5, 12, 8)
    eager = vision(lambda q, k, v: (q @ k.mT / 2).softmax(-1) @ v)
    with pytest.raises(jl.JetlensError, match=r"a softmax of its own is not.*attn_implementation"):
        jl.explain(eager, jets, "attention")


def test_patches_of_an_image_are_its_tokens() -> None:
    class Patches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cut = nn.Conv2d(1, 8, 4, stride=4)
            self.token = nn.Parameter(torch.randn(1, 1, 8))
            layer = nn.TransformerEncoderLayer(8, 2, 8, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
            self.head = nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = self.cut(x).flatten(2).transpose(1, 2)
            x = self.encoder(torch.cat([self.token.expand(len(x), -1, -1), x], 1))
            return self.head(x[:, 0])

    torch.manual_seed(1)
    tagger = jl.wrap(
        Patches().double(), {"image": ("pt",)}, ("s", "t"), call=lambda m, i, _: m(i["image"])
    )
    rng = np.random.default_rng(0)
    jets = jl.batch({"image": (rng.random((5, 1, 12, 8)), ("pt",))})
    found = jl.explain(tagger, jets, "attention")
    tokens = attention.tokens(found, "key_image_image")
    assert tokens.collection == ("class", *["image"] * 6)
    assert tokens.place == (-1, *range(6))
    given = found.attention_image_image.mean(("layer_image_image", "head_image_image"))
    received = given.mean("query_image_image").values[:, 1:].reshape(5, 3, 2)
    np.testing.assert_allclose(found.image_importance, received.repeat(4, 1).repeat(4, 2))
    cam = jl.explain(tagger, jets, "grad-cam")
    assert cam.image_importance.shape == (5, 12, 8)
    assert "module.cut" in cam.attrs["importance"]  # behind the encoder, no patch is read


def test_what_somebody_says_of_tokens_that_cannot_be_told() -> None:
    def mixed(net, x, mask):  # each token is made of all before attention
        x = x * mask[..., None]
        return attending.four(net, x + x.mean(1, keepdim=True).tanh() * 3 + x.cumsum(1), mask)

    with pytest.raises(
        jl.JetlensError, match=r'cannot be known.*streams=\{"module": "class\+tracks'
    ):
        explain(net(mixed))
    found = explain(net(mixed), streams={"module": "tracks"})
    assert attention.tokens(found, "key_tracks_tracks").place == tuple(range(6))
    pair = explain(net(mixed), streams={"mod*": ["tracks", "tracks"]})
    np.testing.assert_array_equal(pair.attention_tracks_tracks, found.attention_tracks_tracks)
    for streams, match in (
        ({"module": "class+tracks"}, "has 7 tokens for jets of 6 tracks, but the layer has 6"),
        ({"module": "track"}, "did you mean 'tracks'"),
        ({"module": ["tracks"]}, "expected queries and keys"),
    ):
        with pytest.raises(jl.JetlensError, match=match):
            explain(net(mixed), streams=streams)
    with pytest.raises(jl.JetlensError, match=r"does not attend: did you mean 'module'"):
        explain("4d-bool-mask", streams={"modul": "tracks"})


def test_attention_is_the_same_for_every_target() -> None:
    found = explain("encoder", target=["s", "predicted", "log(s/t)"])
    assert list(found.target.values) == ["s", "predicted", "log(s/t)"]
    assert found.attention_tracks_tracks.dims[0] == "jet"
    assert found.tracks_importance.dims == ("jet", "tracks")


@pytest.mark.parametrize("use", ["cnn2d", "mlp", "rnn"])
@pytest.mark.parametrize("method", ["attention", "attention-rollout"])
def test_a_tagger_without_attention(use: str, method: str) -> None:
    case = next(c for c in cases.cases() if c.use == use)
    with pytest.raises(jl.JetlensError) as told:
        jl.explain(case.build(), cases.sample(), method)
    for word in ("no attention that can be seen", "scaled_dot_product_attention", "'grad-cam'"):
        assert word in str(told.value)


def test_a_mask_of_the_wrong_shape() -> None:
    def wrong(net, x, mask):
        out = F.scaled_dot_product_attention(*attending.split(net, x), mask[:, None, None, 1:])
        return x + attending.merge(out)

    with pytest.raises(jl.JetlensError, match=r"in module \(Net\).*mask of shape.*expected"):
        explain(net(wrong), jets=attending.jets())

    def padding(net, x, mask):
        return x + net.parts["attention"](x, x, x, key_padding_mask=~mask[:, 1:])[0]

    made = net(padding, attention=nn.MultiheadAttention(8, 2, batch_first=True))
    with pytest.raises(
        jl.JetlensError, match=r"attention \(MultiheadAttention\).*key_padding_mask"
    ):
        explain(made)


def test_attention_over_the_jets_is_refused() -> None:
    def over_jets(net, x, mask):
        return x + net.parts["attention"](x, x, x)[0]

    made = net(over_jets, attention=nn.MultiheadAttention(8, 2))
    with pytest.raises(jl.JetlensError, match=r"mixes the jets.*batch_first=True"):
        explain(made)


def test_dropout_at_rest_is_refused() -> None:
    def drops(net, x, mask):
        return x + attending.merge(
            F.scaled_dot_product_attention(*attending.split(net, x), mask[:, None, None], 0.5)
        )

    with pytest.raises(jl.JetlensError, match="drops numbers by chance"):
        explain(net(drops))


def test_what_cannot_be_seen_into_is_refused() -> None:
    class Hidden(nn.Module):
        def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            return F.scaled_dot_product_attention(q, k, v)

    def scripted(net, x, mask):
        return x + attending.merge(net.parts["hidden"](*attending.split(net, x)))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        hidden = torch.jit.script(Hidden())
    with pytest.raises(jl.JetlensError, match="attends in TorchScript"):
        explain(net(scripted, hidden=hidden))


def test_nothing_is_left_behind_when_attention_breaks() -> None:
    calls = 0

    def breaks(net, x, mask):
        nonlocal calls
        calls += 1
        if calls > 6:
            raise RuntimeError("broken on purpose")
        return attending.four(net, x, mask)

    made = net(breaks)
    for method in ("attention", "attention-rollout", "grad-cam"):
        calls = 0 if method == "attention" else 5
        with pytest.raises(RuntimeError, match="broken on purpose"):
            explain(made, method)
        assert torch.overrides._get_current_function_mode() is None
        assert not any(m._forward_hooks for m in made.modules())
    calls = -100
    resolve("s", attending.wrapped(made))
    assert explain(made).sizes["jet"] == 14


def test_bad_options() -> None:
    for options, match in (
        ({"heads": "maxx"}, "did you mean 'max'"),
        ({"layers": []}, "expected 'all', 'mean', or names"),
    ):
        with pytest.raises(jl.JetlensError, match=match):
            explain("encoder", **options)
