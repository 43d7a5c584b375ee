"""The names that a recipe can use, and what stands behind each."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from jetlens.core import registry
from jetlens.core.arguments import parameters
from jetlens.core.errors import UnknownNameError
from jetlens.core.registry import Registry

KINDS: dict[str, Registry[Any]] = {
    table.plural: table
    for table in (
        registry.datasets,
        registry.readers,
        registry.taggers,
        registry.explainers,
        registry.baselines,
        registry.summaries,
        registry.figures,
    )
}
PROCESSES = "processes"


def listing(kind: str | None = None) -> str:
    """Return the names of one kind, or of all, a line each with what it is.

    Raises
    ------
    UnknownNameError
        If there is no such kind.
    """
    wanted = [*KINDS, PROCESSES] if kind is None else [kind]
    return "\n\n".join(_list_one(k) for k in wanted)


def _list_one(kind: str) -> str:
    if kind == PROCESSES:
        from jetlens.data.processes import processes

        table = {name: process.title for name, process in processes().items()}
    elif kind in KINDS:
        table = {name: KINDS[kind].summary(name) for name in KINDS[kind]}
    else:
        raise UnknownNameError("kind of names", kind, [*KINDS, PROCESSES])
    width = max(map(len, table), default=0)
    lines = [f"  {name:{width}}  {text}".rstrip() for name, text in table.items()]
    return "\n".join([f"{kind}:", *(lines or ["  none"])])


def description(name: str) -> str:
    """Return what a name stands for: its documentation and its arguments.

    Raises
    ------
    UnknownNameError
        If nothing has that name.
    """
    from jetlens.data.processes import processes

    found = [
        _describe(table.kind, name, table.get(name)) for table in KINDS.values() if name in table
    ]
    if name in processes():
        card = processes()[name]
        found.append(f"process {name}: {card.title}\n\n{card.card.rstrip()}")
    if not found:
        everything = sorted({n for t in KINDS.values() for n in t} | set(processes()))
        raise UnknownNameError("name", name, everything)
    return "\n\n".join(found)


def _describe(kind: str, name: str, maker: Callable[..., Any]) -> str:
    known = parameters(maker)
    lines = [f"{kind} {name}", "", inspect.getdoc(maker) or ""]
    lines += ["", "Arguments:" if known else "It takes no arguments."]
    for key, parameter in known.items():
        annotation = str(parameter.annotation).replace("typing.", "")
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        lines.append(f"  {key}: {annotation}{default}")
    return "\n".join(lines)
