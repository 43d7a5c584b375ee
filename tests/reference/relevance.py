"""Relevance of inputs, one jet, one number at a time: slow and obvious."""

from __future__ import annotations


def of_jet(attribution, jet):
    """{input: [absolute score of each pixel, particle, or of the jet]}."""
    found = {}
    for collection in ("tracks", "jets"):
        for position, feature in enumerate(attribution[f"{collection}_feature"].values):
            scores = attribution[f"{collection}_score"].values[jet]
            if collection == "jets":
                sizes = [abs(float(scores[position]))]
            else:
                sizes = []
                for track in range(len(scores)):
                    if attribution["tracks_mask"].values[jet, track]:
                        sizes.append(abs(float(scores[track, position])))
            found[f"{collection}.{feature}"] = sizes
    found["image"] = [abs(float(s)) for s in attribution["image_score"].values[jet].ravel()]
    return found


def mean(attribution, group):
    """{input: mean normalised relevance} of a class, or of ``all``; zero jets left out."""
    classes = [str(c) for c in attribution["class"].values]
    total, weights = {}, 0.0
    for jet in range(attribution.sizes["jet"]):
        label = int(attribution["label"].values[jet])
        if group != "all" and (label < 0 or classes[label] != group):
            continue
        sizes = of_jet(attribution, jet)
        largest = max(max(s, default=0.0) for s in sizes.values())
        if largest == 0:
            continue
        weight = float(attribution["weight"].values[jet])
        weights += weight
        for name, each in sizes.items():
            total[name] = total.get(name, 0.0) + weight * sum(each) / largest
    return {name: sum_of / weights for name, sum_of in total.items()}
