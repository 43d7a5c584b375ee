from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.run.executor import HELD, Serial, executor, one_thread


def test_serial_keeps_the_order_and_computes_on_one_thread():
    before = torch.get_num_threads()
    found = Serial().map(lambda task: (task, torch.get_num_threads()), [3, 1, 2])
    assert found == [(3, 1), (1, 1), (2, 1)]
    assert torch.get_num_threads() == before


def test_threads_are_given_back_after_an_error():
    torch.set_num_threads(2)
    try:
        with pytest.raises(ZeroDivisionError), one_thread():
            1 / 0  # noqa: B018
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_dask_keeps_the_order_passes_errors_on_and_stops():
    with executor(workers=2) as works:
        assert works.map(np.sqrt, [9.0, 4.0, 1.0]) == [3.0, 2.0, 1.0]
        assert works.map(np.sqrt, []) == []
        with pytest.raises(BadValueError, match="told by a worker"):
            works.map(_refuse, [1, 2])
        client = works._client
    assert client.status == "closed"


def _refuse(task):
    raise BadValueError("told by a worker")


def test_workers_keep_memory_for_later():
    with executor(workers=2) as works:
        assert works.map(os.environ.get, list(HELD)) == [str(n) for n in HELD.values()]


def test_what_cannot_be_used_is_refused():
    with pytest.raises(BadValueError, match="workers=0"), executor(workers=0):
        pass
    with (
        pytest.raises(UnsupportedError, match="no Dask scheduler answers at 'nowhere'"),
        executor(scheduler="nowhere") as works,
    ):
        works.map(np.sqrt, [1.0])


RECIPE = """
data = { use = "toy", jets = 4, partition = 2 }
tagger = { use = "mlp", inputs = { jets = ["theta"] } }
"""
CALL = 'jetlens.run("toy.toml", "run", workers=2, until="generate")'


@pytest.mark.parametrize("guarded", [False, True])
def test_workers_of_a_script_start_below_its_guard_or_one_message_names_it(tmp_path, guarded):
    (tmp_path / "toy.toml").write_text(RECIPE)
    guard = 'if __name__ == "__main__":'
    script = f"import jetlens\n{guard}\n    {CALL}\n" if guarded else f"import jetlens\n{CALL}\n"
    (tmp_path / "script.py").write_text(script)
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.returncode == 0) == guarded
    assert done.stderr.count("Traceback") == (not guarded)
    if not guarded:
        assert f"below {guard}" in done.stderr.splitlines()[-1]
