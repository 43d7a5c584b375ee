"""What numbers are aimed at, and whether the aim is held."""

from __future__ import annotations

from collections.abc import Iterable

MISSED = "missed"


def told(number: float, *, most: float | None = None, least: float | None = None) -> str:
    """Say in a few words what a number is aimed at, and whether that is held; nothing without aim.

    Parameters
    ----------
    number
        What was measured; two digits behind the point count, as tables give them.
    most, least
        It should be no larger, and no smaller, than this.
    """
    words, number = [], round(number, 2)
    if most is not None:
        words.append(f"at most {most:,g}: {'held' if number <= most else MISSED}")
    if least is not None:
        words.append(f"at least {least:,g}: {'held' if number >= least else MISSED}")
    return ", ".join(words)


def missed(lines: Iterable[str]) -> list[str]:
    """Return the lines of tables in which an aim is missed."""
    return [line for line in lines if line.startswith("|") and f": {MISSED}" in line]
