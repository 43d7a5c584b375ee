"""Summaries: what many attributions say together, as sums that merge over partitions."""

from jetlens.core.callable import make_callable
from jetlens.summarise.entry import summarise

make_callable(__name__, summarise)
