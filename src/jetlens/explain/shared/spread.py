"""How far the jets' features spread in a tagger's input space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.data.scaling.fit import by_place, moments
from jetlens.taggers.base import Tagger

MOST = 2_000
"""Reference jets that are measured, the first of them."""


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
