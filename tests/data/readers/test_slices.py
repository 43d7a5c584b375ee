"""Files divided into partitions."""

from __future__ import annotations

import pytest

from jetlens.core.errors import BadFileError
from jetlens.data.readers.slices import slices


def test_slices_follow_each_other_and_do_not_cross_files():
    jets = {"a": 5, "none": 0, "b": 2}
    found = [tuple(s) for s in slices(list(jets), 2, jets.__getitem__)]
    assert found == [
        ("a", 0, 2, 0, 5), ("a", 2, 4, 0, 5), ("a", 4, 5, 0, 5), ("b", 0, 2, 5, 2),
    ]  # fmt: skip


def test_files_without_jets_are_named():
    with pytest.raises(BadFileError, match="no jets in 'a', 'b'"):
        slices(["a", "b"], 2, lambda path: 0)
