"""Which constraints hold when jets are moved, and how they are put together."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.explain.steps.momenta import (
    SEEN,
    Columns,
    along_axes,
    energy_of,
    from_axis,
    pt_of,
)
from jetlens.physics import constraints as physics
from jetlens.physics.components import ahead, axis_of
from jetlens.physics.impact import trackless
from jetlens.physics.roles import Roles

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """What keeps a moved jet a jet; each can be switched off.

    Attributes
    ----------
    positive_pt
        Momenta, energies and masses stay positive. Transverse momenta that are given by their
        components do not turn back.
    inside
        Particles stay inside the jet: ``True`` for the radius of the particle farthest from its
        axis among the reference jets, or a radius. Hits stay in the calorimeter: between the
        outermost cells of the reference jets along each axis, no later and no softer than theirs.
    radius
        That of jets, for `inside` and for what counts as outside where it is off. A radius that is
        given as `inside` is this one.
    grid
        Hits stay in the middle of cells: they go to the nearest that reference jets' hits have
        along each axis.
    causal
        Hits are no earlier than light, whose time is 0, but for what the resolution makes of it:
        `jetlens.physics.constraints.earliest` of the reference jets' hits.
    keep_discrete
        Charges, types and counts are not moved, nor are impact parameters of particles that have
        no track: of no charge, or all of whose impact parameters are exactly 0.
    on_shell
        Masses of particles are not moved; where the energy is a feature beside the momentum, it
        follows from the rest.
    recentre
        The mean of the particles' angles, weighted by pt, stays what it was.
    fixed_pt
        The jet's pt stays what it was: its particles are rescaled.
    """

    positive_pt: bool = True
    inside: bool | float = True
    radius: float | None = None
    grid: bool = False
    causal: bool = True
    keep_discrete: bool = True
    on_shell: bool = True
    recentre: bool = True
    fixed_pt: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in ("inside", "radius") and not isinstance(value, bool):
                raise BadValueError(f"constraint {field.name}={value!r}: expected true or false")
        if not (isinstance(self.inside, bool) or _is_radius(self.inside)):
            raise BadValueError(
                f"constraint inside={self.inside!r}: expected a radius above 0, true or false"
            )
        if not (self.radius is None or _is_radius(self.radius)):
            raise BadValueError(f"constraint radius={self.radius!r}: expected a radius above 0")
        if isinstance(self.inside, bool):
            if self.inside and self.radius is not None:
                object.__setattr__(self, "inside", self.radius)
        elif self.radius in (None, self.inside):
            object.__setattr__(self, "radius", self.inside)
        else:
            raise BadValueError(
                f"constraints inside={self.inside!r} and radius={self.radius!r}: expected one "
                "radius; leave out the other"
            )

    @property
    def limits(self) -> frozenset[str]:
        """For which reasons (those of `jetlens.physics.unphysical`) these bend steps of particles.

        Re-centring and rescaling take one direction out of every step, however short, a grid takes
        each to a cell, and what is kept still takes none: they bend nothing.
        """
        on = {"negative": self.positive_pt, "early": self.causal}
        on |= dict.fromkeys(("outside", "late", "below"), self.inside is not False)
        return frozenset(reason for reason, held in on.items() if held)

    @property
    def unlimited(self) -> Constraints:
        """The same without what bends steps."""
        return replace(self, positive_pt=False, inside=False, causal=False)

    def apply(
        self,
        before: Columns,
        raw: Columns,
        weight: Floats | None,
        roles: Roles,
        radius: float | None,
        logarithmic: Container[str] = (),
        ends: Mapping[str, tuple[float, float]] | None = None,
        still: Container[str] = (),
        cells: Mapping[str, Floats] | None = None,
    ) -> Columns:
        """Return where a step comes to that would lead from `before` to `raw`.

        Parameters
        ----------
        before, raw
            Values by feature.
        weight
            ``[jet, particle]``, one for real particles and zero for padding; None where the values
            are not of particles: then momenta stay positive, and nothing else is asked for.
        roles
            What the features are.
        radius
            The jets', for `inside`.
        logarithmic
            Features whose step is one in their logarithm, so that they stay positive anyway.
        ends
            Between which positions, times and energies hits can be, for `inside` and `causal`.
        still
            Features that do not move, whatever else would have to: of angles, the other one alone
            is re-centred; with a pt or energy that is held, no jet's pt and no mass is kept.
        cells
            The middles of cells along each axis, for `grid`.
        """
        found = dict(raw)
        if self.positive_pt:
            for name in roles.positive:
                if name not in logarithmic:
                    found[name] = physics.positive(before[name], raw[name] - before[name])
        if weight is None:
            return found
        for name, (low, high) in (ends or {}).items():
            inside = self.inside is not False
            low = low if (self.causal if name == roles.time else inside) else -np.inf
            high = high if inside else np.inf
            if not np.isfinite([low, high]).any():
                continue
            if name in logarithmic:
                found[name] = physics.between_logarithms(before[name], raw[name], low, high)
            else:
                found[name] = physics.between(before[name], raw[name] - before[name], low, high)
        for name, middles in (cells or {}).items():
            if self.grid:
                found[name] = physics.on_grid(before[name], found[name], middles)
        impact = [n for n in roles.impact if n in before]
        if self.keep_discrete and impact:
            none = trackless([before[n] for n in impact], before.get(roles.charge or ""))
            found |= {n: np.where(none, before[n], found[n]) for n in impact}
        if roles.components is not None:
            came = self._components(before, found, weight, roles, radius)
            found |= {n: v for n, v in came.items() if n not in still}
        was, pt = (pt_of(columns, roles, weight) for columns in (before, found))
        if roles.angles is not None:
            self._angles(before, found, roles.angles, was, pt, radius, still)
        scaled = self.fixed_pt and roles.pt is not None and roles.pt not in still
        if scaled and roles.pt is not None and pt is not None and was is not None:
            dphi = None if roles.angles is None else roles.angles[1]
            now = physics.jet_pt(pt, None if dphi is None else found[dphi])
            old = physics.jet_pt(was, None if dphi is None else before[dphi])
            found[roles.pt] = physics.rescaled(found[roles.pt], now, old)
        if self.on_shell and roles.energy is not None and roles.energy not in still:
            energy = energy_of(before, found, roles)
            found[roles.energy] = found[roles.energy] if energy is None else energy
        return found

    def _components(
        self, before: Columns, found: Columns, weight: Floats, roles: Roles, radius: float | None
    ) -> Columns:
        """Return momenta along the axes, under the constraints on what they are from the axis.

        Seen from the axis, what has no pt has no direction but the beam's, and loses its pz on the
        way back: a particle without pt stays as it is, and one whose raw step leads there follows.
        """
        assert roles.components is not None
        x, y, z = names = roles.components
        raw = {n: found[n] for n in names}
        if not (self.positive_pt or self.inside is not False or self.recentre or self.fixed_pt):
            return raw
        if self.positive_pt:
            step_x, step_y = (raw[n] - before[n] for n in (x, y))
            raw[x], raw[y] = ahead(before[x], before[y], step_x, step_y)
        axis = axis_of(before[x], before[y], before[z], weight)
        was, to = (from_axis(columns, names, axis) for columns in (before, raw))
        rest = replace(self, positive_pt=False)  # it is, already
        back = along_axes(rest.apply(was, to, weight, SEEN, radius), names, axis)
        start, end = was["pt"] > 0, to["pt"] > 0
        return {n: np.where(start, np.where(end, back[n], raw[n]), before[n]) for n in names}

    def _angles(
        self,
        before: Columns,
        found: Columns,
        angles: tuple[str, str],
        was: Floats | None,
        pt: Floats | None,
        radius: float | None,
        still: Container[str],
    ) -> None:
        (old_x, old_y), (x, y) = ([v[n] for n in angles] for v in (before, found))
        radius = None if self.inside is False else radius
        if radius is not None:
            x, y = physics.inside(old_x, old_y, x - old_x, y - old_y, radius)
        if self.recentre and was is not None and pt is not None:
            # where an angle is held, its mean is wherever it comes to
            held = [name in still for name in angles]
            to_x = physics.centre(pt, x) if held[0] else physics.centre(was, old_x)
            to_y = physics.centre(pt, y) if held[1] else physics.centre(was, old_y)
            x, y = physics.recentred(x, y, pt, (to_x, to_y), radius)
            x, y = old_x if held[0] else x, old_y if held[1] else y
        found.update(zip(angles, (x, y), strict=True))


def _is_radius(value: object) -> bool:
    """Say whether a value is a number above 0."""
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 < value < np.inf


def constraints(given: Mapping[str, bool | float]) -> Constraints:
    """Return the constraints, of which some are set.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    BadValueError
        If a value is not one that it takes.
    """
    if not isinstance(given, Mapping):
        raise BadValueError(f"constraints={given!r}: expected a table of names and switches")
    known = [field.name for field in fields(Constraints)]
    for name in given:
        if name not in known:
            raise UnknownNameError("constraint", name, known)
    return Constraints(**given)  # type: ignore[arg-type]
