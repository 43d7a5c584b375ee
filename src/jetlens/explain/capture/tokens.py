"""Which collection and place each query and key comes from, in every call of attention.

Made-up jets go through the tagger (`probe`) while attention is replaced by something that keeps
tokens apart: a query's output depends on that query alone. What is then exchanged in a particle
changes the tokens that stand for it, in every layer, and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch
from torch import Tensor

from jetlens.core.attention import Tokens
from jetlens.core.errors import BadValueError, UnsupportedError, expected
from jetlens.explain.capture.axes import Axes, candidates
from jetlens.explain.capture.interception import Attending
from jetlens.explain.capture.naming import lengths, named, names, told
from jetlens.explain.capture.probe import Origin, Probe, changed
from jetlens.explain.running import as_written, paths
from jetlens.taggers.base import Inputs, Tagger

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
    return asking.found


def glance(tagger: Tagger, inputs: Inputs, masks: Inputs) -> None:
    """Run the tagger on a jet or two, its attention intercepted.

    Raises
    ------
    UnsupportedError
        If a mask does not fit, or something else about a call of attention is wrong.
    """
    few, few_masks = ({k: v[:2] for k, v in parts.items()} for parts in (inputs, masks))
    if len(next(iter(few.values()))):
        with torch.no_grad(), as_written(), Apart(tagger, lambda layer, q, k: None):
            outputs(tagger, few, few_masks)


def outputs(tagger: Tagger, inputs: Inputs, masks: Inputs) -> Tensor:
    """Run a tagger as predictions do, its auxiliary heads included; return the logits."""
    if tagger.tasks:
        return tagger.outputs(inputs, masks)["jet"]
    logits: Tensor = tagger(inputs, masks)
    return logits


class Apart(Attending):
    """A forward pass in which attention keeps tokens apart.

    Parameters
    ----------
    tagger
        The tagger.
    seen
        Called with each layer that attends, its queries and its keys.
    """

    def __init__(self, tagger: Tagger, seen: Callable[[str, Tensor, Tensor], None]) -> None:
        super().__init__(paths(tagger))
        self._seen = seen

    def attend(
        self, layer: str, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float | None
    ) -> tuple[Tensor, Tensor | None]:
        """Return what depends on each query alone, and even weights."""
        lead = torch.broadcast_shapes(q.shape[:-2], k.shape[:-2])
        q, k = (x.expand(*lead, *x.shape[-2:]) for x in (q, k))
        self._seen(layer, q, k)
        weights = q.new_full((*lead, q.shape[-2], k.shape[-2]), 1 / max(k.shape[-2], 1))
        if q.shape[-1] == v.shape[-1]:
            return q, weights
        return q.mean(-1, keepdim=True).expand(*q.shape[:-1], v.shape[-1]), weights


class _Asking:
    """What is found out about each call."""

    def __init__(self, made_up: Probe, streams: Streams) -> None:
        self.probe, self.streams = made_up, streams
        self.found: list[Call] = []

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
