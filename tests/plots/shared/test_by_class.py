from __future__ import annotations

import numpy as np
import pytest

from jetlens.plots.shared.by_class import measured


@pytest.mark.parametrize(
    ("value", "half", "words"),
    [
        (0.1234, 0.011, "0.123 ± 0.011"),
        (-3.21e-3, 2.4e-4, "-0.00321 ± 0.00024"),
        (-3.21e-7, 2.4e-8, "(-3.21 ± 0.24) × 10⁻⁷"),
        (1e-9, 2.4e-6, "(0.0 ± 2.4) × 10⁻⁶"),
        (1.0, 0.0, "1.000 ± 0.000"),
    ],
)
def test_numbers_have_two_digits_of_their_errors(value, half, words):
    estimates = value + half * np.array([0.0, *np.linspace(-1 / 0.68, 1 / 0.68, 101)])
    assert measured(estimates) == words
