from __future__ import annotations

import subprocess
import sys
import tracemalloc
import weakref

import numpy as np
import pytest
import xarray as xr

import jetlens as jl
from jetlens.core.errors import BadValueError, UnknownNameError
from synthetic import attribution


def test_names_and_arguments_are_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'top-origin'"):
        jl.summarise(attribution(5), "top-orgin")
    with pytest.raises(BadValueError, match="takes no argument 'normalize'"):
        jl.summarise(attribution(5), "box", normalize="sum")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (xr.Dataset(), "no attribution: it lacks 'class', 'output', 'label', 'weight'"),
        ([attribution(5), attribution(5).drop_vars("class")], "it lacks 'class', which"),
        (attribution(5).drop_vars(["event", "row"]), "it lacks 'event', 'row'"),
        (attribution(5)["output"], "an xarray.Dataset or an iterator over some, not DataArray"),
        (jl.batch({"jets": (np.ones((2, 1)), ["pt"])}), "not JetBatch"),
        ({"b": attribution(5)}, "not str"),
        ("scores.zarr", "not str"),
        (None, "not NoneType"),
    ],
    ids=lambda given: given[:20] if isinstance(given, str) else type(given).__name__,
)
@pytest.mark.parametrize("summary", ["relevance", "box"])
def test_what_is_no_attribution(given, says: str, summary: str) -> None:
    with pytest.raises(BadValueError, match=says):
        jl.summarise(given, summary)


def test_no_partition_at_all_is_refused():
    with pytest.raises(BadValueError, match="no partition"):
        jl.summarise(iter(()), "box")


def test_one_partition_at_a_time_is_held():
    seen = []
    most = []

    def stream():
        for start in range(0, 200, 50):
            part = attribution(50, start=start)
            seen.append(weakref.ref(part))
            most.append(sum(r() is not None for r in seen))
            yield part
            del part

    result = jl.summarise(stream(), "box", replicas=3)
    assert int(result.sums["jets"].sel(count="seen", group="all")) == 200
    assert max(most) <= 2  # the one that comes, while the one before is let go


def test_memory_does_not_grow_with_the_number_of_partitions():
    part = attribution(300, 8)

    def peak(times):
        tracemalloc.start()
        jl.summarise((part for _ in range(times)), "box", replicas=3)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(1)
    assert peak(12) < 1.5 * peak(3)


def test_importing_jetlens_loads_no_figures_or_networks():
    code = (
        "import sys, jetlens; jetlens.summarise;"
        "bad = {'torch', 'matplotlib', 'pythia8mc', 'fastjet'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
