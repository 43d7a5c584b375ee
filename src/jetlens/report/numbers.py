"""Numbers as a paper prints them: with their errors, rounded by these."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from jetlens.summarise.estimates import DEFINED, mapped

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_DIGITS = 2  # of the smaller error
_OF_SOME = "not all bootstrap replicas define it: the interval is of those that do"
_NARROW = 5e-5  # of the value: an interval that its four digits do not show


def measured(number: Mapping[str, float], unit: str = "") -> Markup:
    """Return value and interval as HTML, such as 0.953 with +0.002 above −0.003.

    Parameters
    ----------
    number
        ``value``, ``low`` and ``high``; an interval too narrow to be seen in the value's four
        digits is left out. Where not all bootstrap replicas define it, their share is told.
    unit
        What stands behind it.
    """
    text = _with_errors(*(float(number[k]) for k in ("value", "low", "high")))
    if unit:
        text = Markup('<span class="number">{}&thinsp;{}</span>').format(text, unit)
    if DEFINED in number:
        note = Markup(' <span class="defined" title="{}">({} of replicas)</span>')
        text += note.format(_OF_SOME, percent(number[DEFINED]))
    return text


def in_percent(number: Mapping[str, float]) -> dict[str, float]:
    """Return a share, or a relative number, in per cent."""
    return mapped(number, lambda end: 100 * end)


def _with_errors(value: float, low: float, high: float) -> Markup:
    if not all(map(math.isfinite, (value, low, high))):
        return Markup("&ndash;")
    up, down = high - value, value - low
    errors = [e for e in (up, down) if e > _NARROW * abs(value)]
    if not errors:
        return Markup(plain(value, 4))
    exponent = _exponent(value, max(errors))
    scale = 10.0**-exponent
    decimals = max(0, _DIGITS - 1 - math.floor(math.log10(min(errors) * scale) + 1e-9))
    decimals = min(decimals, _most(max(errors) * scale))
    shown = _fixed(value * scale, decimals)
    plus, minus = (_fixed(e * scale, decimals) for e in (up, down))
    if plus == minus:
        error = Markup("&thinsp;&plusmn;&thinsp;{}").format(plus)
    else:
        error = Markup('<span class="errors"><span>+{}</span><span>{}{}</span></span>').format(
            plus, MINUS, minus
        )
    whole = Markup("{}{}").format(shown, error)
    if exponent:
        power = Markup("&thinsp;{}&thinsp;10<sup>{}</sup>").format(TIMES, _signed(exponent))
        whole = Markup("({}){}").format(whole, power)
    return Markup('<span class="number">{}</span>').format(whole)


def plain(value: float, digits: int = 3) -> str:
    """Return a number without an error: thousands apart, otherwise `digits` significant."""
    if value == round(value) and abs(value) < 1e15:
        return f"{value:,.0f}".replace("-", MINUS)
    if 1e-3 <= abs(value) < 1e5:
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
        return _fixed(value, decimals)
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return f"{mantissa.replace('-', MINUS)}{TIMES}10{str(int(exponent)).translate(_RAISED)}"


def percent(share: float) -> str:
    """Return a share in per cent."""
    return f"{100 * share:.4g} %".replace("-", MINUS)


def shown(value: Any) -> str:
    """Return a setting as words: numbers with all their digits, lists with commas.

    Whole numbers of lists have no commas of their own. Tables are in brackets: ``(inside 0.4,
    fixed_pt True)``.
    """
    if isinstance(value, Mapping):
        return f"({', '.join(f'{k} {shown(v)}' for k, v in value.items())})"
    if isinstance(value, list | tuple):
        return ", ".join(str(v) if isinstance(v, int) else shown(v) for v in value)
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return plain(value, len(Decimal(str(value)).normalize().as_tuple().digits))
    return str(value)


def _exponent(value: float, error: float) -> int:
    """Return the power of ten to take out: none for numbers of everyday size."""
    size = max(abs(value), error)
    power = math.floor(math.log10(size))
    return 0 if -3 <= power < 5 else power


def _most(error: float) -> int:
    """Return the decimals beyond which the larger error has more than three digits."""
    return max(0, 2 - math.floor(math.log10(error) + 1e-9))


def _fixed(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def _signed(number: int) -> str:
    return str(number).replace("-", MINUS)
