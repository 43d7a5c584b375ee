"""The promises that every registered explainer keeps, whatever it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

import jetlens as jl
from contracts import explainers as case
from jetlens.core import attention, attribution
from jetlens.core.batch import JetBatch, concatenate
from jetlens.core.registry import explainers

EVERY = sorted(explainers)
COMPLETE = [name for name in EVERY if explainers.get(name).complete]
OF_JETS = ["permutation"]  # what takes the place of a jet's streams are those of other jets
CONSERVES = [name for name in EVERY if explainers.get(name).conserves]


def explain(method: str, jets: JetBatch, tagger: jl.Tagger | None = None, **options) -> xr.Dataset:
    tagger = tagger or case.tagger_for(method)
    return jl.explain(tagger, jets, method, **{"pool": case.jets(30, seed=9)} | options)


def chosen(found: xr.Dataset, tracks: Sequence[int]) -> xr.Dataset:
    """Return an attribution with some of the tracks' places, in the order given."""
    for axis in attention.token_axes(found):
        tokens = attention.tokens(found, axis)
        where, places = tokens.of("tracks")
        at = dict(zip(places, where, strict=True))
        others = sorted(set(range(len(tokens))) - set(where))
        found = found.isel({axis: [*others, *(at[p] for p in tracks)]})
    return found.isel(tracks=list(tracks))


def of_tracks(found: xr.Dataset) -> list[np.ndarray]:
    """Return what a method gives each track, ``[jet, track]``."""
    there = (found.get("tracks" + end) for end in ("_score", "_importance"))
    return [v.values.reshape(*v.shape[:2], -1).sum(-1) for v in there if v is not None]


def same(one: xr.Dataset, other: xr.Dataset, exactly: bool = False) -> None:
    for name in one.data_vars:
        if one[name].dtype.kind == "f" and not exactly:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-9, atol=1e-11, err_msg=name)
        else:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.mark.parametrize("method", COMPLETE)
@pytest.mark.parametrize("target", ["predicted", "label", "c", "log(b/(0.2*c+0.8*u))"])
@pytest.mark.parametrize("of", ["logit", "probability"])
def test_complete(method: str, target: str, of: str) -> None:
    found = explain(method, case.jets(), target=target, of=of)
    total = found.tracks_score.sum(("tracks", "tracks_feature")) + found.jets_score.sum(
        "jets_feature"
    )
    chance = np.exp(found.output) / np.exp(found.output).sum("class")
    if target.startswith("log"):
        b, c, u = (chance.isel({"class": i}) for i in range(3))
        output = np.log(b / (0.2 * c + 0.8 * u))
    else:
        said = found.output if of == "logit" else chance
        output = said.isel({"class": xr.DataArray(found.target.values, dims="jet")})
    np.testing.assert_allclose(found.target_output, output, rtol=1e-9, atol=1e-12)
    gap = total - (found.target_output - found.baseline_output)
    np.testing.assert_allclose(gap, found.completeness_error, atol=1e-12)
    size = abs(found.tracks_score).sum(("tracks", "tracks_feature"))
    assert bool(found.converged.all())
    assert float((abs(gap) / (1e-5 + size)).max()) < 2e-3
    assert float(size.max()) > {"logit": 0.1, "probability": 0.02}[of]


@pytest.mark.parametrize("method", CONSERVES)
@pytest.mark.parametrize("target", ["predicted", "label", "c", "log(b/(0.2*c+0.8*u))"])
def test_conserves(method: str, target: str) -> None:
    """Scores and what was absorbed, by layer and cause, add up to what is explained."""
    found = explain(method, case.jets(), target=target)
    absorbed = found.relevance_absorbed
    assert absorbed.dims == ("jet", "layer", "cause")
    assert len(set(found.layer.values)) == found.sizes["layer"]
    sums = [
        np.nansum(of(found[name].values).reshape(found.sizes["jet"], -1), 1)
        for of in (np.asarray, np.abs)
        for name in ("tracks_score", "jets_score")
    ]
    total = sums[0] + sums[1] + absorbed.sum(("layer", "cause"))
    size = sums[2] + sums[3] + abs(absorbed).sum(("layer", "cause"))
    assert float((abs(total - found.relevance_in) / size).max()) < 1e-9
    assert float(size.max()) > 0.1
    if not target.startswith("log"):
        output = found.output.isel({"class": xr.DataArray(found.target.values, dims="jet")})
        np.testing.assert_allclose(found.relevance_in, output, rtol=1e-12)


@pytest.mark.parametrize("method", EVERY)
def test_padding_gets_nothing_and_changes_nothing(method: str) -> None:
    jets = case.jets()
    found = explain(method, jets)
    mask = jets["tracks"].mask
    for given in of_tracks(found):
        assert np.isnan(given[~mask]).all()
        assert np.isfinite(given[mask]).all()
    longer = JetBatch(
        {"jets": jets["jets"], "tracks": jets["tracks"].padded(14)},
        jets.label,
        jets.classes,
        jets.weight,
        jets.event,
        jets.row,
    )
    padded = explain(method, longer)
    assert padded.sizes["tracks"] == 14
    for given in of_tracks(padded):
        assert np.isnan(given[:, 9:]).all()
    same(found, chosen(padded, range(9)))


