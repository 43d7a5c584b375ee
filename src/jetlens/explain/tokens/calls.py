"""Which collection and place each query and key comes from, in every call of attention.

Made-up jets go through the tagger (`probe`) while attention is replaced by something that keeps
tokens apart: a query's output depends on that query alone. What is then exchanged in a particle
changes the tokens that stand for it, in every layer, and no others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import torch
from torch import Tensor

from jetlens.core.attention import CLASS, Tokens
from jetlens.core.errors import BadValueError, UnsupportedError, expected
from jetlens.explain.passes.running import as_written
from jetlens.explain.tokens.apart import Apart, outputs
from jetlens.explain.tokens.axes import Axes, candidates
from jetlens.explain.tokens.following import follow
from jetlens.explain.tokens.naming import lengths, named, names, own, told, with_class
from jetlens.explain.tokens.probe import Origin, Probe, changed
from jetlens.taggers.base import Tagger

Streams = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Call:
    """One call of attention.

    Attributes
    ----------
    layer
        Its name.
    axes
        Where jets and heads are.
    heads
        The number of heads.
    query, key
        The tokens, of jets of the probe's lengths.
    """

    layer: str
    axes: Axes
    heads: int
    query: Tokens
    key: Tokens


def calls(tagger: Tagger, made_up: Probe, streams: Streams | None = None) -> list[Call]:
    """Return what the tagger's calls of attention attend to, in their order.

    Parameters
    ----------
    tagger
        The tagger, at rest.
    made_up
        Jets that tell tokens apart.
    streams
        By layer (or a pattern of layers), what queries and keys are, where that cannot be found
        out: ``"constituents"``, ``"class+constituents"``, or one such for each of both.

    Raises
    ------
    UnsupportedError
        If it cannot be known; the message says what there is, and what `streams` could say.
    """
    if not isinstance(streams or {}, Mapping):
        raise BadValueError(f"streams={streams!r}: expected a table by layer")
    asking = _Asking(made_up, streams or {})
    with torch.no_grad(), as_written(), Apart(tagger, asking):
        outputs(tagger, made_up.inputs, made_up.masks)
    for pattern in streams or {}:
        if not any(fnmatchcase(call.layer, pattern) for call in asking.found):
            names = [call.layer for call in asking.found]
            raise BadValueError(
                f"streams names the layer {pattern!r}, which does not attend: "
                f"{expected(pattern, names)}"
            )
    return _classed(tagger, made_up, asking)


def _classed(tagger: Tagger, made_up: Probe, asking: _Asking) -> list[Call]:
    """Let the class token of each stream be the first of its own that the logits are read from."""
    found = asking.found
    streams: dict[tuple[str, int], list[int]] = {}
    for number, call in enumerate(found):
        count = len(own(call.query))
        if count and len(call.query) > 1 and number not in asking.told:
            streams.setdefault((call.query.stream, count), []).append(number)
    tried = [(stream, i) for stream in streams for i in range(stream[1])]
    if not tried:
        return found
    changes = [{n: own(found[n].query)[i] for n in streams[stream]} for stream, i in tried]
    _, reached = follow(tagger, made_up, [call.axes for call in found], changes)
    first: dict[tuple[str, int], int] = {}
    for (stream, i), there in zip(tried, reached, strict=True):
        if there:
            first.setdefault(stream, i)

    def renamed(tokens: Tokens, number: int) -> Tokens:
        stream = tokens.stream, len(own(tokens))
        if stream not in streams or number in asking.told or CLASS not in tokens.collection:
            return tokens
        # of learned queries alone one is always the first; all others may be padding
        return with_class(tokens, first.get(stream, 0 if len(own(tokens)) == len(tokens) else None))

    return [
        replace(call, query=renamed(call.query, i), key=renamed(call.key, i))
        for i, call in enumerate(found)
    ]


class _Asking:
    """What is found out about each call."""

    def __init__(self, made_up: Probe, streams: Streams) -> None:
        self.probe, self.streams = made_up, streams
        self.found: list[Call] = []
        self.told: set[int] = set()

    def __call__(self, layer: str, q: Tensor, k: Tensor) -> None:
        axes, asking, asked = self._axes(layer, q, k)
        said = next((s for p, s in self.streams.items() if fnmatchcase(layer, p)), None)
        if said is None:
            self._check_finite(layer, q, k)
            query = named(self.probe, asking)
            key = named(self.probe, asked, asking)
            if query is None or key is None:
                raise self._unknown(layer, asking if query is None else asked)
            for x, tokens in ((q, query), (k, key)):
                if self.probe.moves(axes.unfold(x).transpose(1, 2), tokens):
                    raise UnsupportedError(
                        f"attention in {layer}: its tokens change their places in jets that lack "
                        "particles, so whose each is cannot be known. Let the network mask padding "
                        "where it stands, or hand it jets whose real particles come first"
                    )
        else:
            self.told.add(len(self.found))
            both = [said, said] if isinstance(said, str) else names(said)
            if len(both) != 2:
                raise BadValueError(f"streams of {layer!r}: {said!r}, expected queries and keys")
            query, key = (
                told(self.probe, layer, text, x.shape[-2])
                for text, x in zip(both, (q, k), strict=True)
            )
        self.found.append(Call(layer, axes, axes.unfold(q).shape[1], query, key))

    def _axes(self, layer: str, q: Tensor, k: Tensor) -> tuple[Axes, list[Origin], list[Origin]]:
        """Find the jets among the axes in front, and where queries and keys come from."""
        jets = len(self.probe)
        for axes in candidates(q.shape[:-2], jets):
            moved = [changed(axes.unfold(x).transpose(1, 2)) for x in (q, k)]
            if not any(map(self.probe.mixed, moved)):
                asking, asked = map(self.probe.origins, moved)
                return axes, asking, asked
        shape, mixes = tuple(q.shape), jets in (q.shape[-2], k.shape[-2])
        hint = (
            "it mixes the jets with each other: is batch_first=True missing?"
            if mixes
            else "expected [jet, head, query, width], heads and jets in any order"
        )
        raise UnsupportedError(
            f"attention in {layer} has queries of shape {shape} for {jets} jets: {hint}"
        )

    def _check_finite(self, layer: str, q: Tensor, k: Tensor) -> None:
        if not (torch.isfinite(q).all() and torch.isfinite(k).all()):
            raise UnsupportedError(
                f"attention in {layer} is given what is not finite for made-up jets, of particles "
                "that were exchanged: which token is whose cannot be known. Does the network take "
                "logarithms or roots of its inputs? Say what the tokens are with streams="
            )

    def _unknown(self, layer: str, origins: list[Origin]) -> UnsupportedError:
        groups = {"+".join(o.collections) for o in origins if o.collections}
        return UnsupportedError(
            f"attention in {layer}: which particles its {len(origins)} tokens stand for cannot be "
            f"known, since they depend on several of {', '.join(sorted(groups))}. Say what they "
            f"are, for jets{lengths(self.probe.places)}: "
            f'streams={{"{layer}": "class+{next(iter(self.probe.inputs))}"}}, or a pair of such '
            "for queries and keys"
        )
