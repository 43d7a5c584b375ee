"""What the channels of an image may be: names, and the particles' variables behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.core.collection import Collection
from jetlens.core.errors import BadValueError, expected
from jetlens.core.units import Feature

Floats = NDArray[np.float64]

PT, MULTIPLICITY = "pt", "multiplicity"
X = ("deta", "part_deta")
Y = ("dphi", "part_dphi")
WEIGHT = ("pt", "part_pt", "pt_frac")
LOG_WEIGHT = ("log_pt", "log_pt_rel")
CHARGE = ("charge", "part_charge")
"""Names that readers and generators give to these variables of particles; the first one holds."""

_CHARGED: dict[str, Callable[[Floats], Floats]] = {
    "charged": lambda charge: charge != 0,
    "neutral": lambda charge: charge == 0,
}
_KINDS = {
    "muon": ("is_muon", "part_isMuon"),
    "electron": ("is_electron", "part_isElectron"),
    "photon": ("is_photon", "part_isPhoton"),
    "charged_hadron": ("is_charged_hadron", "part_isChargedHadron"),
    "neutral_hadron": ("is_neutral_hadron", "part_isNeutralHadron"),
}
"""Variables that are 1 for a particle of a kind, and 0 for others."""

CHANNELS = tuple(
    f"{kind}{what}"
    for what in (PT, MULTIPLICITY)
    for kind in ("", *(f"{k}_" for k in (*_CHARGED, *_KINDS)))
)
"""The channels that any particles with pt, charge and kinds have; others are their variables."""


class Drawn(NamedTuple):
    """The variables of particles that images are made of."""

    x: str
    y: str
    weight: str
    is_log: bool
    """Whether `weight` is the logarithm of what is added up."""
    charge: str | None
    """None where the particles have none."""


def variables(
    particles: Collection,
    x: str | None,
    y: str | None,
    weight: str | None,
    is_log: bool,
    charge: str | None = None,
) -> Drawn:
    """Return which variables are drawn: those that were named, or the first that there are.

    Raises
    ------
    UnknownNameError
        If the particles do not have one that was named.
    BadValueError
        If none was named, and they have none of the usual names.
    """
    given = [name for name in (x, y, weight, charge) if name is not None]
    particles.positions(given)
    if weight is None:
        weight = first((*WEIGHT, *LOG_WEIGHT), particles, "weight")
        is_log = is_log or weight in LOG_WEIGHT
    if charge is None:
        charge = next((name for name in CHARGE if name in particles.names), None)
    x = x or first(X, particles, "x")
    y = y or first(Y, particles, "y")
    return Drawn(x, y, weight, is_log, charge)


def first(usual: Sequence[str], particles: Collection, setting: str = "") -> str:
    """Return the first of some usual names that a collection has; else, `setting` may name it.

    Raises
    ------
    BadValueError
        If it has none.
    """
    found = next((name for name in usual if name in particles.names), None)
    if found is None:
        there = ", ".join(particles.names)
        raise BadValueError(
            f"images: no variable of {particles.axes[1]} is called {' or '.join(usual)}: "
            + (f"expected {setting} = one of {there}" if setting else f"they have {there}")
        )
    return found


def named(channels: Sequence[str]) -> tuple[str, ...]:
    """Return the channels' names in the image; one that is there again has its number behind it."""
    return tuple(
        name if name not in channels[:i] else f"{name}_{1 + channels[:i].count(name)}"
        for i, name in enumerate(channels)
    )


def pt_of(particles: Collection, drawn: Drawn) -> Floats:
    """Return the particles' pt, ``[jet, particle]``; 0 in padding."""
    pt: Floats = particles.column(drawn.weight).astype(np.float64)
    if drawn.is_log:
        pt = np.exp(pt)
    return pt if particles.mask is None else np.where(particles.mask, pt, 0.0)


def weights(particles: Collection, channels: Sequence[str], drawn: Drawn, pt: Floats) -> Floats:
    """Return what is added up of each particle, ``[jet, channel, particle]``; 0 in padding.

    Raises
    ------
    BadValueError
        If a channel is neither one of `CHANNELS` nor a variable, or needs a variable that the
        particles do not have.
    """
    found = np.empty((pt.shape[0], len(channels), pt.shape[1]))
    for i, channel in enumerate(channels):
        kind, what = _parts(channel)
        if channel not in CHANNELS:
            found[:, i] = _variable(particles, channel)
            continue
        found[:, i] = pt if what == PT else 1.0
        if kind:
            found[:, i] *= _selected(particles, channel, kind, drawn)
    return found if particles.mask is None else np.where(particles.mask[:, None], found, 0.0)


def _parts(channel: str) -> tuple[str, str]:
    kind, _, what = channel.rpartition("_")
    return kind, what


def _variable(particles: Collection, channel: str) -> Floats:
    if channel not in particles.names:
        raise BadValueError(
            f"unknown channel {channel!r} of images: "
            f"{expected(channel, (*CHANNELS, *particles.names), most=40)}"
        )
    column: Floats = particles.column(channel).astype(np.float64)
    return column


def _selected(particles: Collection, channel: str, kind: str, drawn: Drawn) -> Any:
    if kind in _CHARGED:
        if drawn.charge is None:
            raise BadValueError(
                f"the channel {channel!r} of images needs the particles' charge, which is called "
                f"{' or '.join(CHARGE)}; expected charge = one of {', '.join(particles.names)}"
            )
        return _CHARGED[kind](particles.column(drawn.charge))
    name = next((n for n in _KINDS[kind] if n in particles.names), None)
    if name is None:
        raise BadValueError(
            f"the channel {channel!r} of images needs a variable of the particles that is called "
            f"{' or '.join(_KINDS[kind])}: they have {', '.join(particles.names)}"
        )
    return particles.column(name) > 0


def features(
    particles: Collection, channels: Sequence[str], pt: Feature, shown: Sequence[str]
) -> tuple[Feature, ...]:
    """Return what the channels are, with units and labels.

    Parameters
    ----------
    particles, channels
        As of `weights`.
    pt
        What is added up in the channels of pt.
    shown
        What is done to the sums, in words; they have no unit then.
    """
    known = dict(zip(particles.names, particles.features, strict=True))
    made = []
    for name, channel in zip(named(channels), channels, strict=True):
        kind, what = _parts(channel) if channel in CHANNELS else ("", channel)
        own = {PT: pt, MULTIPLICITY: Feature(MULTIPLICITY, label="Particles")}.get(what)
        own = known[what] if own is None else own
        label = own.title + (f", {kind.replace('_', ' ')}" if kind else "")
        if shown:
            made.append(Feature(name, label=f"{label} ({', '.join(shown)})"))
        else:
            made.append(Feature(name, own.unit, label, own.shown_unit, own.shown_factor))
    return tuple(made)
