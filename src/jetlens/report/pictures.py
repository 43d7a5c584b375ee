"""Figures as files beside the page, and embedded in it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from jetlens.plots import entry
from jetlens.plots.entry import caption, draw, save
from jetlens.report.content import Picture
from jetlens.report.words import html
from jetlens.summarise.result import Result

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
        The file of the result.
    folder, name
        Where the figure's files go, and their name without suffix.
    """

    result: Path
    folder: Path
    name: str


def picture(order: Order) -> Picture:
    """Draw a result, write SVG, PDF and PNG into a folder, and embed it."""
    result, folder, name = Result.load(order.result), order.folder, order.name
    drawing = draw(result)
    drawing.set_layout_engine(None)  # it is laid out; each format would do it again
    vector, _, pixels = save(drawing, folder / name)
    text = caption(result)
    if vector.stat().st_size <= LARGEST_SVG:
        source = _embedded(vector, "image/svg+xml")
    else:
        source = _embedded(pixels, "image/png")
    return Picture(html(title(result)), source, html(text), f"{name}.pdf")


def title(result: Result) -> str:
    """Return a figure's short title, with LaTeX."""
    words = entry.title(result)
    feature = getattr(result.summary, "feature", None)
    if feature is not None:
        described = result.sums.attrs.get("features") or [{}]
        words = f"Attribution against {described[0].get('label') or feature}"
    if result.arguments.get("tracks") == "all":
        words += ", all tracks"
    return words + _NORMALISED.get(str(result.arguments.get("normalise", "sum")), "")


def _embedded(path: Path, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
