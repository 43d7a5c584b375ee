from __future__ import annotations

import numpy as np
import pytest

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.data.base import Dataset
from jetlens.taggers.training.draw import draw
from labelled import Labelled

CLASSES = ("b", "c", "u")
DATA = Labelled(2000, 300)


class Together(Dataset):
    """The same jets in one partition."""

    def partitions(self) -> list[Together]:
        return [self]

    def read(self) -> JetBatch:
        return DATA.read()


def rows(per_class: int, seed: int = 1, data=DATA) -> set[int]:
    return set(draw(data, CLASSES, per_class, seed).read().row.tolist())


def test_so_many_of_each_class_are_drawn() -> None:
    drawn = draw(DATA, CLASSES, 40, seed=1)
    jets, all_of_them = drawn.read(), DATA.read().with_classes(CLASSES)
    jets = jets.with_classes(CLASSES)
    assert np.bincount(jets.label).tolist() == [40, 40, 40]
    assert len(set(jets.row.tolist())) == 120
    assert drawn.there == {c: int((all_of_them.label == i).sum()) for i, c in enumerate(CLASSES)}
    known = dict(zip(all_of_them.row.tolist(), all_of_them.label.tolist(), strict=True))
    assert [known[r] for r in jets.row.tolist()] == jets.label.tolist()
    # all of the data is drawn from, not its beginning alone
    assert jets.row.min() < 200
    assert jets.row.max() > 1800


def test_draws_differ_by_seed_and_not_by_partitions() -> None:
    assert rows(40) == rows(40, data=Together()) != rows(40, seed=2)
    shared = len(rows(40) & rows(40, seed=2)) / 120
    assert shared == pytest.approx(40 / 500, abs=0.08)


def test_a_smaller_draw_is_a_part_of_a_larger_one() -> None:
    assert rows(10) < rows(40) < rows(200)


def test_a_class_that_has_no_more_gives_all_it_has() -> None:
    drawn = draw(DATA, CLASSES, 10_000, seed=1)
    assert len(drawn.read()) == sum(drawn.there.values())


class Restarted(Dataset):
    """Two partitions, each of which numbers its jets from 0 on."""

    def partitions(self) -> list[Labelled]:
        return [Labelled(20, 20), Labelled(20, 20)]


def test_two_jets_of_one_row_are_refused() -> None:
    """Both would be drawn where one is."""
    with pytest.raises(BadValueError, match="row 0 is that of 2 jets: expected a dataset to num"):
        draw(Restarted(), CLASSES, 5, seed=1)
