"""Made-up events of a search, whose discriminant has known distributions."""

from __future__ import annotations

import numpy as np
import xarray as xr

from jetlens.core import attribution as attributions
from jetlens.core.arrays import batch

MASSES = (500.0, 1000.0)
PER_FB = 0.2  # signal events per fb that are selected at all
BACKGROUND = {"qcd": 40.0, "ttbar": 4.0}  # fb
VARIABLES = ("m_hh", "m_1", "m_2", "deta_hh")


def events(
    n: int = 4000,
    *,
    seed: int = 1,
    start: int = 0,
    power: float = 3.0,
    tags: tuple[float, float] | None = None,
) -> xr.Dataset:
    """Make up `n` events, half of them signal; the rest is 0.9 QCD.

    The discriminant is normal, of background about 0 and of signal about `power`, and has the same
    distribution in and outside of mass windows. With `tags`, jets of signal and of background are
    tagged for certain with these probabilities, and otherwise not.
    """
    rng = np.random.default_rng([seed, start])
    process = np.where(np.arange(n) % 2, rng.choice([1, 2], p=[0.9, 0.1], size=n), 0)
    signal = process == 0
    mass = np.where(signal, rng.choice(MASSES, size=n), 0.0)
    weight = np.empty(n)
    for m in MASSES:
        weight[mass == m] = PER_FB / (mass == m).sum()
    for p, total in enumerate(BACKGROUND.values(), 1):
        weight[process == p] = total / (process == p).sum()
    heavy = np.where(signal, mass * rng.normal(0.98, 0.03, size=n), rng.uniform(400, 1200, size=n))
    light = np.where(signal, rng.normal(125, 8, size=(2, n)), rng.uniform(50, 250, size=(2, n)))
    deta = np.where(signal, rng.uniform(0, 1.5, size=n), rng.uniform(0, 3, size=n))
    truth = {"resonance_mass": mass, "process": process, "xsec_weight": weight}
    score = rng.normal(np.where(signal, power, 0.0))
    if tags is not None:
        chance = np.where(signal, *tags)
        truth |= {f"tag_{k}": (rng.random(n) < chance).astype(float) for k in (1, 2)}
    made = batch(
        {"jets": (np.column_stack([heavy, *light, deta]), VARIABLES)},
        label=signal.astype(int),
        classes=("background", "signal"),
        event=np.arange(start, start + n),
        row=np.arange(start, start + n),
        truth={"jets": truth},
    )
    output = np.column_stack([np.zeros(n), score])
    return attributions.build(
        made, {"jets": VARIABLES}, {}, classes=made.classes, output=output,
        target=output.argmax(axis=1),
    )  # fmt: skip
