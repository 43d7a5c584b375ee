"""What is kept of a tagger is forgotten as soon as anything about the tagger changes."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

import attending
import jetlens as jl
from jetlens.core import attention
from jetlens.explain.tokens.known import known


class Turned(attending.Net):
    """Tracks in the order that a setting says, inside an object that the network holds."""

    def __init__(self) -> None:
        super().__init__(Turned.turned)
        self.settings = SimpleNamespace(order={"flip": False})

    def turned(self, x: Tensor, mask: Tensor) -> Tensor:
        if self.settings.order["flip"]:
            return attending.four(self, x.flip(1), mask.flip(1)).flip(1)
        return attending.four(self, x, mask)


def count(tagger: nn.Module) -> Callable[[], int]:
    """Return how often something that is kept of the tagger has been found out."""
    found = []

    def look() -> int:
        known(tagger, "something", lambda: found.append(1))
        return len(found)

    return look


def places(tagger: jl.Tagger) -> list[int]:
    found = jl.explain(tagger, attending.jets(), "attention")
    return [int(p) for p in found.key_tracks_tracks_place]


def test_it_is_found_out_once() -> None:
    look = count(attending.wrapped(Turned().double()))
    assert [look() for _ in range(3)] == [1, 1, 1]


def test_tokens_are_told_anew_when_a_setting_has_changed() -> None:
    module = Turned().double()
    tagger = attending.wrapped(module)
    assert places(tagger) == [0, 1, 2, 3, 4, 5]
    assert places(tagger) == [0, 1, 2, 3, 4, 5]
    module.settings.order["flip"] = True
    assert places(tagger) == [5, 4, 3, 2, 1, 0]


def _write(module: attending.Net) -> None:
    with torch.no_grad():
        module.head.weight.mul_(2)


CHANGES: dict[str, Callable[[attending.Net], object]] = {
    "weights written into": _write,
    "weights exchanged": lambda m: setattr(m.head, "weight", nn.Parameter(m.head.weight.data)),
    "layer exchanged": lambda m: setattr(m, "head", nn.Linear(8, 2).double()),
    "layer added": lambda m: m.add_module("more", nn.Identity()),
    "number set": lambda m: setattr(m, "depth", 3),
    "setting inside": lambda m: m.settings.order.update(flip=True),
    "function exchanged": lambda m: setattr(m, "mix", attending.four),
    "hook": lambda m: m.qkv.register_forward_hook(lambda *_: None),
    "class": lambda m: setattr(m, "__class__", attending.Net),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_is_seen(change: str) -> None:
    module = Turned().double()
    look = count(attending.wrapped(module))
    assert look() == 1
    CHANGES[change](module)
    assert look() == 2
    assert look() == 2


def test_explaining_and_training_mode_change_nothing() -> None:
    tagger = attending.tagger("encoder")
    look = count(tagger)
    look()
    for method in ("attention", "attention-rollout", "grad-cam"):
        jl.explain(tagger, attending.jets().take(slice(1, None)), method)
    tagger.train(not tagger.training)
    assert look() == 1


def test_the_tagger_is_not_kept_alive_and_nothing_is_written_on_it() -> None:
    tagger = attending.tagger("class-token")
    before = {path: {*vars(m)} for path, m in tagger.named_modules()}
    for method in ("attention", "attention-rollout", "grad-cam"):
        jl.explain(tagger, attending.jets(), method)
    assert {path: {*vars(m)} for path, m in tagger.named_modules()} == before
    gone = weakref.ref(tagger)
    del tagger
    gc.collect()
    assert gone() is None


def test_the_oldest_is_forgotten() -> None:
    tagger, found = attending.tagger("encoder"), []
    for what in (*range(40), 39, 0):
        known(tagger, what, lambda what=what: found.append(what))
    assert found == [*range(40), 0]


def test_jets_of_another_length_are_looked_at_anew() -> None:
    tagger = attending.tagger("class-token")
    for n in (6, 4, 9):
        found = jl.explain(tagger, attending.jets(places=n), "attention")
        tokens = attention.tokens(found, "key_tracks_tracks")
        assert tokens.place == (-1, *range(n))
