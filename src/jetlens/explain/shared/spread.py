"""How far the jets' features spread in a tagger's input space.

All methods that count in spreads take them from `spreads_of`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError
from jetlens.data.scaling.fit import by_place, moments
from jetlens.taggers.base import Tagger

MOST = 2_000
"""Reference jets that are measured, the first of them."""
FEWEST = 10
"""Jets that tell spreads where nobody has named reference jets."""


def spreads_of(
    tagger: Tagger, batch: JetBatch, pool: JetBatch | None
) -> dict[str, NDArray[np.float64]]:
    """Return the spread of each feature by collection ``[feature]``, whoever tells it.

    Where there are reference jets it is measured among these, see `spread`. Without them it is one
    scaled input in collections that the tagger scales: jets that a standard scaling was fitted to
    spread by that, and other jets beside them do not change it. (A scaling of kind ``"unit"`` or
    ``"largest"`` is one range, or one largest magnitude: name reference jets there.) What the
    tagger does not scale is measured among the jets themselves.

    Parameters
    ----------
    tagger
        Its inputs and their scaling.
    batch
        The jets that are explained.
    pool
        The reference jets that were given.

    Raises
    ------
    BadValueError
        If the jets themselves are to tell, and are fewer than `FEWEST`, or do not spread.
    """
    if pool is not None:
        return spread(tagger, pool)
    found = {name: np.ones(len(features)) for name, features in tagger.inputs.items()}
    foreign = _unscaled(tagger)
    if not foreign or not len(batch):
        return found
    enough = len(batch) >= FEWEST
    if not enough or not any(_differ(batch, tagger, name) for name in foreign):
        why = "none of these jets differ" if enough else "these jets are too few to tell"
        raise BadValueError(
            f"how far features of {', '.join(foreign)} spread: the tagger does not scale them, and "
            f"{why} ({len(batch)}); expected reference jets (pool=), at least {FEWEST} jets, or a "
            "scaling (jetlens.wrap(..., scaling=))"
        )
    measured = spread(tagger, batch)
    return found | {name: measured[name] for name in foreign}


def told_by(tagger: Tagger, pool: JetBatch | None) -> str:
    """Say in words where `spreads_of` takes spreads from."""
    if pool is not None:
        return "among the reference jets"
    foreign = _unscaled(tagger)
    if not foreign:
        return "in the tagger's scaling"
    if len(foreign) == len(tagger.inputs):
        return "among the jets themselves"
    return f"in the tagger's scaling; of {', '.join(foreign)}, among the jets themselves"


def _unscaled(tagger: Tagger) -> list[str]:
    """Return the collections that the tagger takes as they are."""
    scaling = tagger.scaling
    return [n for n in tagger.inputs if not scaling.table.get(n) and n not in scaling.places]


def spread(tagger: Tagger, jets: JetBatch) -> dict[str, NDArray[np.float64]]:
    """Return the spread of each feature by collection ``[feature]``, in the tagger's scaled inputs.

    It is the weighted standard deviation over real particles: one number for each feature of a
    list, wherever in it a particle stands; where each place is a thing of its own (the leading jet,
    then the missing momentum), the deviation from the mean of that place. Of images it is the root
    mean square of the pixels that are hit. Where there is no particle, it is zero.

    Parameters
    ----------
    tagger
        Its inputs and their scaling.
    jets
        The reference jets: as a rule jets that the tagger was trained on, whose spread is one in
        inputs that were scaled to that.
    """
    found = {}
    some = jets.take(slice(0, MOST))
    for name, features in tagger.inputs.items():
        if name in tagger.places:
            each = by_place(some, name, features, tagger.scaling, tagger.places[name])
        else:
            each = [moments(some, name, features, tagger.scaling)]
        total = sum(measured.total for measured in each)
        if not total:
            found[name] = np.zeros(len(features))
        elif some[name].is_image:
            found[name] = each[0].rms_of_hits
        else:
            squares = np.sum([measured.squares for measured in each], axis=0)
            found[name] = np.sqrt(squares / total)
    return found


def _differ(jets: JetBatch, tagger: Tagger, name: str) -> bool:
    """Say whether a feature of a collection is not everywhere the same; of images, whether any is.

    A deviation would not tell: sums round.
    """
    collection = jets[name]
    positions = collection.positions(tagger.inputs[name])
    values = np.take(collection.values, positions, axis=collection.feature_axis)
    if collection.is_image:
        return bool(values.any())
    real = values if collection.mask is None else values[collection.mask]
    return bool((real != real[:1]).any())
