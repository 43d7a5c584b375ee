"""What the log of a run says where no jet is moved."""

from __future__ import annotations

import jetlens as jl
from jetlens.run.stages.explain import _nothing
from synthetic import graded, scanned


def test_that_nothing_is_moved_is_told_by_any_of_the_results(tmp_path):
    jets = scanned(60, 6)
    jl.summarise(graded(20), "wanted-change", replicas=2).save(tmp_path / "01-wanted.npz")
    jl.summarise(jets, "nudge-scan", replicas=2).save(tmp_path / "02-scan.npz")
    assert _nothing(tmp_path) == ""
    still = jets.assign(moved_output=jets["moved_output"] * float("nan"))
    jl.summarise(still, "nudge-scan", replicas=2).save(tmp_path / "02-scan.npz")
    assert _nothing(tmp_path) == "No jet of the 60 explained is misclassified: nothing is moved."
