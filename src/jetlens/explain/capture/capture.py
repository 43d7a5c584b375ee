"""The attention weights of packed jets, call by call as the tagger runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from jetlens.core.attention import Tokens
from jetlens.core.errors import UnsupportedError
from jetlens.explain.capture.blocks import attention
from jetlens.explain.passes.attending import FUNCTIONS, Attending
from jetlens.explain.passes.running import as_written, paths
from jetlens.explain.tokens.calls import Call, Streams, calls
from jetlens.explain.tokens.known import known
from jetlens.explain.tokens.probe import like, probe
from jetlens.explain.tokens.rows import Row
from jetlens.taggers.base import Tagger
from jetlens.taggers.chunks import Packed
from jetlens.taggers.predict import Predictions, predict

_TRIED = 8  # jets of which the output is compared
_SAME = 0.02  # of the largest logit; half precision, or a random step, may make as much


class Taker(Protocol):
    """What is done with attention as it comes."""

    def take(self, number: int, found: Tensor, asking: Row, asked: Row, some: slice) -> None:
        """Use the weights ``[jet, head, query, key]`` of a call, of some of a chunk's jets.

        All others come before and after, in order. The weights must not be written into.
        """

    def close(self, jets: slice) -> None:
        """All calls of a chunk of jets have been taken."""


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
    there = paths(tagger)

    @contextlib.contextmanager
    def watch(jets: slice) -> Iterator[None]:
        run = _Watching(there, packed, jets, calls, taker)
        with as_written(), run:
            yield
        run.check()
        taker.close(jets)

    said = predict(tagger, packed, auxiliary, watch)
    _check_output(tagger, packed, said.logits)
    return said


def _check_output(tagger: Tagger, packed: Packed, logits: Tensor) -> None:
    """Refuse a tagger that says something else where nothing is intercepted, by a few jets.

    Jets that have no padding are all alike: they are compared once.
    """
    many = min(len(packed), _TRIED)
    if not many:
        return

    def same() -> bool:
        _compare(tagger, packed, logits, many)
        return True

    if packed.masks:
        same()
    else:
        known(tagger, ("output", many, like(packed)), same)


def _compare(tagger: Tagger, packed: Packed, logits: Tensor, many: int) -> None:
    """Compare what the tagger said of some jets with what it says of them undisturbed."""
    some = torch.linspace(0, len(packed) - 1, many).long().unique()
    with torch.no_grad():
        plain = tagger(*packed.cut(some))
    found = logits[packed.rows[some]]
    said = torch.isfinite(plain)  # torch's own modules say nothing of a jet without particles
    apart = (found - plain).abs().where(said, 0.0)
    if bool((apart > _SAME * plain.where(said, 0.0).abs().max().clamp(min=1)).any()):
        worst = int(apart.amax(1).argmax())
        raise UnsupportedError(
            f"the tagger gives {plain[worst].tolist()}, but {found[worst].tolist()} without the "
            "fast path of torch, which attention is captured without: does it use rows of padding "
            "(nn.TransformerEncoder sets them to zero in the one, not in the other)?"
        )


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
        self._kind = next(iter(packed.inputs.values())).dtype

    def attend(
        self,
        layer: str,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        mask: Tensor | None,
        scale: float | None,
        told: bool,
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
        axes, number = call.axes, self.done
        kept: list[Tensor] = []

        def use(some: slice, found: Tensor) -> None:
            if told:
                kept.append(found)
            whole = axes.unfold(found).to(self._kind)  # numpy knows no half precision of its own
            first = some.start // axes.inner
            self.taker.take(number, whole, asking, asked, slice(first, first + len(whole)))

        mixed = attention(q, k, v, mask, scale, use, axes.together)
        self.done += 1
        return mixed, torch.cat(kept) if told else None

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


def seen(tagger: Tagger, packed: Packed, streams: Streams | None) -> list[Call]:
    """Return the tagger's calls of attention.

    Raises
    ------
    UnsupportedError
        If there are none that can be seen, or it cannot be known between what they are.
    """
    met = known(
        tagger,
        ("attention", repr(streams), like(packed)),
        lambda: calls(tagger, probe(packed), streams),
    )
    _check_any(tagger, met)
    return met


def _check_any(tagger: Tagger, calls: Sequence[Call]) -> None:
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
        f"attention that can be seen: calls of {FUNCTIONS} are, a softmax of its own is not "
        "(Hugging Face models call the first with attn_implementation='sdpa'). "
        "'grad-cam', 'integrated-gradients' and 'lrp' explain taggers without attention"
    )


def _leaf(module: nn.Module) -> bool:
    return next(module.children(), None) is None


def _graph(module: nn.Module) -> str:
    graph = getattr(module, "inlined_graph", "")
    return str(graph)
