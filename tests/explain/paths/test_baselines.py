from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch
import xarray as xr

import jetlens as jl
from contracts import explainers as case
from contracts import taggers as placed
from jetlens.core import attribution
from jetlens.data.scaling.fit import KINDS
from jetlens.explain.paths.baselines import Background, Given, Mean, Neutral, Zero, choose
from jetlens.run import attributions
from jetlens.run.export import export
from jetlens.taggers.chunks import pack
from jetlens.taggers.encode import encode

EVERYTHING = slice(None)


def longer(jets: jl.JetBatch) -> jl.JetBatch:
    """Return the same jets with a few columns more."""
    return replace(jets, collections={**jets.collections, "objects": jets["objects"].padded(6)})


def references(baseline, jets, pool):
    """The references of all jets, in the batch's own order: [jet, reference, ...]."""
    tagger = case.tagger()
    packed = pack(tagger, *encode(tagger, jets))
    found = baseline.references(tagger, packed, jets, pool)
    given = found.of(EVERYTHING, *packed.cut(EVERYTHING))
    tracks = torch.stack(
        [packed.restore("tracks", given["tracks"][:, k]) for k in range(given["tracks"].shape[1])],
        1,
    )
    return packed.restore("", given["jets"]).numpy(), tracks.numpy()


def scaled(jets):
    inputs, masks = encode(case.tagger(), jets)
    return inputs["jets"].numpy(), inputs["tracks"].numpy(), masks["tracks"].numpy()


def test_zero_and_padding() -> None:
    jets = case.jets()
    for baseline in (Zero(), Mean(), Background(of="u", count=3), Neutral()):
        _, tracks = references(baseline, jets, case.jets(60, seed=5))
        padding = ~jets["tracks"].mask
        assert (np.moveaxis(tracks, 1, 2)[padding] == 0).all()
    assert (references(Zero(), jets, jets)[1] == 0).all()


def test_mean_is_over_real_particles() -> None:
    jets, pool = case.jets(), case.jets(60, seed=5)
    jet, tracks = references(Mean(), jets, pool)
    pool_jet, pool_tracks, mask = scaled(pool)
    np.testing.assert_allclose(jet[0, 0], pool_jet.mean(0))
    np.testing.assert_allclose(tracks[1, 0, 0], pool_tracks[mask].mean(0))


def test_background_draws_jets_of_its_class_and_multiplicity() -> None:
    jets, pool = case.jets(), case.jets(400, seed=5)
    jet, tracks = references(Background(of="u", count=4), jets, pool)
    pool_jet, pool_tracks, mask = scaled(pool)
    drawn = set()
    for j in range(len(jets)):
        real = jets["tracks"].mask[j]
        for k in range(4):
            source = int(np.abs(pool_jet - jet[j, k]).sum(1).argmin())
            drawn.add(source)
            np.testing.assert_allclose(pool_jet[source], jet[j, k])
            assert pool.label[source] == 2
            if mask[source].sum() == real.sum():
                mine = np.sort(tracks[j, k][real], axis=0)
                np.testing.assert_allclose(mine, np.sort(pool_tracks[source][mask[source]], axis=0))
    assert len(drawn) > 20


def test_particles_pair_in_falling_order() -> None:
    jets, pool = case.jets(), case.jets(400, seed=5)
    # the tracks have no d0 significance, so pt it is
    _, tracks = references(Background(count=1), jets, pool)
    for j in range(1, len(jets)):
        real = jets["tracks"].mask[j]
        mine = np.abs(jets["tracks"].column("pt")[j][real])
        theirs = np.abs(tracks[j, 0][real][:, case.TRACKS.index("pt")])
        order = np.argsort(-mine)
        assert (np.diff(theirs[order]) <= 1e-12).all()
    _, by_x = references(Background(count=1, order="x"), jets, pool)
    assert not np.allclose(by_x, tracks)


def test_neutral_is_the_reference_of_highest_entropy() -> None:
    jets, pool = case.jets(), case.jets(400, seed=5)
    jet, _ = references(Neutral(), jets, pool)
    tagger = case.tagger()
    with torch.no_grad():
        logits = tagger(*encode(tagger, pool))
    chance = logits.softmax(-1)
    entropy = -(chance * chance.log()).sum(-1).numpy()
    size, sizes = jets["tracks"].mask.sum(1), pool["tracks"].mask.sum(1)
    pool_jet = scaled(pool)[0]
    for j in range(len(jets)):
        among = np.flatnonzero((sizes == size[j]) & (pool.event != jets.event[j]))
        if len(among):
            best = among[entropy[among].argmax()]
            np.testing.assert_allclose(jet[j, 0], pool_jet[best])


