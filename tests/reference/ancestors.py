"""The origin of one particle, by climbing its mothers one at a time."""

from __future__ import annotations

LONG_LIVED = {310, 3122, 3112, 3222, 3312, 3322, 3334}


def digits(pdg: int) -> tuple[int, int, int]:
    number = abs(pdg)
    return number // 1000 % 10, number // 100 % 10, number // 10 % 10


def is_hadron(pdg: int) -> bool:
    q1, q2, q3 = digits(pdg)
    return abs(pdg) > 100 and q3 > 0 and 0 < q2 < 6 and q1 < 6


def heaviest(pdg: int) -> int:
    """5 or 4 for hadrons with open bottom or charm, else 0."""
    if not is_hadron(pdg):
        return 0
    quarks = [q for q in digits(pdg) if q]
    meson_of_one = len(quarks) == 2 and quarks[0] == quarks[1]
    if meson_of_one:
        return 0
    return max(quarks) if max(quarks) in (4, 5) else 0


def origin_of(row, pdg, status, mother, daughters) -> int:
    """``ftagTruthOriginLabel`` of particle `row`, without pile-up and fakes."""
    seen = set()
    while mother[row] >= 0 and abs(status[row]) > 90:
        row = mother[row]
        kind = 15 if abs(pdg[row]) == 15 else heaviest(pdg[row])
        if kind == 0 and not is_hadron(pdg[row]):
            break
        turned = any(
            (15 if abs(pdg[d]) == 15 else heaviest(pdg[d])) == kind for d in daughters[row]
        )
        if kind and not turned:
            seen.add(kind)
        if abs(pdg[row]) in LONG_LIVED:
            seen.add("strange")
    if 5 in seen:
        return 4 if 4 in seen else 3
    if 4 in seen:
        return 5
    if 15 in seen:
        return 6
    return 7 if "strange" in seen else 2
