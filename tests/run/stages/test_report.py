"""What a page is made of, where a run's files are not what they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from jetlens.core.errors import BadFileError
from jetlens.run.stages.report import read_json


@pytest.mark.parametrize(
    ("text", "told"),
    [(None, "No such file"), ("{", "cannot read"), ("[1, 2]", r"a JSON object, not \[1, 2\]")],
)
def test_a_file_of_the_run_that_holds_something_else_is_named(
    tmp_path: Path, text: str | None, told: str
) -> None:
    path = tmp_path / "numbers.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadFileError, match=told) as raised:
        read_json(path)
    assert "numbers.json" in str(raised.value)
