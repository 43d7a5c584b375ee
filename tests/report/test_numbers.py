from __future__ import annotations

import math

import numpy as np
import pytest

from jetlens.report.numbers import TIMES, in_percent, measured, percent, plain, shown


def number(value, low, high):
    text = measured({"value": value, "low": low, "high": high})
    for tag in ('<span class="number">', '<span class="errors">', "<span>", "</span>"):
        text = str(text).replace(tag, "")
    return text.replace("&thinsp;", "").replace("&plusmn;", "±")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ((0.9531, 0.9500, 0.9551), "0.9531+0.0020−0.0031"),
        ((0.5, 0.4, 0.6), "0.50±0.10"),
        ((12.3, 11, 15), "12.3+2.7−1.3"),
        ((2000, 1900, 2100), "2,000±100"),
        ((-0.123, -0.133, -0.113), "−0.123±0.010"),
        ((3, 3, 3), "3"),
        ((1.0, 0.9999, 1.0), "1.00000+0.00000−0.00010"),
        ((0.0, -0.01, 0.02), "0.000+0.020−0.010"),
        ((float("nan"), 0, 1), "&ndash;"),
        ((1.0, 0.0, float("inf")), "&ndash;"),
        (
            (4.56732343942e-6, 4.56732343942e-6, 4.56732344027e-6),
            f"4.567{TIMES}10⁻⁶",
        ),
        ((0.123456789, 0.123456789, 0.123456789), "0.1235"),
        ((12.3456789, 12.3456788, 12.3456789), "12.35"),
        ((12.3456789, 12.3456788, 12.9), "12.35+0.55−0.00"),
    ],
)
def test_errors_have_two_digits_and_the_value_as_many_decimals(given, text):
    assert number(*given) == text


def test_very_small_and_large_numbers_have_a_power_of_ten():
    assert number(1e-7, 0.9e-7, 1.2e-7) == "(1.00+0.20−0.10)×10<sup>−7</sup>"
    assert number(123456, 123000, 124000) == "(1.2346+0.0054−0.0046)×10<sup>5</sup>"


def test_plain_numbers():
    assert [plain(x) for x in (40_000, 0.25, -3, 1.23456, 1e-9)] == [
        "40,000", "0.250", "−3", "1.23", "1.00×10⁻⁹",
    ]  # fmt: skip
    assert percent(0.7) == "70 %"
    assert shown(["a", 2000, 0.5]) == "a, 2000, 0.5"
    assert shown(2000) == "2,000"
    assert shown(True) == "True"
    given = (5e-4, 2e-3, 1.25e-4, 0.123456, 1234.5, -0.5, 1e20, math.inf, np.float64(0.25))
    assert list(map(shown, given)) == [
        "5×10⁻⁴", "0.002", "1.25×10⁻⁴", "0.123456", "1,234.5", "−0.5", "1×10²⁰", "inf", "0.25",
    ]  # fmt: skip
    assert shown({"inside": 0.4, "scales": [0, 0.5]}) == "(inside 0.4, scales 0, 0.5)"


def test_a_number_that_not_all_replicas_define_says_so():
    own = {"value": 0.5, "low": 0.4, "high": 0.6, "defined": 0.87}
    assert str(measured(own)).endswith(">(87 % of replicas)</span>")
    text = str(measured(in_percent(own), "%"))
    assert "50" in text
    assert text.index("%</span>") < text.index("(87 % of replicas)")
    assert "replicas" not in str(measured({"value": 0.5, "low": 0.4, "high": 0.6}))
