"""The table of looking at prongs: its verdicts follow from what was planted."""

from __future__ import annotations

import numpy as np

import imaged
import jetlens as jl
from jetlens.report.regions import regions_table


def table(looked, count=90):
    some = imaged.jets(count)
    return regions_table(
        jl.summarise(
            imaged.explained(some, looked(some)), "attention-fraction", radii=[], replicas=60
        )
    )


def test_an_explanation_at_the_pt_is_above_all_but_the_pt():
    found = table(lambda some: some["image"].values[:, 0])
    said = {(str(r[0]), str(r[1])): str(r[-1]) for r in found.rows}
    assert {group for group, _ in said} == {"Four", "Two"}
    for null in ("area", "random discs", "own discs, turned", "another jet's discs"):
        assert ">above<" in said["Four", null]
    assert ">above<" not in said["Four", "pT (unfair to patches)"]
    assert len(said) == len(found.rows) == 12
    assert "paired" in found.caption
    assert "the class sets how many" in found.caption


def test_right_is_told_against_wrong():
    found = table(lambda some: np.ones_like(some["image"].values[:, 0]), 240)
    rows = {str(r[1]): [str(c) for c in r[2:]] for r in found.rows if str(r[0]) == "Four"}
    assert ">not told apart<" in rows["right, against wrong"][-1]
    over = rows["right, against wrong, enrichment over pT in patches"]
    assert over[2] == ""
    assert "(" in over[3]


def test_one_that_is_everywhere_alike_is_below_the_pt_and_not_told_from_the_area():
    found = table(lambda some: np.ones_like(some["image"].values[:, 0]))
    said = {(str(r[0]), str(r[1])): str(r[-1]) for r in found.rows}
    assert ">below<" in said["Two", "pT (unfair to patches)"]
    assert ">not told apart<" in said["Two", "area"]


def test_without_jets_there_is_none():
    none = jl.summarise(imaged.looked(4).isel(jet=slice(0, 0)), "attention-fraction")
    assert regions_table(none) is None
