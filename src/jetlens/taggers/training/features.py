"""What a frozen part made of jets, on disk: for all trainings, and for what they say of the test.

A folder holds what one frozen part makes of one scaling of some jets, in pieces that are written by
themselves: for each the jets' rows, and by collection an array ``[jet, ...]``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jetlens.core.errors import BadFileError
from jetlens.core.files import atomic_folder
from jetlens.core.hashing import digest
from jetlens.data.scaling import Scaling
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.checksum import checksum
from jetlens.taggers.saved import description

ROW, FLOPS, SECONDS = "row", "flops", "seconds"


@dataclass(frozen=True)
class Features:
    """What a frozen part made of jets.

    Attributes
    ----------
    folder
        Where it lies.
    scaling
        How the jets were scaled for it.
    stem, depth
        What deeper ones have in common with it that can go on from it, by `stem_of`, and how many
        layers it has.
    """

    folder: Path
    scaling: Scaling = field(default_factory=Scaling)
    stem: str = ""
    depth: int = 0

    def write(
        self,
        piece: str,
        row: NDArray[np.int64],
        found: Mapping[str, Tensor],
        flops: int,
        seconds: float = 0.0,
    ) -> None:
        """Write what was made of some jets, whole or not at all.

        Parameters
        ----------
        piece
            A name of its own.
        row
            Of the jets.
        found
            By collection ``[jet, ...]``.
        flops
            What a jet cost, in floating-point operations.
        seconds
            How long it took, for all of these jets.
        """
        with atomic_folder(self.folder / piece) as part:
            np.save(part / f"{ROW}.npy", row)
            for name, values in found.items():
                np.save(part / f"of-{name}.npy", values.numpy())
            for name, spent in ((FLOPS, flops), (SECONDS, seconds)):
                (part / f"{name}.json").write_text(json.dumps(spent), encoding="utf-8")

    def rows(self, piece: str) -> NDArray[np.int64]:
        """Return which jets are in a piece; none, if it is not there."""
        file = self.folder / piece / f"{ROW}.npy"
        rows: NDArray[np.int64] = np.load(file) if file.is_file() else np.empty(0, np.int64)
        return rows

    @cached_property
    def _index(self) -> tuple[list[Path], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the pieces; and all rows, sorted, with the piece and the place in it of each."""
        pieces = sorted(p for p in self.folder.iterdir() if p.is_dir())
        each = [self.rows(p.name) for p in pieces]
        row = np.concatenate([np.empty(0, np.int64), *each])
        number = np.repeat(np.arange(len(each)), [len(e) for e in each])
        place = np.concatenate([np.empty(0, np.int64), *(np.arange(len(e)) for e in each)])
        order = np.argsort(row, kind="stable")
        return pieces, row[order], number[order], place[order]

    @property
    def flops(self) -> int:
        """What a jet cost."""
        return int(_told(self._index[0][0], FLOPS))

    @property
    def seconds(self) -> float:
        """How long a jet took, on average."""
        pieces, rows, *_ = self._index
        return sum(_told(piece, SECONDS) for piece in pieces) / max(len(rows), 1)

    def has(self, row: NDArray[np.int64]) -> bool:
        """Say whether all of some jets are there."""
        there = self.folder.is_dir() and bool(self._index[0])
        return there and bool(np.isin(row, self._index[1]).all())

    def read(self, row: NDArray[np.int64]) -> Inputs:
        """Return what was made of some jets, by collection ``[jet, ...]``.

        Raises
        ------
        BadFileError
            If a jet is not there.
        """
        pieces, known, number, place = self._index
        at = np.searchsorted(known, row).clip(max=len(known) - 1)
        if not len(known) or (known[at] != row).any():
            raise BadFileError(
                f"{str(self.folder)!r} lacks what a frozen part made of some jets: remove that "
                "folder, and it is made again"
            )
        found: dict[str, NDArray[np.floating]] = {}
        for i in np.unique(number[at]) if len(row) else (0,):  # no jets have shapes, too
            own = np.flatnonzero(number[at] == i)
            for file in sorted(pieces[i].glob("of-*.npy")):
                values = np.load(file, mmap_mode="r")[place[at[own]]]
                name = file.stem.removeprefix("of-")
                if name not in found:
                    found[name] = np.empty((len(row), *values.shape[1:]), values.dtype)
                found[name][own] = values
        return {name: torch.from_numpy(values) for name, values in found.items()}


def _told(piece: Path, name: str) -> float:
    found: float = json.loads((piece / f"{name}.json").read_text(encoding="utf-8"))
    return found


def key_of(tagger: Tagger, jets: str) -> str:
    """Return a digest of what a tagger's frozen part makes of jets depends on.

    Taggers whose frozen parts are the same, and take the same, have the same, whatever they are
    trained to.

    Parameters
    ----------
    tagger
        The tagger, before it is trained, or after.
    jets
        A digest of the jets.
    """
    trained = {name for name, p in tagger.named_parameters() if p.requires_grad}
    frozen = {k: v for k, v in tagger.state_dict().items() if k not in trained}
    return digest(_taken(tagger), checksum(frozen), jets)


def stem_of(tagger: Tagger, jets: str) -> str:
    """Return a digest of what frozen parts have in common of which one can go on from the other.

    It is empty where none can.

    Parameters
    ----------
    tagger
        The tagger, before it is trained.
    jets
        A digest of the jets.
    """
    return digest(_taken(tagger, {tagger.cut_by}), jets) if tagger.depth else ""


def _taken(tagger: Tagger, but: Collection[str] = ()) -> str:
    """Return what a tagger is built of and takes, but for some arguments and what it tells."""
    told = description(tagger)
    for name in ("classes", "tasks"):
        del told[name]
    told["arguments"] = {k: v for k, v in told["arguments"].items() if k not in but}
    return json.dumps(told, sort_keys=True, default=list)
