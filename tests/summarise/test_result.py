"""Results are equal where their sums are, up to rounding, and not otherwise."""

from __future__ import annotations

import numpy as np
import pytest

import jetlens as jl
from jetlens.summarise.result import Result
from synthetic import made_for


def filled() -> Result:
    return jl.summarise(made_for("relevance", 80), "relevance", replicas=3)


def changed(result: Result, name: str, factor: float) -> Result:
    sums = result.sums.copy(deep=True)
    sums[name].values[...] *= factor
    return Result(result.summary, sums, result.parts)


def test_sums_in_another_order_are_equal_and_others_are_not() -> None:
    result = filled()
    name = max(
        (n for n, v in result.sums.items() if v.dtype.kind == "f"),
        key=lambda n: float(np.abs(result.sums[n]).max()),
    )
    assert result == filled()
    assert result == changed(result, name, 1 + 1e-13)
    assert result != changed(result, name, 1 + 1e-8)
    assert result != changed(result, name, np.nan)
    nothing = changed(result, name, np.nan)
    assert nothing == changed(result, name, np.nan)


@pytest.mark.parametrize("other", [3, None, "relevance"])
def test_a_result_is_nothing_else(other: object) -> None:
    assert filled() != other


def test_other_names_coordinates_and_summaries_differ() -> None:
    result = filled()
    first = next(iter(result.sums))
    axis = next(iter(result.sums.coords))
    renamed = Result(result.summary, result.sums.rename({first: "other"}), result.parts)
    moved = result.sums.assign_coords({axis: [f"{v}!" for v in result.sums.coords[axis].values]})
    assert result != renamed
    assert result != Result(result.summary, moved, result.parts)
    assert result != jl.summarise(made_for("relevance", 80), "box", replicas=3)
