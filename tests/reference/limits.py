"""Limits and significances from the likelihood itself, minimised numerically, one number at a time.

Slow and obvious: every bin has a count and a control measurement of its background, both Poisson.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import norm, poisson


def minus_log(mu: float, b: float, s: float, n: float, m: float, tau: float) -> float:
    """Return -ln L of one bin, without terms that depend on the data alone."""
    expected, control = mu * s + b, tau * b
    return expected - n * np.log(expected) + control - m * np.log(control)


def profiled(mu: float, s: float, n: float, m: float, tau: float) -> float:
    """Return the smallest -ln L of one bin at a strength, over all backgrounds."""
    top = 3 * (n + m / tau) + 10

    def of(log_b: float) -> float:
        return minus_log(mu, np.exp(log_b), s, n, m, tau)

    found = minimize_scalar(
        of, bounds=(-12, np.log(top)), method="bounded", options={"xatol": 1e-11}
    )
    return float(found.fun)


def ratio(mu: float, signals, backgrounds, relatives, injected: float) -> float:
    """Return -2 ln of the likelihood at `mu` over that at the truth, for Asimov data."""
    total = 0.0
    for s, b, relative in zip(signals, backgrounds, relatives, strict=True):
        tau = 1 / (relative**2 * b)
        n, m = injected * s + b, tau * b
        total += 2 * (profiled(mu, s, n, m, tau) - minus_log(injected, b, s, n, m, tau))
    return total


def significance(signals, backgrounds, relatives) -> float:
    """Return the median discovery significance."""
    return float(np.sqrt(ratio(0.0, signals, backgrounds, relatives, injected=1.0)))


def limit(signals, backgrounds, relatives) -> float:
    """Return the median CLs limit at 95 %: where 1 - Phi(sqrt(q)) is 5 % of a CLb of a half."""

    def too_much(mu: float) -> float:
        q = max(ratio(mu, signals, backgrounds, relatives, injected=0.0), 0.0)
        return norm.sf(np.sqrt(q)) / 0.5 - 0.05

    return float(brentq(too_much, 1e-6, 1e6, xtol=1e-9))


def exact_limit(background: float) -> float:
    """Return the CLs limit on events at 95 %, for the median count, by a search."""
    n = poisson.median(background)

    def too_much(s: float) -> float:
        return poisson.cdf(n, s + background) / poisson.cdf(n, background) - 0.05

    return float(brentq(too_much, 0.0, 20 + 10 * np.sqrt(background + 1)))
