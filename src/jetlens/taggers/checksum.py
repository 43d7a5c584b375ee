"""A checksum of named tensors, whatever file or network they are in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def checksum(tensors: Mapping[str, Tensor | NDArray[Any]]) -> str:
    """Return the SHA-256 of names, types, shapes and bytes of tensors, in the order of the names.

    Parameters
    ----------
    tensors
        By name; of torch or numpy.
    """
    sha = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name]
        if not isinstance(value, Tensor):  # torch takes no array that cannot be written to
            value = torch.from_numpy(np.require(value, requirements="W"))
        value = value.detach().cpu().contiguous()
        sha.update(f"{name} {value.dtype} {tuple(value.shape)} ".encode())
        sha.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return sha.hexdigest()
