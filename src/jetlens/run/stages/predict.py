"""What the tagger says of the test part: one file a partition, joined to the jets by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray

from jetlens.core.attribution import beside
from jetlens.core.errors import BadFileError
from jetlens.data.base import Partition, PartOfPartition
from jetlens.data.tables.hdf5 import write_tables
from jetlens.evaluate.predict import predict as run_tagger
from jetlens.run.attributions import part_name
from jetlens.run.progress import Progress
from jetlens.run.shows import Shows, fill, merge_parts
from jetlens.run.stages import frozen_folder, train
from jetlens.run.study import Study, key
from jetlens.summarise.reach import SHARE
from jetlens.taggers import saved
from jetlens.taggers.base import Tagger
from jetlens.taggers.training.features import Features

VERSION = 4
STAGE = "tagger"
JETS = "jets"


@dataclass(frozen=True)
class Task:
    """One partition of the test part, and the file for what the tagger says of it.

    Attributes
    ----------
    partition
        The jets.
    tagger, trust, device
        The tagger's folder, whether it may be a pickle, and where it computes.
    path
        The file.
    shows, partial
        The summaries to fill, and where they go.
    features
        What the tagger's frozen part made of the jets, if it is still there.
    """

    partition: Partition
    tagger: Path
    trust: bool
    device: str
    path: Path
    shows: Shows
    partial: Path
    features: Features | None = None


def predict(study: Study) -> None:
    """Run the tagger over the test part."""
    store = study.store
    shows = study.shows(scores=False)
    made = key(VERSION, study.split_key, study.jets_key(), study.tagger_key(), shows)
    results = store.results / STAGE
    outputs = [store.predictions, results]
    folder, partial = (store.work(STAGE, store.root / n) for n in ("predictions", "partial"))
    partitions = study.tested().partitions()
    features = frozen_folder.of(study, store.state(train.STAGE).get(frozen_folder.FEATURES))
    tasks = [
        Task(
            p,
            study.tagger,
            study.trust,
            study.device,
            folder / f"{part_name(i)}.h5",
            shows,
            partial / part_name(i),
            features,
        )
        for i, p in enumerate(partitions)
    ]
    if not store.begin(STAGE, made, outputs):
        return
    missing = [t for t in tasks if not t.path.exists()]
    with Progress("tagging", len(missing)) as progress:
        study.executor.map(write, missing, progress)
    merge_parts([t.partial for t in tasks], shows, store.work(STAGE, results))
    store.finish(STAGE, outputs, jets=sum(len(s.row) for s in read_all(folder)))
    study.log.say(f"tagger: {'the jets are' if study.given else 'the test part is'} tagged")


@lru_cache(maxsize=2)
def _loaded(path: Path, trust: bool, device: str, stamp: int) -> Tagger:
    return saved.load(path, trust=trust).to(device)


def load_tagger(path: Path, trust: bool, device: str) -> Tagger:
    """Load a tagger onto a device, once a process and file."""
    file = path / saved.WEIGHTS if path.is_dir() else path
    return _loaded(path, trust, device, file.stat().st_mtime_ns)


def write(task: Task) -> None:
    """Tag one partition and write what comes out, whole or not at all."""
    tagger = load_tagger(task.tagger, task.trust, task.device)
    part = task.partition
    jets, share = part.read_share() if isinstance(part, PartOfPartition) else (part.read(), 1.0)
    known = task.features
    made = known.read(jets.row) if known is not None and known.has(jets.row) else None
    said = run_tagger(tagger, jets, frozen=made)
    fill([beside(said, jets).assign_attrs({SHARE: share})], task.shows, task.partial)
    name = str(getattr(type(tagger), "registered_name", type(tagger).__name__))
    table = evaluation(said, name)
    classes = [str(c) for c in said["class"].values]
    write_tables(task.path, {JETS: table}, {JETS: {"tagger": name, "classes": classes}})


def evaluation(said: xr.Dataset, name: str) -> NDArray[np.void]:
    """Return what a tagger says as a table ``[jet]``, in the words of Salt's evaluation files.

    Beside ``<name>_p<class>`` stand the logits themselves, and what joins it to the jets' file.
    """
    logits = said["output"].values
    chances = torch.as_tensor(logits).double().softmax(-1).numpy()
    columns = {
        "row": said["row"].values,
        "eventNumber": said["event"].values,
        "weight": said["weight"].values,
        "label": said["label"].values,
    }
    classes = [str(c) for c in said["class"].values]
    columns |= {f"{name}_p{c}": chances[:, i].astype(np.float32) for i, c in enumerate(classes)}
    columns |= {f"{name}_logit_{c}": logits[:, i] for i, c in enumerate(classes)}
    table = np.zeros(len(logits), dtype=[(k, v.dtype) for k, v in columns.items()])
    for column, values in columns.items():
        table[column] = values
    return table


@dataclass(frozen=True, eq=False)
class Said:
    """What the tagger says of one partition.

    Attributes
    ----------
    classes
        Of the tagger.
    row, event, label
        ``[jet]``; the label is -1 where the jet is of no class of the tagger.
    weight
        ``[jet]``.
    logits
        ``[jet, class]``.
    """

    classes: tuple[str, ...]
    row: NDArray[np.int64]
    event: NDArray[np.int64]
    label: NDArray[np.int64]
    weight: NDArray[np.float64]
    logits: NDArray[np.floating[Any]]

    @property
    def correct(self) -> NDArray[np.bool_]:
        """``[jet]``, whether the class of the largest logit is the label."""
        right: NDArray[np.bool_] = self.logits.argmax(1) == self.label
        return right


def read(path: Path) -> Said:
    """Read what `write` wrote.

    Raises
    ------
    BadFileError
        If the file is damaged.
    """
    try:
        with h5py.File(path) as file:
            made = file[JETS]
            name, classes = str(made.attrs["tagger"]), tuple(map(str, made.attrs["classes"]))
            table = made[()]
    except (OSError, KeyError) as error:
        raise BadFileError(f"{str(path)!r} is damaged or cut short: {error}") from error
    logits = np.stack([table[f"{name}_logit_{c}"] for c in classes], axis=1)
    return Said(
        classes, table["row"], table["eventNumber"], table["label"], table["weight"], logits
    )


def read_all(folder: Path) -> Iterator[Said]:
    """Read what the tagger says of all partitions, one after the other, in their order."""
    for path in sorted(folder.glob("part-*.h5")):
        yield read(path)
