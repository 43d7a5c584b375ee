from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from jetlens.core.arguments import typed, types_of
from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError


@pytest.mark.parametrize(
    ("annotation", "value", "becomes"),
    [
        (int, np.int64(3), 3),
        (float, 3, 3.0),
        (float, np.float32(0.5), 0.5),
        (float, float("inf"), float("inf")),
        (bool, np.bool_(True), True),
        (tuple[float, float], [1, 2], (1.0, 2.0)),
        (tuple[str, ...], np.array(["a", "b"]), ("a", "b")),
        (Sequence[float], np.array([0.1, 0.2]), [0.1, 0.2]),
        (Sequence[float], (0.1, 0.2), [0.1, 0.2]),
        (Mapping[str, Sequence[str]], {"jets": ("pt",)}, {"jets": ["pt"]}),
        (Mapping[str, bool | float], {"inside": 0.4, "on_shell": False}, None),
        (int | Literal["all"], "all", "all"),
        (float | None, None, None),
        (Path, Path("a"), Path("a")),
        (Any, (1, 2), (1, 2)),
    ],
)
def test_what_stands_for_the_type(annotation, value, becomes) -> None:
    found = typed(annotation, value, "it")
    wanted = value if becomes is None else becomes
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("annotation", "value", "says"),
    [
        (int, "3", r"it='3': expected a whole number"),
        (int, 2.5, r"it=2.5: expected a whole number"),
        (int, True, r"it=True: expected a whole number"),
        (float, "a", r"it='a': expected a number"),
        (float, None, r"it=None: expected a number"),
        (float | None, "a", r"it='a': expected a number or nothing"),
        (bool, "no", r"it='no': expected true or false"),
        (str, 3, r"it=3: expected a string"),
        (Sequence[float], 0.5, r"it=0.5: expected a list of numbers"),
        (tuple[float, float], 5, r"it=5: expected a list of 2 numbers"),
        (tuple[str, ...], ["a", 3], r"it.1=\['a', 3\]: expected a list of strings"),
        (str | Sequence[str], 3, r"it=3: expected a string or a list of strings"),
        (Mapping[str, Sequence[str]], 3, r"it=3: expected a table of lists of strings"),
        (Mapping[str, Any], 3, r"it=3: expected a table of anything"),
        (Literal["small", "large"], "smal", r"it='smal': did you mean 'small'\?"),
        (int | Literal["all"], "al", r"it='al': expected a whole number or 'all'"),
        (str, Path("a"), r"expected a string"),
        (JetBatch, 3, r"it=3: expected a JetBatch"),
    ],
)
def test_another_type_is_told(annotation, value, says: str) -> None:
    with pytest.raises(BadValueError, match=says):
        typed(annotation, value, "it")


def test_types_of_functions_and_constructors() -> None:
    class Made:
        def __init__(self, size: int = 3) -> None: ...

    def make(size: int, of: Unknown) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    assert types_of(Made) == {"size": int, "return": type(None)}
    assert types_of(make) == {}  # what the type checker alone knows is not looked at
