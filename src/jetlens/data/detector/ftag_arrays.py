"""From simulated jets and tracks to the structured arrays of the ATLAS flavour-tagging layout."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.data.detector import table
from jetlens.data.detector.hits import INNERMOST, NEXT, Merged, is_pixel
from jetlens.data.detector.simulation import Simulated, relative_angles
from jetlens.data.detector.tracks import PARAMETERS, Tracks, impact
from jetlens.data.events.truth import NO_VERTEX, vertices
from jetlens.physics.groups import hardest
from jetlens.physics.kinematics import eta_of_theta

MOST_TRACKS = 40
_MEV = 1000.0

JET_FIELDS: dict[str, type] = {
    "pt_btagJes": np.float32,  # MeV
    "eta_btagJes": np.float32,
    "pt": np.float32,  # MeV
    "eta": np.float32,
    "phi": np.float32,
    "mass": np.float32,  # MeV
    "n_tracks": np.int32,  # before the cut at 40
    "averageInteractionsPerCrossing": np.float32,
    "HadronConeExclTruthLabelID": np.int32,
    "flavour_label": np.int32,  # position among b, c, u, tau
    "eventNumber": np.int64,
    "mcEventWeight": np.float32,
}

FLOAT_FIELDS = (
    "d0",  # mm
    "z0SinTheta",  # mm
    "dphi",
    "deta",
    "qOverP",  # 1/MeV
    "IP3D_signed_d0_significance",
    "IP3D_signed_z0_significance",
    "phiUncertainty",
    "thetaUncertainty",
    "qOverPUncertainty",  # 1/MeV
    "pt",  # MeV
    "eta",
    "phi",
    "theta",
    "d0Uncertainty",  # mm
    "z0SinThetaUncertainty",  # mm
)
COUNT_FIELDS = (
    "numberOfPixelHits",
    "numberOfSCTHits",
    "numberOfInnermostPixelLayerHits",
    "numberOfNextToInnermostPixelLayerHits",
    "numberOfInnermostPixelLayerSharedHits",
    "numberOfInnermostPixelLayerSplitHits",
    "numberOfPixelSharedHits",
    "numberOfPixelSplitHits",
    "numberOfSCTSharedHits",
    "numberOfPixelHoles",
    "numberOfSCTHoles",
)
JET_DTYPE = np.dtype(list(JET_FIELDS.items()))
TRACK_DTYPE = np.dtype(
    [
        *((name, np.float32) for name in FLOAT_FIELDS),
        *((name, np.uint8) for name in COUNT_FIELDS),
        ("ftagTruthOriginLabel", np.int32),
        ("ftagTruthVertexIndex", np.int32),
        ("valid", np.bool_),
    ]
)
_FLAVOUR = {5: 0, 4: 1, 0: 2, 15: 3}

Structured = NDArray[np.void]


def empty(jets: int) -> dict[str, Structured]:
    """Return the arrays of so many jets, filled with zeros."""
    return {
        "jets": np.zeros(jets, dtype=JET_DTYPE),
        "tracks": np.zeros((jets, MOST_TRACKS), dtype=TRACK_DTYPE),
    }


def to_arrays(simulated: Simulated, mu: float) -> dict[str, Structured]:
    """Select tracks, sort them by |s(d0)| and fill the layout.

    Parameters
    ----------
    simulated
        Jets and their tracks before selection.
    mu
        Mean number of pile-up collisions.

    Returns
    -------
    ``jets`` ``[jet]`` and ``tracks`` ``[jet, 40]``, in MeV, 1/MeV, mm and rad; ``eventNumber`` is
    the event's index in the batch.
    """
    merged = simulated.merged
    kept = selected(simulated.tracks, merged)
    tracks, jet = simulated.tracks[kept], simulated.jet[kept]
    flat = _variables(tracks, jet, Merged(*(column[kept] for column in merged)), simulated)
    size = np.abs(flat["IP3D_signed_d0_significance"])
    count = np.bincount(jet, minlength=len(simulated.jets.pt))
    order, place = hardest(size, jet, len(count), most=MOST_TRACKS)
    flat, jet, made = flat[order], jet[order], tracks["made"][order]
    shape = (len(count), MOST_TRACKS)
    padded = np.zeros(shape, dtype=TRACK_DTYPE)
    padded["ftagTruthOriginLabel"], padded["ftagTruthVertexIndex"] = -1, NO_VERTEX
    padded[jet, place] = flat
    position = np.zeros((*shape, 3))
    position[jet, place] = made
    padded["ftagTruthVertexIndex"] = vertices(
        position, simulated.vertex, padded["ftagTruthOriginLabel"], padded["valid"]
    )
    return {"jets": _jets(simulated, count, mu), "tracks": padded}


def selected(tracks: Tracks, merged: Merged) -> NDArray[np.bool_]:
    """Say which tracks pass flavour tagging's selection (arXiv:2505.19689, table 1)."""
    theta, q_over_p = tracks["theta"], tracks["q_over_p"]
    passed: NDArray[np.bool_] = (
        (np.sin(theta) > table.TRACK_PT.value * np.abs(q_over_p))
        & (np.abs(eta_of_theta(theta)) < table.JET_ETA.value)
        & (np.abs(tracks["d0"]) < table.TRACK_D0.value)
        & (np.abs(tracks["z0"] * np.sin(theta)) < table.TRACK_Z0.value)
        & (tracks["hits"].sum(axis=1) >= table.SILICON_HITS.value)
        & (merged.pixel_shared + merged.strip_shared / 2 <= table.SHARED_MODULES.value)
        & (tracks["pixel_holes"] + tracks["strip_holes"] <= table.SILICON_HOLES.value)
        & (tracks["pixel_holes"] <= table.PIXEL_HOLES.value)
    )
    return passed


