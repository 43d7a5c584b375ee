"""Profiles of relevance, one entry at a time: slow and obvious."""

from __future__ import annotations

import math


def entries(attribution, collection, feature):
    """[(jet, value, score)] of all jets, or of all real particles."""
    names = [str(n) for n in attribution[f"{collection}_feature"].values]
    position = names.index(feature)
    found = []
    for jet in range(attribution.sizes["jet"]):
        value = attribution[f"{collection}_value"].values[jet]
        score = attribution[f"{collection}_score"].values[jet]
        if value.ndim == 1:
            found.append((jet, float(value[position]), float(score[position])))
            continue
        found += [
            (jet, float(value[track, position]), float(score[track, position]))
            for track in range(len(value))
            if attribution[f"{collection}_mask"].values[jet, track]
        ]
    return found


def profile(attribution, collection, feature, edges, group):
    """[(sum of weights, mean, standard deviation)] of each bin; ends hold what lies beyond."""
    classes = [str(c) for c in attribution["class"].values]
    inside = [[] for _ in edges[1:]]
    for jet, value, score in entries(attribution, collection, feature):
        label = int(attribution["label"].values[jet])
        if group != "all" and (label < 0 or classes[label] != group):
            continue
        k = 0
        while k < len(edges) - 2 and value >= edges[k + 1]:
            k += 1
        inside[k].append((float(attribution["weight"].values[jet]), score))
    found = []
    for each in inside:
        weight = sum(w for w, _ in each)
        mean = sum(w * s for w, s in each) / weight if weight else math.nan
        square = sum(w * (s - mean) ** 2 for w, s in each) / weight if weight else math.nan
        found.append((weight, mean, math.sqrt(square)))
    return found
