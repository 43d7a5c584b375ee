"""Which features may move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.errors import UnknownNameError, UnsupportedError
from jetlens.explain.baselines import held
from jetlens.physics.roles import Declared, Roles, listed, roles
from jetlens.taggers.base import Tagger

_NEEDS = {
    "positive_pt": ("pt", "energy", "mass"),
    "inside": ("angles", "positions"),
    "keep_discrete": ("discrete",),
    "on_shell": ("mass", "m2"),
    "recentre": ("angles",),
    "fixed_pt": ("pt",),
}
"""By constraint the roles of which it is about at least one."""


def roles_of(tagger: Tagger, batch: JetBatch, declared: Declared | None = None) -> dict[str, Roles]:
    """Return what the features of the tagger's collections are.

    Those of particles may be others than its inputs: their pt weighs, whether the tagger sees it or
    not. What is discrete matters of inputs alone, for nothing else moves.

    Parameters
    ----------
    tagger, batch
        The features.
    declared
        What is known of them, instead of what their names tell.

    Raises
    ------
    UnknownNameError
        If a feature of which something is declared is nowhere among them.
    """
    found, seen = {}, set()
    for name, inputs in tagger.inputs.items():
        particles = batch[name].is_sequence
        names = batch[name].names if particles else inputs
        role = roles(names, particles, declared)
        found[name] = role._replace(discrete=role.discrete & {*inputs})
        seen |= {*names}
    for role_name, given in (declared or {}).items():
        for feature in listed(given):
            if feature not in seen:
                raise UnknownNameError(f"feature of the role {role_name!r}", feature, sorted(seen))
    return found


def check_needs(asked: Mapping[str, bool | float], found: Mapping[str, Roles]) -> None:
    """Refuse constraints that are asked for by name and that no feature is known to be of.

    Raises
    ------
    UnsupportedError
        The message says how to tell which features are.
    """
    for constraint, value in asked.items():
        wanted = _NEEDS[constraint]
        if value is False or any(getattr(role, w) for role in found.values() for w in wanted):
            continue
        example = {"angles": '["x", "y"]', "discrete": '["q"]'}.get(wanted[0], '"p"')
        raise UnsupportedError(
            f"constraint {constraint}: no feature of {', '.join(found)} is known by its name to be "
            f"{' or '.join(wanted)}; say which is, as in roles = {{ {wanted[0]} = {example} }}, or "
            "leave the constraint out"
        )


def free(
    tagger: Tagger,
    batch: JetBatch,
    hold: str | Sequence[str] = (),
    keep_discrete: bool = True,
    on_shell: bool = False,
    declared: Declared | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Return one for each feature that may move, zero for the others, by collection ``[feature]``.

    Parameters
    ----------
    tagger, batch
        The features are those of the tagger's inputs.
    hold
        Features that are not to move.
    keep_discrete
        Whether charges, types and counts stay as they are.
    on_shell
        Whether the masses of particles do, and their energies follow from the rest.
    declared
        As of `roles_of`.
    """
    fixed = held(hold, tagger)
    found = {}
    for name, role in roles_of(tagger, batch, declared).items():
        still = set(role.discrete) if keep_discrete else set()
        if on_shell and batch[name].is_sequence:
            still |= {*role.masses}
            if role.pt is not None and role.energy is not None:
                still.add(role.energy)
        loose = np.array([f not in still for f in tagger.inputs[name]], dtype=np.float64)
        loose[fixed.get(name, [])] = 0.0
        found[name] = loose
    return found
