"""Keep and retrain: is a ranking of inputs right? Taggers of the first k inputs tell.

If an explanation ranks a tagger's inputs as it uses them, then a tagger trained on the k most
relevant alone is better than one trained on k others. So taggers are trained on the first k inputs
of three kinds of orders: that of the relevance, random ones, and the relevance's reverse. They are
trained anew, so that none of them meets jets unlike those that it knows.

References
----------
Hooker, Erhan, Kindermans and Kim, "A benchmark for interpretability methods in deep neural
networks", arXiv:1806.10758.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from jetlens.core.errors import JetlensError
from jetlens.core.registry import taggers
from jetlens.summarise.relevance import Input
from jetlens.summarise.trainings.retrained import RANDOM, RELEVANCE, REVERSE

Inputs = Mapping[str, Sequence[str]]


def orders(
    ranking: Sequence[Input], random: int, seed: int, needed: Sequence[str] = ()
) -> list[tuple[str, list[Input]]]:
    """Return the orders in which inputs are kept, each with its kind.

    Parameters
    ----------
    ranking
        The inputs, the most relevant first; an image is one input, ``("image", None)``.
    random
        How many random orders.
    seed
        Their seed.
    needed
        Collections that the tagger cannot do without: the first of their inputs comes before all
        others, in every order.
    """
    rng = np.random.default_rng(seed)
    found = [(RELEVANCE, list(ranking))]
    found += [(RANDOM, [ranking[i] for i in rng.permutation(len(ranking))]) for _ in range(random)]
    found.append((REVERSE, list(reversed(ranking))))
    return [(kind, _with_needed_first(order, needed)) for kind, order in found]


def _with_needed_first(order: list[Input], needed: Sequence[str]) -> list[Input]:
    first = [next(i for i in order if i[0] == name) for name in needed]
    return [*first, *(i for i in order if i not in first)]


def kept(inputs: Inputs, some: Sequence[Input]) -> dict[str, list[str]]:
    """Return a tagger's inputs with some of them alone, in the tagger's own order.

    Parameters
    ----------
    inputs
        Feature names by collection.
    some
        Those to keep; ``("image", None)`` stands for all channels of an image.
    """
    wanted = set(some)
    left = {
        name: [f for f in features if (name, f) in wanted or (name, None) in wanted]
        for name, features in inputs.items()
    }
    return {name: features for name, features in left.items() if features}


def needed(config: Mapping[str, Any], inputs: Inputs, classes: Sequence[str]) -> list[str]:
    """Return the collections that a tagger cannot be built without, of several.

    Parameters
    ----------
    config
        The tagger's name and arguments.
    inputs, classes
        All of its inputs, and its classes.
    """
    arguments = dict(config)
    use = arguments.pop("use")
    found = []
    for name in inputs if len(inputs) > 1 else ():
        rest = {k: v for k, v in inputs.items() if k != name}
        try:
            with torch.random.fork_rng(devices=[]):
                taggers.make(use, inputs=rest, classes=classes, **arguments)
        except JetlensError:
            found.append(name)
    return found
