"""The tokens along an axis: in one chunk of packed jets, and in the jets as they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetlens.core.attention import NOWHERE, Tokens
from jetlens.taggers.chunks import Packed

Places = slice | NDArray[np.intp]


@dataclass(frozen=True)
class Row:
    """The tokens along an axis, in one chunk of jets.

    Attributes
    ----------
    tokens
        As the call has them in jets of the probe's lengths.
    packed
        All jets.
    jets
        The chunk's.
    """

    tokens: Tokens
    packed: Packed
    jets: slice

    @cached_property
    def lengths(self) -> Mapping[str, int]:
        """The chunk's number of places by collection."""
        places = {k: mask.shape[1] for k, mask in self.packed.masks.items()}
        lengths = self.packed.lengths.items()
        return {k: min(int(n[self.jets].max()), places[k]) for k, n in lengths}

    @cached_property
    def there(self) -> list[int]:
        """Which of the tokens there are in jets as short as these."""
        places = zip(self.tokens.collection, self.tokens.place, strict=True)
        return [i for i, (c, p) in enumerate(places) if p < self.lengths.get(c, p + 1)]

    @cached_property
    def real(self) -> Tensor:
        """Whether each is real, ``[jet, token]``; the network's own always are."""
        device = next(iter(self.packed.inputs.values())).device
        count = self.jets.stop - self.jets.start
        found = torch.ones(count, len(self.tokens), dtype=torch.bool, device=device)
        for name, mask in self.packed.masks.items():
            where, places = self.tokens.of(name)
            inside = places < mask.shape[1]  # made-up jets have a place where these may have none
            found[:, where[inside]] = mask[self.jets][:, places[inside]]
        return found[:, self.there]

    @cached_property
    def here(self) -> Tokens:
        """These tokens."""
        return self.tokens.at(self.there)

    @cached_property
    def placed(self) -> Tensor:
        """Whether each stands for a particle, or a patch, ``[token]``."""
        return torch.as_tensor(self.here.place, device=self.real.device) != NOWHERE

    def of(self, collection: str) -> tuple[Places, Places]:
        """Return where the tokens of a collection's places are, and the places."""
        if collection not in self._of:
            where, places = self.here.of(collection)
            self._of[collection] = _range(where), _range(places)
        return self._of[collection]

    @cached_property
    def _of(self) -> dict[str, tuple[Places, Places]]:
        return {}

    def moves(self, every: Tokens) -> list[tuple[Places, Places]]:
        """Return for each jet where its real tokens are, and where they are among all its own."""
        if every not in self._moves:
            real, to = self.real.cpu().numpy(), self._places(every)
            counts = real.sum(1).tolist()
            inside = np.arange(real.shape[1]) < real.sum(1)[:, None]
            if (real == inside).all() and (to == np.arange(real.shape[1])).all():
                self._moves[every] = [(slice(n), slice(n)) for n in counts]
            else:
                own = [np.flatnonzero(r) for r in real]
                self._moves[every] = [
                    (_range(at), _range(t[at])) for at, t in zip(own, to, strict=True)
                ]
        return self._moves[every]

    @cached_property
    def _moves(self) -> dict[Tokens, list[tuple[Places, Places]]]:
        return {}

    def _places(self, every: Tokens) -> NDArray[np.intp]:
        """Return where these tokens are among all of the jets' own, ``[jet, token]``."""
        own = _among(self.here, every)
        found = np.tile(own, (self.jets.stop - self.jets.start, 1))
        for name, places in self.packed.places.items():
            where, at = self.here.of(name)
            if len(at):
                table = np.zeros(places.shape[1], dtype=np.intp)
                all_where, all_at = every.of(name)
                table[all_at] = all_where
                found[:, where] = table[places[self.jets].cpu().numpy()[:, at]]
        return found

    @cached_property
    def shares(self) -> Tensor:
        """One over the number of real tokens, for these, ``[jet, token]``; zero for padding."""
        count = self.real.sum(1, keepdim=True).clamp(min=1)
        return self.real.double() / count


@lru_cache(maxsize=512)
def _among(tokens: Tokens, every: Tokens) -> NDArray[np.intp]:
    """Return where tokens are among others; chunks of equal lengths come again and again."""
    return tokens.among(every)


def _range(places: NDArray[np.intp]) -> Places:
    """Return places that follow each other as a slice."""
    if not len(places):
        return slice(0, 0)
    first, last = int(places[0]), int(places[-1])
    if last - first + 1 == len(places) and (np.diff(places) == 1).all():
        return slice(first, last + 1)
    return places


def beyond(tokens: Tokens, places: Mapping[str, int]) -> Tokens:
    """Return tokens with all places that the collections have, in the order that they stand in.

    Parameters
    ----------
    tokens
        Of made-up jets, which may be shorter; or longer where there are no places at all.
    places
        The number of places by collection.
    """
    last = {name: i for i, name in enumerate(tokens.collection)}
    there = {*zip(tokens.collection, tokens.place, strict=True)}
    collection: list[str] = []
    place: list[int] = []
    for i, (name, at) in enumerate(zip(tokens.collection, tokens.place, strict=True)):
        if at >= places.get(name, at + 1):
            continue
        collection.append(name)
        place.append(at)
        if i == last[name] and at != NOWHERE:
            more = [p for p in range(places.get(name, 0)) if (name, p) not in there]
            collection += [name] * len(more)
            place += more
    return Tokens(tuple(collection), tuple(place))
