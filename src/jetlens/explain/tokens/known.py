"""What has been found out of a tagger by made-up jets, kept while the tagger stays as it is.

Nothing is written onto the tagger, and nothing here keeps it alive.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Hashable
from types import ModuleType
from typing import Any, TypeVar

from torch import nn

Found = TypeVar("Found")

_MOST = 16  # things that are kept of a tagger
_DEPTH, _LONG = 3, 200  # of settings that are looked into
_PLAIN = (int, float, str, bytes, bool, type(None))
_BASE = {*vars(nn.Module())} - {"_forward_hooks", "_forward_pre_hooks"}

_Table = dict[Hashable, "tuple[_State, Any]"]
_kept: weakref.WeakKeyDictionary[nn.Module, _Table] = weakref.WeakKeyDictionary()


def known(tagger: nn.Module, what: Hashable, find: Callable[[], Found]) -> Found:
    """Return what `find` does, or did when the tagger was last asked this and was the same.

    Parameters
    ----------
    tagger
        The tagger.
    what
        What is to be found out; for the same of the same tagger, `find` returns the same. What it
        returns must not hold the tagger, and nobody may write into it.
    find
        Finds it out.
    """
    state = _State(tagger)
    table = _kept.setdefault(tagger, {})
    if what in table and table[what][0].still(state):
        return table[what][1]  # type: ignore[no-any-return]
    table.pop(what, None)
    found = find()
    if state.certain:
        table[what] = state, found
        for oldest in [*table][:-_MOST]:
            del table[oldest]
    return found


class _State:
    """A tagger's parts, settings and weights, by what shows whether they have changed."""

    def __init__(self, tagger: nn.Module) -> None:
        met: set[int] = set()
        modules = [*tagger.named_modules()]
        tensors = [*itertools.chain(tagger.parameters(), tagger.buffers())]
        # tensors made in inference mode do not tell whether they were written into
        self.certain = not any(t.is_inference() for t in tensors)
        self._alive = [weakref.ref(part) for part in (*(m for _, m in modules), *tensors)]
        self._settings = [
            (path, type(m), getattr(type(m), "forward", None), _settings(m, met))
            for path, m in modules
        ]
        self._versions = [t._version for t in tensors] if self.certain else []

    def still(self, other: _State) -> bool:
        """Whether nothing has changed since; parts that are gone may have left their place."""
        alive, now = ([part() for part in state._alive] for state in (self, other))
        return (
            len(alive) == len(now)
            and all(a is not None and a is b for a, b in zip(alive, now, strict=True))
            and (self._versions, self._settings) == (other._versions, other._settings)
        )


def _settings(module: nn.Module, met: set[int]) -> Hashable:
    return tuple((k, _shown(v, met)) for k, v in vars(module).items() if k not in _BASE)


def _shown(value: Any, met: set[int], depth: int = 0) -> Hashable:
    """Return what shows whether a setting has changed, such as one of a configuration's."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, nn.Module | ModuleType | type) or id(value) in met or depth > _DEPTH:
        return id(value)
    met.add(id(value))
    if isinstance(value, tuple | list) and len(value) < _LONG:
        return tuple(_shown(v, met, depth + 1) for v in value)
    inside = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    if len(inside) > _LONG:
        return id(value)
    return id(value), *((str(k), _shown(v, met, depth + 1)) for k, v in inside.items())
