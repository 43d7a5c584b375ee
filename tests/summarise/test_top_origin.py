from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import UnsupportedError
from reference import top_origin as reference
from synthetic import attribution


@pytest.mark.parametrize(("select", "normalise"), [("all", "none"), ("correct", "sum")])
@pytest.mark.parametrize("top", [1, 3])
def test_it_is_the_slow_twin(select, normalise, top):
    jets = attribution(250)
    result = jl.summarise(jets, "top-origin", select=select, normalise=normalise)
    found = result.summary.frequencies(result, top)[..., 0]
    exact = reference.frequencies(jets, select, normalise, top)
    assert list(result.sums["group"].values) == list(exact)
    np.testing.assert_allclose(found, list(exact.values()), rtol=1e-12)


def test_numbers_are_shares_that_add_to_one():
    result = jl.summarise(attribution(300), "top-origin")
    numbers = result.numbers()
    for group in ("all", "b", "c", "u", "tau"):
        for prefix in ("top_origin", "top_5_origin"):
            shares = [n["value"] for k, n in numbers.items() if k.startswith(f"{prefix}.{group}.")]
            assert sum(shares) == pytest.approx(1)
    assert numbers["top_origin.b.from_bc"]["value"] > 0.2


def test_permuting_tracks_changes_nothing():
    jets = attribution(100)
    turned = jets.isel(tracks=np.random.default_rng(1).permutation(12))
    a, b = (jl.summarise(j, "top-origin") for j in (jets, turned))
    np.testing.assert_allclose(a.sums["top"], b.sums["top"], rtol=1e-12)


def test_jets_without_tracks_are_counted():
    jets = attribution(300)
    result = jl.summarise(jets, "top-origin", normalise="none")
    bare = ~jets["tracks_mask"].values.any(axis=1)
    assert int(result.sums["without"].sel(group="all")) == bare.sum() > 0


def test_the_truth_has_to_be_there():
    with pytest.raises(UnsupportedError, match="ftagTruthOriginLabel"):
        jl.summarise(attribution(5).drop_vars("tracks_origin"), "top-origin")
    with pytest.raises(jl.JetlensError, match="did you mean 'tracks'"):
        jl.summarise(attribution(5), "top-origin", collection="track")
