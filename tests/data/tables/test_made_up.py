"""What is tried before jets are made has the columns of those that are."""

from __future__ import annotations

import numpy as np
import pytest

from jetlens.core.batch import JetBatch
from jetlens.data.generated import Generated
from jetlens.data.toy import Toy


@pytest.fixture(params=["flavour", "fat", "two_fat", "qg"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def settings(kind: str, request: pytest.FixtureRequest) -> Generated:
    return request.getfixturevalue(f"{kind}_settings")


def known(jets: JetBatch) -> dict[str, tuple[object, ...]]:
    """Return what a recipe can name, and which places there are at most."""
    return {
        name: (own.names, own.axes, own.mask is None, sorted(own.truth))
        for name, own in jets.collections.items()
    }


def test_made_up_jets_have_the_columns_of_generated_ones(
    kind: str, settings: Generated, request: pytest.FixtureRequest
) -> None:
    tables = request.getfixturevalue("qg_tables" if kind == "qg" else f"{kind}_arrays")
    made = settings.batch(tables, 0)
    foreseen = settings.batch(settings.foreseen(8), 0)
    assert known(foreseen) == known(made)
    assert foreseen.classes == made.classes
    assert len(foreseen) == 8
    assert len(set(foreseen.event)) == 8
    for own in foreseen.collections.values():
        assert np.isfinite(own.values).all()
        assert own.mask is None or own.mask.all()


def test_they_are_the_same_each_time_and_differ_among_themselves(settings: Generated) -> None:
    one, other = (settings.batch(settings.foreseen(4), 0) for _ in range(2))
    for name, own in one.collections.items():
        np.testing.assert_array_equal(own.values, other[name].values)
        if not own.is_image:
            assert (own.values[0] != own.values[1]).any()


@pytest.mark.parametrize(("jets", "partition", "few"), [(10, 10, 4), (3, 10, 3), (10, 2, 2)])
def test_where_columns_are_not_known_a_few_jets_are_made(
    jets: int, partition: int, few: int
) -> None:
    toy = Toy(jets=jets, partition=partition)
    found, whole = toy.batch(toy.foreseen(4), 0), toy.read()
    assert len(found) == few
    assert (known(found), found.classes) == (known(whole), whole.classes)
