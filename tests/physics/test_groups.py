"""Things group by group: their places, and the hardest first."""

from __future__ import annotations

import numpy as np

from jetlens.physics.groups import hardest, places


def test_places_begin_anew_in_each_group() -> None:
    assert places(np.array([3, 0, 1, 2])).tolist() == [0, 1, 2, 0, 0, 1]
    assert places(np.zeros(2, dtype=np.int64)).tolist() == []


def test_the_hardest_of_each_group_come_first() -> None:
    pt, group = np.array([1.0, 5.0, 2.0, 7.0, 3.0]), np.array([2, 0, 2, 0, 2])
    order, place = hardest(pt, group, 4)
    assert order.tolist() == [3, 1, 4, 2, 0]
    assert place.tolist() == [0, 1, 0, 1, 2]
    some, at = hardest(pt, group, 4, most=2)
    assert (some.tolist(), at.tolist()) == ([3, 1, 4, 2], [0, 1, 0, 1])


def test_equally_hard_things_keep_their_order() -> None:
    assert hardest(np.ones(3), np.zeros(3, dtype=np.int64), 1)[0].tolist() == [0, 1, 2]
