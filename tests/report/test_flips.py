"""The table of flips: shares and medians by class, and what half of the jets do not reach."""

from __future__ import annotations

import re

import jetlens as jl
from jetlens.report.flips import flips_table
from jetlens.report.numbers import in_percent, measured
from synthetic import flipping


def test_medians_of_all_stand_beside_those_of_jets_that_flip():
    jets = flipping(600, 9)
    rarely = jets["flip_scale"].where((jets["label"] == 0) | (jets["jet"] % 3 == 0))
    result = jl.summarise(jets.assign(flip_scale=rarely), "flip-distance", replicas=20)
    numbers = result.numbers()
    table = flips_table(result)
    rows = {re.sub(r"<[^>]+>", "", str(row[0])): row for row in table.rows}
    assert {"Gluon", "Quark"} <= set(rows)
    for group in ("gluon", "quark"):
        row = rows[group.capitalize()]
        assert row[2] == measured(in_percent(numbers[f"flip.share.{group}"]), "%")
        assert row[4] == measured(numbers[f"flip.step.{group}"])
        assert str(measured(numbers[f"flip.distance.{group}.pt"])) in row[5]
    assert rows["Gluon"][3] == measured(numbers["flip.step_of_all.gluon"])
    assert rows["Quark"][3] == "not reached"
    assert "scales up to 5 lie beyond all others" in table.caption
    assert flips_table(jl.summarise(flipping(6, 9), "flip-distance", replicas=4)) is None
