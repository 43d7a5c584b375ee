"""Whole studies: recipes, stages, the folder that they fill, and where partitions are worked on."""

from jetlens.core.callable import make_callable
from jetlens.run.entry import run

make_callable(__name__, run)
