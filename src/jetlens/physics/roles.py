"""Which of a collection's features are momenta, angles, masses, types, ..., by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

PT = ("pt", "part_pt", "pt_frac")
ENERGY = ("energy", "part_energy")
MASS = ("mass", "part_mass")
MASS_SQUARED = ("m2",)
ETA = ("eta", "part_eta", "rapidity")
ANGLES = (("deta", "dphi"), ("part_deta", "part_dphi"), ("eta_rel", "phi_rel"))
"""Differences to the jet's axis."""
POSITIONS = ("x", "y", "z")
"""Where hits of a calorimeter are."""

_TYPES = re.compile(r"(part_)?(charge|type|pid|pdg_?id|is(_[a-z]|[A-Z]).*)")
_COUNTS = re.compile(r"(multiplicity|n_.*|n[A-Z].*|number[oO]f.*|number_of.*)")


class Roles(NamedTuple):
    """The features that play a part in kinematics; None where there is none."""

    pt: str | None
    energy: str | None
    mass: str | None
    m2: str | None
    eta: str | None
    angles: tuple[str, str] | None
    positions: tuple[str, ...]
    """All of `POSITIONS`, or none."""
    discrete: frozenset[str]
    """Charges, types and counts: whole numbers."""

    @property
    def positive(self) -> tuple[str, ...]:
        """Those that cannot be negative."""
        return tuple(n for n in (self.pt, self.energy, self.mass) if n is not None)

    @property
    def masses(self) -> tuple[str, ...]:
        """Those that a particle's type fixes."""
        return tuple(n for n in (self.mass, self.m2) if n is not None)


def roles(names: Iterable[str], particles: bool = True) -> Roles:
    """Return the parts that features play.

    Parameters
    ----------
    names
        The features' names.
    particles
        Whether they are a particle's: a particle's charge is a whole number, that of a jet or a
        pixel as a rule an average.
    """
    there = tuple(names)

    def first(known: Iterable[str]) -> str | None:
        return next((n for n in known if n in there), None)

    return Roles(
        first(PT),
        first(ENERGY),
        first(MASS),
        first(MASS_SQUARED),
        first(ETA),
        next((pair for pair in ANGLES if {*pair} <= {*there}), None),
        POSITIONS if particles and {*POSITIONS} <= {*there} else (),
        frozenset(n for n in there if _COUNTS.fullmatch(n) or (particles and _TYPES.fullmatch(n))),
    )
