"""What two particles are to each other: numbers for each pair that are added to attention's scores.

Of particles ln kT, ln z, ln Delta and ln m^2, with

    Delta^2 = (y_a - y_b)^2 + (phi_a - phi_b)^2      kT = min(pt_a, pt_b) Delta
    z = min(pt_a, pt_b) / (pt_a + pt_b)              m^2 = (p_a + p_b)^2

and of hits in a calorimeter ln d, ln min(E_a, E_b) and ln z, with d their distance. They are made
of physical values, to which the tagger's inputs are taken back, so that gradients reach the inputs.
All of them are smooth but where two momenta are equal, and finite everywhere.

References
----------
Qu, Li and Qian, "Particle transformer for jet tagging", arXiv:2202.03772.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jetlens.data.scaling import Scaling
from jetlens.taggers.layers import dense

Values = Mapping[str, Tensor]
Both = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Of values of particles, those of the first and of the second particle of each pair."""

LARGEST = 1e8
"""Momenta and energies, in units of a typical one, count from 1 / `LARGEST` to `LARGEST`."""
NEAR = 1e-3  # rad
"""Added to Delta in quadrature, so that its logarithm has a gradient of at most 1 / (2 `NEAR`)."""
FAR = 20.0
"""Differences of rapidity count up to here in the mass."""
LIGHT = 1e-6
"""Added to the m^2 of each particle, in units of a typical pt^2."""
NEAR_HITS = 1.0  # mm
"""Added to the distance of two hits in quadrature."""


@dataclass(frozen=True)
class Kind:
    """What is computed of pairs of one kind of particles.

    Attributes
    ----------
    needs
        The features that it is computed of.
    takes
        Those that are used where they are there.
    unit
        The powers of a typical momentum or energy that features are taken in units of; of the first
        feature here, that sets it, the logarithm is taken.
    count
        How many numbers there are for each pair.
    of
        Computes them, ``[pair, number]``, of values ``[jet, particle]``.
    """

    needs: tuple[str, ...]
    takes: tuple[str, ...]
    unit: Mapping[str, int]
    count: int
    of: Callable[[Values, Both], Tensor]


def momenta(values: Values, both: Both) -> Tensor:
    """Return ln kT, ln z, ln Delta and ln m^2 ``[pair, 4]``.

    ``pt`` is its logarithm. Without ``m2``, particles have no mass. ``deta`` is taken for a
    difference in rapidity; that in pseudorapidity is another where particles have a mass.
    """
    ln_pt, y, phi = (both(values[name]) for name in ("pt", "deta", "dphi"))
    y_apart, phi_apart = y[0] - y[1], phi[0] - phi[1]
    ln_distance = (y_apart.square() + phi_apart.square() + NEAR**2).log() / 2
    ln_softer, ln_z = _shared(ln_pt)
    # cosh(y) - 1 and 1 - cos(phi), without the loss of digits where both are small
    boosted = 2 * (y_apart.clamp(-FAR, FAR) / 2).sinh().square()
    turned = 2 * (phi_apart / 2).sin().square() + NEAR**2 / 2
    if "m2" in values:
        m2 = (values["m2"] + LIGHT).clamp(0, LARGEST**2)  # no mass has a gradient, whatever rounds
        pt = values["pt"].exp()
        m2s, pts, mts = both(m2), both(pt), both((pt.square() + m2).sqrt())
        pt2, mt2 = pts[0] * pts[1], mts[0] * mts[1]
        # mt2 - pt2, likewise
        heavier = (m2s[0] * pts[1].square() + m2s[1] * mts[0].square()) / (mt2 + pt2)
        ln_m2 = (m2s[0] + m2s[1] + 2 * (heavier + mt2 * boosted + pt2 * turned)).log()
    else:
        ln_m2 = ln_pt[0] + ln_pt[1] + (2 * (boosted + turned)).log()
    return torch.stack([ln_softer + ln_distance, ln_z, ln_distance, ln_m2], -1)


def hits(values: Values, both: Both) -> Tensor:
    """Return ln d, ln min(E_a, E_b) and ln z ``[pair, 3]``; ``energy`` is its logarithm."""
    x, y, z = ((one - other).square() for one, other in (both(values[k]) for k in "xyz"))
    ln_distance = (x + y + z + NEAR_HITS**2).log() / 2
    return torch.stack([ln_distance, *_shared(both(values["energy"]))], -1)


