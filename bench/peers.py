"""Peers that need help to be imported."""

from __future__ import annotations

import sys
import types

from torch import nn


def import_zennit() -> None:
    """Import Zennit, which asks for torchvision's network classes and does not use them here.

    Stubs stand in while it is imported and no longer: left behind, they would pass for torchvision
    with whatever is imported after it.
    """
    if "zennit" in sys.modules:
        return
    resnet = types.ModuleType("torchvision.models.resnet")
    for name in ("BasicBlock", "Bottleneck"):
        setattr(resnet, name, type(name, (nn.Module,), {}))
    stubs = {name: types.ModuleType(name) for name in ("torchvision", "torchvision.models")}
    stubs["torchvision.models.resnet"] = resnet
    there = {name: sys.modules[name] for name in stubs if name in sys.modules}
    sys.modules.update(stubs)
    try:
        import zennit  # noqa: F401
    finally:
        for name in stubs:
            del sys.modules[name]
        sys.modules.update(there)
