"""What a tagger says of jets as one number: how much more like the signal than like the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import look_up

SIGNALS = ("b", "signal")
"""Classes that are tagged where nobody says which."""
CHARM = 0.018
"""The share of c-jets in the background of b-jets (arXiv:2505.19689)."""

Floats = NDArray[np.float64]


def signal_among(classes: Sequence[str], wanted: str | None = None) -> str:
    """Return the class to be tagged: the one that is wanted, one of `SIGNALS`, or the last.

    Raises
    ------
    UnknownNameError
        If the one that is wanted is not there.
    """
    if wanted is not None:
        return look_up("class", wanted, {c: c for c in classes})
    return next((c for c in SIGNALS if c in classes), classes[-1])


def discriminant(
    output: Floats, classes: Sequence[str], signal: str | None = None, fc: float = CHARM
) -> Floats:
    """Return ``log(pb / (fc pc + (1 - fc) pu))`` ``[jet]`` of logits ``[jet, class]``.

    Of other classes than b, c and u, it is the log of the signal's probability over the sum of the
    others'.

    Raises
    ------
    UnknownNameError
        If the signal is none of the classes.

    References
    ----------
    ATLAS, arXiv:2505.19689.
    """
    position = {c: i for i, c in enumerate(classes)}
    signal = signal_among(classes, signal)
    if signal == "b" and {"c", "u"} <= set(classes):
        share = {"c": fc, "u": 1 - fc}
    else:
        share = {c: 1.0 for c in classes if c != signal}
    background = np.full(len(output), -np.inf)
    for name, weight in share.items():
        background = np.logaddexp(background, np.log(weight) + output[:, position[name]])
    return np.asarray(output[:, position[signal]] - background)