def test_a_reference_with_too_few_particles_is_filled_with_the_mean_one() -> None:
    jets = case.jets()
    pool = case.jets(50, seed=5)
    few = pool.take(pool["tracks"].mask.sum(1) == 2)
    _, tracks = references(Neutral(), jets, few)
    _, pool_tracks, mask = scaled(few)
    mean = pool_tracks[mask].mean(0)
    filled = (np.abs(tracks[1, 0] - mean) < 1e-12).all(1)
    assert filled.sum() == 7  # nine tracks, two in the reference


@pytest.mark.parametrize("baseline", [Neutral(), Neutral(count=3), Background(count=3)])
def test_a_jet_is_no_reference_of_its_own_event(baseline) -> None:
    jets = case.jets(400)  # two jets an event, and the jets are their own pool
    jet, _ = references(baseline, jets, jets)
    mine = scaled(jets)[0]
    for j in range(len(jets)):
        for k in range(jet.shape[1]):
            source = int(np.abs(mine - jet[j, k]).sum(1).argmin())
            assert jets.event[source] != jets.event[j]


def test_ones_own_values_are_physical() -> None:
    jets = case.jets()
    _, tracks = references(Given({"tracks": {"d0": 2.3}}), jets, jets)
    assert tracks[1, 0, 0, 0] == pytest.approx((2.3 - 0.3) / 2.0)
    assert (tracks[1, 0, 0, 1:] == 0).all()


def of_objects(baseline, jets, pool):
    """Return the tagger, its scaled objects, and the references of all jets."""
    made = next(c for c in placed.cases() if str(c).endswith("placed")).build()
    packed = pack(made, *encode(made, jets))
    found = baseline.references(made, packed, jets, pool)
    given = found.of(EVERYTHING, *packed.cut(EVERYTHING))["objects"][:, 0]
    return made, encode(made, pool)[0]["objects"], packed.restore("objects", given)


def test_where_places_are_things_of_their_own_means_are_of_each_place() -> None:
    jets, pool = placed.sample(), placed.sample(60, seed=8)
    pool = longer(pool)  # more columns than the jets have
    _, values, found = of_objects(Mean(), jets, pool)
    mask = torch.as_tensor(pool["objects"].mask)
    for place in range(4):
        expected = values[mask[:, place], place].mean(0)
        assert not torch.isclose(expected, values[mask].mean(0)).all()
        torch.testing.assert_close(found[1, place], expected)
    assert (found[0] == 0).all()  # it has no objects


def test_where_places_are_things_of_their_own_places_pair() -> None:
    jets = placed.sample()
    pool = placed.sample(40, seed=8)
    one = pool.take([int(pool["objects"].mask[:, :2].sum(1).argmin())])
    assert not one["objects"].mask[0].all()
    _, values, found = of_objects(Given(one), jets, one)
    there = torch.as_tensor(one["objects"].mask[0])
    torch.testing.assert_close(found[1, there], values[0, there])
    assert (found[1, ~there] == 0).all()  # nothing ever stands there


def test_ones_own_values_are_scaled_at_each_place() -> None:
    jets = placed.sample()
    jets = longer(jets)
    made, _, found = of_objects(Given({"objects": {"pt": 2.5}}), jets, jets)
    for place, own in enumerate(made.scaling.places["objects"]):
        mean, spread = own.table["objects"]["pt"]
        assert float(found[1, place, 0]) == pytest.approx((2.5 - mean) / spread)
    assert (found[1, :, 1] == 0).all()


@pytest.mark.parametrize("kind", [np.array, list, torch.tensor])
def test_ones_own_values_may_stand_in_the_order_of_the_features(kind) -> None:
    tagger, jets = case.tagger(), case.jets(5)
    values = [0.5, -1.0, 2.0, 0.25]
    named = {"tracks": dict(zip(case.TRACKS, values, strict=True))}
    found = jl.explain(tagger, jets, "integrated-gradients", baseline={"tracks": kind(values)})
    want = jl.explain(tagger, jets, "integrated-gradients", baseline=named)
    np.testing.assert_array_equal(found.tracks_score, want.tracks_score)
    np.testing.assert_array_equal(found.baseline_output, want.baseline_output)


