"""Attributions by group, one jet at a time: slow and obvious."""

from __future__ import annotations

import math


def by_variable(attribution, select, normalise):
    """{(group, variable): [attribution summed over tracks of each jet]}."""
    found = {}
    for jet, groups, scale in _jets(attribution, select, normalise):
        for collection in ("tracks", "jets"):
            names = [str(n) for n in attribution[f"{collection}_feature"].values]
            for position, name in enumerate(names):
                score = attribution[f"{collection}_score"].values[jet]
                if collection == "jets":
                    total = float(score[position])
                else:
                    total = sum(
                        float(score[track, position])
                        for track in range(len(score))
                        if attribution["tracks_mask"].values[jet, track]
                    )
                for group in groups:
                    found.setdefault((group, name), []).append(total * scale)
    return found


def by_value(attribution, select, normalise, feature, edges):
    """{(group, bin): [attribution of the feature in the top track of each jet]}."""
    found = {}
    position = [str(n) for n in attribution["tracks_feature"].values].index(feature)
    for jet, groups, scale in _jets(attribution, select, normalise):
        best, chosen = -math.inf, None
        for track in range(attribution.sizes["tracks"]):
            if attribution["tracks_mask"].values[jet, track]:
                total = sum(float(s) for s in attribution["tracks_score"].values[jet, track])
                if total > best:
                    best, chosen = total, track
        if chosen is None:
            continue
        value = float(attribution["tracks_value"].values[jet, chosen, position])
        inside = 0
        for k in range(1, len(edges) - 1):
            if value >= edges[k]:
                inside = k
        score = float(attribution["tracks_score"].values[jet, chosen, position]) * scale
        for group in groups:
            found.setdefault((group, inside), []).append(score)
    return found


def _jets(attribution, select, normalise):
    classes = [str(c) for c in attribution["class"].values]
    for jet in range(attribution.sizes["jet"]):
        label = int(attribution["label"].values[jet])
        output = list(attribution["output"].values[jet])
        if select == "correct" and output.index(max(output)) != label:
            continue
        scores = [float(s) for s in attribution["jets_score"].values[jet]]
        for track in range(attribution.sizes["tracks"]):
            if attribution["tracks_mask"].values[jet, track]:
                scores += [float(s) for s in attribution["tracks_score"].values[jet, track]]
        total, size = sum(scores), sum(abs(s) for s in scores)
        by = {"sum": abs(total), "abs": size, "none": 1.0}[normalise]
        groups = []
        if not (normalise == "sum" and total <= 0):
            groups += ["all"] + ([classes[label]] if label >= 0 else [])
        if total <= 0:
            groups += ["not_positive"]
        yield jet, groups, 1 / by if by > 0 else 1.0
