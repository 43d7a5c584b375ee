"""JetClass's numbers of decays, which ``aux_truth_match`` holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetlens.data.jetclass.jets import HIGGS, TOP, Kind, W, Z
from jetlens.data.quark_gluon.jets import GLUON

TOP_BCQ, TOP_BQQ, TOP_BE, TOP_BMU = 11, 12, 15, 16
W_CQ, W_QQ = 21, 22
Z_BB, Z_CC, Z_QQ = 31, 32, 33
H_BB, H_CC, H_GG, H_4Q, H_QQL = 41, 42, 44, 45, 46
QCD = 50
_CHARM, _BOTTOM, _ELECTRON, _MUON = 4, 5, 11, 13


def decay_number(kind: Kind, prongs: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return JetClass's number of each jet's decay (its ``makeNtuples.C``), ``[jet]``.

    Parameters
    ----------
    kind
        The jets' kind.
    prongs
        Numbers of the prongs ``[jet, prong]``; 0 for none.
    """
    number = np.abs(prongs)
    all_b, all_c, glue = ((number == n).sum(axis=1) == 2 for n in (_BOTTOM, _CHARM, GLUON))
    electron, muon = ((number == n).any(axis=1) for n in (_ELECTRON, _MUON))
    heavy = np.isin(number, (_CHARM, _BOTTOM)).sum(axis=1)
    cases: dict[int | None, list[tuple[NDArray[np.bool_], int]]] = {
        # a top's own b is one heavy quark
        TOP: [(electron, TOP_BE), (muon, TOP_BMU), (heavy > 1, TOP_BCQ), (heavy <= 1, TOP_BQQ)],
        W: [(heavy > 0, W_CQ), (heavy == 0, W_QQ)],
        Z: [(all_b, Z_BB), (all_c, Z_CC), (~all_b & ~all_c, Z_QQ)],
        HIGGS: [
            (np.full(len(number), kind.prongs == 4), H_4Q),
            (electron | muon, H_QQL),
            (all_b, H_BB),
            (all_c, H_CC),
            (glue, H_GG),
        ],
    }
    if kind.resonance is None:
        return np.full(len(number), QCD)
    conditions, numbers = zip(*cases[kind.resonance], strict=True)
    found: NDArray[np.int64] = np.select(conditions, numbers, 0).astype(np.int64)
    return found
