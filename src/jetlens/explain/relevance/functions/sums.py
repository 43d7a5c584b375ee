"""Functions that add numbers up: each gets relevance in proportion to what it brings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from jetlens.explain.relevance.currency import enter, leave
from jetlens.explain.relevance.functions.activations import passing
from jetlens.explain.relevance.jets import edges, one_jet, reduced, shared
from jetlens.explain.relevance.run import Run
from jetlens.explain.relevance.signal import Signal, known, mark, signal
from jetlens.explain.relevance.table import rule_of


def proportional(
    run: Run,
    name: str,
    out: Tensor,
    about: Signal,
    *,
    degree: float = 1.0,
    constant: tuple[str, Tensor] | None = None,
    weight: Tensor | None = None,
) -> Tensor:
    """Let relevance leave a homogeneous function of entered inputs (`currency`)."""
    left = leave(
        out,
        run.ledger,
        run.layer(name, weight),
        about.jets,
        epsilon=run.plan.epsilon,
        degree=degree,
        constant=constant,
    )
    return mark(left, about)


@rule_of("add", "__add__", "__radd__", "sub", "__sub__", "subtract")
def add(
    run: Run, function: Callable[..., Any], input: Any, other: Any, *, alpha: float = 1
) -> Tensor:
    """Share in proportion; constants absorb theirs."""
    sign = -alpha if "sub" in function.__name__ else alpha
    return _sum(run, function.__name__.strip("_"), input, other, sign)


@rule_of("rsub", "__rsub__")
def reversed_subtraction(
    run: Run, function: Callable[..., Any], input: Any, other: Any, *, alpha: float = 1
) -> Tensor:
    """Share in proportion; constants absorb theirs."""
    return _sum(run, "sub", other, input, -alpha)


def _sum(run: Run, name: str, one: Any, other: Any, sign: float) -> Tensor:
    parts = [p for p in map(signal, (one, other)) if p is not None]
    if len(parts) == 1 and parts[0].gate:  # one minus a gate is a gate
        gate, constant = (one, other) if signal(one) is not None else (other, one)
        out = torch.add(_bare(one), _bare(other), alpha=sign)
        return mark(passing_to(gate, out), replace(known(gate).alone(), jets=_wide(gate, out)))
    values = [enter(v) if signal(v) is not None else v for v in (one, other)]
    out = torch.add(_tensor(values[0], values[1]), values[1], alpha=sign)
    jets = _wide(one if signal(one) is not None else other, out)
    if len(parts) == 2:
        jets = shared(run, name, parts[0].jets, parts[1].jets, out.shape)
    about = Signal(
        jets,
        nonnegative=sign > 0 and len(parts) == 2 and all(p.nonnegative for p in parts),
        behind=frozenset[str]().union(*(p.behind for p in parts)),
        hidden=any(p.hidden for p in parts),
    )
    if len(parts) == 2:
        return proportional(run, name, out, about)
    added, by = (one, 1.0) if signal(one) is None else (other, sign)
    constant = torch.as_tensor(added, dtype=out.dtype, device=out.device) * by
    masked = constant.isinf()
    if bool(masked.any()):  # a mask, which brings nothing
        constant, about = constant.masked_fill(masked, 0), replace(about, hidden=True)
    return proportional(run, name, out, about, constant=("constants", constant))


def passing_to(x: Tensor, out: Tensor) -> Tensor:
    """Pass relevance from `out` to `x`, over which `out` may have been spread."""
    return passing(x.expand(out.shape), out)


def _bare(value: Any) -> Any:
    return value.detach() if isinstance(value, Tensor) else value


def _tensor(value: Any, like: Any) -> Tensor:
    return value if isinstance(value, Tensor) else torch.as_tensor(value, dtype=like.dtype)


def _wide(x: Tensor, out: Tensor) -> Tensor:
    return known(x).jets.expand(out.shape)


@rule_of("sum", "mean", "nansum", "cumsum")
def total(run: Run, function: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Share in proportion."""
    if function.__name__ == "nansum":
        with run:
            return torch.where(x.isnan(), 0.0, x).sum(*args, **kwargs)
    about = known(x)
    out = function(enter(x), *args, **kwargs)
    kwargs.pop("dtype", None)
    if out.ndim == 0:
        raise run.refusal(function.__name__, "over all jets at once mixes the jets")
    name = function.__name__
    if name == "cumsum":
        jets = one_jet(run, name, about.jets, args or kwargs.values()).expand(out.shape)
    else:
        jets = reduced(run, name, about.jets, out, *args, **kwargs)
    return proportional(run, name, out, about.plain(jets=jets, nonnegative=about.nonnegative))


@rule_of(
    *("avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d"),
    *("adaptive_avg_pool3d", "interpolate", "upsample", "lp_pool1d", "lp_pool2d", "fold"),
    *("pixel_shuffle", "pixel_unshuffle", "channel_shuffle"),
)
def pool(run: Run, function: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Share in proportion; what is pooled belongs to one jet and, for most, to one channel."""
    about = known(x)
    out = function(enter(x), *args, **kwargs)
    name = function.__name__
    windows = x.ndim - 1 if name in _MIXING else max(x.ndim - 2, 1)
    jets = edges(run, name, about.jets, windows)
    if name in _MIXING:  # which may change how many axes there are
        jets = jets.reshape(-1, *[1] * (out.ndim - 1))
    jets = jets.expand(out.shape)
    return proportional(run, name, out, about.plain(jets=jets, nonnegative=about.nonnegative))


_MIXING = ("fold", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle")


@rule_of("norm", "vector_norm", "linalg_vector_norm", "linalg_norm", "std", "var")
def norm(run: Run, function: Callable[..., Any], x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Share in proportion to each number's part of the length, or of its square."""
    name = function.__name__
    out = function(enter(x), *args, **kwargs)
    where = 0 if name in ("std", "var") else 1  # behind the norm's order
    dim = args[where] if len(args) > where else kwargs.get("dim")
    if out.ndim == 0 or dim is None:
        raise run.refusal(name, "is known with a dim= only")
    about = known(x)
    jets = reduced(run, name, about.jets, out, dim, out.ndim == x.ndim)
    degree = 2 if name == "var" else 1
    return proportional(run, name, out, about.plain(jets=jets, nonnegative=True), degree=degree)
