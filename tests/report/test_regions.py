"""The table of looking at prongs: its verdicts follow from what was planted."""

from __future__ import annotations

import numpy as np

import imaged
import jetlens as jl
from jetlens.report.regions import about, regions_table


def result(looked, count=90):
    some = imaged.jets(count)
    scores = imaged.explained(some, looked(some))
    return jl.summarise(scores, "attention-fraction", radii=[], replicas=60)


def table(looked, count=90):
    return regions_table(result(looked, count))


def even(some):
    return np.ones_like(some["image"].values[:, 0])


def test_an_explanation_at_the_pt_is_above_all_but_the_pt():
    found = table(lambda some: some["image"].values[:, 0])
    said = {(r[0].striptags(), str(r[1])): str(r[-1]) for r in found.rows}
    assert {group for group, _ in said} == {"Four", "Two"}
    for null in ("area", "random discs", "own discs, turned", "another jet's discs"):
        assert ">above<" in said["Four", null]
    assert ">above<" not in said["Four", "pT (unfair to patches)"]
    assert len(said) == len(found.rows) == 12


def test_right_is_told_against_wrong():
    found = table(even, 240)
    rows = {str(r[1]): [str(c) for c in r[2:]] for r in found.rows if r[0].striptags() == "Four"}
    assert ">not told apart<" in rows["right, against wrong"][-1]
    over = rows["right, against wrong, enrichment over pT in patches"]
    assert over[2] == ""
    assert "(" in over[3]


def test_one_that_is_everywhere_alike_is_below_the_pt_and_not_told_from_the_area():
    found = table(even)
    said = {(r[0].striptags(), str(r[1])): str(r[-1]) for r in found.rows}
    assert ">below<" in said["Two", "pT (unfair to patches)"]
    assert ">not told apart<" in said["Two", "area"]


def test_the_last_rows_are_told_of_where_they_are():
    words = [about(result(even, count).numbers()) for count in (12, 240)]
    assert ["tagged right against" in w for w in words] == [False, True]
    assert all("paired" in w and "the class sets how many" in w for w in words)


def test_without_jets_there_is_none():
    none = jl.summarise(imaged.looked(4).isel(jet=slice(0, 0)), "attention-fraction")
    assert regions_table(none) is None