@pytest.mark.parametrize("method", EVERY)
def test_permuting_tracks_permutes_scores(method: str) -> None:
    jets = case.jets()
    order = np.random.default_rng(3).permutation(9)
    tracks = jets["tracks"]
    mixed = jl.batch(
        {
            "jets": (jets["jets"].values, case.JETS),
            "tracks": (tracks.values[:, order], case.TRACKS, tracks.mask[:, order]),
        },
        label=jets.label,
        classes=case.CLASSES,
        event=jets.event,
        row=jets.row,
        truth={"tracks": {"origin": tracks.truth["origin"][:, order]}},
    )
    same(chosen(explain(method, jets), order), explain(method, mixed))


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize("pool", [case.jets(30, seed=9), None], ids=["pool", "alone"])
def test_a_batch_is_its_halves(method: str, pool: JetBatch | None) -> None:
    """Reference jets or not; one jet is a part, too."""
    if method in OF_JETS and pool is None:
        pytest.skip("without reference jets it compares with the jets beside")
    jets = case.jets()
    whole = explain(method, jets, pool=pool)
    parts = [slice(0, 17), slice(17, 18), slice(18, None)]
    same(whole, attribution.concatenate([explain(method, jets.take(s), pool=pool) for s in parts]))


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize("pool", [case.jets(30, seed=9), None], ids=["pool", "alone"])
def test_no_jets_at_all(method: str, pool: JetBatch | None) -> None:
    nothing = explain(method, case.jets().take(slice(0)), pool=pool)
    assert nothing.sizes["jet"] == 0
    joined = attribution.concatenate([nothing, explain(method, case.jets(), pool=pool)])
    assert joined.sizes["jet"] == 40


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize("broken", [False, True])
def test_the_tagger_is_left_as_it_was(method: str, broken: bool) -> None:
    tagger = case.tagger_for(method)
    tagger.train()
    tagger.module.all.eval()
    tagger.module.each[0].weight.requires_grad_(False)
    tagger.module.each[0].bias.grad = torch.ones(16, dtype=torch.float64)
    before = {k: v.clone() for k, v in tagger.state_dict().items()}
    modes = [m.training for m in tagger.modules()]
    wants = [p.requires_grad for p in tagger.parameters()]
    calls, spared = 0, 0 if explainers.get(method).needs == "streams" else 3

    def call(module: nn.Module, inputs: dict, masks: dict) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if broken and calls > spared:
            raise RuntimeError("broken on purpose")
        return module(inputs, masks)

    tagger.call = call
    if broken:
        with pytest.raises(RuntimeError, match="broken on purpose"):
            explain(method, case.jets(), tagger)
    else:
        explain(method, case.jets(), tagger)
    assert all(torch.equal(v, before[k]) for k, v in tagger.state_dict().items())
    assert [m.training for m in tagger.modules()] == modes
    assert [p.requires_grad for p in tagger.parameters()] == wants
    assert torch.equal(tagger.module.each[0].bias.grad, torch.ones(16, dtype=torch.float64))
    assert not any(m._forward_hooks or m._backward_hooks for m in tagger.modules())


@pytest.mark.parametrize("method", EVERY)
def test_several_targets_are_the_single_ones(method: str) -> None:
    both = explain(method, case.jets(), target=["b", "predicted"])
    assert list(both.target.values) == ["b", "predicted"]
    one = explain(method, case.jets(), target="predicted")
    same(one, attribution.one_target(both, "predicted"), exactly=True)


@pytest.mark.parametrize("method", EVERY)
def test_what_comes_back_says_what_it_is(method: str) -> None:
    jets = case.jets()
    found = explain(method, jets)
    if "tracks_score" in found:
        assert found.tracks_score.dims == ("jet", "tracks", "tracks_feature")
    if "tracks_importance" in found:
        assert found.tracks_importance.dims == ("jet", "tracks")
    assert found.jets_value.dims == ("jet", "jets_feature")
    assert list(found.tracks_feature.values) == list(case.TRACKS)
    assert list(found["class"].values) == list(case.CLASSES)
    np.testing.assert_array_equal(found.event, jets.event)
    np.testing.assert_array_equal(found.row, jets.row)
    np.testing.assert_array_equal(found.label, jets.label)
    np.testing.assert_array_equal(found.tracks_origin, jets["tracks"].truth["origin"])
    np.testing.assert_allclose(
        found.tracks_value.values[jets["tracks"].mask], jets["tracks"].values[jets["tracks"].mask]
    )
    assert found.attrs["method"] == method
    assert found.attrs["target"] == "predicted"


@pytest.mark.parametrize("method", EVERY)
def test_what_comes_back_can_be_written_by_xarray_itself(method: str, tmp_path) -> None:
    found = explain(method, case.jets())
    found.to_netcdf(tmp_path / "scores.nc")
    with xr.open_dataset(tmp_path / "scores.nc") as read:
        same(read, found, exactly=True)
        assert attribution.features(read, "tracks") == attribution.features(found, "tracks")


@pytest.mark.parametrize("method", EVERY)
def test_a_dataset_streams(method: str) -> None:
    jets = case.jets()

    class Halves(jl.Dataset):
        def partitions(self):
            raise AssertionError("not needed here")

        def __iter__(self):
            yield from (jets.take(s) for s in (slice(0, 20), slice(20, None)))

    streamed = list(explain(method, Halves()))
    assert len(streamed) == 2
    same(explain(method, concatenate(list(Halves()))), attribution.concatenate(streamed))
