"""What of an attribution hangs on its target, and one target of several."""

from __future__ import annotations

import numpy as np
import xarray as xr

from jetlens.core.errors import BadValueError, look_up

TARGET_CLASS = "target_class"
"""Where several targets were explained, each jet's class by target; of one it is ``target``."""

OF_TARGET = "of_target"
"""Attribute of variables that may differ with what is explained."""


def of_target(attribution: xr.Dataset) -> list[str]:
    """Return the names of the variables that may differ with what is explained."""
    return [str(n) for n, v in attribution.data_vars.items() if OF_TARGET in v.attrs]


def one_target(attribution: xr.Dataset, target: str | None = None) -> xr.Dataset:
    """Return a view with no target axis, as if one target alone had been explained.

    That is the dataset itself, one target of several, or the one that ``sel(target=...)`` has
    picked already.
    """
    if "target" in attribution.dims:
        names = {str(t): i for i, t in enumerate(attribution["target"].values)}
        if target is None:
            raise BadValueError(
                f"several targets were explained, {', '.join(names)}: pick one, as in "
                f"scores.sel(target={next(iter(names))!r})"
            )
        attribution = attribution.isel(target=look_up("target", target, names))
    if "target" not in attribution.coords:
        return attribution
    name = str(attribution["target"].values)
    bare = attribution.drop_vars("target")
    if TARGET_CLASS in bare:
        bare = bare.rename({TARGET_CLASS: "target"})
    listed = (np.atleast_1d(bare.attrs.get(key, [])).tolist() for key in ("target", "of"))
    of = dict(zip(*listed, strict=False)).get(name)
    return bare.assign_attrs({"target": name} | ({} if of is None else {"of": of}))
