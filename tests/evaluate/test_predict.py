from __future__ import annotations

import numpy as np
import pytest
import torch

from jetlens.core.arrays import batch
from jetlens.core.errors import UnsupportedError
from jetlens.data.scaling.fit import fit
from jetlens.evaluate.predict import predict
from jetlens.taggers.encode import encode
from jetlens.taggers.gn2 import GN2
from labelled import INPUTS, jets

CLASSES = ("b", "c", "u", "tau")


@pytest.fixture
def tagger() -> GN2:
    torch.manual_seed(0)
    return GN2(INPUTS, CLASSES, fit([jets(50)], INPUTS), dropout=0.3).double()


def test_it_is_what_the_tagger_says_jet_by_jet(tagger: GN2) -> None:
    sample = jets(60)
    found = predict(tagger, sample)
    tagger.eval()
    for i in range(len(sample)):
        with torch.no_grad():
            out = tagger.outputs(*encode(tagger, sample.take([i])))
        np.testing.assert_allclose(found.output[i], out["jet"][0], atol=1e-12)
        real = sample["tracks"].mask[i]
        origin = out["tracks.origin"][0].argmax(-1).numpy()
        np.testing.assert_array_equal(found.tracks_pred_origin[i], np.where(real, origin, -1))
        together = (out["tracks.vertex"][0] > 0).numpy()
        vertex = found.tracks_pred_vertex[i].values
        assert (vertex[~real] == -1).all()
        assert ((vertex == -2) == (real & ~together.any(1))).all()
        one, other = np.nonzero(together)
        assert (vertex[one] == vertex[other]).all()
    assert (found.tracks_pred_vertex >= 0).any()
    assert (found.tracks_pred_vertex == -2).any()


def test_inputs_truth_and_identity_stand_beside_it(tagger: GN2) -> None:
    sample = jets(40, first=100)
    found = predict(tagger, sample)
    np.testing.assert_array_equal(found.label, sample.label)
    np.testing.assert_array_equal(found.row, sample.row)
    np.testing.assert_array_equal(found.event, sample.event)
    np.testing.assert_array_equal(found.tracks_origin, sample["tracks"].truth["origin"])
    np.testing.assert_array_equal(found.tracks_mask, sample["tracks"].mask)
    d0 = found.tracks_value.sel(tracks_feature="d0").values
    mask = sample["tracks"].mask
    np.testing.assert_array_equal(d0[mask], sample["tracks"].column("d0")[mask])
    assert np.isnan(d0[~mask]).all()
    np.testing.assert_array_equal(found.target, found.output.argmax("class"))
    assert not [name for name in found if str(name).endswith("_score")]


def test_the_tagger_is_left_as_it_was_and_the_auxiliary_heads_can_be_left_out(tagger: GN2) -> None:
    tagger.train()
    tagger.vertex_head.forward = None
    found = predict(tagger, jets(10), auxiliary=False)
    assert tagger.training
    assert all(p.requires_grad for p in tagger.parameters())
    assert "tracks_pred_origin" not in found


def test_no_jets_and_jets_without_tracks(tagger: GN2) -> None:
    assert predict(tagger, jets(5).take([])).sizes["jet"] == 0
    sample = jets(5)
    bare = batch(
        {
            "jets": (sample["jets"].values, INPUTS["jets"]),
            "tracks": (np.zeros((5, 0, 19)), INPUTS["tracks"]),
        }
    )
    found = predict(tagger, bare)
    assert np.isfinite(found.output).all()
    assert found.sizes["tracks"] == 0


def test_a_logit_that_is_not_finite_is_told(tagger: GN2) -> None:
    with torch.no_grad():
        tagger.jet_head[-1].bias[0] = float("nan")
    with pytest.raises(UnsupportedError, match="for jet 0 of the batch"):
        predict(tagger, jets(5))
