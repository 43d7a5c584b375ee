"""GRU and LSTM step by step: gates are weights, the signal takes all (Arras et al., 2017, 2019)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from jetlens.explain.relevance.plan import Plan
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import known, mark, signal
from jetlens.explain.relevance.table import rule_of

State = tuple[Tensor, ...]
Step = Callable[[Plan, Tensor, State, Sequence[Any]], State]


def _signal(plan: Plan, weight: Any, count: int, which: int) -> Any:
    """Return the part of a packed weight that makes the signal, not a gate."""
    return plan.slices(weight, count)[which]


def _gates(x: Tensor, h: Tensor, w: Sequence[Any], of: slice, count: int) -> tuple[Tensor, ...]:
    """Return sigmoids of some of the packed parts, without relevance."""
    size = len(w[0]) // count
    rows = slice(of.start * size, of.stop * size)
    biases = [None if b is None else b[rows] for b in w[2:4]]
    z = F.linear(x.detach(), w[0][rows], biases[0]) + F.linear(h.detach(), w[1][rows], biases[1])
    return z.sigmoid().chunk(of.stop - of.start, -1)


def gru_step(plan: Plan, x: Tensor, state: State, w: Sequence[Any]) -> State:
    """``h' = (1 - z) tanh(W x + r (U h)) + z h``."""
    (h,) = state
    r, z = _gates(x, h, w, slice(0, 2), 3)
    own = [_signal(plan, each, 3, 2) for each in w[:4]]
    new = (F.linear(x, own[0], own[2]) + r * F.linear(h, own[1], own[3])).tanh()
    return ((1 - z) * new + z * h,)


def lstm_step(plan: Plan, x: Tensor, state: State, w: Sequence[Any]) -> State:
    """``c' = f c + i tanh(W x + U h)``, ``h' = P o tanh(c')``, where there is a projection P."""
    h, c = state
    i, f = _gates(x, h, w, slice(0, 2), 4)
    (o,) = _gates(x, h, w, slice(3, 4), 4)
    own = [_signal(plan, each, 4, 2) for each in w[:4]]
    new = (F.linear(x, own[0], own[2]) + F.linear(h, own[1], own[3])).tanh()
    c = f * c + i * new
    out = o * c.tanh()
    return (out if w[4] is None else F.linear(out, w[4])), c


def tanh_step(plan: Plan, x: Tensor, state: State, w: Sequence[Any]) -> State:
    """``h' = tanh(W x + U h)``."""
    return ((F.linear(x, w[0], w[2]) + F.linear(state[0], w[1], w[3])).tanh(),)


def relu_step(plan: Plan, x: Tensor, state: State, w: Sequence[Any]) -> State:
    """``h' = relu(W x + U h)``."""
    return ((F.linear(x, w[0], w[2]) + F.linear(state[0], w[1], w[3])).relu(),)


_STEPS: dict[str, Step] = {
    "gru": gru_step,
    "lstm": lstm_step,
    "rnn_tanh": tanh_step,
    "rnn_relu": relu_step,
}


@rule_of("gru_cell", "lstm_cell", "rnn_tanh_cell", "rnn_relu_cell")
def cell(
    run: Run,
    function: Callable[..., Any],
    input: Tensor,
    hx: Tensor | Sequence[Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Any:
    """Take one step."""
    kind = function.__name__.removesuffix("_cell")
    state = (hx,) if isinstance(hx, Tensor) else tuple(hx)
    with run.within("recurrent", w_ih):
        after = _STEPS[kind](run.plan, input, state, (w_ih, w_hh, b_ih, b_hh, None))
    return after if kind == "lstm" else after[0]


@rule_of("gru", "lstm", "rnn_tanh", "rnn_relu")
def recurrent(run: Run, function: Callable[..., Any], input: Tensor, *args: Any) -> Any:
    """Take all steps of all layers, of ``[jet, particle, ...]`` or a packed sequence."""
    packed = isinstance(args[0], Tensor) and args[0].ndim == 1 and not args[0].is_floating_point()
    sizes = args[0] if packed else None
    hx, weights, _, layers, dropout, training, both = args[packed : packed + 7]
    batch_first = not packed and bool(args[-1])
    if training and dropout:
        raise run.refusal(function.__name__, "drops numbers by chance in training mode")
    lstm = function.__name__ == "lstm"
    state = tuple(hx) if lstm else (hx,)
    directions = 2 if both else 1
    each = len(weights) // (layers * directions)
    last = each - each % 2  # behind it comes a projection's weight, if there is one
    with run.within("recurrent", weights[0]):
        steps = _cut(input, sizes, batch_first)
        state = tuple(_known(run, s, steps[0]) for s in state)
        finals: list[State] = []
        for layer in range(layers):
            outs = []
            for direction in range(directions):
                place = layer * directions + direction
                own = weights[place * each : (place + 1) * each]
                w = [*[*own[:last], None, None][:4], *own[last:], None][:5]
                start = tuple(s[place] for s in state)
                out, final = _sweep(run.plan, _STEPS[function.__name__], steps, start, w, direction)
                outs.append(out)
                finals.append(final)
            steps = [torch.cat(pair, -1) for pair in zip(*outs, strict=True)] if both else outs[0]
        ends = tuple(torch.stack(list(parts)) for parts in zip(*finals, strict=True))
        whole = torch.cat(steps) if packed else torch.stack(steps, 1 if batch_first else 0)
    return whole, *ends


def _known(run: Run, state: Tensor, first: Tensor) -> Tensor:
    """Let a constant first state ``[layer, jet, width]`` join the signal."""
    if signal(state) is not None:
        return state
    jets = known(first).jets[:, :1].expand(state.shape)
    name = run.layer("recurrent")
    start = run.constant(state, jets, name)
    return mark(start, replace(known(start), behind=frozenset({name})))  # it is no input


def _cut(x: Tensor, sizes: Tensor | None, batch_first: bool) -> list[Tensor]:
    if sizes is not None:
        return list(x.split(sizes.tolist()))
    return list(x.unbind(1 if batch_first else 0))


def _sweep(
    plan: Plan, step: Step, steps: list[Tensor], start: State, w: Sequence[Any], backwards: int
) -> tuple[list[Tensor], State]:
    """Go through a sequence once; of packed ones, jets join or leave as their length says."""
    outs: list[Tensor] = []
    ended: list[State] = []
    order = steps[::-1] if backwards else steps
    state = tuple(s[: len(order[0])] for s in start)
    for x in order:
        if len(x) < len(state[0]):
            ended.append(tuple(s[len(x) :] for s in state))
            state = tuple(s[: len(x)] for s in state)
        elif len(x) > len(state[0]):
            more = len(state[0])
            state = tuple(
                torch.cat([s, b[more : len(x)]]) for s, b in zip(state, start, strict=True)
            )
        state = step(plan, x, state, w)
        outs.append(state[0])
    parts = [state, *reversed(ended)]
    if len(parts) > 1:
        state = tuple(torch.cat(list(p)) for p in zip(*parts, strict=True))
    return (outs[::-1] if backwards else outs), state
