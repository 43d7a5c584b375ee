from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.summarise.jets.selection import PASSED_OVER
from synthetic import attended


def jets_of(result, count="used"):
    found = result.sums["jets"].sel(count=count)
    return {str(g): int(found.sel(group=g)) for g in found["group"].values}


def test_jets_are_grouped_by_true_or_predicted_class():
    jets = attended(120, 5)
    for by, own in (("label", jets["label"].values), ("predicted", jets["output"].argmax("class"))):
        result = jl.summarise(jets, "stream-use", by=by)
        exact = {"all": 120, "background": int((own == 0).sum()), "signal": int((own == 1).sum())}
        assert jets_of(result) == exact


def test_correct_jets_alone():
    jets = attended(120, 5)
    correct = (jets["output"].argmax("class") == jets["label"]).values
    result = jl.summarise(jets, "stream-use", select="correct")
    assert jets_of(result)["all"] == correct.sum() < 120
    assert jets_of(result, "seen")["all"] == 120
    same = jl.summarise(jets.isel(jet=correct), "stream-use")
    np.testing.assert_allclose(result.sums["total"], same.sums["total"])


def test_jets_that_were_passed_over_were_seen():
    jets = attended(50, 5).assign_attrs({PASSED_OVER: {"all": 7, "signal": 7, "background": 0}})
    seen = jets_of(jl.summarise(jets, "stream-use", select="correct"), "seen")
    label = jets["label"].values
    assert seen == {"all": 57, "signal": int((label == 1).sum()) + 7, "background": sum(label == 0)}


def test_nonsense_is_refused():
    with pytest.raises(jl.JetlensError, match="by='true'"):
        jl.summarise(attended(5, 4), "stream-use", by="true")
    several = attended(5, 4).drop_vars("target").expand_dims(target=["a", "b"])
    with pytest.raises(jl.JetlensError, match="takes one target"):
        jl.summarise(several, "stream-use")
