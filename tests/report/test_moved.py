"""The table of verdicts on moved jets."""

from __future__ import annotations

import re

import numpy as np
import pytest

import jetlens as jl
from jetlens.report.moved import _cell, observables_table, ranges
from synthetic import SCALES, scanned


def words(cell: object) -> str:
    """Return a cell without its markup."""
    return re.sub(r"<[^>]+>", "", str(cell))


def test_every_observable_and_input_has_a_verdict_with_its_interval():
    result = jl.summarise(
        scanned(700, 9), "moved-observables", replicas=25, observables=["width", "multiplicity"]
    )
    table = observables_table(result)
    own = result.summary.own_distances(result)
    best = result.summary.recommended(result, own)
    assert table is not None
    assert best is not None
    places = result.summary.looked_at(result, own).places
    verdicts = result.summary.verdicts(result, own, places)
    assert len(table.rows) == 2 * len(verdicts) == 10
    assert [words(row[0]) for row in table.rows[:2]] == ["Width", "Constituents"]
    assert [words(row[1]) for row in table.rows] == ["gluon"] * 5 + ["quark"] * 5
    for k, row in enumerate(table.rows):
        assert len(row) == len(table.head)
        toward, observable = divmod(k, 5)
        assert words(row[5]) == verdicts[observable][toward]
        assert float(row[6].split()[0]) == SCALES[places[toward]]
    assert words(table.rows[1][5]) == "does not change"
    assert table.rows[1][4] == ""
    assert "The step's scale is " in str(table.caption)
    assert "where the distance does not change, the step leaves" in str(table.caption)
    marks = {words(row[5]): re.search(r"verdict (\w+)", str(row[5]))[1] for row in table.rows}
    assert marks["does not change"] == "same"
    assert len(set(marks.values())) == len(marks)


def test_a_distance_that_is_not_told_from_chance_is_an_upper_limit():
    rng = np.random.default_rng(1)
    far = np.concatenate([[2.0], rng.normal(2.0, 0.1, 400)])
    assert re.match(r"(1\.99|2\.0)", words(_cell(far)))
    chance = np.concatenate([[0.1], 0.1 * np.sqrt(2) + rng.normal(0, 0.03, 400)])
    limit = re.fullmatch(r"< (0\.\d+)", str(_cell(chance)))
    assert 0.07 < float(limit[1]) < 0.2
    assert _cell(np.full(401, np.nan)) == ""


def test_of_few_jets_there_is_no_table():
    jets = scanned(60, 9).isel(jet=slice(0, 8))
    result = jl.summarise(jets, "moved-observables", replicas=4, observables=["width"])
    assert observables_table(result) is None


def test_without_a_recommended_scale_there_are_verdicts_of_the_one_in_the_middle():
    jets = scanned(700, 9)
    jets = jets.assign(bent=jets["bent"] | True)
    result = jl.summarise(jets, "moved-observables", replicas=25, observables=["width"])
    own = result.summary.own_distances(result)
    assert result.summary.recommended(result, own) is None
    table = observables_table(result)
    assert table is not None
    assert "The step's scale is (middle) the middle one of those tried" in str(table.caption)
    assert {row[6] for row in table.rows} == {f"{SCALES[len(SCALES) // 2]:g} (middle)"}
    assert all(row[7] == "" for row in table.rows)  # these go away from their class


@pytest.mark.parametrize(
    ("some", "told"),
    [
        ([False, True, True, True, False], "0.1 to 1"),
        ([False, True, False, True, True], "0.1, 1 to 3"),
        ([False] * 5, ""),
    ],
)
def test_scales_are_told_as_ranges(some, told):
    assert ranges([0.0, 0.1, 0.5, 1.0, 3.0], some) == told


@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_changes_are_told_where_there_are_some(scale):
    jets = scanned(700, 9)
    some = jets.sel(scale=[scale])
    both = ["width", "multiplicity"]  # the latter tells the jets from their class at first
    result = jl.summarise(some, "moved-observables", replicas=25, observables=both, most_bent=1)
    table = observables_table(result)
    assert table is not None
    assert re.fullmatch(r"\S+ to \S+", words(table.rows[0][4]))
    assert {float(row[6].split()[0]) for row in table.rows} == {scale}
