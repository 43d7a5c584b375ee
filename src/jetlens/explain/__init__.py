"""Explanation methods, one a file; the package itself can be called, as `jetlens.explain`."""

from jetlens.core.callable import make_callable
from jetlens.explain.entry import explain

make_callable(__name__, explain)
