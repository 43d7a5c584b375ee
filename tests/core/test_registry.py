from __future__ import annotations

import pickle
from dataclasses import dataclass
from importlib import metadata
from types import SimpleNamespace

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
        ("circle", {"radius": "2"}, "radius='2': expected a number"),
        ("circle", {"radius": 2, "colour": None}, "colour=None: expected a string"),
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
    ("value", "whose", "why"),
    [
        ("no_such_shapes:Square", "the package 'numpy'", "ModuleNotFoundError: .*no_such_shapes"),
        ("math:no_such_shape", "a package", "AttributeError: .*no_such_shape"),
        ("math:pi", "a package", "AttributeError"),
    ],
)
def test_what_cannot_be_loaded_is_told_each_time(monkeypatch, value, whose, why) -> None:
    """And what stands behind it is there once it can be."""
    made: Registry = Registry("shape", "shapes", "jetlens.core")

    class Square:
        pass

    works = SimpleNamespace(name="square", load=lambda: Square)
    broken = SimpleNamespace(
        name="cube",
        value=value,
        load=metadata.EntryPoint("cube", value, "jetlens.shapes").load,
        dist=metadata.distribution("numpy") if "numpy" in whose else None,
    )
    points = [broken, works]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    for _ in range(2):
        with pytest.raises(JetlensError, match=f"'cube' that {whose} adds .*'{value}'.*{why}"):
            made.get("square")
    points.remove(broken)
    assert made.get("square") is Square
    assert list(made) == ["square"]


def test_modules_may_ask_for_names_while_they_are_imported(monkeypatch, shapes: Registry) -> None:
    def asking(group: str) -> list:
        assert shapes.get("circle")
        return []

    monkeypatch.setattr(registry, "entry_points", asking)
    assert list(shapes) == ["circle"]


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
