"""What constraints need of features, and which of them have nothing to act on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from jetlens.core.errors import UnsupportedError
from jetlens.explain.steps.course import Course
from jetlens.physics.roles import Roles


class Need(NamedTuple):
    """What a constraint is about."""

    together: tuple[tuple[str, ...], ...]
    """Roles that it needs, any of these together."""
    words: str
    """These in words."""
    moves: tuple[str, ...]
    """Roles of the features that it moves otherwise than a raw step, or keeps still."""
    of_jets: bool = False
    """Whether it holds of a jet's own variables and of images, too; else of particles alone."""


_NEEDS: Mapping[str, Need] = {
    "positive_pt": Need(
        (("pt",), ("energy",), ("mass",), ("components",)),
        "pt, energy or mass",
        ("pt", "energy", "mass", "components"),
        of_jets=True,
    ),
    "inside": Need(
        (("angles",), ("positions",), ("components",)),
        "angles or positions",
        ("angles", "measured", "components"),
    ),
    "grid": Need((("positions",),), "positions", ("positions",)),
    "causal": Need((("time",),), "the time of hits", ("time",)),
    "keep_discrete": Need(
        (("discrete",), ("impact",)), "discrete", ("discrete", "impact"), of_jets=True
    ),
    "on_shell": Need(
        (("mass",), ("m2",), ("energy", "pt"), ("energy", "components")),
        "mass or m2, or energy beside pt",
        ("mass", "m2", "energy"),
    ),
    "recentre": Need(
        (("angles", "pt"), ("components",)), "angles beside pt", ("angles", "components")
    ),
    "fixed_pt": Need((("pt",), ("components",)), "pt", ("pt", "components")),
}
_RADIUS = Need((("angles",), ("components",)), "angles", ("angles", "components"))
_KEEPING = ("keep_discrete", "on_shell")
"""Constraints that act by keeping features still, and so on those that are."""


def check_needs(asked: Mapping[str, bool | float], found: Mapping[str, Roles]) -> None:
    """Refuse constraints that are asked for by name and that no feature is known to be of.

    Raises
    ------
    UnsupportedError
        The message says how to tell which features are.
    """
    for constraint, value in asked.items():
        need = _RADIUS if constraint == "radius" else _NEEDS[constraint]
        if value is False or any(_has(role, need) for role in found.values()):
            continue
        first = need.together[0][0]
        example = {"angles": '["x", "y"]', "discrete": '["q"]'}.get(first, '"p"')
        raise UnsupportedError(
            f"constraint {constraint}: no feature of {', '.join(found)} is known by its name to be "
            f"{need.words}; say which is, as in roles = {{ {first} = {example} }}, or "
            "leave the constraint out"
        )


def idle(course: Course) -> dict[str, str]:
    """Return the constraints that are on and have nothing, or not all, to act on, and why."""
    told = {}
    for constraint, need in _NEEDS.items():
        if getattr(course.constraints, constraint) is not False:
            told[constraint] = _why_idle(course, constraint, need)
    for name, role in course.roles.items():
        beside = role.energy is not None and role.pt is not None and role.components is None
        follows = role.energy in course.tagger.inputs[name] and role.energy not in course.held[name]
        half = beside and follows and role.eta is None and role.angles is not None
        if half and course.constraints.on_shell:
            told["on_shell"] = (
                f"energies of {name} follow pt and not the angles: no feature is known to be the "
                "pseudorapidity"
            )
    return {constraint: why for constraint, why in told.items() if why}


def _why_idle(course: Course, constraint: str, need: Need) -> str:
    """Say why a constraint acts on no feature; empty if it acts on one."""
    about = {
        name: _features(role, need)
        for name, role in course.roles.items()
        if _has(role, need) and (need.of_jets or course.batch[name].is_sequence)
    }
    if not about:
        return f"no feature{'' if need.of_jets else ' of particles'} is known to be {need.words}"
    taken = {n: [f for f in fs if f in course.tagger.inputs[n]] for n, fs in about.items()}
    if not any(taken.values()):
        return f"the tagger does not take {_listed(about)}"
    for name, features in taken.items():
        inputs, loose = course.tagger.inputs[name], course.loose[name]
        still = {f for f, free in zip(inputs, loose, strict=True) if not free}
        if {*features} - (course.held[name] if constraint in _KEEPING else still):
            return ""
    return f"held still: {_listed(taken)}"


def _has(role: Roles, need: Need) -> bool:
    """Say whether there are features that a constraint is about."""
    return any(all(getattr(role, part) for part in parts) for parts in need.together)


def _features(role: Roles, need: Need) -> list[str]:
    """Return the features that a constraint would move or keep."""
    found: list[str] = []
    for part in need.moves:
        own = getattr(role, part) or ()
        found += [own] if isinstance(own, str) else sorted(own)
    return found


def _listed(features: Mapping[str, list[str]]) -> str:
    return ", ".join(f for own in features.values() for f in own)