def test_several_references_average_the_attributions() -> None:
    tagger, jets, pool = case.tagger(), case.jets(), case.jets(7, seed=5)
    both = jl.explain(tagger, jets, "integrated-gradients", baseline=pool, tolerance=1e-7)
    single = [
        jl.explain(tagger, jets, "integrated-gradients", baseline=pool.take([k]), tolerance=1e-7)
        for k in range(7)
    ]
    # the mean particle of a short reference is its own pool's, so compare full-length jets alone
    mean = sum(s.baseline_output for s in single) / 7
    empty = ~jets["tracks"].mask.any(1)
    np.testing.assert_allclose(both.baseline_output[empty], mean[empty])
    scores = sum(s.jets_score for s in single) / 7
    np.testing.assert_allclose(both.jets_score[empty], scores[empty], atol=1e-9)
    assert both.baseline_outputs.dims == ("jet", "baseline")
    np.testing.assert_allclose(both.baseline_outputs.mean("baseline"), both.baseline_output)
    each = np.stack([s.baseline_output for s in single], 1)
    whole = jets["tracks"].mask.sum(1)[:, None] <= pool["tracks"].mask.sum(1)
    assert 0.2 < whole.mean() < 0.9
    np.testing.assert_allclose(both.baseline_outputs.values[whole], each[whole])
    assert float(both.baseline_outputs[~empty].std("baseline").min()) > 1e-3
    assert "baseline_outputs" not in single[0]


@pytest.mark.parametrize("target", ["b", ["b", "predicted"]])
def test_outputs_of_references_go_where_attributions_go(target, tmp_path, capsys) -> None:
    """Streamed, without any jets, stored, summarised and exported."""
    tagger, jets, pool = case.tagger(), case.jets(), case.jets(30, seed=5)
    options = {"target": target, "baseline": {"use": "neutral", "count": 3}, "pool": pool}
    whole = jl.explain(tagger, jets, "integrated-gradients", **options)
    cuts = slice(0, 25), slice(25, 25), slice(25, 40)
    parts = [jl.explain(tagger, jets.take(c), "integrated-gradients", **options) for c in cuts]
    for i, part in enumerate(parts):
        attributions.write(tmp_path / attributions.part_name(i), part)
    read = attributions.read(tmp_path)
    assert read.sizes["baseline"] == 3
    xr.testing.assert_allclose(read, whole, rtol=1e-9)
    one = attribution.one_target(read, "b")
    found = jl.summarise([attribution.one_target(p, "b") for p in parts], "completeness")
    assert found.sums.equals(jl.summarise(one, "completeness").sums)
    if target == "b":
        with h5py.File(export(tmp_path, tmp_path / "out.h5", quiet=False)) as file:
            np.testing.assert_array_equal(file["jets"]["target_output"], read.target_output)
        assert (
            "left out, as tables have no place for it: baseline_outputs" in capsys.readouterr().err
        )


@pytest.mark.parametrize(
    ("baseline", "says"),
    [
        ("nuetral", "did you mean 'neutral'"),
        ({"use": "background", "of": "x"}, "unknown background class 'x'"),
        ({"use": "background", "cout": 3}, "did you mean 'count'"),
        ({"use": "background", "count": 0}, "count=0"),
        ({"trakcs": {"d0": 0}}, "did you mean 'tracks'"),
        ({"tracks": {"d1": 0}}, "did you mean 'd0'"),
        ({"tracks": {"d0": "low"}}, "of tracks.d0: 'low', expected a finite number"),
        ({"tracks": [0, 0, 0, np.nan]}, "of tracks.y: nan, expected a finite number"),
        (
            {"tracks": np.zeros(3)},
            r"\(3,\), expected .*{'d0': 0.0, 'pt': 0.0, 'x': 0.0, ...}, or 4",
        ),
        ({"tracks": np.zeros((9, 4))}, r"ndarray of shape \(9, 4\).* in the order d0, pt, x, y"),
        ({"jets": 0.0}, r"float 0.0, expected values by feature, {'pt': 0.0, 'eta': 0.0}, or 2"),
    ],
)
def test_wrong_baselines(baseline, says: str) -> None:
    with pytest.raises(jl.JetlensError, match=says):
        jl.explain(case.tagger(), case.jets(4), "integrated-gradients", baseline=baseline)


def test_no_references() -> None:
    jets = case.jets(6)
    with pytest.raises(jl.JetlensError, match="there are none"):
        jl.explain(
            case.tagger(), jets, "integrated-gradients", baseline="neutral", pool=jets.take([])
        )
    assert isinstance(choose("zero"), Zero)


def test_the_description_of_zero_tells_what_it_is_with_either_scaling() -> None:
    told = Zero.__doc__ or ""
    assert [kind for kind in KINDS if f'"{kind}"' not in told] == []
