"""What every registered summary promises, whoever wrote it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.attribution import concatenate
from jetlens.core.registry import summaries
from jetlens.summarise.result import Result, merge
from jetlens.summarise.sums.examples import Examples
from synthetic import bare, classes_for, made_for, particles

FIRST = "constituents.0"
VARIANTS = {
    "box": [{"by": ["label", "IP3D_signed_d0_significance"]}, {"normalise": "abs"}],
    "top-origin": [{"select": "correct", "normalise": "none"}],
    "statements": [{"tracks": "all"}],
    "heatmap": [{"jets": 3}],
    "relevance": [{"by": [], "channels": True, "select": "correct"}],
    "jet-image": [{"normalise": "abs", "channels": True, "jets": 0}],
    "profile": [
        {"variables": ["tracks.d0", "eta_btagJes"], "normalise": "max"},
        {"variables": "pt_btagJes", "edges": [2e4, 5e4, 1e5]},
    ],
    "scatter": [{"x": "eta_btagJes", "jets": 20, "bins": 8}],
    "attention-map": [{"order": "pt_frac", "most": 15, "by": "predicted"}, {"layer": FIRST}],
    "attention-rank": [{"order": "dphi", "head": "1", "select": "correct", "most": 30}],
    "attention-entropy": [{"key": "objects", "bins": 7}],
    "cross-attention": [{"names": list("abcdefghi"), "most": 3}],
    "importance-plane": [{"collection": "objects", "x": "eta", "y": "phi", "reach": 3.0}],
    "importance-by-type": [{"truth": "fat_jet", "names": ["first", "second"]}],
    "attention-fraction": [{"regions": "partons", "radii": [], "by": "predicted"}],
    "attention-overlay": [{"jets": 1, "select": "correct"}],
    "wanted-change": [{"ranks": [1, 3, 30], "order": "dphi", "misclassified": False}],
    "vector-field": [
        {"x": "pt", "x_range": [0, 100], "bins": 5, "misclassified": True, "jets": 0},
        {"weight": "none", "select": "correct", "by": "predicted"},
    ],
    "correlations": [{"features": ["dphi", "pt"], "scale": 0.5, "misclassified": True}],
    "nudge-scan": [{"by": "predicted"}],
    "moved-observables": [
        {"observables": ["ptd", "width"], "select": "all", "radius": 0.8},
        {"observables": ["mass"], "inputs": ["charge"], "most_bent": 0.1},
    ],
    "flip-distance": [{"ranks": [1, 3], "order": "dphi", "misclassified": False}],
}
CASES = [(n, o) for n in summaries for o in ({}, *VARIANTS.get(n, ()))]
every_summary = pytest.mark.parametrize(
    ("name", "options"), CASES, ids=[f"{n}-{i}" for i, (n, _) in enumerate(CASES)]
)
FEW = 7  # replicas: enough to see whether they merge


def alike(a: Result, b: Result) -> None:
    """Assert that two results are the same up to the rounding of sums."""
    assert a.summary == b.summary
    assert set(a.sums) == set(b.sums)
    for name in a.sums:
        np.testing.assert_allclose(
            a.sums[name].values, b.sums[name].values, rtol=1e-11, atol=1e-11, err_msg=str(name)
        )
    assert set(a.parts) == set(b.parts)
    for name, part in a.parts.items():
        header, arrays = part.pack()
        other_header, others = b.parts[name].pack()
        assert header == other_header
        assert set(arrays) == set(others)
        for key, array in arrays.items():
            np.testing.assert_allclose(array, others[key], rtol=1e-11, atol=1e-11, err_msg=key)
    assert a == b


def fill(jets, name, options) -> Result:
    return jl.summarise(jets, name, replicas=FEW, **options)


@every_summary
def test_parts_add_up_to_the_whole(name, options):
    a, b = made_for(name, 150, 12), made_for(name, 90, 9, start=150)
    alike(fill(concatenate([a, b]), name, options), fill(a, name, options) + fill(b, name, options))


@every_summary
def test_many_partitions_stream_in_any_cut(name, options):
    whole = made_for(name, 200)
    cuts = [0, 1, 1, 60, 61, 200]
    parts = [
        whole.isel(jet=slice(a, b)) for a, b in itertools.pairwise(cuts)
    ]  # one of them is empty
    alike(fill(whole, name, options), fill(iter(parts), name, options))
    alike(fill(whole, name, options), sum(fill(p, name, options) for p in parts))


@every_summary
def test_order_of_jets_does_not_matter(name, options):
    jets = made_for(name, 120)
    turned = jets.isel(jet=np.random.default_rng(3).permutation(120))
    alike(fill(jets, name, options), fill(turned, name, options))


@every_summary
def test_extra_padding_changes_nothing(name, options):
    jets = made_for(name, 60, 10)
    wide = concatenate([jets, made_for(name, 1, 17, start=60)]).isel(jet=slice(0, 60))
    assert wide.sizes[particles(name)] == 17
    alike(fill(jets, name, options), fill(wide, name, options))


@every_summary
def test_unit_weights_change_nothing_and_integer_weights_repeat_jets(name, options):
    jets = made_for(name, 80, weighted=False)
    unit = jets.assign(weight=("jet", np.ones(80)))
    assert fill(jets, name, options) == fill(unit, name, options)
    double = fill(jets.assign(weight=("jet", np.full(80, 2.0))), name, options)
    repeated = fill(concatenate([jets, jets]), name, options)
    for variable, sums in double.sums.items():
        if "replica" in sums.dims:
            np.testing.assert_allclose(sums, repeated.sums[variable], rtol=1e-11, atol=1e-11)
    for key, part in double.parts.items():
        if isinstance(part, Examples):
            continue  # it keeps jets, and a repeated jet is two jets
        np.testing.assert_allclose(part.content, repeated.parts[key].content, rtol=1e-11)


@every_summary
def test_saved_and_loaded_it_is_equal(name, options, tmp_path):
    result = fill(made_for(name, 70), name, options)
    result.save(tmp_path / "result.npz")
    loaded = Result.load(tmp_path / "result.npz")
    assert loaded == result
    assert loaded.numbers() == result.numbers()
    assert [p.name for p in tmp_path.iterdir()] == ["result.npz"]
    alike(loaded + result, result + loaded)  # what was loaded still adds


@every_summary
def test_no_jets(name, options, tmp_path):
    none = fill(made_for(name, 5).isel(jet=slice(0, 0)), name, options)
    assert none.numbers() == {}
    none.save(tmp_path / "none.npz")
    assert Result.load(tmp_path / "none.npz") == none
    some = fill(made_for(name, 40), name, options)
    alike(merge([none, some, none]), some)


@every_summary
def test_jets_without_tracks(name, options):
    jets = made_for(name, 30)
    home = particles(name)
    gone = bare(jets, home)
    numbers = fill(gone, name, options).numbers()
    assert all(np.isfinite(list(n.values())).all() for n in numbers.values())
    fill(gone.isel({home: slice(0, 0)}), name, options).numbers()  # not even a place for one


@every_summary
@pytest.mark.parametrize("absent", [slice(-1, None), slice(0, 1), slice(None)])
def test_absent_classes(name, options, absent):
    result = fill(made_for(name, 60, absent=classes_for(name)[absent]), name, options)
    numbers = result.numbers()
    assert all(np.isfinite(list(n.values())).all() for n in numbers.values())
    assert all(n["low"] <= n["value"] <= n["high"] for n in numbers.values())


@every_summary
def test_other_classes_work_or_say_what_is_missing(name, options):
    jets = made_for(name, 60, classes=("signal", "background"))
    if name == "performance":
        options = {**options, "signal": "signal"}
    fill(jets, name, options).numbers()


@every_summary
def test_results_of_other_arguments_do_not_add(name, options):
    jets = made_for(name, 20)
    a = jl.summarise(jets, name, replicas=5, **options)
    b = jl.summarise(jets, name, replicas=6, **options)
    with pytest.raises(jl.JetlensError, match="same summary with the same arguments"):
        a + b


@every_summary
def test_the_attribution_is_not_changed(name, options):
    jets = made_for(name, 30)
    before = jets.copy(deep=True)
    fill(jets, name, options)
    assert jets.identical(before)
