"""Importing and asking for help load nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "lightning", "matplotlib", "mplhep", "pythia8mc", "fastjet", "awkward", "dask")
HEAVY += ("transformers", "onnx")


@pytest.mark.parametrize(
    "statement",
    [
        "import jetlens; dir(jetlens)",
        "import jetlens; jetlens.JetBatch, jetlens.read, jetlens.batch, jetlens.JetlensError",
        "import jetlens.cli, sys; sys.argv = ['jetlens', '--help']\n"
        "try: jetlens.cli.main()\nexcept SystemExit: pass",
        "import jetlens.run",
    ],
    ids=["import", "jets", "help", "run"],
)
def test_it_loads_nothing_heavy(statement):
    text = f"{statement}\nimport sys\nprint([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("what", ["import jetlens", "import jetlens.cli"])
def test_it_takes_well_under_half_a_second_of_computing(what):
    # seconds of this process, not of the clock: other work on the machine does not count
    text = f"import time\nstart = time.process_time()\n{what}\nprint(time.process_time() - start)"
    seconds = min(
        float(subprocess.run([sys.executable, "-c", text], capture_output=True, check=True).stdout)
        for _ in range(3)
    )
    assert seconds < 0.4
