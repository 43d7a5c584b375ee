"""A baseline of one's own: a physical value for each feature of a collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jetlens.core.errors import BadValueError, UnknownNameError


def by_feature(name: str, given: object, features: Sequence[str]) -> dict[str, float]:
    """Return the values that were given for a collection, by feature.

    Parameters
    ----------
    name
        The collection.
    given
        Values by feature, or as many numbers as there are features, in their order.
    features
        The tagger's features of the collection.

    Raises
    ------
    UnknownNameError
        If there is no such feature.
    BadValueError
        If it is neither, or a value is no finite number.
    """
    if isinstance(given, Mapping):
        for feature in given:
            if feature not in features:
                raise UnknownNameError(f"input of {name!r}", feature, features)
        values = dict(given)
    else:
        listed = np.asarray(given, dtype=object)
        if listed.shape != (len(features),):
            form = ", ".join(f"{f!r}: 0.0" for f in features[:3])
            more = ", ..." if len(features) > 3 else ""
            got = f" of shape {listed.shape}" if listed.shape else f" {given!r}"
            raise BadValueError(
                f"baseline of {name!r}: {type(given).__name__}{got}, expected values by feature, "
                f"{{{form}{more}}}, or {len(features)} numbers in the order {', '.join(features)}"
            )
        values = dict(zip(features, listed.tolist(), strict=True))
    for feature, value in values.items():
        if not isinstance(value, int | float | np.number) or not np.isfinite(value):
            raise BadValueError(
                f"baseline of {name}.{feature}: {value!r}, expected a finite number"
            )
    return {feature: float(value) for feature, value in values.items()}
