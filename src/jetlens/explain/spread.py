"""How far the jets' features spread in a tagger's input space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.core.batch import JetBatch
from jetlens.data.scaling.fit import moments
from jetlens.taggers.base import Tagger

MOST = 2_000
"""Reference jets that are measured, the first of them."""


def spread(tagger: Tagger, jets: JetBatch) -> dict[str, NDArray[np.float64]]:
    """Return the spread of each feature by collection ``[feature]``, in the tagger's scaled inputs.

    It is the weighted standard deviation over real particles; of images, the root mean square of
    the pixels that are hit. Where there is no particle, it is zero.

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
        measured = moments(some, name, features, tagger.scaling)
        if not measured.total:
            found[name] = np.zeros(len(features))
        else:
            found[name] = measured.rms_of_hits if some[name].is_image else measured.std
    return found
