"""JetClass's ten kinds of jets: which, what a detector makes of them, and their columns."""

from jetlens.data.jetclass.dataset import JetClass

__all__ = ["JetClass"]
