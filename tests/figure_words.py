"""Whether the words of a figure can be read on a page."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from jetlens.plots.shared.style import style


def words(figure: Figure) -> list[mpl.text.Text]:
    """Return all visible texts of a figure."""
    return [t for t in figure.findobj(mpl.text.Text) if t.get_text() and t.get_visible()]


def inside(drawing: Callable[[], Figure], least: float) -> None:
    """Assert that all words are inside the figure, and of so many points at least on a page."""
    with style():
        figure = drawing()
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        said = [t for t in words(figure) if "mathdefault" not in t.get_text()]
        boxes = [t.get_window_extent(canvas.get_renderer()) for t in said]
    for text, box in zip(said, boxes, strict=True):
        assert box.x0 >= -1, text
        assert box.x1 <= figure.bbox.x1 + 1, text
        assert box.y0 >= -1, text
        assert box.y1 <= figure.bbox.y1 + 1, text
    points = 900 / figure.get_figwidth() / 72  # pixels of a point, on a page 900 pixels wide
    assert min(t.get_fontsize() for t in said) * points >= least
