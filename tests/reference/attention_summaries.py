"""Attention and importance of jets summed up one particle at a time: slow and obvious."""

from __future__ import annotations

import math


def groups(attribution, by="label"):
    """{group: [its jets]}."""
    classes = [str(c) for c in attribution["class"].values]
    found = {"all": []} | {c: [] for c in classes}
    for jet in range(attribution.sizes["jet"]):
        output = list(attribution["output"].values[jet])
        own = int(attribution["label"].values[jet]) if by == "label" else output.index(max(output))
        found["all"].append(jet)
        if own >= 0:
            found[classes[own]].append(jet)
    return found


def in_order(attribution, jet, name=None):
    """Places of the jet's constituents, the largest of a variable first."""
    places = [p for p, real in enumerate(attribution["constituents_mask"].values[jet]) if real]
    if name is not None:
        names = [str(n) for n in attribution["constituents_feature"].values]
        values = attribution["constituents_value"].values[jet, :, names.index(name)]
        places.sort(key=lambda p: -values[p])
    return places


def mean_map(attribution, jets, head, most, order=None):
    """[query][key], over jets that have such a query; NaN where none has."""
    attention = attribution["attention_constituents_constituents"].values
    weight = attribution["weight"].values
    found = []
    for i in range(most):
        asking = [j for j in jets if len(in_order(attribution, j)) > i]
        row = []
        for k in range(most):
            total = 0.0
            for jet in asking:
                places = in_order(attribution, jet, order)
                if k < len(places):
                    total += weight[jet] * attention[jet, -1, head, places[i], places[k]]
            norm = sum(weight[j] for j in asking)
            row.append(total / norm if norm else math.nan)
        found.append(row)
    return found


def shares_by_rank(attribution, jets, most, order=None):
    """Share of the last layer's attention on each rank, mean over heads, queries and jets."""
    attention = attribution["attention_constituents_constituents"].values
    weight = attribution["weight"].values
    total, norm = [0.0] * most, 0.0
    for jet in jets:
        places = in_order(attribution, jet, order)
        if not places:
            continue
        norm += weight[jet]
        for rank, key in enumerate(places[:most]):
            each = [
                attention[jet, -1, head, query, key]
                for head in range(attention.shape[2])
                for query in places
            ]
            total[rank] += weight[jet] * sum(each) / len(each)
    return [t / norm for t in total]


def entropy_and_largest(attribution, jets, layer, head):
    """Mean normalised entropy of rows with more than one key, and mean largest weight."""
    attention = attribution["attention_constituents_constituents"].values
    weight = attribution["weight"].values
    entropy, largest, norm = 0.0, 0.0, 0.0
    for jet in jets:
        places = in_order(attribution, jet)
        if len(places) < 2:
            continue
        norm += weight[jet]
        for query in places:
            row = [float(attention[jet, layer, head, query, key]) for key in places]
            own = -sum(a * math.log(a) for a in row if a > 0) / math.log(len(row))
            entropy += weight[jet] * own / len(places)
            largest += weight[jet] * max(row) / len(places)
    return entropy / norm, largest / norm


def objects_shares(attribution, jets):
    """Share of the last layer's attention that each object receives, mean over heads and jets."""
    attention = attribution["attention_constituents_objects"].values
    weight, here = attribution["weight"].values, attribution["objects_mask"].values
    total, norm = [0.0] * here.shape[1], 0.0
    for jet in jets:
        places = in_order(attribution, jet)
        if not places or not any(here[jet]):
            continue
        norm += weight[jet]
        for key in range(here.shape[1]):
            if here[jet, key]:
                each = [
                    attention[jet, -1, head, query, key]
                    for head in range(attention.shape[2])
                    for query in places
                ]
                total[key] += weight[jet] * sum(each) / len(each)
    return [t / norm for t in total]


def share_where(attribution, jets, size, inside):
    """Mean share of a size (a function of jet and place) of the places that are inside."""
    weight = attribution["weight"].values
    importance = attribution["constituents_importance"].values
    total, norm = 0.0, 0.0
    for jet in jets:
        places = in_order(attribution, jet)
        if not sum(importance[jet, p] for p in places) > 0:
            continue
        norm += weight[jet]
        whole = sum(size(jet, p) for p in places)
        total += weight[jet] * sum(size(jet, p) for p in places if inside(jet, p)) / whole
    return total / norm
