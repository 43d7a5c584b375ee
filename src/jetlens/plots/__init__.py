"""Figures: each draws one summary's result, and has its name.

`attention`, `checks`, `gradients`, `moved`, `relevance` and `tagging` hold figures by what they
show; ``<summary>_compared`` draws a summary's results for several taggers. What figures share is
in `shared`.
"""

from jetlens.plots.entry import caption, draw, save

__all__ = ["caption", "draw", "save"]
