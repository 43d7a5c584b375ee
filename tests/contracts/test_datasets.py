"""What every registered dataset promises, whoever wrote it."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jetclass_arrays
import quark_gluon_arrays as qg
from jetlens.core.arguments import parameters
from jetlens.core.batch import JetBatch
from jetlens.core.registry import datasets, readers
from jetlens.data.base import Dataset
from jetlens.data.generated import Generated
from jetlens.data.pythia import PythiaJets
from jetlens.data.readers import energyflow, ftag
from jetlens.data.toy import Toy
from jetlens.run.executor import Serial, executor
from jetlens.run.stages.generate import Task, write


def ftag_files(folder: Path) -> list[str]:
    names = []
    for seed, jets in ((1, 25), (2, 11)):
        names.append(str(folder / f"{seed}.h5"))
        arrays = Toy(jets=jets, partition=jets, seed=seed).partitions()[0].arrays()
        arrays["constituents"]["valid"] = np.arange(20) < 3 + np.arange(jets)[:, None] % 15
        ftag.write(Path(names[-1]), arrays)
    return names


def array_files(folder: Path) -> list[str]:
    """Write a file of arrays for each class, and their description."""
    for name, jets in (("signal", 25), ("background", 11)):
        (toy,) = Toy(jets=jets, partition=jets).partitions()
        values = toy.read()["constituents"].values
        values[np.arange(20) >= 3 + np.arange(jets)[:, None] % 15] = 0
        np.savez(folder / f"{name}.npz", particles=values)
    description = folder / "jets.toml"
    description.write_text("""
        files = "*.npz"
        [label.files]
        background = "background.npz"
        signal = "signal.npz"
        [collections.constituents]
        array = "particles"
        [collections.constituents.columns]
        pt = {}
        deta = {}
        dphi = {}
    """)
    return [str(description)]


def energyflow_files(folder: Path) -> list[str]:
    names = []
    for seed, jets in ((1, 25), (2, 11)):
        names.append(str(folder / f"QG_jets_{seed}.npz"))
        energyflow.write(Path(names[-1]), qg.made_up(jets, places=6, seed=seed))
    return names


def jetclass_files(folder: Path) -> list[str]:
    names = []
    for seed, jets in ((1, 25), (2, 11)):
        path = folder / f"jets_{seed}.root"
        names.append(str(jetclass_arrays.save(path, jetclass_arrays.made_up(jets, seed=seed))))
    return names


FILES: dict[str, Callable[[Path], list[str]]] = {
    "ftag": ftag_files,
    "arrays": array_files,
    "energyflow": energyflow_files,
    "jetclass": jetclass_files,
}
"""Files of each reader."""
SMALL: dict[str, dict[str, Any]] = {
    "toy": {"jets": 50, "partition": 20, "seed": 5, "difficulty": 2},
    "fat-jets": {"jets": 5, "partition": 2, "seed": 3},
    "two-fat-jets": {"jets": 7, "partition": 3, "seed": 3, "masses": [1000]},
    "qg": {"jets": 8, "partition": 3, "seed": 3},
    "jetclass": {"jets": 5, "partition": 2, "seed": 3, "classes": ["H4q", "QCD"]},
    "pythia": {"jets": 12, "partition": 5, "seed": 11, "pool": 200},
    "showers": {"jets": 11, "partition": 4, "seed": 3, "hits": 30},
    "files": {},
    **{f"files of {name}": {"format": name} for name in FILES},
}
"""Arguments of a dataset of a few partitions, the last one smaller."""


def ours(registry: Any) -> list[str]:
    """Return what jetlens itself registers: other tests enter their own."""
    modules = {name: inspect.unwrap(registry.get(name)).__module__ for name in registry}
    return [name for name, module in modules.items() if module.startswith("jetlens.")]


CASES = [*ours(datasets), *(f"files of {name}" for name in ours(readers))]
every_dataset = pytest.mark.parametrize("case", CASES)
every_generated = pytest.mark.parametrize(
    "case", [c for c in ours(datasets) if "seed" in parameters(datasets.get(c))]
)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory, flavour_settings: PythiaJets) -> Any:
    """Build a case's dataset, each time anew; the pile-up pool is that of the session."""
    assert flavour_settings.pool == SMALL["pythia"]["pool"]
    written = {name: write(tmp_path_factory.mktemp(name)) for name, write in FILES.items()}

    def made(case: str, **others: Any) -> Dataset:
        use, _, reader = case.partition(" of ")
        arguments = {**SMALL[case], **others}
        if use == "files":
            arguments = {"files": written[reader or "ftag"], "partition": 10, **arguments}
        dataset: Dataset = datasets.make(use, **arguments)
        return dataset

    return made


