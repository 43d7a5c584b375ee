"""Mean images of relevance, one jet and one pixel at a time: slow and obvious."""

from __future__ import annotations


def means(attribution, group, normalise="none", toward=None):
    """(mean image, mean relevance) as nested lists ``[y][x]`` of a class, or of ``all``."""
    classes = [str(c) for c in attribution["class"].values]
    height, width = attribution.sizes["y"], attribution.sizes["x"]
    image = [[0.0] * width for _ in range(height)]
    relevance = [[0.0] * width for _ in range(height)]
    weights = 0.0
    for jet in range(attribution.sizes["jet"]):
        label = int(attribution["label"].values[jet])
        if group != "all" and (label < 0 or classes[label] != group):
            continue
        factor = 1.0
        if normalise == "abs":
            size = 0.0
            for name in ("tracks_score", "jets_score", "image_score"):
                for score in attribution[name].values[jet].ravel():
                    if score == score:  # not the NaN of padding
                        size += abs(float(score))
            factor = 1 / size
        target = int(attribution["target"].values[jet])
        if toward is not None and target >= 0 and classes[target] != toward:
            factor = -factor
        weight = float(attribution["weight"].values[jet])
        weights += weight
        for y in range(height):
            for x in range(width):
                image[y][x] += weight * float(attribution["image_value"].values[jet, 0, y, x])
                score = float(attribution["image_score"].values[jet, 0, y, x])
                relevance[y][x] += weight * factor * score
    return (
        [[v / weights for v in row] for row in image],
        [[v / weights for v in row] for row in relevance],
    )
