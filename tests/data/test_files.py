"""Files as a dataset of a recipe: options in their place, and classes that can be told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jetlens.core.errors import BadValueError
from jetlens.core.registry import datasets
from quark_gluon_arrays import made_up


@pytest.fixture
def path(tmp_path: Path) -> str:
    np.savez(tmp_path / "a.npz", **made_up(4, 3))
    return str(tmp_path / "a.npz")


def test_one_class_alone_is_refused(path: str) -> None:
    assert datasets.make("files", files=path, classes=["a", "b"]).read().classes == ("a", "b")
    with pytest.raises(BadValueError, match=r"classes = \['a'\]: expected two or more"):
        datasets.make("files", files=path, classes=["a"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"classes": ["a", "b"]}, "options.classes: expected classes beside options"),
        ({"columns": {}}, "options.columns: expected columns beside options"),
        ({"constituents": "3"}, "constituents = '3': expected a whole number, 1 or more"),
        ({"constituents": 2.5}, "constituents = 2.5: expected a whole number"),
        ({"unknown": 3}, "unknown = 3: expected one of refuse, keep"),
        ({"constituent": 3}, "no argument 'constituent': did you mean 'constituents'"),
    ],
)
def test_options_are_a_reader_s_own(path: str, options: dict, told: str) -> None:
    with pytest.raises(BadValueError, match=told):
        datasets.make("files", files=path, options=options)


def test_some_jets_are_spread_over_all_files(tmp_path: Path) -> None:
    for name in "abcd":
        np.savez(tmp_path / f"{name}.npz", **made_up(10, 3))
    named = {"files": str(tmp_path / "*.npz"), "partition": 5}
    every = datasets.make("files", **named).partitions()
    assert len(every) == 8
    for jets, taken in (
        (5, [4]),
        (11, [1, 4, 6]),
        (20, [1, 3, 5, 7]),
        (40, range(8)),
        (99, range(8)),
    ):
        found = datasets.make("files", jets=jets, **named)
        assert [*found.partitions()] == [every[i] for i in taken], jets
    assert len(datasets.make("files", jets=11, **named).read()) == 15
    for wrong in (0, -3):
        with pytest.raises(BadValueError, match=f"jets = {wrong}: expected 1 or more"):
            datasets.make("files", jets=wrong, **named)
