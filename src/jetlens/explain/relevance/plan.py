"""What stays from one chunk of jets to the next: rules, layers' names, prepared weights."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from jetlens.explain.relevance.composites import Composite
from jetlens.explain.relevance.rules import Rule


@dataclass
class Plan:
    """How relevance is propagated through one tagger.

    Attributes
    ----------
    composite
        The rules.
    epsilon
        The stabiliser of functions without weights.
    attention
        ``"attnlrp"`` or ``"value"``.
    layers
        The layers' names in the order in which the forward pass meets them.
    """

    module: nn.Module
    composite: Composite
    epsilon: float
    attention: str
    layers: dict[str, None] = field(default_factory=dict)
    _paths: dict[int, str] = field(init=False)
    _kept: dict[Hashable, tuple[Any, Any]] = field(default_factory=dict)
    _last: frozenset[str] | None = None

    def __post_init__(self) -> None:
        self._paths = {
            id(tensor): name.rpartition(".")[0]
            for name, tensor in (*self.module.named_parameters(), *self.module.named_buffers())
        }

    @property
    def paths(self) -> list[str]:
        """The paths of all modules that hold weights, in their order."""
        return list(dict.fromkeys(p for p in self._paths.values() if p))

    def path(self, weight: object) -> str | None:
        """Return the path of the module that holds a weight, found by the weight's identity."""
        return self._paths.get(id(weight))

    def rule(self, kinds: Collection[str], path: str) -> Rule:
        """Return the rule of a layer."""
        if self._last is not None and path in self._last:
            kinds = {*kinds, "last"}
        return self.composite.choose(kinds, path)

    @property
    def needs_last(self) -> bool:
        """Whether rules depend on which layers are the last, and these are not known yet."""
        return self._last is None and any(key == "last" for key, _ in self.composite.rules)

    def set_last(self, layers: frozenset[str]) -> None:
        """Say which layers are followed by no other layer with weights."""
        self._last = layers

    def once(self, owner: Any, what: Hashable, compute: Callable[[], Any]) -> Any:
        """Return what is computed from a weight, computed once."""
        key = (id(owner), what)
        if key not in self._kept:
            # the owner is kept too, so that its id stays its own
            self._kept[key] = (owner, compute())
        return self._kept[key][1]

    def slices(self, weight: Tensor | None, count: int) -> tuple[Tensor | None, ...]:
        """Return a packed weight's parts, the same tensors each time, known by its path."""
        if weight is None:
            return (None,) * count

        def compute() -> tuple[Tensor, ...]:
            found = weight.detach().chunk(count)
            self._paths.update((id(f), self._paths.get(id(weight), "")) for f in found)
            return found

        cut: tuple[Tensor, ...] = self.once(weight, ("slices", count), compute)
        return cut


def parts(plan: Plan, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return the positive and the negative part of a weight, computed once."""

    def compute() -> tuple[Tensor, Tensor]:
        return weight.clamp(min=0), weight.clamp(max=0)

    found: tuple[Tensor, Tensor] = plan.once(weight, "parts", compute)
    return found
