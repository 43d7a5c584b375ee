"""Names for the things that a recipe can ask for, and how a third party adds its own.

A registry knows the package whose modules fill it: the first look-up imports them all, so that a
new explainer, tagger, dataset or summary is one new file. Installed packages add theirs through an
entry point of the group ``jetlens.<kind>s``, whose name is the registered name.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from jetlens.core.arguments import parameters, typed, types_of
from jetlens.core.errors import (
    BadValueError,
    JetlensError,
    UnknownNameError,
    UnsupportedError,
    expected,
)

T = TypeVar("T")
C = TypeVar("C", bound=Callable[..., Any])


class Registry(Generic[T]):
    """A table from names to the classes or functions that make a `T`.

    Parameters
    ----------
    kind
        What one entry is called, such as ``"explainer"``; its entry points are ``jetlens.<kind>s``.
    package
        The package whose modules register the built-in entries.
    folders
        Whether modules in folders of the package register entries, too.
    """

    def __init__(self, kind: str, plural: str, package: str, *, folders: bool = False) -> None:
        self.kind, self.plural, self.package, self.folders = kind, plural, package, folders
        self._table: dict[str, Callable[..., T]] = {}
        self._filled = False

    def register(self, name: str) -> Callable[[C], C]:
        """Enter the decorated class or function under `name`; a name is taken only once."""

        def enter(made: C) -> C:
            there = self._table.get(name)
            if there is not None and there.__qualname__ != made.__qualname__:
                raise BadValueError(f"the {self.kind} name {name!r} is already {there.__module__}")
            made.registered_name = name  # type: ignore[attr-defined]
            self._table[name] = made
            return made

        return enter

    def fill(self) -> None:
        """Import the package's modules and the entry points, once.

        Raises
        ------
        UnsupportedError
            If what another package adds cannot be loaded, each time anew; the message says whose.
        """
        if self._filled:
            return
        self._filled = True  # already, for what is imported may ask for a name
        try:
            package = importlib.import_module(self.package)
            walk = pkgutil.walk_packages if self.folders else pkgutil.iter_modules
            for module in walk(package.__path__, prefix=f"{self.package}."):
                importlib.import_module(module.name)
            for point in entry_points(group=f"jetlens.{self.plural}"):
                self._load(point)
        except BaseException:
            self._filled = False
            raise

    def _load(self, point: EntryPoint) -> None:
        try:
            self.register(point.name)(point.load())
        except Exception as error:
            whose = "a package" if point.dist is None else f"the package {point.dist.name!r}"
            raise UnsupportedError(
                f"the {self.kind} {point.name!r} that {whose} adds (entry point {point.value!r}) "
                f"cannot be loaded: {type(error).__name__}: {error}; mend or uninstall it"
            ) from error

    def get(self, name: str) -> Callable[..., T]:
        """Return what is registered as `name`, or raise `UnknownNameError` with the nearest."""
        self.fill()
        if name not in self._table:
            raise UnknownNameError(self.kind, name, sorted(self._table))
        return self._table[name]

    def make(self, name: str, **arguments: Any) -> T:
        """Build `name` from its constructor arguments.

        Raises
        ------
        UnknownNameError
            If nothing is registered as `name`.
        BadValueError
            If it does not take an argument, lacks one or gets one of another type.
        """
        maker = self.get(name)
        known = parameters(maker)
        for key in arguments:
            if key not in known:
                raise BadValueError(
                    f"{self.kind} {name!r} takes no argument {key!r}: {expected(key, known)}"
                )
        for key in (k for k, p in known.items() if p.default is p.empty and k not in arguments):
            raise BadValueError(f"{self.kind} {name!r} needs an argument {key!r}")
        try:
            made = maker(**arguments)
        except JetlensError:  # in its own words, which say more than a type
            raise
        except Exception:
            _check_types(maker, arguments)
            raise
        _check_types(maker, arguments)
        return made

    def __iter__(self) -> Iterator[str]:
        self.fill()
        return iter(sorted(self._table))

    def __contains__(self, name: object) -> bool:
        self.fill()
        return name in self._table

    def summary(self, name: str) -> str:
        """Return the first line of the entry's docstring."""
        return (inspect.getdoc(self.get(name)) or "").partition("\n")[0]


def _check_types(maker: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    types = types_of(maker)
    for key, value in arguments.items():
        typed(types.get(key, Any), value, key)


def arguments_of(thing: Any) -> dict[str, Any]:
    """Return the constructor arguments of a registered dataclass: its name and its own words."""
    own = {f.name: getattr(thing, f.name) for f in dataclasses.fields(thing) if f.init}
    return {"use": thing.registered_name, **own}


datasets: Registry[Any] = Registry("dataset", "datasets", "jetlens.data")
readers: Registry[Any] = Registry("reader", "readers", "jetlens.data.readers")
taggers: Registry[Any] = Registry("tagger", "taggers", "jetlens.taggers")
explainers: Registry[Any] = Registry("explainer", "explainers", "jetlens.explain")
baselines: Registry[Any] = Registry("baseline", "baselines", "jetlens.explain")
summaries: Registry[Any] = Registry("summary", "summaries", "jetlens.summarise")
figures: Registry[Any] = Registry("figure", "figures", "jetlens.plots", folders=True)
