"""Composites: rules of layer-wise relevance propagation by what a layer is, as data.

References
----------
Kohlbrenner et al., arXiv:1910.09840.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from jetlens.core.errors import BadValueError, UnknownNameError, expected, look_up
from jetlens.explain.relevance.rules import Epsilon, Rule, make

KINDS = ("first", "last", "attention", "recurrent", "conv", "linear")
"""What a layer can be: it sees inputs, nothing with weights follows it, or what it computes; the
more particular stands before the more general."""


@dataclass(frozen=True)
class Composite:
    """Rules by what a layer is; of several that fit, the most particular (see `composite`).

    Attributes
    ----------
    rules
        Pairs of one of `KINDS`, or a pattern of module paths such as ``"jet_head.*"``, and a rule;
        the most particular first.
    rest
        The rule of all other layers.
    """

    rules: tuple[tuple[str, Rule], ...]
    rest: Rule

    def choose(self, kinds: Collection[str], path: str) -> Rule:
        """Return the rule of a layer of these kinds at this module path."""
        for key, rule in self.rules:
            if rule.inputs_only and "first" not in kinds:
                continue
            if key in kinds or (key not in KINDS and fnmatch.fnmatchcase(path, key)):
                return rule
        if self.rest.inputs_only and "first" not in kinds:
            return Epsilon()
        return self.rest

    def check(self, paths: Collection[str]) -> None:
        """Refuse keys that are neither a kind nor fit any of the module paths.

        Raises
        ------
        UnknownNameError
            With the nearest match.
        """
        for key, _ in self.rules:
            if key not in KINDS and not any(fnmatch.fnmatchcase(p, key) for p in paths):
                raise UnknownNameError("layer in the composite", key, [*KINDS, *paths])

    @property
    def everything(self) -> tuple[Rule, ...]:
        """All rules in it."""
        return (*(rule for _, rule in self.rules), self.rest)


_INPUT = {"": {}, "-flat": {"first": "flat"}, "-box": {"first": "z-box"}}
NAMED: dict[str, dict[str, Any]] = {"epsilon": {}} | {
    name + ending: {**first, "conv": conv, "linear": "epsilon"}
    for name, conv in {
        "epsilon-plus": {"rule": "alpha-beta", "alpha": 1},
        "epsilon-alpha2-beta1": {"rule": "alpha-beta", "alpha": 2},
        "epsilon-gamma": "gamma",
    }.items()
    for ending, first in _INPUT.items()
}
"""Composites of the literature (Kohlbrenner et al. 2020): convolutions by one rule, dense layers by
epsilon, and the first layer by a rule that fits inputs (``-flat``, ``-box``)."""


def composite(
    given: str | Mapping[str, Any] | None, rest: Rule, epsilon: float | None = None
) -> Composite:
    """Make a composite of a name or of a table from layers to rules.

    Parameters
    ----------
    given
        A name of `NAMED`, or a mapping of one of `KINDS` or a pattern of module paths to the name
        of a rule, or to a table of ``rule`` and its parameters. The order of the table does not
        matter: patterns come before kinds, longer ones before shorter ones, kinds in their order.
    rest
        The rule of layers that it does not name.
    epsilon
        That of layers by rule epsilon which have none of their own; left out, the rule's.

    Raises
    ------
    UnknownNameError, BadValueError
        If a name, a parameter or a value is wrong.
    """
    if given is None:
        return Composite((), rest)
    if isinstance(given, str):
        given = look_up("composite", given, NAMED)
    if not isinstance(given, Mapping):
        raise BadValueError(
            f"composite={given!r}: expected a name or a table from layers to rules; "
            + expected("", NAMED)
        )
    made = []
    for key, said in given.items():
        if not isinstance(key, str):
            raise BadValueError(
                f"composite: {key!r} is no layer; expected a pattern of module paths, or one of "
                + ", ".join(KINDS)
            )
        table = {"rule": said} if isinstance(said, str) else said
        if not isinstance(table, Mapping) or not isinstance(table.get("rule"), str):
            raise BadValueError(
                f"composite, {key!r}: {said!r}, expected the name of a rule or a table such as "
                '{"rule": "gamma", "gamma": 0.25}'
            )
        own = {k: v for k, v in table.items() if k != "rule"}
        if table["rule"] == Epsilon.name and epsilon is not None:
            own = {"epsilon": epsilon} | own
        rule = make(table["rule"], own)
        if rule.inputs_only and key in KINDS and key != "first":
            raise BadValueError(
                f"composite, {key!r}: rule {rule.name!r} is for layers that see the inputs; "
                f'did you mean {{"first": {rule.name!r}}}?'
            )
        made.append((key, rule))
    return Composite(tuple(sorted(made, key=lambda pair: _place(pair[0]))), rest)


def _place(key: str) -> tuple[int, int]:
    return (KINDS.index(key) + 1, 0) if key in KINDS else (0, key.count("*") - len(key))
