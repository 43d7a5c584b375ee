"""What a tagger says of jets, beside their inputs and truth, in the layout of an attribution."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr

from jetlens.core import attribution
from jetlens.core.batch import JetBatch
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.chunks import Packed, pack
from jetlens.taggers.encode import encode
from jetlens.taggers.predict import predict as run
from jetlens.taggers.state import at_rest, device_of


def predict(
    tagger: Tagger, jets: JetBatch, *, auxiliary: bool = True, frozen: Inputs | None = None
) -> xr.Dataset:
    """Run a tagger over jets.

    Jets are sorted by length and trimmed for the work, and come back in their own order. The tagger
    is left as it was.

    Parameters
    ----------
    tagger
        The tagger.
    jets
        The jets; there may be none.
    auxiliary
        Whether to predict the auxiliary tasks, too.
    frozen
        What the tagger's frozen part made of the jets, if that is known.

    Returns
    -------
    An attribution without scores: ``output`` ``[jet, class]``, ``label``, ``weight``, ``event``,
    ``row``, the predicted class as ``target``, and for each input collection ``c`` its ``c_value``,
    ``c_mask``, truth, and ``c_pred_<task>``, such as ``tracks_pred_origin`` and
    ``tracks_pred_vertex`` (-2 for a track that shares a vertex with no other, -1 in padding).

    Raises
    ------
    UnknownNameError
        If the jets lack an input.
    BadValueError
        If an input is not finite.
    UnsupportedError
        If a logit is not finite.
    """
    with at_rest(tagger):
        if frozen is None:
            packed = pack(tagger, *encode(tagger, jets))
        else:
            made = {name: values.to(device_of(tagger)) for name, values in frozen.items()}
            packed = Packed(made, {}, torch.arange(len(jets)), {}, {})
        said = run(tagger, packed, auxiliary, rest=frozen is not None)
    output = said.logits.cpu().numpy()
    return attribution.build(
        jets,
        tagger.inputs,
        {},
        classes=tagger.classes,
        output=output,
        target=output.argmax(1).astype(np.int64),
        predictions={
            name: {task: found.cpu().numpy() for task, found in tasks.items()}
            for name, tasks in said.tasks.items()
        },
    )
