"""How the parametrised tracker compares with a full simulation, track by track.

The full simulation is ATLAS's, as public DAOD_PHYSLITE files hold it. Its tracks' own momenta are
shot through the parametrised tracker, so that like is compared with like.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jetlens.data.detector import table
from jetlens.data.detector.collisions import PARTICLE, Particles
from jetlens.data.detector.hits import INNERMOST, is_pixel
from jetlens.data.detector.response import reconstruct
from jetlens.data.detector.tracks import PARAMETERS, Tracks
from jetlens.data.events.truth import PRIMARY
from jetlens.physics.kinematics import eta_of_theta

Floats = NDArray[np.float64]

PT_EDGES = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 50.0)
ETA_EDGES = (0.0, 0.8, 1.6, 2.5)
FEWEST = 40
"""Tracks of the full simulation that a bin needs to be compared."""

COUNTS = ("innermost", "pixel", "strip", "pixel holes", "strip holes")


class Sample(NamedTuple):
    """Tracks to compare, each ``[track]`` or ``[track, ...]``; GeV, mm, rad."""

    pt: Floats
    eta: Floats
    phi: Floats
    charge: Floats
    d0: Floats
    sigma: Floats
    """Uncertainties ``[track, parameter]`` in the order of `PARAMETERS`, q/p in 1/GeV."""
    counts: Floats
    """Hits ``[track, count]`` in the order of `COUNTS`."""

    def take(self, rows: NDArray[np.bool_]) -> Sample:
        """Return some of the tracks."""
        return Sample(*(column[rows] for column in self))


def full_simulation(path: Path) -> Sample:
    """Read the tracks of a DAOD_PHYSLITE file that pass flavour tagging's selection.

    Parameters
    ----------
    path
        The file; its ``InDetTrackParticles`` are read.
    """
    import awkward as ak
    import uproot

    tree = uproot.open(path)["CollectionTree"]

    def column(name: str) -> Floats:
        values = ak.flatten(tree[f"InDetTrackParticlesAuxDyn.{name}"].array())
        return np.asarray(ak.to_numpy(values), dtype=np.float64)

    theta, q_over_p = column("theta"), column("qOverP") * 1000.0  # 1/MeV to 1/GeV
    # the covariance's diagonal is in the order of PARAMETERS; its q/p is in 1/MeV too
    sigma = np.sqrt(column("definingParametersCovMatrixDiag")) * (1, 1, 1, 1, 1000.0)
    names = ("InnermostPixelLayerHits", "PixelHits", "SCTHits", "PixelHoles", "SCTHoles")
    counts = np.stack([column(f"numberOf{name}") for name in names], axis=1)
    sample = Sample(
        np.sin(theta) / np.abs(q_over_p),
        eta_of_theta(theta),
        column("phi"),
        np.sign(q_over_p),
        column("d0"),
        sigma,
        counts,
    )
    return sample.take(_selected(sample))


def shoot(sample: Sample, copies: int, rng: np.random.Generator) -> Sample:
    """Send charged pions of the sample's momenta through the parametrised tracker.

    Parameters
    ----------
    sample
        Whose momenta to use.
    copies
        How often each.
    rng
        Source of randomness.
    """
    pt, eta, phi = (np.repeat(column, copies) for column in (sample.pt, sample.eta, sample.phi))
    particles: Particles = np.zeros(len(pt), dtype=PARTICLE)
    particles["charge"] = np.repeat(sample.charge, copies)
    particles["pdg"], particles["origin"], particles["end"] = 211, PRIMARY, np.inf
    momentum = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=1)
    particles["momentum"][:, :3] = momentum
    particles["momentum"][:, 3] = np.hypot(np.linalg.norm(momentum, axis=1), 0.13957)
    particles["vertex"][:, 2] = rng.normal(0, table.BEAM_SPOT.value[2], len(pt))
    made = of_tracks(reconstruct(particles, particles["vertex"], rng))
    return made.take(_selected(made))


def of_tracks(tracks: Tracks) -> Sample:
    """Return reconstructed tracks in the form of a sample."""
    pixel = is_pixel()
    hits = tracks["hits"]
    return Sample(
        np.sin(tracks["theta"]) / np.abs(tracks["q_over_p"]),
        eta_of_theta(tracks["theta"]),
        tracks["phi"],
        np.sign(tracks["q_over_p"]),
        tracks["d0"],
        tracks["sigma"],
        np.stack(
            [
                hits[:, INNERMOST],
                hits[:, pixel].sum(axis=1),
                hits[:, ~pixel].sum(axis=1),
                tracks["pixel_holes"],
                tracks["strip_holes"],
            ],
            axis=1,
        ).astype(np.float64),
    )


def _selected(sample: Sample) -> NDArray[np.bool_]:
    _, pixel, strip, pixel_holes, strip_holes = sample.counts.T
    passed: NDArray[np.bool_] = (
        (sample.pt > table.TRACK_PT.value)
        & (np.abs(sample.eta) < table.JET_ETA.value)
        & (np.abs(sample.d0) < table.TRACK_D0.value)
        & (pixel + strip >= table.SILICON_HITS.value)
        & (pixel_holes <= table.PIXEL_HOLES.value)
        & (pixel_holes + strip_holes <= table.SILICON_HOLES.value)
    )
    return passed


class Comparison(NamedTuple):
    """Medians of one uncertainty in one bin of pt and |eta|."""

    parameter: str
    pt: tuple[float, float]
    eta: tuple[float, float]
    tracks: int
    full: float
    full_error: float
    ours: float

    @property
    def ratio(self) -> float:
        """Parametrised over full simulation."""
        return self.ours / self.full


def compare(full: Sample, ours: Sample) -> list[Comparison]:
    """Compare the medians of the uncertainties, in all bins that hold enough tracks."""
    found = []
    for pt in pairwise(PT_EDGES):
        for eta in pairwise(ETA_EDGES):
            there, here = _in_bin(full, pt, eta), _in_bin(ours, pt, eta)
            if there.sum() < FEWEST:
                continue
            for i, name in enumerate(PARAMETERS):
                a, b = full.sigma[there, i], ours.sigma[here, i]
                found.append(
                    Comparison(
                        name,
                        pt,
                        eta,
                        int(there.sum()),
                        float(np.median(a)),
                        median_error(a),
                        float(np.median(b)),
                    )
                )
    return found


def median_error(values: Floats) -> float:
    """Return the statistical error of a median, from the quantiles that bound it at 68 %."""
    n = len(values)
    width = 0.5 / np.sqrt(n)  # of the binomial number of values below the median, as a fraction
    low, high = np.quantile(values, [max(0.5 - width, 0), min(0.5 + width, 1)])
    return float(high - low) / 2


def _in_bin(sample: Sample, pt: tuple[float, float], eta: tuple[float, float]) -> NDArray[np.bool_]:
    size = np.abs(sample.eta)
    inside: NDArray[np.bool_] = (
        (sample.pt >= pt[0]) & (sample.pt < pt[1]) & (size >= eta[0]) & (size < eta[1])
    )
    return inside
