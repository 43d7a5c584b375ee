"""Quark and gluon jets as the public benchmark makes them, and what a tracker sees of them."""

from jetlens.data.quark_gluon.dataset import QuarkGluon

__all__ = ["QuarkGluon"]
