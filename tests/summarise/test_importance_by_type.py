from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import UnsupportedError
from reference import attention_summaries as reference
from synthetic import attended

TYPE = "importance_by_type"


def with_importance(jets, values):
    made = np.where(jets["constituents_mask"], values, np.nan)
    return jets.assign(constituents_importance=(("jet", "constituents"), made))


def test_it_is_the_slow_twin():
    jets = attended(80, 9)
    importance, kind = jets["constituents_importance"].values, jets["constituents_type"].values
    pt = jets["constituents_value"].values[..., 0].astype(np.float64)
    sizes = [lambda j, p: importance[j, p], lambda j, p: pt[j, p], lambda j, p: 1.0]
    result = jl.summarise(jets, "importance-by-type")
    found = result.summary.shares(result)[..., 0]
    for g, own in enumerate(reference.groups(jets).values()):
        for k, size in enumerate(sizes):
            for t in range(5):
                exact = reference.share_where(jets, own, size, lambda j, p, t=t: kind[j, p] == t)
                assert found[g, k, t] == pytest.approx(exact, rel=1e-6)
    np.testing.assert_allclose(found.sum(axis=-1), 1)


def test_importance_that_is_pt_is_not_enriched_over_it():
    jets = attended(200, 9)
    pt = np.nan_to_num(jets["constituents_value"].values[..., 0].astype(np.float64))
    numbers = jl.summarise(with_importance(jets, pt), "importance-by-type").numbers()
    for name in ("charged_hadron", "photon"):
        rise = numbers[f"{TYPE}.signal.{name}.enrichment.pt"]
        assert rise == pytest.approx({"value": 1, "low": 1, "high": 1})
        assert f"{TYPE}.signal.{name}.enrichment.particles" in numbers


def test_importance_of_photons_alone():
    jets = attended(200, 12)
    photon = 1.0 * (jets["constituents_type"].values == 2)
    numbers = jl.summarise(with_importance(jets, photon), "importance-by-type").numbers()
    assert numbers[f"{TYPE}.all.photon"]["value"] == pytest.approx(1)
    assert numbers[f"{TYPE}.all.charged_hadron"]["value"] == 0
    assert numbers[f"{TYPE}.all.photon.enrichment.particles"]["value"] > 2


def test_numbers_beyond_the_names_are_others():
    jets = attended(100, 9)
    result = jl.summarise(jets, "importance-by-type", names=["charged hadron", "neutral hadron"])
    whole = jl.summarise(jets, "importance-by-type")
    assert list(result.sums["type"].values) == ["charged hadron", "neutral hadron", "other"]
    np.testing.assert_allclose(
        result.sums["share"][..., 2, :], whole.sums["share"][..., 2:, :].sum(axis=2)
    )
    assert not any(".other" in name for name in whole.numbers())  # of which there is none


def test_what_is_wrong_is_told():
    jets = attended(10, 4)
    with pytest.raises(UnsupportedError, match="expected the truth 'type' beside them"):
        jl.summarise(jets.drop_vars("constituents_type"), "importance-by-type")
    with pytest.raises(jl.JetlensError, match="expected each only once, and no 'other'"):
        jl.summarise(jets, "importance-by-type", names=["a", "other"])
