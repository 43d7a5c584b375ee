"""Which constraints hold when jets are moved, and how they are put together."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from jetlens.core.errors import BadValueError, UnknownNameError
from jetlens.physics import components
from jetlens.physics import constraints as physics
from jetlens.physics.roles import RAPIDITY, Roles, roles

Floats = NDArray[np.float64]
Columns = dict[str, Floats]
"""Values by feature, ``[jet, particle]`` (or of a jet or image as they are)."""

_SEEN = ("pt", "deta", "dphi")
"""What momenta along the axes are taken as."""
_ROLES = roles(_SEEN)


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
        outermost cells of the reference jets along each axis.
    causal
        Hits are no earlier than the earliest of the reference jets.
    keep_discrete
        Charges, types and counts are not moved.
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
    causal: bool = True
    keep_discrete: bool = True
    on_shell: bool = True
    recentre: bool = True
    fixed_pt: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool):
                continue
            if field.name != "inside":
                raise BadValueError(f"constraint {field.name}={value!r}: expected true or false")
            if not isinstance(value, int | float) or not 0 < value < np.inf:
                raise BadValueError(
                    f"constraint inside={value!r}: expected a radius above 0, true or false"
                )

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
            Between which positions and times hits can be, for `inside` and `causal`.
        still
            Features that do not move, whatever else would have to: of angles, the other one alone
            is re-centred; with a pt or energy that is held, no jet's pt and no mass is kept.
        """
        found = dict(raw)
        if self.positive_pt:
            for name in roles.positive:
                if name not in logarithmic:
                    found[name] = physics.positive(before[name], raw[name] - before[name])
        if weight is None:
            return found
        for name, (low, high) in (ends or {}).items():
            if self.causal if name == roles.time else self.inside is not False:
                found[name] = physics.between(before[name], raw[name] - before[name], low, high)
        if roles.components is not None:
            came = self._components(before, found, weight, roles, radius)
            found |= {n: v for n, v in came.items() if n not in still}
        was, pt = (_pt(columns, roles, weight) for columns in (before, found))
        if roles.angles is not None:
            self._angles(before, found, roles.angles, was, pt, radius, still)
        scaled = self.fixed_pt and roles.pt is not None and roles.pt not in still
        if scaled and roles.pt is not None and pt is not None and was is not None:
            dphi = None if roles.angles is None else roles.angles[1]
            now = physics.jet_pt(pt, None if dphi is None else found[dphi])
            old = physics.jet_pt(was, None if dphi is None else before[dphi])
            found[roles.pt] = physics.rescaled(found[roles.pt], now, old)
        if self.on_shell and roles.energy is not None and roles.energy not in still:
            if roles.components is not None:
                found[roles.energy] = _energy_of_components(before, found, roles)
            elif roles.pt is not None:
                found[roles.energy] = _energy(before, found, roles)
        return found

    def _components(
        self, before: Columns, found: Columns, weight: Floats, roles: Roles, radius: float | None
    ) -> Columns:
        """Return momenta along the axes, under the constraints on what they are from the axis."""
        assert roles.components is not None
        x, y, z = roles.components
        px, py = found[x], found[y]
        if self.positive_pt:
            px, py = components.ahead(before[x], before[y], px - before[x], py - before[y])
        axis = components.axis_of(before[x], before[y], before[z], weight)
        was = dict(zip(_SEEN, components.seen(before[x], before[y], before[z], axis), strict=True))
        raw = dict(zip(_SEEN, components.seen(px, py, found[z], axis), strict=True))
        rest = replace(self, positive_pt=False)  # it is, already
        came = rest.apply(was, raw, weight, _ROLES, radius)
        pt, deta, dphi = (came[n] for n in _SEEN)
        back = components.components(pt, deta, dphi, axis)
        return dict(zip(roles.components, back, strict=True))

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


def _pt(columns: Columns, roles: Roles, weight: Floats) -> Floats | None:
    """Return the particles' transverse momenta, zero in padding; nothing where none is known."""
    if roles.pt is not None:
        return np.maximum(columns[roles.pt], 0) * weight
    if roles.components is not None:
        return np.hypot(*(columns[n] for n in roles.components[:2])) * weight
    return None


def _energy_of_components(before: Columns, after: Columns, roles: Roles) -> Floats:
    """Return the energies of particles of the masses that they had."""
    assert roles.energy is not None
    assert roles.components is not None
    gain = sum(after[n] ** 2 - before[n] ** 2 for n in roles.components)
    energy: Floats = np.sqrt(np.maximum(before[roles.energy] ** 2 + gain, 0.0))
    return energy


def _energy(before: Columns, after: Columns, roles: Roles) -> Floats:
    assert roles.pt is not None
    assert roles.energy is not None

    def both(name: str | None) -> tuple[Floats, Floats] | None:
        return None if name is None else (before[name], after[name])

    m2 = both(roles.m2)
    if m2 is None and roles.mass is not None:
        m2 = before[roles.mass] ** 2, after[roles.mass] ** 2
    return physics.energy_on_shell(
        before[roles.energy],
        (before[roles.pt], after[roles.pt]),
        both(roles.eta),
        m2,
        rapidity=roles.eta == RAPIDITY,
    )


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
