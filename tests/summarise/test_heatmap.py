from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError
from synthetic import attribution


def examples(result):
    return result.parts["examples"].jets


def test_the_jets_are_kept_whole_without_padding():
    jets = attribution(300)
    kept = examples(jl.summarise(jets, "heatmap", jets=2, normalise="none"))
    assert kept.sizes["jet"] == 8
    np.testing.assert_array_equal(np.sort(kept["label"].values), np.repeat(range(4), 2))
    assert kept.sizes["tracks"] == kept["tracks_mask"].values.sum(axis=1).max()
    for i, row in enumerate(kept["row"].values):
        mask = jets["tracks_mask"].values[row]
        n = mask.sum()
        assert n >= 4
        assert kept["tracks_mask"].values[i, :n].all()
        for name in ("tracks_score", "tracks_value", "tracks_origin", "tracks_pred_vertex"):
            np.testing.assert_array_equal(kept[name].values[i, :n], jets[name].values[row][mask])
        np.testing.assert_array_equal(kept["output"].values[i], jets["output"].values[row])


def test_the_choice_looks_at_neither_order_nor_scores():
    jets = attribution(300)
    rows = set(examples(jl.summarise(jets, "heatmap", normalise="none"))["row"].values)
    other = jets.assign(tracks_score=2 * jets["tracks_score"], jets_score=3 * jets["jets_score"])
    assert rows == set(examples(jl.summarise(other, "heatmap", normalise="none"))["row"].values)
    more = set(examples(jl.summarise(jets, "heatmap", normalise="none", jets=4))["row"].values)
    assert rows < more


def test_the_choice_is_not_just_the_first_that_come():
    jets = attribution(300)
    result = jl.summarise(jets, "heatmap", normalise="none", jets=2, least=0)
    first = np.concatenate([np.flatnonzero(jets["label"].values == c)[:2] for c in range(4)])
    assert len(set(first) & set(examples(result)["row"].values)) < 4


def test_only_correct_jets_when_asked():
    jets = attribution(400)
    kept = examples(jl.summarise(jets, "heatmap", select="correct", jets=5))
    assert (kept["output"].values.argmax(axis=1) == kept["label"].values).all()
    assert kept.sizes["jet"] == 20


def test_images_and_particles_of_others_stay_out():
    jets = attribution(50)
    image = np.zeros((50, 1, 4, 4), np.float32)
    jets = jets.assign(image_score=(("jet", "image_channel", "y", "x"), image))
    kept = examples(jl.summarise(jets, "heatmap"))
    assert "image_score" not in kept
    assert "tracks_score" in kept
    assert "jets_score" in kept


def test_arguments_are_checked():
    with pytest.raises(BadValueError, match="jets=0"):
        jl.summarise(attribution(5), "heatmap", jets=0)
    with pytest.raises(jl.JetlensError, match="expected one of tracks"):
        jl.summarise(attribution(5), "heatmap", collection="hits")
