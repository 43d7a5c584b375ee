"""jetlens explains jet taggers.

Jets come in as a `JetBatch`, a tagger turns them into logits, an explainer turns jets and tagger
into an attribution, a summary adds attributions up, a figure draws the sum.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jetlens.core.arrays import batch
    from jetlens.core.batch import JetBatch
    from jetlens.core.errors import JetlensError
    from jetlens.data.base import Dataset
    from jetlens.data.readers import open, read
    from jetlens.explain.entry import explain
    from jetlens.plots.entry import draw
    from jetlens.run.entry import run
    from jetlens.summarise.entry import summarise
    from jetlens.taggers.base import Tagger
    from jetlens.taggers.saved import load
    from jetlens.taggers.wrapped import wrap

# Names are resolved when they are first asked for, so that `import jetlens` loads neither torch nor
# matplotlib. `explain`, `summarise` and `run` are subpackages that can be called.
_HOMES = {
    "Dataset": "jetlens.data.base",
    "JetBatch": "jetlens.core.batch",
    "JetlensError": "jetlens.core.errors",
    "Tagger": "jetlens.taggers.base",
    "batch": "jetlens.core.arrays",
    "draw": "jetlens.plots",
    "explain": "jetlens",
    "load": "jetlens.taggers.saved",
    "open": "jetlens.data.readers",
    "read": "jetlens.data.readers",
    "run": "jetlens",
    "summarise": "jetlens",
    "wrap": "jetlens.taggers.wrapped",
}

__version__ = "0.1.0"
__all__ = [
    "Dataset",
    "JetBatch",
    "JetlensError",
    "Tagger",
    "batch",
    "draw",
    "explain",
    "load",
    "open",
    "read",
    "run",
    "summarise",
    "wrap",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'jetlens' has no attribute {name!r}")
    home = _HOMES[name]
    if home == "jetlens":
        return importlib.import_module(f"jetlens.{name}")
    found = getattr(importlib.import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
