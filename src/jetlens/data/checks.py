"""What settings of datasets and readers have to be, told by their names."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from jetlens.core.errors import BadValueError


def check_whole(name: str, value: Any, least: int = 1) -> None:
    """Refuse what is no whole number, or too small a one.

    Parameters
    ----------
    name, value
        The setting.
    least
        The smallest number that makes sense.

    Raises
    ------
    BadValueError
        If it is neither a whole number of Python's nor of numpy's, or below `least`.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise BadValueError(f"{name} = {value!r}: expected a whole number, {least} or more")
    if value < least:
        raise BadValueError(f"{name} = {value}: expected {least} or more")
