"""Whether a method can explain a tagger, by trying it on a few jets.

That follows from the network's architecture and from what jets are described by, not from weights.
So taggers that are alike in these are tried once in a run: before jets are made and after, of all
retrainings, and of tasks that differ in their classes' names alone.
"""

from __future__ import annotations

from jetlens.core.batch import JetBatch
from jetlens.core.errors import JetlensError, UnknownNameError, UnsupportedError
from jetlens.explain.entry import explain_part
from jetlens.run.recipe import Explain
from jetlens.run.study import key
from jetlens.taggers import saved
from jetlens.taggers.base import Tagger

FEW = 2  # jets to try a method on


def misfit(tagger: Tagger, entry: Explain, jets: JetBatch, fits: set[str]) -> str:
    """Say why a method cannot explain a tagger, by trying it on a few jets; empty if it can.

    Parameters
    ----------
    tagger, entry, jets
        What is tried. Weights and values do not matter.
    fits
        What was tried before and does fit: such a tagger is not tried again, and one that is found
        to fit is added. A method that these very jets are no good for may be tried on others.

    Raises
    ------
    UnknownNameError
        If the method is told of something that the tagger does not have.
    """
    alike = _alike(tagger, entry, jets)
    if alike in fits:
        return ""
    few = jets.take(slice(0, FEW))
    try:
        explain_part(
            tagger, few, entry.use, target=entry.target, of=entry.of, pool=few, **entry.arguments
        )
    except UnsupportedError as error:
        return str(error)
    except UnknownNameError:
        raise
    except JetlensError:
        return ""  # with so few jets, there may be none to compare with
    if alike:
        fits.add(alike)
    return ""


def _alike(tagger: Tagger, entry: Explain, jets: JetBatch) -> str:
    """Return a key of all that a trial depends on; empty of somebody's module, which has none."""
    try:
        described = saved.description(tagger)
    except UnsupportedError:
        return ""
    network = {name: described[name] for name in ("use", "arguments", "inputs", "tasks")}
    asked = entry.use, entry.target, entry.of, entry.arguments
    columns = {
        name: [c.names, list(c.values.shape[2:]) if c.is_image else []]
        for name, c in jets.collections.items()
    }
    return key(network, len(tagger.classes), asked, columns)