def _shared(ln_energy: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Return ln min(a, b) and ln(min(a, b) / (a + b))."""
    one, other = ln_energy
    return torch.minimum(one, other), -F.softplus((one - other).abs())


KINDS = (
    Kind(("pt", "deta", "dphi"), ("m2",), {"pt": 1, "m2": 2}, 4, momenta),
    Kind(("x", "y", "z", "energy"), (), {"energy": 1}, 3, hits),
)


def kind_of(features: Sequence[str]) -> Kind | None:
    """Return what can be computed of pairs of particles with these features, if anything."""
    return next((kind for kind in KINDS if {*kind.needs} <= {*features}), None)


class Physical(nn.Module):
    """The inverse of a scaling, for what is computed of pairs.

    Parameters
    ----------
    kind
        It says what is needed.
    name, features
        The collection and its features.
    scaling
        How physical values became inputs.
    """

    weight: Tensor
    offset: Tensor

    def __init__(self, kind: Kind, name: str, features: Sequence[str], scaling: Scaling) -> None:
        super().__init__()
        self.names = (*kind.needs, *(f for f in kind.takes if f in features))
        known, floors = scaling.table.get(name, {}), scaling.floors.get(name, {})
        self.logarithms = {f for f in self.names if f in floors}
        self.energy = next(iter(kind.unit))
        mean, spread = known.get(self.energy, (0.0, 1.0))
        ln_unit = mean if self.energy in floors else math.log(math.hypot(mean, spread))
        weight = torch.zeros(len(self.names), len(features), dtype=torch.float64)
        offset = torch.zeros(len(self.names), dtype=torch.float64)
        for row, feature in enumerate(self.names):
            mean, spread = known.get(feature, (0.0, 1.0))
            ln_part = kind.unit.get(feature, 0) * ln_unit
            if feature in floors:
                mean -= ln_part
            else:
                mean, spread = mean / math.exp(ln_part), spread / math.exp(ln_part)
            weight[row, features.index(feature)], offset[row] = spread, mean
        kept = torch.get_default_dtype()
        self.register_buffer("weight", weight.to(kept), persistent=False)
        self.register_buffer("offset", offset.to(kept), persistent=False)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return values ``[jet, particle]`` by name, of inputs ``[jet, particle, feature]``.

        Momenta and energies are their logarithm, in units of a typical one.
        """
        most = math.log(LARGEST)
        # angles are too fine for half precision
        with torch.autocast(x.device.type, enabled=False):
            taken = F.linear(x, self.weight, self.offset)
        values = dict(zip(self.names, taken.unbind(-1), strict=True))
        for name, value in values.items():
            if name == self.energy and name in self.logarithms:
                values[name] = value.clamp(-most, most)
            elif name == self.energy:
                values[name] = value.clamp(1 / LARGEST, LARGEST).log()
            elif name in self.logarithms:
                values[name] = value.clamp(max=2 * most).exp()
        return values


class PairBias(nn.Module):
    """One number a head for each pair of real particles, the same whichever of the two is first.

    It is computed once for each pair, so that neither padding nor the other half costs anything; of
    a particle with itself it is zero.

    Parameters
    ----------
    kind, name, features, scaling
        As of `Physical`.
    hidden
        Widths of the dense layers that embed a pair.
    heads
        Numbers for each pair.
    activation
        As of `jetlens.taggers.layers.dense`.
    """

    def __init__(
        self,
        kind: Kind,
        name: str,
        features: Sequence[str],
        scaling: Scaling,
        hidden: Sequence[int],
        heads: int,
        activation: str,
    ) -> None:
        super().__init__()
        self.kind = kind
        self.physical = Physical(kind, name, features, scaling)
        self.embed = dense([kind.count, *hidden, heads], activation)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return ``[jet, head, particle, particle]`` of inputs ``[jet, particle, feature]``."""
        jets, places = mask.shape
        pairs = (mask[:, :, None] & mask[:, None, :]).triu(1)
        jet, one, other = pairs.nonzero(as_tuple=True)
        first, second = jet * places + one, jet * places + other

        def both(values: Tensor) -> tuple[Tensor, Tensor]:
            flat = values.flatten()
            return flat[first], flat[second]

        numbers = self.embed(self.kind.of(self.physical(x), both))
        bias: Tensor = numbers.new_zeros(jets, numbers.shape[1], places, places)
        jet, one, other = jet.repeat(2), torch.cat([one, other]), torch.cat([other, one])
        bias[jet, :, one, other] = numbers.repeat(2, 1)
        return bias
