"""The particle transformer: what its parts see, and that every kind of explanation fits it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

import jetlens as jl
from attention_calls import Watch
from jetlens.core import attention
from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.core.registry import taggers
from jetlens.data.scaling import Scaling
from jetlens.data.scaling.fit import fit
from jetlens.data.toy import Toy
from jetlens.taggers.state import at_rest
from jetlens.taggers.train import TrainSettings, train
from jetlens.taggers.transformer import SIZES, Transformer

NAMES = ("pt", "deta", "dphi")
HITS = ("x", "y", "z", "energy", "time")
CLASSES = ("background", "signal")


def build(names: tuple[str, ...] = NAMES, scaling: Scaling | None = None, **given) -> Transformer:
    torch.manual_seed(0)
    collection = "hits" if "energy" in names else "constituents"
    made = taggers.make(
        "transformer", inputs={collection: names}, classes=CLASSES, scaling=scaling, **given
    )
    return made.double().eval()


def jets(n: int = 12, places: int = 6) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    torch.manual_seed(1)
    mask = torch.rand(n, places) < 0.7
    mask[0], mask[1] = False, True
    return {"constituents": torch.randn(n, places, 3).double().exp()}, {"constituents": mask}


def toy(n: int = 30) -> tuple[Transformer, jl.JetBatch]:
    """A tagger with logarithms of pt, and toy jets with some of their particles."""
    made = next(iter(Toy(jets=n, partition=n, difficulty=1).partitions())).read()
    mask = np.random.default_rng(0).random((n, 20)) < 0.4
    mask[0], mask[1] = False, True
    values = made["constituents"].values
    sample = jl.batch({"constituents": (values, NAMES, mask)}, label=made.label, classes=CLASSES)
    floors = {"constituents": {"pt": 1e-4}}
    return build(scaling=fit([sample], {"constituents": NAMES}, floors=floors)), sample


def test_the_published_network_has_its_number_of_parameters() -> None:
    made = build(tuple("abcd") + NAMES, size="ParT")
    assert sum(p.numel() for p in made.parameters()) == pytest.approx(2.14e6, rel=0.01)
    assert len(made.layers) == 8
    assert [type(m).__name__ for m in made.head] == ["Linear"]


def test_particles_ask_each_other_and_then_the_token_asks_all_and_itself() -> None:
    with Watch() as watch, torch.no_grad():
        build()(*jets())
    size = SIZES["small"]
    shapes = [(size.heads, 6, 6)] * size.layers + [(size.heads, 1, 7)] * size.class_layers
    assert [tuple(call.weights.shape[1:]) for call in watch.calls] == shapes
    assert (watch.calls[-1].weights[0, :, :, 0] == 1).all()  # a jet without particles


def test_what_pairs_are_is_added_to_the_scores_of_all_layers_and_computed_once() -> None:
    made = build()
    inputs, masks = jets()
    found: list[Tensor] = []
    made.pair_bias.register_forward_hook(lambda m, given, out: found.append(out.detach()))
    scores = []

    def add(module, given) -> None:
        *_, bias = given
        scores.append(bias.detach())

    for layer in made.layers:
        layer.register_forward_pre_hook(add)
    before = made(inputs, masks)
    assert len(found) == 1
    assert all(bias.equal(found[0]) for bias in scores)
    assert len(scores) == len(made.layers)
    torch.nn.init.zeros_(made.pair_bias.embed[-1].weight)
    torch.nn.init.zeros_(made.pair_bias.embed[-1].bias)
    after = made(inputs, masks)
    without = build(pairs=False)
    without.load_state_dict(made.state_dict(), strict=False)
    torch.testing.assert_close(after, without(inputs, masks), rtol=1e-12, atol=1e-12)
    assert not torch.allclose(before[1], after[1], atol=1e-4)


def test_pairs_are_known_where_the_features_allow_it() -> None:
    assert build().pair_bias.kind.count == 4
    assert build(HITS).pair_bias.kind.count == 3
    assert build(HITS, pairs=True).pair_bias is not None
    assert build(pairs=False).pair_bias is None
    assert build(("pt", "dphi")).pair_bias is None
    with pytest.raises(BadValueError, match=r"have pt, phi, expected pt, deta, dphi or x, y, z"):
        build(("pt", "phi"), pairs=True)


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'small'"):
        build(size="smal")
    with pytest.raises(BadValueError, match="one collection"):
        Transformer({"constituents": NAMES, "tracks": ("d0",)}, CLASSES)
    with pytest.raises(BadValueError, match="dropout=1"):
        build(dropout=1.0)
    with pytest.raises(BadValueError, match="is no list of particles"):
        build()({"constituents": torch.zeros(2, 3).double()}, {})


def test_hits_are_told_apart_by_their_distances() -> None:
    """Two hits far apart are not what they are beside each other, if only their pair tells."""
    made = build(HITS)
    torch.nn.init.zeros_(made.embed[0].weight[:, :3])
    x = torch.zeros(2, 2, 5).double()
    x[:, :, 3] = torch.tensor([1.0, 2.0])
    x[1, 0, 0] = 80.0  # mm
    mask = torch.ones(2, 2, dtype=torch.bool)
    near, far = made({"hits": x}, {"hits": mask}).detach()
    assert not torch.allclose(near, far, atol=1e-6)
    without = build(HITS, pairs=False)
    torch.nn.init.zeros_(without.embed[0].weight[:, :3])
    near, far = without({"hits": x}, {"hits": mask}).detach()
    torch.testing.assert_close(near, far)


@pytest.mark.parametrize("baseline", ["zero", "neutral"])
def test_integrated_gradients_are_complete(baseline: str) -> None:
    tagger, sample = toy()
    found = jl.explain(
        tagger, sample, "integrated-gradients", target="signal", baseline=baseline, pool=sample
    )
    score = found.constituents_score.values
    gap = np.nansum(score, (1, 2)) - (found.output[:, 1] - found.baseline_output)
    assert found.converged.values.all()
    assert (abs(gap) <= 1e-3 * np.nansum(abs(score), (1, 2)) + 1e-5).all()


def test_relevance_goes_through_pairs_unless_weights_are_held_constant() -> None:
    tagger, sample = toy()
    layer = "pair_bias.embed.0"
    found = {
        how: jl.explain(tagger, sample, "lrp", target="signal", attention=how)
        for how in ("attnlrp", "value")
    }
    assert float(abs(found["attnlrp"].relevance_absorbed.sel(layer=layer)).sum()) > 0
    assert (
        layer not in found["value"].layer.values
        or not found["value"].relevance_absorbed.sel(layer=layer).any()
    )
    with torch.no_grad():
        for part in tagger.pair_bias.embed:
            for value in part.parameters():
                value.zero_()
    again = jl.explain(tagger, sample, "lrp", target="signal", attention="value")
    without = build(scaling=tagger.scaling, pairs=False)
    without.load_state_dict(tagger.state_dict(), strict=False)
    plain = jl.explain(without, sample, "lrp", target="signal", attention="value")
    np.testing.assert_allclose(
        again.constituents_score, plain.constituents_score, rtol=1e-9, atol=1e-12
    )


def test_attention_names_the_class_token() -> None:
    tagger, sample = toy()
    found = jl.explain(tagger, sample, "attention")
    pairs = (("constituents", "constituents"), ("class", "constituents"))
    assert attention.pairs(found) == pairs
    query, key = (f"{axis}_class_constituents" for axis in ("query", "key"))
    assert attention.tokens(found, query).collection == ("class",)
    assert attention.tokens(found, key).collection == ("class", *["constituents"] * 20)
    rolled = jl.explain(tagger, sample, "attention-rollout")
    shares = rolled.constituents_importance.values
    real = sample["constituents"].mask
    assert (np.isnan(shares) == ~real).all()
    total = np.nansum(shares, 1)
    assert (total[real.any(1)] > 0.1).all()
    assert (total < 1).all()  # the rest is the class token's own
    cam = jl.explain(tagger, sample, "grad-cam", target="signal")
    assert cam.attrs["importance"].endswith(f"layers.{SIZES['small'].layers - 1}")


def test_it_learns(tmp_path) -> None:
    data = Toy(jets=600, difficulty=0, radii="uniform", partition=600)
    made = train(
        {"use": "transformer"},
        data,
        TrainSettings(
            epochs=3, batch=32, resample="none", log={"constituents": {"pt": 1e-4}}, rate=3e-3
        ),
        tmp_path / "tagger",
        inputs={"constituents": NAMES},
        classes=CLASSES,
    )
    loaded = jl.load(tmp_path / "tagger")
    assert isinstance(loaded, Transformer)
    sample = next(iter(Toy(jets=200, radii="uniform", seed=9, partition=200).partitions())).read()
    with at_rest(made):
        said = jl.explain(loaded, sample, "attention", heads="mean", layers="mean").output.values
    assert (said.argmax(1) == sample.label).mean() > 0.85
