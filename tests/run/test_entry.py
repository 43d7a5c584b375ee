from __future__ import annotations

import pytest

import jetlens as jl
from jetlens.core.errors import BadValueError


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"recipe": None}, "recipe=None: expected a string or a Path"),
        ({"out": 3}, "out=3: expected a string, a Path or nothing"),
        ({"preset": ["quick"]}, "preset=.*: expected a string or nothing"),
        ({"set": "train.epochs=2"}, "set=.*: expected a table of anything, a list of strings"),
        ({"set": [3]}, r"set=\[3\]: expected a table"),
        ({"seed": "1"}, "seed='1': expected a whole number or nothing"),
        ({"workers": "2"}, "workers='2': expected a whole number"),
        ({"device": None}, "device=None: expected a string"),
        ({"until": 3}, "until=3: expected a string"),
    ],
)
def test_values_of_another_type_are_told_before_anything_is_read(tmp_path, given, says) -> None:
    with pytest.raises(BadValueError, match=says):
        jl.run(**{"recipe": tmp_path / "none.toml", "out": tmp_path / "out", **given})
    assert not list(tmp_path.iterdir())
