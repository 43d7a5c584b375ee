"""Benchmarks say whether what they aim at is held."""

from __future__ import annotations

import pytest

from bench.aims import told


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
