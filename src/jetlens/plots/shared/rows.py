"""What rows are called in the words of a figure."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.text import Text

from jetlens.plots.shared.words import said_of


def rename(figure: Figure, rows: str) -> None:
    """Write what rows are called in all words of a figure, which say jets."""
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        words = said_of(rows, text.get_text())
        if words != text.get_text():
            text.set_text(words)
