"""The attention weights of packed jets, call by call as the tagger runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from jetlens.core.attention import NOWHERE, Tokens
from jetlens.core.errors import UnsupportedError
from jetlens.explain.capture.interception import FUNCTIONS, Attending
from jetlens.explain.capture.tokens import Call
from jetlens.explain.capture.weights import weights
from jetlens.explain.running import as_written, paths
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import Packed
from jetlens.taggers.predict import Predictions, predict


class Taker(Protocol):
    """What is done with attention as it comes."""

    def take(self, number: int, found: Tensor, asking: Row, asked: Row) -> None:
        """Use the weights ``[jet, head, query, key]`` of a call; they must not be written into."""

    def close(self, jets: slice) -> None:
        """All calls of a chunk of jets have been taken."""


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
        return {k: int(n[self.jets].max()) for k, n in self.packed.lengths.items()}

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
    def complete(self) -> bool:
        """Whether there is no padding."""
        return bool(self.real.all())

    @cached_property
    def here(self) -> Tokens:
        """These tokens."""
        return self.tokens.at(self.there)

    @cached_property
    def in_place(self) -> bool:
        """Whether particles stand where they stood before they were packed."""
        return all(
            bool((places == torch.arange(places.shape[1], device=places.device)).all())
            for places in (
                self.packed.places[k][self.jets, : self.lengths[k]] for k in self.packed.places
            )
        )

    def places(self, every: Tokens) -> Tensor:
        """Return where these tokens are among all of the jets' own, ``[jet, token]``."""
        device = self.real.device
        own = torch.as_tensor(self.tokens.among(every)[self.there], device=device)
        found = own.expand(self.real.shape).clone()
        for name, places in self.packed.places.items():
            where, at = self.here.of(name)
            if len(at):
                table = np.zeros(places.shape[1], dtype=np.int64)
                all_where, all_at = every.of(name)
                table[all_at] = all_where
                stood = places[self.jets][:, at]
                found[:, where] = torch.as_tensor(table, device=device)[stood]
        return found

    @cached_property
    def shares(self) -> Tensor:
        """One over the number of real tokens, for these, ``[jet, token]``; zero for padding."""
        count = self.real.sum(1, keepdim=True).clamp(min=1)
        return self.real / count


def capture(
    tagger: Tagger, packed: Packed, calls: Sequence[Call], taker: Taker, auxiliary: bool = True
) -> Predictions:
    """Predict, and hand all attention on the way to `taker`.

    Parameters
    ----------
    tagger
        The tagger, at rest.
    packed
        The jets.
    calls
        The tagger's calls of attention.
    taker
        What is done with the weights.
    auxiliary
        Whether to predict the auxiliary tasks, too.

    Raises
    ------
    UnsupportedError
        If the tagger does not attend, or not always in the same way.
    """
    known = paths(tagger)

    @contextlib.contextmanager
    def watch(jets: slice) -> Iterator[None]:
        run = _Watching(known, packed, jets, calls, taker)
        with as_written(), run:
            yield
        run.check()
        taker.close(jets)

    return predict(tagger, packed, auxiliary, watch)


class _Watching(Attending):
    def __init__(
        self,
        known: Mapping[int, str],
        packed: Packed,
        jets: slice,
        calls: Sequence[Call],
        taker: Taker,
    ) -> None:
        super().__init__(known)
        self.calls, self.taker, self.done = calls, taker, 0
        self._packed, self._jets = packed, jets
        self._rows: dict[Tokens, Row] = {}

    def attend(
        self, layer: str, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float | None
    ) -> tuple[Tensor, Tensor | None]:
        call = self.calls[self.done] if self.done < len(self.calls) else None
        if call is None or call.layer != layer:
            raise self._other(layer)
        asking, asked = self._row(call.query), self._row(call.key)
        if (q.shape[-2], k.shape[-2]) != (len(asking.there), len(asked.there)):
            raise UnsupportedError(
                f"attention in {layer} has {q.shape[-2]} queries and {k.shape[-2]} keys in jets "
                f"of at most {dict(asking.lengths)} particles: expected {len(asking.there)} and "
                f"{len(asked.there)}, as many as in longer jets less those that are missing"
            )
        found = weights(q, k, mask, scale)
        mixed = found @ v
        self.taker.take(self.done, call.axes.unfold(found), asking, asked)
        self.done += 1
        return mixed, found

    def check(self) -> None:
        """Refuse a pass that ended early."""
        if self.done < len(self.calls):
            raise self._other("the output")

    def _row(self, tokens: Tokens) -> Row:
        return self._rows.setdefault(tokens, Row(tokens, self._packed, self._jets))

    def _other(self, layer: str) -> UnsupportedError:
        expected = self.calls[self.done].layer if self.done < len(self.calls) else "the output"
        return UnsupportedError(
            f"attention is not the same for all jets: {layer} comes where {expected} came before"
        )


def check_any(tagger: Tagger, calls: Sequence[Call]) -> None:
    """Refuse a tagger without attention that can be seen.

    Raises
    ------
    UnsupportedError
        It says what can be seen, and which methods there are for other taggers.
    """
    scripted = [p for p, m in tagger.named_modules() if isinstance(m, torch.jit.ScriptModule)]
    hidden = [p for p in scripted if "attention" in _graph(tagger.get_submodule(p))]
    if hidden:
        raise UnsupportedError(
            f"{hidden[0]} attends in TorchScript, which cannot be seen into: hand over the module "
            "as it is written in Python"
        )
    if calls:
        return
    kinds = dict.fromkeys(type(m).__name__ for _, m in tagger.named_modules() if _leaf(m))
    raise UnsupportedError(
        f"the tagger ({type(tagger).__name__}, of {', '.join(kinds) or 'no modules'}) has no "
        f"attention that can be seen: calls of {FUNCTIONS} are, a softmax of its own is not. "
        "'grad-cam', 'integrated-gradients' and 'lrp' explain taggers without attention"
    )


def _leaf(module: nn.Module) -> bool:
    return next(module.children(), None) is None


def _graph(module: nn.Module) -> str:
    graph = getattr(module, "inlined_graph", "")
    return str(graph)


def beyond(tokens: Tokens, places: Mapping[str, int]) -> Tokens:
    """Return tokens with all places that the collections have, in the order that they stand in.

    Parameters
    ----------
    tokens
        Of jets of some length.
    places
        The number of places by collection.
    """
    collection: list[str] = []
    place: list[int] = []
    for i, (name, at) in enumerate(zip(tokens.collection, tokens.place, strict=True)):
        collection.append(name)
        place.append(at)
        last = i + 1 == len(tokens) or tokens.collection[i + 1] != name
        if last and at != NOWHERE and name in places:
            more = range(at + 1, places[name])
            collection += [name] * len(more)
            place += more
    return Tokens(tuple(collection), tuple(place))
