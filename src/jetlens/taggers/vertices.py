"""Vertices from the pair head: tracks that are compatible, directly or through others."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch import Tensor

NO_VERTEX = -2
"""The vertex of a track that is compatible with no other."""


def vertices_from_pairs(logits: Tensor, mask: Tensor) -> Tensor:
    """Group tracks by union-find over pairs whose compatibility is above one half.

    Parameters
    ----------
    logits
        ``[jet, track, track]``, the log-odds that two tracks share a vertex.
    mask
        ``[jet, track]``, True where a track is real.

    Returns
    -------
    The vertex of each track ``[jet, track]``, numbered from 0 in each jet in the order of its first
    track; -2 for a track on its own, -1 where there is no track.

    References
    ----------
    ATLAS Collaboration, ATL-PHYS-PUB-2022-027, section 6; arXiv:2505.19689.
    """
    jets, tracks = mask.shape
    real = mask.cpu().numpy()
    pairs = logits.detach().cpu().numpy()
    pairs = (pairs + pairs.transpose(0, 2, 1) > 0) & real[:, :, None] & real[:, None, :]
    pairs &= ~np.eye(tracks, dtype=bool)
    jet, one, other = np.nonzero(pairs)
    graph = coo_matrix(
        (np.ones(len(jet), dtype=bool), (jet * tracks + one, jet * tracks + other)),
        shape=(jets * tracks, jets * tracks),
    )
    _, group = connected_components(graph, directed=False)
    group = group.reshape(jets, tracks)
    alone = ~pairs.any(-1)
    vertex = np.full((jets, tracks), -1, dtype=np.int64)
    joined = real & ~alone
    # a group's number in its jet: how many groups began before it
    first = np.zeros_like(joined)
    flat = np.flatnonzero(joined.ravel())
    _, starts = np.unique(group.ravel()[flat], return_index=True)
    first.ravel()[flat[starts]] = True
    number = np.cumsum(first, axis=1) - 1
    label = np.zeros(jets * tracks, dtype=np.int64)
    label[group.ravel()[flat[starts]]] = number.ravel()[flat[starts]]
    vertex[joined] = label[group[joined]]
    vertex[real & alone] = NO_VERTEX
    return torch.as_tensor(vertex, device=mask.device)
