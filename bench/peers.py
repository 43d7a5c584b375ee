"""Peers that need help to be imported."""

from __future__ import annotations

import contextlib
import importlib
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn


def import_zennit() -> None:
    """Import Zennit, which asks for torchvision's network classes and does not use them here."""
    resnet = types.ModuleType("torchvision.models.resnet")
    for name in ("BasicBlock", "Bottleneck"):
        setattr(resnet, name, type(name, (nn.Module,), {}))
    stubs = {name: types.ModuleType(name) for name in ("torchvision", "torchvision.models")}
    stubs["torchvision.models.resnet"] = resnet
    _import("zennit", stubs)


def import_energyflow() -> Any:
    """Import and return EnergyFlow, which asks for Wasserstein and does not use it for images."""
    return _import("energyflow", {"wasserstein": types.ModuleType("wasserstein")})


def _import(name: str, stubs: Mapping[str, types.ModuleType]) -> Any:
    if name not in sys.modules:
        with _standing_in(stubs):
            importlib.import_module(name)
    return sys.modules[name]


@contextlib.contextmanager
def _standing_in(stubs: Mapping[str, types.ModuleType]) -> Iterator[None]:
    """Let stubs stand in for modules, and no longer.

    Left behind, they would pass for the modules with whatever is imported afterwards.
    """
    there = {name: sys.modules[name] for name in stubs if name in sys.modules}
    sys.modules.update(stubs)
    try:
        yield
    finally:
        for name in stubs:
            del sys.modules[name]
        sys.modules.update(there)
