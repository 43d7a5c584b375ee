"""Which of the jets' collections a network takes, and what it takes of them if nobody says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from jetlens.core.batch import JetBatch
from jetlens.core.collection import Collection
from jetlens.core.errors import BadValueError

EXPERTS = "jets"
"""The collection of a jet's own variables: thought out by experts, not learned from particles."""


def beside_experts(tagger: str, inputs: Mapping[str, Sequence[str]], kind: str) -> str:
    """Return the name of the one collection that is there beside the experts, or without them.

    Parameters
    ----------
    tagger
        The tagger's registered name, for the message.
    inputs
        Feature names by collection.
    kind
        What it should be, such as ``"image"``, for the message.

    Raises
    ------
    BadValueError
        If there is none, or more than one.
    """
    others = [name for name in inputs if name != EXPERTS]
    if len(others) != 1:
        raise BadValueError(
            f"inputs of {tagger!r} are {', '.join(inputs)}: expected one collection ({kind}), with "
            f"or without the jets' own variables ({EXPERTS!r})"
        )
    return others[0]


def experts_in(features: Mapping[str, Sequence[str]]) -> int:
    """Return how many experts a tagger with these features by collection takes."""
    return len(features.get(EXPERTS, ()))


def with_experts(
    learned: Tensor, inputs: Mapping[str, Tensor], features: Mapping[str, Sequence[str]]
) -> Tensor:
    """Return what was learned of each jet with its experts behind, where the tagger takes any.

    Parameters
    ----------
    learned
        ``[jet, feature]``.
    inputs
        The jets, as the tagger takes them.
    features
        The tagger's features by collection.

    Returns
    -------
    ``[jet, feature]``, wider by `experts_in`.
    """
    return torch.cat([learned, inputs[EXPERTS]], 1) if EXPERTS in features else learned


def all_of(
    tagger: str, jets: JetBatch, kind: str, fits: Callable[[Collection], bool]
) -> dict[str, list[str]]:
    """Return all features of the one collection that fits.

    Raises
    ------
    BadValueError
        If no collection fits, or more than one does: then the inputs have to be named.
    """
    found = [name for name, collection in jets.collections.items() if fits(collection)]
    if len(found) != 1:
        raise BadValueError(
            f"the tagger {tagger!r} takes one {kind}, but the jets hold "
            f"{', '.join(found) if found else ', '.join(jets.collections)}: name its inputs, "
            'as in tagger.inputs = { constituents = ["pt"] }'
        )
    return {found[0]: list(jets[found[0]].names)}
