"""One self-contained page: no script, no network, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from jetlens.core.files import write_text
from jetlens.report.content import Cell, Section

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = "page.html"


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(
        files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
    )


def render(title: str, abstract: Sequence[Cell], sections: Sequence[Section], version: str) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    title
        Its title.
    abstract
        Paragraphs under the title.
    sections
        Its sections, in order.
    version
        The version of jetlens, for the foot.
    """
    return _template().render(title=title, abstract=abstract, sections=sections, version=version)


def write(
    path: Path, title: str, abstract: Sequence[Cell], sections: Sequence[Section], version: str
) -> None:
    """Write the page, whole or not at all; see `render`."""
    write_text(path, render(title, abstract, sections, version))
