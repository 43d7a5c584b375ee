"""How far attention reaches: planted distances, and the slow twin."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import imaged
import jetlens as jl
from jetlens.core.errors import UnsupportedError
from jetlens.plots.attention.attention_distance import places

CELLS = imaged.PIXELS // imaged.PATCH
STEP = 2 * imaged.WINDOW / CELLS
MIDDLES = -imaged.WINDOW + STEP * (np.arange(CELLS) + 0.5)
PLACES = np.array([(x, y) for y in MIDDLES for x in MIDDLES])


def planted(weights):
    """Return jets whose attention is ``[query, key]`` of the class token and patches."""
    jets = imaged.looked(40)
    given = jets["attention_image_image"]
    return jets.assign(attention_image_image=given.copy(data=np.broadcast_to(weights, given.shape)))


def test_means_are_the_slow_twins():
    jets = imaged.looked(8, weighted=False)
    result = jl.summarise(jets, "attention-distance")
    found = result.summary.distances(result)[0, ..., 0]  # of all jets [asking, layer, head]
    weights = jets["attention_image_image"].values.astype(np.float64)
    for layer in range(2):
        for head in range(2):
            patch, class_token = [], []
            for j in range(8):
                a = weights[j, layer, head]
                for q in range(CELLS**2):
                    apart = np.hypot(*(PLACES - PLACES[q]).T)
                    patch.append((a[1 + q, 1:] * apart).sum() / a[1 + q, 1:].sum())
                class_token.append((a[0, 1:] * np.hypot(*PLACES.T)).sum() / a[0, 1:].sum())
            seen = found[:, layer, head]
            assert seen == pytest.approx([np.mean(patch), np.mean(class_token)], rel=1e-5)


def test_attention_to_itself_goes_nowhere_and_to_all_goes_as_far_as_by_itself():
    numbers = jl.summarise(planted(np.eye(CELLS**2 + 1) + 1e-9), "attention-distance").numbers()
    assert numbers["attention_distance.all.patch.1"]["value"] == pytest.approx(0, abs=1e-6)
    even = np.ones((CELLS**2 + 1, CELLS**2 + 1))
    numbers = jl.summarise(planted(even), "attention-distance").numbers()
    for asking in ("patch", "class"):
        start = f"attention_distance.two.{asking}"
        assert numbers[f"{start}.2"]["value"] == pytest.approx(numbers[f"{start}.uniform"]["value"])
        assert numbers[f"{start}.pt"]["value"] < 0.9 * numbers[f"{start}.uniform"]["value"]


def test_layers_have_the_numbers_that_they_have_in_the_tagger():
    """An explanation may be of some layers alone: the last is not the first for that."""
    jets = imaged.looked(6)
    for names, numbers in (
        (("encoder.layer.10.attention", "encoder.layer.11.attention"), [11, 12]),
        (("blocks.3.attention.0", "blocks.5.attention.0"), [1, 2]),
        (("near", "far"), [1, 2]),
    ):
        named = jets.assign_coords(layer_image_image=list(names))
        assert jl.summarise(named, "attention-distance").sums["layer"].values.tolist() == numbers


@pytest.mark.parametrize("together", ["rollout", "mean"])
def test_all_layers_together_are_no_first_layer(together):
    jets = imaged.looked(6).isel(layer_image_image=slice(0, 1))
    named = jets.assign_coords(layer_image_image=[together])
    result = jl.summarise(named, "attention-distance", replicas=5)
    assert f"attention_distance.all.patch.{together}" in result.numbers()
    assert "attention_distance.all.patch.1" not in result.numbers()
    ticks = [t.get_text() for ax in jl.draw(result).axes for t in ax.get_xticklabels()]
    assert any(t.startswith(("All layers", "Mean of all")) for t in ticks)
    for kind in (object, np.dtypes.StringDType()):  # names, whatever holds them
        held = SimpleNamespace(sums={"layer": SimpleNamespace(values=np.array([together], kind))})
        assert places(held).tolist() == [1]


def test_what_is_missing_is_told():
    jets = imaged.looked(6)
    with pytest.raises(UnsupportedError, match="no attention"):
        jl.summarise(jets.drop_vars("attention_image_image"), "attention-distance")
    told = jets.copy()
    told.attrs = {}
    with pytest.raises(UnsupportedError, match="no patches that fill the image"):
        jl.summarise(told, "attention-distance")
