"""Frequencies of the top track's origin, one jet at a time: slow and obvious."""

from __future__ import annotations

import math

ORIGINS = 8


def frequencies(attribution, select, normalise, top):
    """{group: [frequency of each origin, unknown last]} among the `top` tracks of each jet."""
    classes = [str(c) for c in attribution["class"].values]
    counts = {g: [0.0] * (ORIGINS + 1) for g in ("all", *classes, "not_positive")}
    for jet in range(attribution.sizes["jet"]):
        label = int(attribution["label"].values[jet])
        output = list(attribution["output"].values[jet])
        if select == "correct" and output.index(max(output)) != label:
            continue
        tracks = []
        total = sum(float(s) for s in attribution["jets_score"].values[jet])
        for track in range(attribution.sizes["tracks"]):
            if attribution["tracks_mask"].values[jet, track]:
                score = sum(float(s) for s in attribution["tracks_score"].values[jet, track])
                tracks.append((score, int(attribution["tracks_origin"].values[jet, track])))
                total += score
        groups = []
        if not (normalise == "sum" and total <= 0):
            groups += ["all"] + ([classes[label]] if label >= 0 else [])
        if total <= 0:
            groups += ["not_positive"]
        tracks.sort(key=lambda t: t[0], reverse=True)
        for _, origin in tracks[:top]:
            for group in groups:
                place = origin if 0 <= origin < ORIGINS else ORIGINS
                counts[group][place] += float(attribution["weight"].values[jet])
    return {g: [c / sum(cs) if sum(cs) > 0 else math.nan for c in cs] for g, cs in counts.items()}
