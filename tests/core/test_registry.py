from __future__ import annotations

import pickle
from dataclasses import dataclass

import pytest

from jetlens.core import registry
from jetlens.core.errors import JetlensError, UnknownNameError, expected
from jetlens.core.registry import Registry, arguments_of


@pytest.fixture
def shapes() -> Registry:
    made: Registry = Registry("shape", "shapes", "jetlens.core")

    @made.register("circle")
    @dataclass(frozen=True, kw_only=True)
    class Circle:
        """A round thing.

        More of it.
        """

        radius: float
        colour: str = "blue"

    return made


def test_names_arguments_and_words(shapes: Registry) -> None:
    circle = shapes.make("circle", radius=2.0)
    assert arguments_of(circle) == {"use": "circle", "radius": 2.0, "colour": "blue"}
    assert shapes.summary("circle") == "A round thing."
    assert "circle" in shapes
    assert list(shapes) == ["circle"]


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("circel", {}, "unknown shape 'circel': did you mean 'circle'"),
        ("circle", {"radus": 1}, "takes no argument 'radus': did you mean 'radius'"),
        ("circle", {}, "needs an argument 'radius'"),
    ],
)
def test_wrong_names_and_arguments(shapes: Registry, name, arguments, says: str) -> None:
    with pytest.raises(JetlensError, match=says):
        shapes.make(name, **arguments)


def test_a_name_is_taken_only_once(shapes: Registry) -> None:
    with pytest.raises(JetlensError, match="already"):

        @shapes.register("circle")
        class Other:
            pass


def test_entry_points_of_other_packages(monkeypatch, shapes: Registry) -> None:
    class Point:
        name = "square"

        @staticmethod
        def load():
            class Square:
                pass

            return Square

    monkeypatch.setattr(
        registry, "entry_points", lambda group: [Point] * (group == "jetlens.shapes")
    )
    assert "square" in shapes


@pytest.mark.parametrize(
    "known",
    [registry.datasets, registry.readers, registry.taggers, registry.explainers,
     registry.baselines, registry.summaries, registry.figures],
    ids=lambda r: r.plural,
)  # fmt: skip
def test_everything_registered_says_what_it_is(known: Registry) -> None:
    names = list(known)
    assert names
    for name in names:
        assert known.summary(name).endswith("."), name


def test_messages() -> None:
    assert expected("x", []) == "there is none to choose from"
    assert "20 in all" in expected("x", [f"name{i}" for i in range(20)])
    again = pickle.loads(pickle.dumps(UnknownNameError("class", "x", ["b"])))
    assert str(again) == "unknown class 'x': expected one of b"
