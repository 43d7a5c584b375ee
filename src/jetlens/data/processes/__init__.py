"""Physics processes: Pythia 8 cards, each a plain ``.cmnd`` file in this folder.

A card's first line says what it is. Lines of its comments say more:

- ``! ttbar: 0.3`` makes that the share of events which are top pairs (card ``ttbar``) unless the
  user says otherwise;
- ``! match: 23`` keeps, of fat jets, those that a particle of this number (or its antiparticle) is
  nearest to, within the jets' radius;
- ``! pthat: 0.75`` begins the hard scatter of fat jets at this share of their lowest pt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jetlens.core.errors import look_up


@dataclass(frozen=True)
class Process:
    """One card: its name, its first comment, its settings, and what else its comments say."""

    name: str
    title: str
    card: str
    ttbar: float = 0.0
    match: int | None = None
    pthat: float = 0.0

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
            match = _said(card, "match")
            found[name] = Process(
                name,
                title,
                card,
                ttbar=_said(card, "ttbar") or 0.0,
                match=None if match is None else int(match),
                pthat=_said(card, "pthat") or 0.0,
            )
    return found


def _said(card: str, word: str) -> float | None:
    found = re.search(rf"^! {word}: ([0-9.]+)$", card, re.MULTILINE)
    return float(found[1]) if found else None


def process(name: str) -> Process:
    """Return one process, or raise `UnknownNameError` with the nearest match."""
    return look_up("process", name, processes())
