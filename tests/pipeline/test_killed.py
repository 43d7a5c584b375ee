"""A run that is killed at any moment goes on, and ends as an undisturbed one."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import numpy as np
import pytest

import made_up

OUTPUTS = ("jets", "tagger", "predictions", "attributions.zarr", "results")
KILLS = {"generate": 3, "train": 3, "explain": 4}


@pytest.fixture(scope="module")
def server():
    """Processes that are forked from one which has imported everything and done nothing."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["jetlens.run.stages.report", "jetlens.taggers.train"])
    return context


def begin(server, recipe: Path, out: Path, until: str):
    arguments = {"recipe": recipe, "out": out, "until": until}
    process = server.Process(target=made_up.run, args=(arguments,))
    process.start()
    return process


def finish(server, recipe: Path, out: Path, until: str) -> float:
    start = time.perf_counter()
    process = begin(server, recipe, out, until)
    process.join(120)
    assert process.exitcode == 0
    return time.perf_counter() - start


def test_killed_at_random_moments_it_ends_as_if_undisturbed(server, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(made_up.RECIPE.replace("partition = 60", "partition = 60, seconds = 0.1"))
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    finish(server, recipe, tmp_path / "first", "generate")  # starts the server
    rng = np.random.default_rng(20240607)
    killed = 0
    for until, kills in KILLS.items():
        seconds = finish(server, recipe, calm, until)
        for _ in range(kills):
            process = begin(server, recipe, rough, until)
            time.sleep(float(rng.uniform(0.05, 0.9 * seconds)))
            killed += process.is_alive()
            process.kill()
            process.join()
        finish(server, recipe, rough, until)
    assert killed >= 6  # most were killed at work, not after it
    one, other = (made_up.content(folder, *OUTPUTS) for folder in (calm, rough))
    assert one.keys() == other.keys()
    assert made_up.differences(one, other) == {}
    assert made_up.content(calm, *OUTPUTS).keys() >= {"tagger/weights.safetensors"}
    assert not [p for p in rough.rglob("*") if ".part" in p.name]
