from __future__ import annotations

from collections.abc import Sequence

import pytest

from jetlens.core.errors import BadRecipeError
from jetlens.core.registry import Registry
from jetlens.run.arguments import check


@pytest.fixture
def registry():
    table: Registry[object] = Registry("thing", "things", "jetlens.physics")
    table._filled = True

    @table.register("some")
    def some(size: int, names: Sequence[str] = (), share: float | None = None, *, rest: object = 0):
        """Some thing."""

    @table.register("other")
    class Other:
        def __init__(self, pair: tuple[int, int], own: Hidden | str = "") -> None: ...  # noqa: F821

    return table


def test_types_are_strict_but_lists_stand_for_tuples(registry):
    found = check(registry, "some", {"size": 3, "names": ["a"], "share": 1}, "x")
    assert found == {"size": 3, "names": ["a"], "share": 1}
    assert check(registry, "other", {"pair": [1, 2]}, "x") == {"pair": [1, 2]}


@pytest.mark.parametrize(
    ("name", "arguments", "parts"),
    [
        ("sme", {}, ["x.use = 'sme'", "unknown thing", "did you mean 'some'"]),
        ("some", {}, ["x.size is missing"]),
        ("some", {"size": "3"}, ["x.size = '3'", "expected a whole number"]),
        ("some", {"size": True}, ["x.size = True", "expected a whole number"]),
        ("some", {"size": 3, "names": [1]}, ["x.names.0", "a list of strings"]),
        ("some", {"size": 3, "share": "a"}, ["x.share = 'a'", "a number or nothing"]),
        ("some", {"size": 3, "siz": 3}, ["x.siz = 3", "did you mean 'size'"]),
        ("some", {"size": 3, "rest": 1}, ["x.rest = 1", "takes no 'rest'"]),
    ],
)
def test_mistakes_name_place_value_and_expectation(registry, name, arguments, parts):
    with pytest.raises(BadRecipeError) as told:
        check(registry, name, arguments, "x", given=["rest"])
    for part in parts:
        assert part in str(told.value)


def test_what_the_run_fills_in_need_not_be_there(registry):
    assert check(registry, "some", {}, "x", filled=["size"]) == {}
