"""Gradients of particles summed up one at a time: slow and obvious."""

from __future__ import annotations

import math


def groups(attribution):
    """{group: [its jets]}, misclassified jets of each class among them."""
    classes = [str(c) for c in attribution["class"].values]
    found = {"all": []} | {c: [] for c in classes} | {f"{c}.misclassified": [] for c in classes}
    for jet in range(attribution.sizes["jet"]):
        output = list(attribution["output"].values[jet])
        label = int(attribution["label"].values[jet])
        found["all"].append(jet)
        found[classes[label]].append(jet)
        if output.index(max(output)) != label:
            found[f"{classes[label]}.misclassified"].append(jet)
    return found


def in_order(attribution, jet, name):
    """Places of the jet's constituents, the largest of a variable first."""
    mask = attribution["constituents_mask"].values[jet]
    places = [p for p, real in enumerate(mask) if real]
    names = [str(n) for n in attribution["constituents_feature"].values]
    values = attribution["constituents_value"].values[jet, :, names.index(name)]
    return sorted(places, key=lambda p: -values[p])


def mean_gradients(attribution, jets, feature, first=1, last=math.inf):
    """Mean gradient and mean of its size, over particles of some ranks."""
    names = [str(n) for n in attribution["constituents_feature"].values]
    score = attribution["constituents_score"].values[..., names.index(feature)]
    signed = size = number = 0.0
    for jet in jets:
        weight = float(attribution["weight"].values[jet])
        for rank, place in enumerate(in_order(attribution, jet, "pt"), start=1):
            if first <= rank <= last:
                signed += weight * float(score[jet, place])
                size += weight * abs(float(score[jet, place]))
                number += weight
    return (signed / number, size / number) if number else (math.nan, math.nan)


def flow(attribution, jets):
    """Means, by shares of pT: away from the axis, around it, the length, along x and along y."""
    names = [str(n) for n in attribution["constituents_feature"].values]
    where = [names.index(n) for n in ("pt", "deta", "dphi")]
    radial = tangential = length = along_x = along_y = number = 0.0
    for jet in jets:
        places = in_order(attribution, jet, "pt")
        if not places:
            continue
        weight = float(attribution["weight"].values[jet])
        number += weight
        rows = attribution["constituents_value"].values[jet][:, where].astype(float)
        total = sum(rows[p, 0] for p in places)
        for p in places:
            pt, x, y = rows[p]
            _, u, v = attribution["constituents_score"].values[jet, p, where].astype(float)
            share = weight * pt / total
            r = math.hypot(x, y)
            radial += share * (u * x + v * y) / r
            tangential += share * (v * x - u * y) / r
            length += share * math.hypot(u, v)
            along_x, along_y = along_x + share * u, along_y + share * v
    return [v / number for v in (radial, tangential, length, along_x, along_y)]


def mean_vector(attribution, jets, low, high):
    """Mean gradient in one cell, weighted by shares of pT; `low` and `high` are its corners."""
    names = [str(n) for n in attribution["constituents_feature"].values]
    where = [names.index(n) for n in ("pt", "deta", "dphi")]
    along_x = along_y = number = 0.0
    for jet in jets:
        places = in_order(attribution, jet, "pt")
        rows = attribution["constituents_value"].values[jet][:, where].astype(float)
        total = sum(rows[p, 0] for p in places)
        for p in places:
            pt, x, y = rows[p]
            if low[0] <= x < high[0] and low[1] <= y < high[1]:
                _, u, v = attribution["constituents_score"].values[jet, p, where].astype(float)
                share = float(attribution["weight"].values[jet]) * pt / total
                along_x, along_y, number = along_x + share * u, along_y + share * v, number + share
    return (along_x / number, along_y / number) if number else (math.nan, math.nan)
