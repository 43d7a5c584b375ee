from __future__ import annotations

import numpy as np
import pytest
import torch

from jetlens.core.errors import BadValueError, UnsupportedError
from jetlens.run.executor import Serial, executor, one_thread


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


def test_what_cannot_be_used_is_refused():
    with pytest.raises(BadValueError, match="workers=0"), executor(workers=0):
        pass
    with (
        pytest.raises(UnsupportedError, match="no Dask scheduler answers at 'nowhere'"),
        executor(scheduler="nowhere") as works,
    ):
        works.map(np.sqrt, [1.0])
