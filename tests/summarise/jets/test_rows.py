"""What rows are called follows from what they are lists of."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import jetlens as jl
from jetlens.summarise.jets.rows import JETS, SHOWERS, rows, rows_of
from synthetic import scanned

HITS = ("x", "y", "z", "energy")


def of(names: tuple[str, ...], masked: bool = True) -> xr.Dataset:
    found = xr.Dataset(
        {"hits_value": (("jet", "hits", "hits_feature"), np.zeros((2, 3, len(names))))},
        coords={"hits_feature": list(names)},
    )
    return found.assign(hits_mask=(("jet", "hits"), np.ones((2, 3), bool))) if masked else found


@pytest.mark.parametrize(
    ("attribution", "called"),
    [
        (of(HITS), SHOWERS),
        (of(("pt", "deta", "dphi")), JETS),
        (of(("x", "y", "pt")), JETS),  # prongs in an image's frame
        (of(HITS, masked=False), JETS),  # one place a jet
    ],
)
def test_lists_of_hits_are_showers(attribution: xr.Dataset, called: str) -> None:
    assert rows(attribution) == called


def test_results_know_what_they_are_of() -> None:
    jets = scanned(60, 9)
    for name in ("nudge-scan", "performance"):
        assert rows_of(jl.summarise(jets, name, replicas=3)) == JETS
    hits = jets.rename(
        constituents_feature="hits_feature", constituents="hits", constituents_mask="hits_mask"
    )
    names = [*HITS, *map(str, hits["hits_feature"].values[4:])]
    renamed = hits.assign_coords(hits_feature=names)
    for name in ("nudge-scan", "performance"):
        result = jl.summarise(renamed, name, replicas=3)
        assert rows_of(result) == rows_of(result + result) == SHOWERS
