"""What frozen parts of taggers make of jets, evaluated once for all that use it.

Trainings that draw other jets, or more of them, and those with other seeds share it, and so does
what their taggers say of the test part. It lies in the run's folder until the taggers are tested.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from jetlens.run.progress import Progress
from jetlens.run.stages.frozen_folder import check_room, place, tidy, told
from jetlens.run.stages.frozen_wanted import Known, Piece, Wanted, built, may_share
from jetlens.run.stages.train_one import Task
from jetlens.run.store import remove
from jetlens.run.study import Study
from jetlens.taggers.base import Tagger
from jetlens.taggers.training.draw import Rows
from jetlens.taggers.training.frozen import evaluate, evaluate_onward

_ready: dict[str, Tagger] = {}
"""The tagger whose frozen part this process used last, by the folder that it fills."""


def share(
    studies: Sequence[Study],
    tasks: Sequence[Task],
    tested: bool,
    used: Iterable[str | None] = (),
) -> list[Task]:
    """Put all jets through the frozen parts of taggers once; return trainings that know of it.

    What the run kept of other frozen parts is removed.

    Parameters
    ----------
    studies, tasks
        The studies, and the training of each.
    tested
        Whether the test part's jets are put through, too.
    used
        The folders that taggers know which are trained already.

    Raises
    ------
    BadFileError
        If the disk has no room for it: nothing is written then.
    BadValueError
        If two jets have the same row.
    """
    wanted: dict[str, Wanted] = {}
    known = Known()
    shared = []
    for study, task in zip(studies, tasks, strict=True):
        if may_share(task):
            found = known.features(study, task)
            if found is not None:
                own = wanted.setdefault(found.folder.name, Wanted(study, task, found))
                own.rows += known.rows(study, task, tested)
                task = replace(task, features=found)
        shared.append(task)
    first = studies[0]
    tidy(first, {*wanted, *used})
    each = [own.pieces(wanted.values()) for own in wanted.values()]
    pieces = [piece for some in each for piece in some]
    if pieces:
        size = sum(_size(some) for some in each if some)
        first.log.say(
            f"frozen parts of {len(wanted)} taggers: each jet goes through them once; what they "
            f"make of it takes {told(size)} of {str(place(first))!r} until the taggers are tested"
        )
        check_room(first, size)
        with Progress("frozen parts", len(pieces)) as progress:
            for depth in sorted({piece.features.depth for piece in pieces}):
                some = [piece for piece in pieces if piece.features.depth == depth]
                first.executor.map(put_through, some, progress)
    return shared


def clear(study: Study) -> None:
    """Remove all that a run kept."""
    remove(place(study))
    _ready.clear()


def put_through(piece: Piece) -> None:
    """Put some jets through a frozen part, and write what comes out.

    Where a shallower one of the same network made something of them, that is gone on from.
    """
    tagger = _tagger(piece)
    begun, spent, before = time.perf_counter(), 0.0, piece.before
    if before is None:
        jets = piece.partition.read()
        row = jets.row
        found, flops = evaluate(tagger, jets)
    else:
        row = piece.partition.chosen.rows
        found, flops = evaluate_onward(tagger, before.read(row), before.depth)
        flops, spent = flops + before.flops, before.seconds * len(row)
    piece.features.write(piece.name, row, found, flops, time.perf_counter() - begun + spent)


def _tagger(piece: Piece) -> Tagger:
    """Return the tagger of a piece, built once for pieces that follow each other."""
    made = f"{piece.features.folder} {piece.device}"
    if made not in _ready:
        _ready.clear()
        _ready[made] = built(piece.task, piece.features.scaling).to(piece.device)
    return _ready[made]


def _size(pieces: Sequence[Piece]) -> int:
    """Return how many bytes pieces of one frozen part will take, by what it makes of a jet."""
    rows = [piece.partition.chosen.rows for piece in pieces]
    one = replace(pieces[0].partition, chosen=Rows(rows[0][:1])).read()
    found, _ = evaluate(_tagger(pieces[0]), one, count=False)
    return sum(map(len, rows)) * sum(values.nbytes for values in found.values())
