"""ROOT files in JetClass's layout, of particles that never were, written by uproot alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

CLASSES = ("QCD", "Hbb", "Hcc", "Hgg", "H4q", "Hqql", "Zqq", "Wqq", "Tbqq", "Tbl")
KINDS = ("ChargedHadron", "NeutralHadron", "Photon", "Electron", "Muon")


def made_up(jets: int, most: int = 9, seed: int = 1) -> dict[str, Any]:
    """Return the branches of JetClass's own files; the first jet has one particle.

    Particles are in the order of pt.
    """
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, most + 1, jets)
    counts[0] = 1
    size = int(counts.sum())
    jet = np.repeat(np.arange(jets), counts)
    pt = rng.exponential(20, size) + 0.1
    pt = pt[np.lexsort((-pt, jet))]
    eta, phi = rng.uniform(-2, 2, jets), rng.uniform(-np.pi, np.pi, jets)
    at_eta, at_phi = (
        eta[jet] + rng.uniform(-0.8, 0.8, size),
        phi[jet] + rng.uniform(-0.8, 0.8, size),
    )
    kind = rng.integers(0, 5, size)
    flat = {
        "part_px": pt * np.cos(at_phi),
        "part_py": pt * np.sin(at_phi),
        "part_pz": pt * np.sinh(at_eta),
        "part_energy": pt * np.cosh(at_eta) + 0.1,
        "part_deta": np.where(eta[jet] > 0, 1, -1) * (at_eta - eta[jet]),
        "part_dphi": at_phi - phi[jet],
        **{f"part_{n}": rng.normal(size=size) for n in ("d0val", "d0err", "dzval", "dzerr")},
        "part_charge": rng.integers(-1, 2, size),
    }
    found: dict[str, Any] = {k: ak.unflatten(v.astype("f4"), counts) for k, v in flat.items()}
    for i, name in enumerate(KINDS):
        found[f"part_is{name}"] = ak.unflatten((kind == i).astype("i4"), counts)
    label = rng.integers(0, len(CLASSES), jets)
    for i, name in enumerate(CLASSES):
        found[f"label_{name}"] = (label == i).astype("f4" if i == 0 else "?" if i < 6 else "i4")
    found |= {"jet_pt": rng.uniform(500, 1000, jets).astype("f4"), "jet_eta": eta.astype("f4")}
    found |= {"jet_phi": phi.astype("f4"), "jet_nparticles": counts.astype("f4")}
    for name in ("energy", "sdmass", "tau1", "tau2", "tau3", "tau4"):
        found[f"jet_{name}"] = rng.uniform(1, 1000, jets).astype("f4")
    for name in ("genpart_eta", "genpart_phi", "genpart_pid", "genpart_pt", "truth_match"):
        found[f"aux_{name}"] = rng.uniform(1, 50, jets).astype("f4")
    return found


def save(path: Path, branches: dict[str, Any], tree: str = "tree") -> Path:
    """Write branches, each list with a counter of its own."""
    with uproot.recreate(path) as file:
        types = {k: v.type if isinstance(v, ak.Array) else v.dtype for k, v in branches.items()}
        file.mktree(tree, types)
        file[tree].extend(branches)
    return path
