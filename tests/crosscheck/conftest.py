"""Zennit asks for torchvision's network classes, which it does not need here; stubs stand in."""

from __future__ import annotations

import sys
import types

import pytest
from torch import nn


@pytest.fixture(scope="session", autouse=True)
def torchvision_for_zennit() -> None:
    if "torchvision" in sys.modules:
        return
    resnet = types.ModuleType("torchvision.models.resnet")
    resnet.BasicBlock = type("BasicBlock", (nn.Module,), {})
    resnet.Bottleneck = type("Bottleneck", (nn.Module,), {})
    for name in ("torchvision", "torchvision.models"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["torchvision.models.resnet"] = resnet
