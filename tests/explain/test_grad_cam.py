"""Grad-CAM against its twin with gradients by differences, on every layout; errors read aloud."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import attending
import jetlens as jl
from contracts import taggers as cases
from jetlens.explain.tokens import layers, layout
from jetlens.explain.tokens.layout import Layer
from jetlens.explain.tokens.probe import Probe
from jetlens.taggers.encode import encode
from reference import attention as slow


class Tokens(nn.Module):
    """Tracks in one layout of a layer, then a head that is not linear."""

    def __init__(self, layout: str) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.layout = layout
        self.embed = nn.Linear(3, 5)
        self.layer = nn.Identity()
        self.head = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.embed(x).tanh()
        order = {"jet-token": (0, 1, 2), "token-jet": (1, 0, 2), "channel-token": (0, 2, 1)}
        there = order[self.layout]
        x = self.layer(x.permute(there)).permute(tuple(np.argsort(there)))
        return self.head((x.square() * mask[..., None]).sum(1))


@pytest.mark.parametrize("rectified", [True, False])
@pytest.mark.parametrize("layout", ["jet-token", "token-jet", "channel-token"])
def test_tokens_in_every_layout(layout: str, rectified: bool) -> None:
    jets = attending.jets()
    module = Tokens(layout).double()
    tagger = attending.wrapped(module)
    found = jl.explain(
        tagger, jets, "grad-cam", target="t", layer="module.layer", rectified=rectified
    )
    inputs, masks = encode(tagger, jets)
    features = module.embed(inputs["tracks"]).tanh().detach()
    for j, mask in enumerate(masks["tracks"]):
        if not mask.any():
            assert np.isnan(found.tracks_importance[j]).all()
            continue
        real = features[j][mask]

        def score(x: Tensor) -> float:
            return float(module.head(x.square().sum(0))[1].detach())

        slopes = np.zeros(real.shape)
        for place in np.ndindex(*real.shape):
            step = torch.zeros_like(real)
            step[place] = 1e-6
            slopes[place] = (score(real + step) - score(real - step)) / 2e-6
        want = slow.grad_cam(real.numpy(), slopes, rectified)
        ours = found.tracks_importance.values[j]
        np.testing.assert_allclose(ours[mask], want, rtol=1e-6, atol=1e-8)
        assert np.isnan(ours[~mask.numpy()]).all()
    assert (float(found.tracks_importance.min()) < 0) == (not rectified)


def images(n: int = 6) -> jl.JetBatch:
    rng = np.random.default_rng(0)
    return jl.batch({"image": (rng.random((n, 1, 12, 8)), ("pt",))})


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(inplace=True)),
        *(nn.Flatten(), nn.Linear(96, 2)),
    ).double()


def of_images(module: nn.Module) -> jl.Tagger:
    return jl.wrap(module, {"image": ("pt",)}, ("s", "t"), call=lambda m, i, _: m(i["image"]))


def test_a_map_is_stretched_to_its_image() -> None:
    module, jets = network(), images()
    found = jl.explain(of_images(module), jets, "grad-cam", target="t")
    assert found.image_importance.dims == ("jet", "y", "x")
    assert "module.3" in found.attrs["importance"]
    assert "bilinearly" in found.attrs["importance"]
    x = torch.as_tensor(jets["image"].values)
    features = module[:4](x).detach().requires_grad_()
    (slopes,) = torch.autograd.grad(module[4:](features * 1)[:, 1].sum(), features)
    for j in range(len(jets)):
        flat = [t[j].detach().flatten(1).T.numpy() for t in (features, slopes)]
        small = torch.as_tensor(slow.grad_cam(*flat)).view(1, 1, 6, 4)
        want = nn.functional.interpolate(small, size=(12, 8), mode="bilinear")[0, 0]
        np.testing.assert_allclose(found.image_importance[j], want, rtol=1e-9, atol=1e-12)
    assert float(found.image_importance.max()) > 0


def test_one_layer_of_each_stream_by_default_or_as_asked() -> None:
    case = next(c for c in cases.cases() if str(c) == "cross-attention-constituents+objects")
    tagger = case.build()
    both = jl.explain(tagger, cases.sample(), "grad-cam")
    for name, layer in (
        ("constituents", "crossings.1.constituents_objects"),
        ("objects", "crossings.1.objects_constituents"),
    ):
        assert layer in both.attrs["importance"]
        alone = jl.explain(tagger, cases.sample(), "grad-cam", layer=layer)
        other = {"constituents": "objects", "objects": "constituents"}[name]
        assert f"{other}_importance" not in alone
        np.testing.assert_allclose(alone[f"{name}_importance"], both[f"{name}_importance"])
    # a layer in front of another that is asked for keeps all of its gradient
    early, late = "encoders.constituents", "crossings.1.objects_constituents"
    pair = jl.explain(tagger, cases.sample(), "grad-cam", layer=[early, late])
    alone = jl.explain(tagger, cases.sample(), "grad-cam", layer=early)
    np.testing.assert_allclose(pair.constituents_importance, alone.constituents_importance)
    with pytest.raises(jl.JetlensError, match="both have places of 'constituents'"):
        jl.explain(tagger, cases.sample(), "grad-cam", layer=[early, "encoders.constituents.embed"])


def test_a_target_is_explained_and_predictions_are_its_own() -> None:
    tagger = attending.tagger("encoder")
    jets = attending.jets().take(slice(1, None))
    found = {t: jl.explain(tagger, jets, "grad-cam", target=t, rectified=False) for t in "st"}
    log = jl.explain(tagger, jets, "grad-cam", target="log(s/t)", rectified=False)
    difference = found["s"].tracks_importance - found["t"].tracks_importance
    np.testing.assert_allclose(log.tracks_importance, difference, rtol=1e-8, atol=1e-12)
    predicted = jl.explain(tagger, jets, "grad-cam", rectified=False)
    chosen = np.where(predicted.target == 0, *(found[t].tracks_importance.T for t in "st")).T
    np.testing.assert_allclose(predicted.tracks_importance, chosen)


def test_layers_that_cannot_be_mapped() -> None:
    tagger = of_images(network())
    for layer, match in (
        ("module.33", r"unknown layer.*did you mean 'module.3'"),
        ("module.6", r"gives \(23, 2\) for 23 jets, in which no axis is one of places.*module.0"),
        ([], "expected a module's path"),
    ):
        with pytest.raises(jl.JetlensError, match=match):
            jl.explain(tagger, images(), "grad-cam", layer=layer)
    mlp = next(c for c in cases.cases() if c.use == "mlp")
    with pytest.raises(jl.JetlensError, match="no layer of the tagger gives a row"):
        jl.explain(mlp.build(), cases.sample(), "grad-cam")
    twice = attending.Net(lambda net, x, mask: net.parts["a"](net.parts["a"](x)), a=nn.Linear(8, 8))
    with pytest.raises(jl.JetlensError, match="runs more than once"):
        jl.explain(
            attending.wrapped(twice.double()), attending.jets(), "grad-cam", layer="module.parts.a"
        )
    unused = attending.Net(lambda net, x, mask: x + 0 * net.parts["a"](x.detach()).detach(),
                           a=nn.Linear(8, 8))  # fmt: skip
    with pytest.raises(jl.JetlensError, match="does not depend on layer"):
        jl.explain(
            attending.wrapped(unused.double()), attending.jets(), "grad-cam", layer="module.parts.a"
        )


class Deep(nn.Module):
    """Layers of a transformer, read from a class token or from all tokens."""

    def __init__(self, read: str, layers: int = 3) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.read, self.own = read, nn.Parameter(torch.randn(1, 8))
        self.embed = nn.Linear(3, 8)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True) for _ in range(layers)
        )
        self.head = nn.Linear(8, 2)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = torch.cat([self.own.expand(len(x), 1, -1), self.embed(x)], 1)
        mask = torch.cat([mask.new_ones(len(x), 1), mask], 1)
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=~mask)
        return self.head(x[:, 0] if self.read == "class token" else x[:, 1:].mean(1))


@pytest.mark.parametrize("read", ["class token", "all tokens"])
def test_the_last_layer_whose_particles_are_heard(read: str) -> None:
    jets, tagger = attending.jets(), attending.wrapped(Deep(read).double())
    found = jl.explain(tagger, jets, "grad-cam", rectified=False)
    taken = 1 if read == "class token" else 2
    assert found.attrs["importance"] == f"of layer module.layers.{taken}"
    assert (np.abs(found.tracks_importance).sum("tracks") > 0)[
        found.tracks_mask.any("tracks")
    ].all()


@pytest.mark.parametrize("read", ["class token", "all tokens"])
def test_only_modules_that_may_be_taken_are_read(read: str, monkeypatch) -> None:
    """However deep the network is, it is as many: some at its end."""
    looked: list[str] = []

    def count(path: str, output: Tensor, made_up: Probe) -> Layer | str:
        looked.append(path)
        return layout.read(path, output, made_up)

    monkeypatch.setattr(layers, "read", count)
    modules = []
    for deep in (3, 12):
        looked.clear()
        tagger = attending.wrapped(Deep(read, deep).double())
        found = jl.explain(tagger, attending.jets(), "grad-cam")
        taken = deep - 2 if read == "class token" else deep - 1
        assert found.attrs["importance"] == f"of layer module.layers.{taken}"
        modules.append([name.partition(f".{taken}.")[2] for name in looked])
        assert len({*looked}) == len(looked) <= 8
    assert modules[0] == modules[1]
