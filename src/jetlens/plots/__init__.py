"""Figures: each draws one summary's result, and has its name."""

from jetlens.plots.entry import caption, draw, save

__all__ = ["caption", "draw", "save"]
