"""Jets: each partition into its own file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jetlens.core.errors import BadFileError
from jetlens.core.registry import arguments_of
from jetlens.data.generated import Generated, GeneratedPartition
from jetlens.run.attributions import part_name
from jetlens.run.progress import Progress
from jetlens.run.store import Store
from jetlens.run.study import Study, key

VERSION = 1
STAGE = "generate"


@dataclass(frozen=True)
class Task:
    """One partition and the file that it goes to."""

    partition: GeneratedPartition
    path: Path


def generate(study: Study) -> None:
    """Generate the jets that are not there yet; those in somebody's files stay where they are."""
    source, home = study.source(), study.home
    if not isinstance(source, Generated):
        return
    partitions = source.partitions()
    folder = home.work(STAGE, home.jets)
    tasks = [Task(p, folder / f"{part_name(i)}{source.suffix}") for i, p in enumerate(partitions)]
    made = [home.jets / task.path.name for task in tasks]
    jets = key(VERSION, arguments_of(source))
    news = study.log.is_news(f"jets {jets}")  # variations share them
    if not home.begin(STAGE, jets, made):
        if news:
            study.log.say(f"jets: {len(tasks)} files are there")
        return
    missing = [t for t in tasks if not t.path.exists()]
    with Progress("generating jets", len(missing)) as progress:
        study.executor.map(write, missing, progress)
    home.finish(STAGE, [home.jets], files=len(tasks))
    study.log.say(f"jets: {len(missing)} of {len(tasks)} files generated")


def is_made(study: Study) -> bool:
    """Say whether the jets are there, as the recipe wants them."""
    source, state = study.source(), study.home.state(STAGE)
    return bool(state.get("done")) and state.get("key") == key(VERSION, arguments_of(source))


def share(study: Study, others: Sequence[Store]) -> None:
    """Let a study begin with the same jets of another: the files are linked, not copied."""
    source, here = study.source(), study.home
    if not isinstance(source, Generated) or here.state(STAGE):
        return
    made = key(VERSION, arguments_of(source))
    for there in others:
        state = there.state(STAGE)
        if state.get("done") and state.get("key") == made:
            break
    else:
        return
    here.jets.mkdir(parents=True, exist_ok=True)
    for file in there.jets.glob(f"*{source.suffix}"):
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
        task.partition.write(task.path)
    except BadFileError as error:
        raise BadFileError(f"{error} (while generating {task.path.name})") from error
