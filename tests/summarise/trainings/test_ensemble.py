"""Which trainings are compared: those of the same number that were tested on the same jets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from jetlens.core.errors import BadValueError
from jetlens.summarise.trainings.ensemble import Ensemble, Member


def trained(place: str, repeat: int, jets: str = "", axis: str = "model") -> Member:
    """A member whose result is no more than where it comes from."""
    result: Any = SimpleNamespace(name="made-up", of=(place, repeat))
    return Member({axis: place}, repeat, result, jets)


def compared(*members: Member):
    found = Ensemble(members).against_first()
    return [(v, first, [(a.result.of, b.result.of) for a, b in pairs]) for v, first, pairs in found]


def test_trainings_are_paired_by_their_number():
    members = [trained("a", k) for k in range(4)] + [trained("b", k) for k in (3, 1)]
    ((variation, first, pairs),) = compared(*members)
    assert (variation, first) == ((("model", "b"),), "a")
    assert pairs == [(("b", 1), ("a", 1)), (("b", 3), ("a", 3))]
    assert compared(trained("a", 0), trained("b", 1)) == []


def test_only_what_was_tested_on_the_same_jets_is_compared_whatever_the_axis_is_called():
    other = [trained(place, 0, jets=place, axis="setting") for place in "ab"]
    assert compared(*other) == []
    same = [trained(place, 0, jets="x", axis="data.images.pixels") for place in "ab"]
    assert len(compared(*same)) == 1
    # each repeat splits the events anew; the variations of one share the split
    anew = [trained(place, k, jets=str(k)) for place in "ab" for k in range(2)]
    ((_, _, pairs),) = compared(*anew)
    assert len(pairs) == 2
    some = [*anew[:3], trained("b", 1, jets="other")]
    ((_, _, pairs),) = compared(*some)
    assert pairs == [(("b", 0), ("a", 0))]


def test_where_the_first_place_is_missing_nothing_is_paired():
    """Some combinations may be left out: the next place there is no stand-in for the first."""

    def of(pixels, model):
        result: Any = SimpleNamespace(name="made-up", of=(pixels, model))
        return Member({"pixels": pixels, "model": model}, 0, result, "x")

    there = [of("224", m) for m in "ab"] + [of("112", m) for m in "bc"]
    pairs = {(pair[0][0], pair[0][1]) for _, _, pair in compared(*there)}
    assert pairs == {
        (("224", "b"), ("224", "a")),  # along models
        (("112", "b"), ("224", "b")),  # along pixels; of 112 pixels no model a, and c of no others
    }


def test_one_more_place_may_be_compared_with():
    """The first is not compared with it again, whose difference is told with the other sign."""
    members = tuple(trained(place, 0) for place in "abc")
    found = [
        (dict(variation)["model"], place, [(a.result.of[0], b.result.of[0]) for a, b in pairs])
        for variation, place, pairs in Ensemble(members, {"model": "b"}).against_first()
    ]
    assert found == [
        ("b", "a", [("b", "a")]),
        ("c", "a", [("c", "a")]),
        ("c", "b", [("c", "b")]),
    ]
    usual = list(Ensemble(members).against_first())
    assert list(Ensemble(members, {"model": "a"}).against_first()) == usual  # not twice
    assert list(Ensemble(members, {"model": "z"}).against_first()) == usual  # is not there


def test_results_go_by_the_number_of_their_training():
    members = [trained("a", k) for k in (2, 0, 1)]
    (results,) = Ensemble(tuple(members)).groups().values()
    assert [r.of for r in results] == [("a", 0), ("a", 1), ("a", 2)]


def test_a_training_that_is_there_twice_is_told():
    with pytest.raises(BadValueError, match=r"repeat 1 of variation \{'model': 'a'\}.* 2 times"):
        Ensemble((trained("a", 0), trained("a", 1), trained("a", 1)))
