"""Numbers over retrainings: their mean, and their standard deviation as the interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from jetlens.summarise.base import Numbers
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.ensemble import Ensemble, Variation


def place_of(variation: Variation) -> str:
    """Return a variation's places, as in names of numbers: ``image,1``; empty if nothing varies."""
    return ",".join(place for _, place in variation)


def over_retrainings(results: Sequence[Result]) -> Numbers:
    """Return each number's mean over retrainings; ``low`` and ``high`` are one deviation away.

    A number that not all of them define is left out. Of a single training, the numbers are its
    own, with their intervals over events.
    """
    each = [result.numbers() for result in results]
    if len(each) == 1:
        return each[0]
    found: Numbers = {}
    for name in each[0]:
        if all(name in numbers for numbers in each):
            values = [numbers[name]["value"] for numbers in each]
            mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
            found[name] = {"value": mean, "low": mean - spread, "high": mean + spread}
    return found


def compared(ensemble: Ensemble, prefixes: Iterable[str] = ("",)) -> Numbers:
    """Return the numbers over retrainings of every variation.

    The variation's place follows the first word of the name: ``relevance.image.all.jets.z``. Only
    names that begin with one of `prefixes` are taken.
    """
    found: Numbers = {}
    for variation, results in ensemble.groups().items():
        for name, number in over_retrainings(results).items():
            if not name.startswith(tuple(prefixes)):
                continue
            first, _, rest = name.partition(".")
            found[".".join(w for w in (first, place_of(variation), rest) if w)] = number
    return found