@pytest.fixture(scope="module")
def two_workers(flavour_settings: PythiaJets) -> Any:
    """Two other processes, as those of a run; they see the session's pile-up pool."""
    with executor(workers=2) as workers:
        yield workers


def contents(jets: JetBatch) -> dict[str, Any]:
    """Return all that a batch holds, as bytes."""
    found: dict[str, Any] = {"classes": jets.classes}
    for name in ("label", "weight", "event", "row"):
        found[name] = as_bytes(getattr(jets, name))
    for name, own in jets.collections.items():
        found[name] = (own.axes, own.features, as_bytes(own.values))
        found[f"{name}, mask"] = None if own.mask is None else as_bytes(own.mask)
        found[f"{name}, truth"] = {k: as_bytes(v) for k, v in own.truth.items()}
        found[f"{name}, places"] = {k: (f, as_bytes(v)) for k, (f, v) in own.places.items()}
    return found


def as_bytes(array: np.ndarray) -> tuple[str, tuple[int, ...], bytes]:
    return str(array.dtype), array.shape, np.ascontiguousarray(array).tobytes()


def bits(partition: Any) -> dict[str, Any]:
    """Return the tables of a partition that is made, or what one of files reads."""
    if not hasattr(partition, "arrays"):
        return contents(partition.read())
    return {name: (t.dtype.descr, t.tobytes()) for name, t in partition.arrays().items()}


@every_dataset
def test_a_partition_is_the_same_in_any_process_and_order(case, make, two_workers) -> None:
    partitions = make(case).partitions()
    assert len(partitions) > 2
    here = Serial().map(bits, partitions)
    assert bits(make(case).partitions()[1]) == here[1]  # after its neighbours, and built anew
    assert two_workers.map(bits, partitions[::-1]) == here[::-1]
    for name in here[0].keys() & {"jets", "tracks", "constituents", "objects", "hits"}:
        assert len({part[name][-1] for part in here}) == len(here)


@every_dataset
def test_partitions_put_together_are_the_whole(case, make) -> None:
    dataset = make(case)
    whole, first = dataset.read(), 0
    seen: set[int] = set()
    for part in (partition.read() for partition in dataset.partitions()):
        piece = whole.take(slice(first, first + len(part)))
        for name, own in part.collections.items():
            if own.is_sequence:  # lists are as long as the longest of the whole
                padded = own.padded(whole[name].values.shape[1])
                part = dataclasses.replace(part, collections={**part.collections, name: padded})
        assert contents(part) == contents(piece)
        first += len(part)
        if isinstance(dataset, Generated):
            assert not seen & set(part.event)  # events are whole
            seen |= set(part.event)
    assert first == len(whole) == SMALL[case].get("jets", 25 + 11)
    if "files" not in case:  # those number the jets of each file
        np.testing.assert_array_equal(whole.row, np.arange(len(whole)))


@every_generated
def test_another_seed_makes_other_jets_in_every_partition(case, make) -> None:
    one = make(case)
    other = make(case, seed=one.seed + 1)
    assert one != other
    for mine, others in zip(one.partitions(), other.partitions(), strict=True):
        tables, different = mine.arrays(), others.arrays()
        assert tables.keys() == different.keys()
        for name, table in tables.items():
            assert table.dtype == different[name].dtype
            assert table.tobytes() != different[name].tobytes(), name


@every_generated
def test_files_of_a_run_reopen_as_what_was_made(case, make, two_workers, tmp_path) -> None:
    dataset = make(case)
    assert isinstance(dataset, Generated)
    paths = [tmp_path / f"{i}{dataset.suffix}" for i in range(len(dataset.partitions()))]
    tasks = [Task(p, path) for p, path in zip(dataset.partitions(), paths, strict=True)]
    two_workers.map(write, tasks)
    again = dataset.reopen(paths)
    assert len(again.partitions()) == len(paths)
    assert contents(again.read()) == contents(dataset.read())
