"""From events with two fat jets to tables: their particles, their nine objects, their variables."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetlens.core.collection import NO_TRUTH
from jetlens.data.events.clustering import directions
from jetlens.data.events.generator import EventRecord
from jetlens.data.fat_jets.particles import kinds
from jetlens.data.two_fat_jets.btagging import flavour, tagged
from jetlens.data.two_fat_jets.columns import MISSING, SUBJETS, Tables, empty
from jetlens.data.two_fat_jets.events import Pairs
from jetlens.physics import xaug
from jetlens.physics.frame import upright
from jetlens.physics.groups import hardest, places
from jetlens.physics.kinematics import delta_phi, eta_of, mass_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def to_arrays(record: EventRecord, pairs: Pairs, constituents: int) -> Tables:
    """Return the tables ``jets`` ``[event]``, ``constituents`` and ``objects``.

    Labels, processes and resonance masses are 0; ``xsec_weight`` is the event's weight, ``tag_1``
    and ``tag_2`` the probabilities that both prongs of the one and the other fat jet are b-tagged.

    Parameters
    ----------
    record
        Generated events.
    pairs
        Those of two fat jets.
    constituents
        How many particles of a fat jet are kept, the hardest first.
    """
    tables = empty(len(pairs), constituents)
    momentum = _momenta(record, pairs)
    objects = tables["objects"]
    px, py, pz, energy = np.moveaxis(momentum, -1, 0)
    there = energy > 0
    _set(
        objects,
        {
            "pt": np.hypot(px, py),
            "eta": np.where(there, eta_of(px, py, pz), 0.0),
            "phi": np.arctan2(py, px),
            "mass": mass_of(momentum),
            "energy": energy,
            "flavour": _flavour(record, pairs, momentum, there),
            "valid": there,
        },
    )
    chance = tagged(objects["flavour"][:, SUBJETS].reshape(-1, 2, 2))
    _set(
        tables["jets"],
        {
            "m_hh": objects["mass"][:, 0],
            "pt_hh": objects["pt"][:, 0],
            "deta_hh": np.abs(objects["eta"][:, 1] - objects["eta"][:, 2]),
            "pt_1": objects["pt"][:, 1],
            "pt_2": objects["pt"][:, 2],
            "m_1": pairs.groomed.mass[::2],
            "m_2": pairs.groomed.mass[1::2],
            "met": objects["pt"][:, MISSING],
            "sum_et": pairs.sum_et,
            "eventNumber": pairs.event,
            "xsec_weight": record.weight[pairs.event],
            "tag_1": chance[:, 0],
            "tag_2": chance[:, 1],
        },
    )
    _fill_constituents(tables["constituents"], record, pairs, constituents)
    return tables


def _set(table: NDArray[np.void], columns: dict[str, NDArray[Any]]) -> None:
    for name, values in columns.items():
        table[name] = values


def _momenta(record: EventRecord, pairs: Pairs) -> Floats:
    """Return the objects' momenta ``[pair, object, 4]``, zeros where there is none."""
    fat = xaug.total(record.momentum[pairs.particle], pairs.size).reshape(-1, 2, 4)
    missing = np.zeros((len(pairs), 4))
    missing[:, :2] = pairs.missing
    missing[:, 3] = np.hypot(*pairs.missing.T)
    return np.concatenate(
        [
            fat.sum(axis=1, keepdims=True),
            fat,
            pairs.groomed.prongs.reshape(-1, 4, 4),
            pairs.next_jet[:, None],
            missing[:, None],
        ],
        axis=1,
    )


def _flavour(
    record: EventRecord, pairs: Pairs, momentum: Floats, there: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Return the flavours of subjets ``[pair, object]``; -1 for all else."""
    found = np.full(there.shape, NO_TRUTH, dtype=np.int32)
    pair, subjet = np.nonzero(there[:, SUBJETS])
    subjets = directions(pairs.event[pair], momentum[:, SUBJETS][pair, subjet])
    found[pair, SUBJETS.start + subjet] = flavour(record, subjets)
    return found


def _fill_constituents(
    table: NDArray[np.void], record: EventRecord, pairs: Pairs, most: int
) -> None:
    momentum = record.momentum[pairs.particle]
    where = xaug.axes(momentum, pairs.size, pairs.groomed)
    fat = np.repeat(np.arange(len(pairs.size)), pairs.size)
    px, py, pz, _ = momentum.T
    pt, eta, phi = np.hypot(px, py), eta_of(px, py, pz), np.arctan2(py, px)
    deta, dphi = eta - where.eta[fat], delta_phi(phi, where.phi[fat])
    from_prongs = [where.from_prong(k, eta, phi, fat) for k in range(2)]
    # all particles of a fat jet say how it lies, the hardest are kept
    place = places(pairs.size)
    padded = np.zeros((3, len(pairs.size), pairs.size.max()))
    padded[:, fat, place] = deta, dphi, pt
    turned = upright(*padded)
    columns = {
        "pt_frac": pt / where.pt[fat],
        "deta": turned.x[fat, place],
        "dphi": turned.y[fat, place],
        "pt": pt,
        "fat_jet": fat % 2,
        "type": kinds(record.pdg[pairs.particle]),
        "flip": turned.flip[fat],
        "dr_subjet": np.minimum(*from_prongs),
        "valid": np.ones(len(fat), dtype=bool),
    }
    kept, _ = hardest(pt, fat, len(pairs.size), most=most)
    pair = fat[kept] // 2
    order, place = hardest(pt[kept], pair, len(pairs))
    for name, values in columns.items():
        table[name][pair[order], place] = values[kept[order]]
