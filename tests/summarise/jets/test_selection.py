from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError, UnsupportedError
from synthetic import attribution


def test_jets_are_counted_by_group():
    jets = attribution(400)
    label, predicted = jets["label"].values, jets["output"].values.argmax(axis=1)
    scores = np.nan_to_num(jets["tracks_score"].values).sum(axis=(1, 2))
    total = scores + jets["jets_score"].values.sum(axis=1)
    counts = jl.summarise(jets, "top-origin", select="correct", normalise="sum").sums["jets"]
    right = label == predicted
    for group, inside in {
        "all": np.ones(400, bool),
        "b": label == 0,
        "tau": label == 3,
    }.items():
        found = counts.sel(group=group)
        assert int(found.sel(count="seen")) == inside.sum()
        assert int(found.sel(count="selected")) == (inside & right).sum()
        assert int(found.sel(count="used")) == (inside & right & (total > 0)).sum()
    apart = counts.sel(group="not_positive")
    assert int(apart.sel(count="used")) == (right & (total <= 0)).sum() > 0


def test_without_a_division_all_selected_jets_are_used():
    jets = attribution(400)
    for normalise in ("abs", "none"):
        counts = jl.summarise(jets, "box", normalise=normalise).sums["jets"]
        assert int(counts.sel(count="used", group="all")) == 400
        assert int(counts.sel(count="used", group="not_positive")) > 0


def test_unknown_labels_count_among_all_jets_only():
    jets = attribution(50, absent=("b", "c", "u", "tau"))
    counts = jl.summarise(jets, "box").sums["jets"].sel(count="seen")
    assert int(counts.sel(group="all")) == 50
    assert int(counts.sel(group=["b", "c", "u", "tau"]).sum()) == 0


def test_a_score_that_is_not_finite_is_refused_by_row():
    jets = attribution(20, start=100)
    jet, track = np.argwhere(jets["tracks_mask"].values)[-1]
    jets["tracks_score"].values[jet, track, 3] = np.nan
    with pytest.raises(BadValueError, match=f"row {100 + jet} "):
        jl.summarise(jets, "box")


def test_no_scores_or_several_targets_are_refused_in_words():
    jets = attribution(10)
    with pytest.raises(UnsupportedError, match="no scores"):
        jl.summarise(jets.drop_vars(["tracks_score", "jets_score"]), "top-origin")
    several = jets.drop_vars("target")
    several = several.assign(tracks_score=jets["tracks_score"].expand_dims(target=["b", "c"]))
    with pytest.raises(UnsupportedError, match=r"b, c: pick it, as in scores\.sel\(target='b'\)"):
        jl.summarise(several, "box")
    with pytest.raises(UnsupportedError, match=r"scores\.isel\(jet=\[0\]\)"):
        jl.summarise(jets.isel(jet=0), "box")
