"""Which features may move."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.explain.baselines import held
from jetlens.physics.roles import Roles, roles
from jetlens.taggers.base import Tagger


def roles_of(tagger: Tagger, batch: JetBatch) -> dict[str, Roles]:
    """Return what the features of the tagger's collections are.

    Those of particles may be others than its inputs: their pt weighs, whether the tagger sees it or
    not. What is discrete matters of inputs alone, for nothing else moves.
    """
    found = {}
    for name, inputs in tagger.inputs.items():
        particles = batch[name].is_sequence
        role = roles(batch[name].names if particles else inputs, particles)
        found[name] = role._replace(discrete=role.discrete & {*inputs})
    return found


def free(
    tagger: Tagger,
    batch: JetBatch,
    hold: str | Sequence[str] = (),
    keep_discrete: bool = True,
    on_shell: bool = False,
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
    """
    fixed = held(hold, tagger)
    found = {}
    for name, role in roles_of(tagger, batch).items():
        still = set(role.discrete) if keep_discrete else set()
        if on_shell and batch[name].is_sequence:
            still |= {*role.masses}
            if role.pt is not None and role.energy is not None:
                still.add(role.energy)
        loose = np.array([f not in still for f in tagger.inputs[name]], dtype=np.float64)
        loose[fixed.get(name, [])] = 0.0
        found[name] = loose
    return found
