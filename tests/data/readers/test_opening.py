"""What any reader is asked for: paths, and options that all of them share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadFileError, BadValueError, JetlensError
from quark_gluon_arrays import made_up


@pytest.fixture
def path(tmp_path: Path) -> Path:
    np.savez(tmp_path / "a.npz", **made_up(4, 3))
    return tmp_path / "a.npz"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        *(({"partition": p}, f"partition = {p!r}: expected") for p in ("x", 2.5, None, 0, True)),
        *(({"constituents": c}, f"constituents = {c!r}: expected a whole") for c in ("5", 2.5)),
        ({"classes": "gluon"}, "classes: 'gluon', expected a list of names"),
        ({"classes": ["a", "a"]}, "classes: 'a' is there twice"),
        ({"classes": [1, 2]}, "classes: 1 is no name"),
        ({"classes": []}, "classes: there are none"),
        ({"columns": ["pt"]}, r"columns = \['pt'\]: expected variables by collection"),
        ({"columns": {"jets": "pt"}}, "columns of jets: 'pt', expected a list"),
        ({"columns": {"jets": ["pt", "pt"]}}, "columns of jets: 'pt' is there twice"),
    ],
)
def test_options_that_make_no_sense_are_told(path: Path, options: dict, told: str) -> None:
    with pytest.raises(BadValueError, match=told):
        jl.open(path, **options)


def test_numbers_and_lists_of_numpy_are_taken(path: Path) -> None:
    jets = jl.read(
        path,
        partition=np.int64(2),
        constituents=np.int32(2),
        classes=np.array(["a", "b"]),
        columns={"constituents": np.array(["pt"])},
    )
    assert jets.classes == ("a", "b")
    assert jets["constituents"].values.shape[1:] == (2, 1)


@pytest.mark.parametrize("paths", [None, 3, [None], [3]])
def test_what_is_no_path_is_told(paths: object) -> None:
    with pytest.raises(BadValueError, match=r"files: (None|3), expected a"):
        jl.read(paths)  # type: ignore[arg-type]


@pytest.mark.parametrize("format", [None, "arrays", "energyflow", "ftag", "jetclass"])
def test_a_name_that_is_too_long_is_told(tmp_path: Path, format: str | None) -> None:
    with pytest.raises(BadFileError, match=r"a{200}"):
        jl.read(tmp_path / ("a" * 300 + ".npz"), format=format)


@pytest.mark.parametrize("format", ["arrays", "energyflow", "jetclass"])
def test_a_folder_is_told(tmp_path: Path, format: str) -> None:
    with pytest.raises(JetlensError, match=r"directory|folder"):
        jl.read(tmp_path, format=format)
