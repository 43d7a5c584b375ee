"""Figures as files beside the page, and embedded in it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, fields
from pathlib import Path

from jetlens.plots import entry
from jetlens.plots.entry import caption, draw, save
from jetlens.report.content import Picture
from jetlens.report.words import html
from jetlens.summarise.result import Result
from jetlens.summarise.trainings.costs import Costs
from jetlens.summarise.trainings.ensemble import Ensemble, StoredMember
from jetlens.summarise.trainings.retrained import Retrained

LARGEST_SVG = 600_000
"""Bytes; larger drawings are embedded as PNG, so that the page stays light."""
_NORMALISED = {
    "sum": "",
    "abs": ", divided by the absolute sum",
    "max": ", divided by the largest",
    "none": ", not divided",
}


@dataclass(frozen=True)
class Order:
    """A figure to draw, in whichever process.

    Attributes
    ----------
    result
        The file of the result, or those of an ensemble's.
    folder, name
        Where the figure's files go, and their name without suffix.
    """

    result: Path | tuple[StoredMember, ...]
    folder: Path
    name: str


def picture(order: Order) -> Picture:
    """Draw a result, write SVG, PDF and PNG into a folder, and embed it."""
    folder, name = order.folder, order.name
    result: Result | Ensemble | Retrained | Costs
    if isinstance(order.result, Path) and order.result.stem == Retrained.name:
        result = Retrained.load(order.result)
    elif isinstance(order.result, Path) and order.result.stem == Costs.name:
        result = Costs.load(order.result)
    elif isinstance(order.result, Path):
        result = Result.load(order.result)
    else:
        result = Ensemble.load(order.result)
    drawing = draw(result)
    drawing.set_layout_engine(None)  # it is laid out; each format would do it again
    vector, _, pixels = save(drawing, folder / name)
    text = caption(result)
    if vector.stat().st_size <= LARGEST_SVG:
        source = _embedded(vector, "image/svg+xml")
    else:
        source = _embedded(pixels, "image/png")
    return Picture(html(title(result)), source, html(text), f"{name}.pdf")


def title(result: Result | Ensemble | Retrained | Costs) -> str:
    """Return a figure's short title, with LaTeX."""
    words = entry.title(result)
    if isinstance(result, Retrained | Costs):
        return words
    if isinstance(result, Ensemble):
        result = result.members[0].result
    condition = getattr(result.summary, "condition", "")
    words += f", {condition}" if condition else ""
    feature = getattr(result.summary, "feature", None)
    if feature is not None:
        described = result.sums.attrs.get("features") or [{}]
        words = f"Attribution against {described[0].get('label') or feature}"
    if result.arguments.get("tracks") == "all":
        words += ", all tracks"
    usual = {f.name: f.default for f in fields(result.summary)}.get("normalise")
    own = result.arguments.get("normalise")
    return words if own == usual else words + _NORMALISED.get(str(own), "")


def _embedded(path: Path, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
