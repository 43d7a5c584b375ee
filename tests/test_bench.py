"""Benchmarks say whether what they aim at is held."""

from __future__ import annotations

import pytest

from bench import __main__ as command
from bench import gradient
from bench.aims import missed, told


@pytest.mark.parametrize(
    ("number", "aim", "words"),
    [
        (1.35, {"most": 1.35}, "at most 1.35: held"),
        (1.354, {"most": 1.35}, "at most 1.35: held"),
        (1.356, {"most": 1.35}, "at most 1.35: missed"),
        (1.79, {"least": 1.8}, "at least 1.8: missed"),
        (12_000.0, {"least": 10_000}, "at least 10,000: held"),
        (1.5, {"most": 2.0, "least": 1.6}, "at most 2: held, at least 1.6: missed"),
        (1.5, {}, ""),
    ],
)
def test_aims_are_held_or_missed(number, aim, words):
    assert told(number, **aim) == words


def test_lines_with_a_missed_aim_are_found():
    held = f"| scan | 0.9 | {told(0.9, most=1.0)} |"
    short = [f"| scan | 1.1 | {told(1.1, most=1.0)} |", f"| a | {told(1.5, most=2, least=1.6)} |"]
    assert missed(["Measured on 2 cores: missed nothing.", held, "| | |", ""]) == []
    assert missed([held, *short, ""]) == short


@pytest.mark.parametrize(("ratio", "status"), [(0.9, 0), (1.3, 1)])
def test_the_table_is_written_and_a_missed_aim_ends_in_an_error(
    monkeypatch, tmp_path, capsys, ratio, status
):
    way = gradient.Way("transformer", "gradient", 1.0, ratio, "forward and backward", most=1.15)
    monkeypatch.setattr(gradient, "main", lambda: [way])
    monkeypatch.setattr(command, "TABLE", tmp_path / "bench.md")
    monkeypatch.setattr(command.sys, "argv", ["bench", "gradient"])
    assert command.main() == status
    assert f"{ratio:.2f}" in (tmp_path / "bench.md").read_text()
    assert ("MISSED: 1 of" in capsys.readouterr().err) == bool(status)


def test_gradients_are_timed_from_jets_to_attributions(monkeypatch):
    """At a small size: what the ways are, and what they are compared with."""
    every = gradient.all_taggers
    monkeypatch.setattr(gradient, "SCALES", [0.0, 1.0])
    monkeypatch.setattr(gradient, "all_taggers", lambda jets: {"one": every(jets)["transformer"]})
    ways = {w.name: w for w in gradient.main(n=2, repeats=1)}
    assert len(ways) == 8
    for name in ("gradient", "nudge, 2 scales"):
        whole, packed, padded = (ways[name + of] for of in ("", ", packed", ", padded"))
        assert whole.most is not None
        assert (packed.most, packed.least, padded.least) == (None, None, 2.0)
        assert whole.over == packed.over
        assert whole.ratio / packed.ratio == pytest.approx(whole.seconds / packed.seconds)
        assert padded.ratio == pytest.approx(padded.seconds / packed.seconds)
