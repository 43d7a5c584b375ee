"""The collections of a `JetBatch` from branches of JetClass's files."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetlens.core.collection import NO_TRUTH, Array, Collection
from jetlens.core.errors import BadFileError, UnknownNameError, look_up
from jetlens.core.units import Feature
from jetlens.data.readers.jetclass_files import Columns
from jetlens.data.readers.jetclass_variables import (
    AUXILIARY,
    COMPONENTS,
    DERIVED,
    JETS,
    PART,
    PARTICLES,
    PARTON,
    PARTONS,
)
from jetlens.physics.kinematics import delta_phi, eta_of

Floats = NDArray[np.float64]

JETS_AND_LISTS = ("jets", "constituents", "partons")
"""The collections; the last one only where a file has the partons."""

_FEATURES: dict[str, dict[str, Feature]] = {
    "jets": {f.name: f for f in JETS},
    "constituents": {f.name: f for f in (*PARTICLES, *(d.feature for d in DERIVED.values()))},
    "partons": {f.name: f for f in PARTONS},
}
_PARTON_BRANCHES = tuple(PARTON + name for name in COMPONENTS)
_AXIS = ("jet_eta", "jet_phi")


def needed(tree: Any, path: str, columns: Mapping[str, Sequence[str]] | None) -> list[str]:
    """Return the branches that variables are made of, in the tree's order.

    Parameters
    ----------
    tree
        A file's tree.
    path
        The file.
    columns
        The variables wanted, by collection; None: all that there are.

    Raises
    ------
    UnknownNameError
        If there is no such variable, or the file has not a branch that one is made of.
    BadFileError
        If all variables are wanted, and the file has not a branch that one is made of.
    """
    there = tree.keys(recursive=False)
    wanted: set[str] = {name for name in AUXILIARY if name in there}
    for collection, names in _chosen(columns, set(_PARTON_BRANCHES) <= set(there)).items():
        if collection == "partons":
            wanted |= {*_PARTON_BRANCHES, *_AXIS}
        for name in names:
            look_up(f"variable of {collection}", name, _FEATURES[collection])
            if collection != "partons":
                wanted |= set(DERIVED[name].needs if name in DERIVED else (name,))
    missing = sorted(wanted - set(there))
    if missing and columns is None:
        raise BadFileError(
            f"{path!r} lacks branches of JetClass's: {', '.join(missing)}{_near(missing, there)}. "
            "What is made of the others can be read: columns = { constituents = [...] } names it"
        )
    for name in missing:
        raise UnknownNameError(f"branch of {path!r}", name, there)
    return [name for name in there if name in wanted]


def _near(missing: Sequence[str], there: Sequence[str]) -> str:
    """Say which branches, none of JetClass's, are nearly called as those that are missing."""
    others = [name for name in there if not any(name in known for known in _FEATURES.values())]
    near = {name: difflib.get_close_matches(name, others, 1, 0.75) for name in missing}
    told = [f"{own[0]!r} in the place of {name!r}" for name, own in near.items() if own]
    return f" (it has {', '.join(told)})" if told else ""


def _chosen(columns: Mapping[str, Sequence[str]] | None, partons: bool) -> dict[str, Sequence[str]]:
    """Return the variables wanted, by collection."""
    if columns is not None:
        return dict(columns)
    names = JETS_AND_LISTS if partons else JETS_AND_LISTS[:2]
    return {name: tuple(_FEATURES[name]) for name in names}


def collections(
    columns: Columns,
    wanted: Mapping[str, Sequence[str]] | None = None,
    constituents: int | None = None,
) -> dict[str, Collection]:
    """Return the collections ``jets``, ``constituents`` and, where they are known, ``partons``.

    Parameters
    ----------
    columns
        The branches.
    wanted
        The variables to take, by collection; left out, all.
    constituents
        How many particles to keep, the first ones.
    """
    flat = columns.flat
    made = {}
    chosen = _chosen(wanted, _PARTON_BRANCHES[0] in flat)
    for name, variables in chosen.items():
        features = [_FEATURES[name][v] for v in variables]
        if name == "jets":
            values = _stacked((flat[v] for v in variables), len(features), _jets_in(columns))
            made[name] = Collection(values, ("jet", "feature"), tuple(features))
        elif name == "constituents":
            found = (_particles(columns, v) for v in variables)
            number = columns.counts.get(PART, np.zeros(_jets_in(columns), dtype=np.int64))
            made[name] = _list(name, features, found, number, constituents)
        else:
            partons = _partons(columns)
            found = (partons[v] for v in variables)
            made[name] = _list(
                name, features, found, columns.counts[PARTON], pdg_id=flat[PARTON + "pid"]
            )
    truth = {name: flat[name] for name in AUXILIARY if name in flat}
    if "jets" in made and truth:
        jets = made["jets"]
        made["jets"] = Collection(jets.values, jets.axes, jets.features, truth=truth)
    return made


def _jets_in(columns: Columns) -> int:
    return next(len(v) for k, v in columns.flat.items() if not k.startswith((PART, PARTON)))


def _stacked(values: Iterable[Array], number: int, rows: int) -> NDArray[np.float32]:
    table = np.empty((rows, number), dtype=np.float32)
    for i, column in enumerate(values):
        table[:, i] = column
    return table


def _particles(columns: Columns, name: str) -> Array:
    """Return a variable of all particles, one after the other."""
    if name not in DERIVED:
        return columns.flat[name]
    derived = DERIVED[name]
    inputs = [columns.flat[n].astype(np.float64) for n in derived.needs]
    for i, branch in enumerate(derived.needs):
        if not branch.startswith(PART):
            inputs[i] = np.repeat(inputs[i], columns.counts[PART])
    return derived.formula(*inputs)


def _partons(columns: Columns) -> dict[str, Floats]:
    """Return the variables of partons, those of all jets one after the other."""
    px, py, pz = (columns.flat[PARTON + n].astype(np.float64) for n in ("px", "py", "pz"))
    number = columns.counts[PARTON]
    eta, phi = (np.repeat(columns.flat[n].astype(np.float64), number) for n in _AXIS)
    sign = np.where(eta > 0, 1.0, -1.0)
    return {
        "pt": np.hypot(px, py),
        "deta": sign * (eta_of(px, py, pz) - eta),
        "dphi": delta_phi(np.arctan2(py, px), phi),
    }


def _list(
    name: str,
    features: Sequence[Feature],
    found: Iterable[Array],
    number: NDArray[np.int64],
    most: int | None = None,
    **truth: Array,
) -> Collection:
    """Return the collection of lists that stand one after the other, padded to the longest."""
    place = np.arange(int(number.sum())) - np.repeat(np.cumsum(number) - number, number)
    longest = max(int(number.max(initial=1)), 1)
    length = longest if most is None else min(most, longest)
    kept = place < length
    mask = np.arange(length) < number[:, None]
    values = np.zeros((len(number), length, len(features)), dtype=np.float32)
    for i, column in enumerate(found):
        values[..., i][mask] = column[kept]
    known = {}
    for key, column in truth.items():
        known[key] = np.full(mask.shape, NO_TRUTH, dtype=np.int64)
        known[key][mask] = column[kept]
    return Collection(values, ("jet", name, "feature"), tuple(features), mask, known)
