"""Physics processes: Pythia 8 cards, each a plain ``.cmnd`` file in this folder.

A card's first line says what it is. A line ``! ttbar: 0.3`` among its comments makes that the share
of events which are top pairs (card ``ttbar``) unless the user says otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jetlens.core.errors import look_up


@dataclass(frozen=True)
class Process:
    """One card: its name, its first comment, its settings, its usual share of top pairs."""

    name: str
    title: str
    card: str
    ttbar: float = 0.0

    @property
    def settings(self) -> tuple[str, ...]:
        """The lines that Pythia reads."""
        lines = (line.strip() for line in self.card.splitlines())
        return tuple(line for line in lines if line and not line.startswith("!"))


@cache
def processes() -> dict[str, Process]:
    """Return all processes by name."""
    found = {}
    for file in sorted(files(__package__).iterdir(), key=lambda f: f.name):
        if file.name.endswith(".cmnd"):
            card = file.read_text(encoding="utf-8")
            name = file.name.removesuffix(".cmnd")
            title = card.partition("\n")[0].lstrip("! ").strip()
            share = re.search(r"^! ttbar: ([0-9.]+)$", card, re.MULTILINE)
            found[name] = Process(name, title, card, float(share[1]) if share else 0.0)
    return found


def process(name: str) -> Process:
    """Return one process, or raise `UnknownNameError` with the nearest match."""
    return look_up("process", name, processes())
