"""Files divided into partitions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import jetlens as jl
from jetlens.core.errors import BadFileError
from jetlens.data.readers.slices import slices
from quark_gluon_arrays import made_up


def test_slices_follow_each_other_and_do_not_cross_files():
    jets = {"a": 5, "none": 0, "b": 2}
    found = [tuple(s) for s in slices(list(jets), 2, jets.__getitem__)]
    assert found == [
        ("a", 0, 2, 0, 5), ("a", 2, 4, 0, 5), ("a", 4, 5, 0, 5), ("b", 0, 2, 5, 2),
    ]  # fmt: skip


def test_files_without_jets_are_named():
    with pytest.raises(BadFileError, match="no jets in 'a', 'b'"):
        slices(["a", "b"], 2, lambda path: 0)


def test_a_file_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    """Its jets would be in training and test."""
    for name in "ab":
        np.savez(tmp_path / f"{name}.npz", **made_up(3, 4))
    one, other = tmp_path / "a.npz", tmp_path / "b.npz"
    assert len(jl.read([one, other])) == 6
    with pytest.raises(BadFileError, match=r"a\.npz' is named twice: expected each file once"):
        jl.open([one, other, one])
    with pytest.raises(BadFileError, match=r"a\.npz' is named twice"):
        jl.open([tmp_path / "*.npz", one])
    with pytest.raises(BadFileError, match=r"a\.npz' is named twice"):
        jl.open([tmp_path / "[ab].npz", tmp_path / "a*"])
    (tmp_path / "link.npz").symlink_to(one)
    with pytest.raises(BadFileError, match=r"link\.npz' is named twice, the other time as '.*a\."):
        jl.open([one, tmp_path / "link.npz"])
    around = tmp_path / "." / ".." / tmp_path.name / "b.npz"
    with pytest.raises(BadFileError, match="the other time as"):
        jl.open([other, around])
    url = "https://example.org/jets.root"
    with pytest.raises(BadFileError, match="named twice"):
        jl.open([url, url])


def test_files_that_a_description_names_twice_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.ones((2, 3)))
    path = tmp_path / "jets.toml"
    path.write_text(
        "files = ['*.npz', 'a.npz']\n[collections.c]\narray = 'x'\n[collections.c.columns]\n"
        "pt = {}\neta = {}\nphi = {}\n"
    )
    with pytest.raises(BadFileError, match=r"a\.npz' is named twice"):
        jl.open(path)
