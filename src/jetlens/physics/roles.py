"""Which of a collection's features are momenta, angles, masses, types, ...

Their names tell, unless somebody says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from jetlens.core.errors import BadValueError, look_up

Declared = Mapping[str, str | Sequence[str]]
"""Features by role: one, a list of them, or an empty one where none plays the role."""

PT = ("pt", "part_pt", "pt_frac")
ENERGY = ("energy", "part_energy")
MASS = ("mass", "part_mass")
MASS_SQUARED = ("m2",)
RAPIDITY = "rapidity"
ETA = ("eta", "part_eta", RAPIDITY)
"""Pseudorapidity, or rapidity where the name says so."""
ANGLES = (("deta", "dphi"), ("part_deta", "part_dphi"), ("eta_rel", "phi_rel"))
"""Differences to the jet's axis."""
COMPONENTS = (("px", "py", "pz"), ("part_px", "part_py", "part_pz"))
"""Momenta along the axes."""
POSITIONS = ("x", "y", "z")
"""Where hits of a calorimeter are."""
TIME = ("time",)
"""When hits of a calorimeter are."""
CHARGE = ("charge", "part_charge")

_TYPES = re.compile(r"(part_)?(charge|type|pid|pdg_?id|is(_[a-z]|[A-Z]).*)")
_IMPACT = re.compile(
    r"(part_|IP3D_signed_|lifetimeSigned)?([dD]0|[dD][zZ]|[zZ]0(SinTheta)?|dxy|d_xy|d_z)"
    r"(val|err|Uncertainty|_?[sS]ignificance)?"
)
_COUNTS = re.compile(r"(multiplicity|n_.*|n[A-Z].*|number[oO]f.*|number_of.*)")


class Roles(NamedTuple):
    """The features that play a part in kinematics; None where there is none."""

    pt: str | None
    energy: str | None
    mass: str | None
    m2: str | None
    eta: str | None
    angles: tuple[str, str] | None
    components: tuple[str, str, str] | None
    """Along the beam is the last."""
    positions: tuple[str, ...]
    """Where a hit is: as a rule all of `POSITIONS`, or none."""
    time: str | None
    """When it is."""
    charge: str | None
    impact: tuple[str, ...]
    """Impact parameters, their errors and significances: of particles that have a track alone."""
    discrete: frozenset[str]
    """Charges, types and counts: whole numbers."""

    @property
    def positive(self) -> tuple[str, ...]:
        """Those that cannot be negative."""
        return tuple(n for n in (self.pt, self.energy, self.mass) if n is not None)

    @property
    def measured(self) -> tuple[str, ...]:
        """What is measured of a hit, within ends."""
        own = (*self.positions, self.time, self.energy) if self.positions else ()
        return tuple(n for n in own if n is not None)

    @property
    def masses(self) -> tuple[str, ...]:
        """Those that a particle's type fixes."""
        return tuple(n for n in (self.mass, self.m2) if n is not None)


def check_declared(declared: Declared) -> None:
    """Refuse declarations that no features could follow.

    Raises
    ------
    UnknownNameError
        If there is no such role.
    BadValueError
        If there are too few or too many features.
    """
    if not isinstance(declared, Mapping):
        raise BadValueError(f"roles={declared!r}: expected a table, as {{ pt = 'momentum' }}")
    for role, given in declared.items():
        look_up("role", role, dict.fromkeys(Roles._fields))
        if not (isinstance(given, Sequence) and all(isinstance(name, str) for name in given)):
            raise BadValueError(f"role {role}={given!r}: expected names of features")
        number = len(listed(given))
        most = {"angles": 2, "components": 3, "positions": 3}.get(role, 1)
        most = number if role in ("discrete", "impact") else most
        if number > most or (role in ("angles", "components") and 0 < number < most):
            raise BadValueError(f"role {role}={given!r}: expected {most} of the features, or none")


def listed(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return the features that are declared for a role."""
    return ((given,) if given else ()) if isinstance(given, str) else tuple(given)


def roles(names: Iterable[str], particles: bool = True, declared: Declared | None = None) -> Roles:
    """Return the parts that features play.

    Parameters
    ----------
    names
        The features' names.
    particles
        Whether they are a particle's: a particle's charge is a whole number, that of a jet or a
        pixel as a rule an average, and momenta along the axes have a jet that they are of.
    declared
        What is known of them, instead of what their names tell. What is said of features that are
        not among them is passed over.
    """
    there = tuple(names)

    def first(known: Iterable[str]) -> str | None:
        return next((n for n in known if n in there), None)

    hits = particles and {*POSITIONS} <= {*there}
    found = Roles(
        first(PT),
        first(ENERGY),
        first(MASS),
        first(MASS_SQUARED),
        first(ETA),
        next((pair for pair in ANGLES if {*pair} <= {*there}), None),
        next((three for three in COMPONENTS if particles and {*three} <= {*there}), None),
        POSITIONS if hits else (),
        first(TIME) if hits else None,
        first(CHARGE) if particles else None,
        tuple(n for n in there if particles and _IMPACT.fullmatch(n)),
        frozenset(n for n in there if _COUNTS.fullmatch(n) or (particles and _TYPES.fullmatch(n))),
    )
    said: dict[str, Any] = {}
    for role, given in (declared or {}).items():
        wanted = listed(given)
        own = {*wanted} & {*there}
        if role == "discrete" and (own or not wanted):  # each is discrete wherever it is
            said[role] = frozenset(own)
        elif own < {*wanted}:
            continue
        elif role in ("positions", "impact"):
            said[role] = wanted if particles else ()
        elif role == "components":
            said[role] = (wanted or None) if particles else None
        elif role == "angles":
            said[role] = wanted or None
        else:
            said[role] = next(iter(wanted), None)
    return found._replace(**said)
