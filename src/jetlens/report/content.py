"""What a page is made of: sections that hold paragraphs, tables, tiles and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

Cell = str | Markup


@dataclass(frozen=True)
class Paragraph:
    """A paragraph."""

    text: Cell
    kind: str = "paragraph"


@dataclass(frozen=True)
class Points:
    """Points of a list."""

    points: Sequence[Cell]
    kind: str = "points"


@dataclass(frozen=True)
class Table:
    """A table; the first column names the rows.

    Attributes
    ----------
    head, rows
        Its cells.
    caption
        What it shows, and how to read it.
    marks
        A class for each row, or none.
    """

    head: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    caption: Cell = ""
    marks: Sequence[str] = ()
    kind: str = "table"


@dataclass(frozen=True)
class Tile:
    """A headline number."""

    label: Cell
    number: Cell
    note: Cell = ""


@dataclass(frozen=True)
class Tiles:
    """Headline numbers side by side."""

    tiles: Sequence[Tile]
    kind: str = "tiles"


@dataclass(frozen=True)
class Picture:
    """A figure, embedded.

    Attributes
    ----------
    title
        Its short title.
    source
        A ``data:`` address.
    caption
        How to read it.
    file
        The name of its file beside the page, for other documents.
    """

    title: Cell
    source: str
    caption: Cell
    file: str
    kind: str = "picture"


@dataclass(frozen=True)
class Listing:
    """Text as it stands in a file."""

    title: Cell
    text: str
    kind: str = "listing"


Block = Paragraph | Points | Table | Tiles | Picture | Listing


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes
    ----------
    anchor, title
        Its address in the page, and its heading.
    blocks
        What it holds.
    """

    anchor: str
    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)
