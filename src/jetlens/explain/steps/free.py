"""Which features may move."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.explain.paths.baselines import held
from jetlens.physics.roles import Declared, Roles, listed, roles
from jetlens.taggers.base import Tagger


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
    BadValueError
        If features that are declared to be of one role are not of one collection.
    """
    found, seen = {}, {}
    for name, inputs in tagger.inputs.items():
        particles = batch[name].is_sequence
        names = batch[name].names if particles else inputs
        role = roles(names, particles, declared)
        moving = role.components is not None and bool({*role.components} & {*inputs})
        found[name] = role._replace(
            discrete=role.discrete & {*inputs}, components=role.components if moving else None
        )
        seen[name] = {*names}
    every = set().union(*seen.values())
    for role_name, given in (declared or {}).items():
        wanted = listed(given)
        for feature in wanted:
            if feature not in every:
                raise UnknownNameError(f"feature of the role {role_name!r}", feature, sorted(every))
        together = role_name == "discrete" or any({*wanted} <= names for names in seen.values())
        if not together:
            homes = [f"{f} of {next(c for c, names in seen.items() if f in names)}" for f in wanted]
            raise BadValueError(
                f"role {role_name}={list(wanted)!r}: expected features of one collection, and "
                f"there are {', '.join(homes)}"
            )
    return found


def held_names(tagger: Tagger, hold: str | Sequence[str]) -> dict[str, frozenset[str]]:
    """Return the features that somebody wants not to move, by collection."""
    fixed = held(hold, tagger)
    return {
        name: frozenset(inputs[i] for i in fixed.get(name, []))
        for name, inputs in tagger.inputs.items()
    }


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
            known = role.pt is not None or role.components is not None
            if known and role.energy is not None:
                still.add(role.energy)
        loose = np.array([f not in still for f in tagger.inputs[name]], dtype=np.float64)
        loose[fixed.get(name, [])] = 0.0
        found[name] = loose
    return found