def _variables(
    tracks: Tracks, jet: NDArray[np.int64], merged: Merged, simulated: Simulated
) -> Structured:
    flat = np.zeros(len(tracks), dtype=TRACK_DTYPE)
    sigma = dict(zip(PARAMETERS, tracks["sigma"].T, strict=True))
    theta, phi, d0 = tracks["theta"], tracks["phi"], tracks["d0"]
    sin, eta = np.sin(theta), eta_of_theta(theta)
    jet_eta, jet_phi = simulated.jets.eta[jet], simulated.jets.phi[jet]
    passing = impact(tracks, simulated.vertex_sigma[jet], jet_eta, jet_phi)
    deta, dphi = relative_angles(tracks, jet, simulated.jets)
    values = {
        "d0": d0,
        "z0SinTheta": passing.z0_sin,
        "dphi": dphi,
        "deta": deta,
        "qOverP": tracks["q_over_p"] / _MEV,
        "IP3D_signed_d0_significance": passing.d0_significance,
        "IP3D_signed_z0_significance": passing.z0_significance,
        "phiUncertainty": sigma["phi"],
        "thetaUncertainty": sigma["theta"],
        "qOverPUncertainty": sigma["q_over_p"] / _MEV,
        "pt": sin / np.abs(tracks["q_over_p"]) * _MEV,
        "eta": eta,
        "phi": phi,
        "theta": theta,
        "d0Uncertainty": sigma["d0"],
        "z0SinThetaUncertainty": passing.z0_sin_sigma,
        "numberOfPixelHits": tracks["hits"][:, is_pixel()].sum(axis=1),
        "numberOfSCTHits": tracks["hits"][:, ~is_pixel()].sum(axis=1),
        "numberOfInnermostPixelLayerHits": tracks["hits"][:, INNERMOST],
        "numberOfNextToInnermostPixelLayerHits": tracks["hits"][:, NEXT],
        "numberOfInnermostPixelLayerSharedHits": merged.innermost_shared,
        "numberOfInnermostPixelLayerSplitHits": merged.innermost_split,
        "numberOfPixelSharedHits": merged.pixel_shared,
        "numberOfPixelSplitHits": merged.pixel_split,
        "numberOfSCTSharedHits": merged.strip_shared,
        "numberOfPixelHoles": tracks["pixel_holes"],
        "numberOfSCTHoles": tracks["strip_holes"],
        "ftagTruthOriginLabel": tracks["origin"],
        "valid": True,
    }
    for name, value in values.items():
        flat[name] = value
    return flat


def _jets(simulated: Simulated, tracks: NDArray[np.int64], mu: float) -> Structured:
    jets = simulated.jets
    arrays = np.zeros(len(jets.pt), dtype=JET_DTYPE)
    values = {
        "pt_btagJes": jets.pt * _MEV,
        "eta_btagJes": jets.eta,
        "pt": jets.pt * _MEV,
        "eta": jets.eta,
        "phi": jets.phi,
        "mass": jets.mass * _MEV,
        "n_tracks": tracks,
        "averageInteractionsPerCrossing": mu,
        "HadronConeExclTruthLabelID": simulated.flavour,
        "flavour_label": np.select(
            [simulated.flavour == label for label in _FLAVOUR], list(_FLAVOUR.values())
        ),
        "eventNumber": jets.event,
        "mcEventWeight": 1.0,
    }
    for name, value in values.items():
        arrays[name] = value
    return arrays
