"""Jets: each partition into its own file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetlens.core.errors import BadFileError
from jetlens.core.registry import arguments_of
from jetlens.data.readers import ftag
from jetlens.run.attributions import part_name
from jetlens.run.progress import Progress
from jetlens.run.store import Store
from jetlens.run.study import Study, key

VERSION = 1
STAGE = "generate"


@dataclass(frozen=True)
class Task:
    """One partition and the file that it goes to."""

    partition: Any
    path: Path


def generate(study: Study) -> None:
    """Generate the jets that are not there yet; those in somebody's files stay where they are."""
    if not study.is_generated():
        return
    source, home = study.source(), study.home
    partitions = source.partitions()
    folder = home.work(STAGE, home.jets)
    tasks = [Task(p, folder / f"{part_name(i)}.h5") for i, p in enumerate(partitions)]
    if not home.begin(STAGE, key(VERSION, arguments_of(source)), [home.jets]):
        study.log.say(f"jets: {len(tasks)} files are there")
        return
    missing = [t for t in tasks if not t.path.exists()]
    with Progress("generating jets", len(missing)) as progress:
        study.executor.map(write, missing, progress)
    home.finish(STAGE, [home.jets], files=len(tasks))
    study.log.say(f"jets: {len(missing)} of {len(tasks)} files generated")


def share(study: Study, others: Sequence[Store]) -> None:
    """Let a study begin with the same jets of another: the files are linked, not copied."""
    here = study.home
    if not study.is_generated() or here.state(STAGE):
        return
    made = key(VERSION, arguments_of(study.source()))
    for there in others:
        state = there.state(STAGE)
        if state.get("done") and state.get("key") == made:
            break
    else:
        return
    here.jets.mkdir(parents=True, exist_ok=True)
    for file in there.jets.glob("*.h5"):
        link = here.jets / file.name
        if not link.exists():
            try:
                os.link(file, link)
            except OSError:  # another file system
                shutil.copy2(file, link)
    here.copy_state(there, STAGE)


def write(task: Task) -> None:
    """Generate one partition and write it, whole or not at all."""
    try:
        ftag.write(task.path, task.partition.arrays())
    except BadFileError as error:
        raise BadFileError(f"{error} (while generating {task.path.name})") from error
