"""What a tagger is: scaled inputs and masks in, logits out, with names for all of them."""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from jetlens.core.batch import JetBatch
from jetlens.core.collection import Collection
from jetlens.core.errors import BadValueError, UnknownNameError, look_up
from jetlens.core.memory import empty
from jetlens.data.scaling import Scaling, check_places

AT_ONCE = 2**18
"""Numbers of images that are scaled at a time: few enough to stay in the processor's cache."""

Inputs = dict[str, Tensor]
Call = Callable[[nn.Module, Inputs, Inputs], Tensor]


class Tagger(nn.Module):
    """A network with names: ``forward(inputs, masks) -> logits``.

    Inputs are ``[jet, feature]``, ``[jet, particle, feature]`` or ``[jet, channel, y, x]``, scaled;
    masks are bool ``[jet, particle]``, True where a particle is real. Logits are ``[jet, class]``.

    Attributes
    ----------
    inputs
        Feature names by collection, in the order in which the network takes them.
    classes
        The classes' names, in the order of the logits.
    scaling
        How physical values become inputs.
    tasks
        Auxiliary outputs and their classes, such as ``{"tracks.origin": ("pileup", ...)}``; a task
        without classes, such as ``"tracks.vertex"``, has its own meaning.
    trims
        Whether padding can be cut off and particles moved up without changing the logits. None if
        that is not known: then it is tried on the first jets.
    ordered
        Whether the order of a jet's particles matters. They are moved up in their order.
    places
        Lists in which each place is a thing of its own, such as the leading jet, then the missing
        momentum, and how many places there are. They are not moved up, and a training scales each
        place by itself.
    """

    inputs: Mapping[str, tuple[str, ...]]
    classes: tuple[str, ...]
    scaling: Scaling
    tasks: Mapping[str, tuple[str, ...]]
    places: Mapping[str, int]
    trims: ClassVar[bool | None] = True
    ordered: ClassVar[bool] = False
    scaled: ClassVar[str | None] = None
    freezes: bool = False

    def __init__(
        self,
        inputs: Mapping[str, Sequence[str]],
        classes: Sequence[str],
        scaling: Scaling | None = None,
        tasks: Mapping[str, Sequence[str]] | None = None,
        places: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        if not classes or len(set(classes)) != len(tuple(classes)):
            raise BadValueError(f"classes {list(classes)}: expected one or more different names")
        if not inputs or not hasattr(inputs, "items"):
            raise BadValueError('inputs: expected feature names by collection: {"tracks": [...]}')
        for name, features in inputs.items():
            if isinstance(features, str) or not features:
                raise BadValueError(f"inputs of {name!r}: {features!r}, expected a list of names")
        self.inputs = {name: tuple(features) for name, features in inputs.items()}
        self.classes = tuple(classes)
        self.scaling = scaling or Scaling()
        for name in self.scaling.places:
            look_up("collection of the scaling", name, self.inputs)
        each = (self.scaling, *(own for of in self.scaling.places.values() for own in of))
        for pairs in (some for own in each for some in (own.table, own.limits, own.floors)):
            for name, table in pairs.items():
                known = dict.fromkeys(look_up("collection of the scaling", name, self.inputs), True)
                for feature in table:
                    look_up(f"input of {name!r} in the scaling", feature, known)
        self.tasks = {k: tuple(v) for k, v in (tasks or {}).items()}
        scaled = {name: len(own) for name, own in self.scaling.places.items()}
        self.places = {**scaled, **(places or {})}

    @classmethod
    def inputs_for(cls, jets: JetBatch) -> dict[str, list[str]]:
        """Return the inputs, feature names by collection, that it takes of such jets by default.

        Raises
        ------
        BadValueError
            If the inputs have to be named: the jets do not hold what it takes, or more of it.
        """
        name = getattr(cls, "registered_name", cls.__name__)
        raise BadValueError(
            f"the tagger {name!r} does not say which inputs it takes: name them, as in "
            'tagger.inputs = { jets = ["pt"], tracks = ["d0"] }'
        )

    @classmethod
    def arguments_for(cls, jets: JetBatch, inputs: Iterable[str]) -> dict[str, Any]:
        """Return arguments that follow from such jets where they are not given: none, as here.

        Parameters
        ----------
        jets
            Some jets.
        inputs
            The collections that it takes.
        """
        return {}

    def forward(self, inputs: Inputs, masks: Inputs) -> Tensor:
        """Return the logits ``[jet, class]``."""
        raise NotImplementedError

    def outputs(self, inputs: Inputs, masks: Inputs) -> dict[str, Tensor]:
        """Return the logits as ``"jet"``, and the auxiliary outputs by task."""
        return {"jet": self(inputs, masks)}

    def frozen(self, inputs: Inputs, masks: Inputs) -> Inputs:
        """Return what the part that is never trained makes of the inputs: nothing, as here.

        Collections keep their names, jets and particles; masks stay as they are.
        """
        return inputs

    def rest(self, inputs: Inputs, masks: Inputs) -> dict[str, Tensor]:
        """Return what `outputs` does, of what `frozen` returned."""
        return self.outputs(inputs, masks)

    def elsewhere(self) -> dict[str, Tensor]:
        """Return tensors that its constructor finds again, by their names in its state.

        Those that still are what they were are not saved with it.
        """
        return {}


class Wrapped(Tagger):
    """Somebody's module, called in its own way."""

    trims = None

    def __init__(
        self,
        module: nn.Module,
        inputs: Mapping[str, Sequence[str]],
        classes: Sequence[str],
        call: Call | None,
        scaling: Scaling | None,
    ) -> None:
        super().__init__(inputs, classes, scaling)
        self.module = module
        self.call = call

    def forward(self, inputs: Inputs, masks: Inputs) -> Tensor:
        """Call the module and check that it gives ``[jet, class]``."""
        if self.call is None:
            logits: Any = self.module(inputs, masks)
        else:
            logits = self.call(self.module, inputs, masks)
        jets = len(next(iter(inputs.values())))
        if not isinstance(logits, Tensor) or logits.shape != (jets, len(self.classes)):
            got = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise BadValueError(
                f"{type(self.module).__name__} returned {got}: expected logits of shape "
                f"({jets}, {len(self.classes)}) for {jets} jets and classes {list(self.classes)}"
            )
        return logits


def wrap(
    module: nn.Module,
    inputs: Mapping[str, Sequence[str]],
    classes: Sequence[str],
    call: Call | None = None,
    *,
    scaling: Scaling | Mapping[str, Mapping[str, tuple[float, float]]] | None = None,
) -> Tagger:
    """Make a tagger of any `torch.nn.Module`.

    Parameters
    ----------
    module
        The network. It is used, not copied or changed.
    inputs
        Feature names by collection, in the order in which the module takes them.
    classes
        The names of its outputs, in order.
    call
        How to call it: ``call(module, inputs, masks)``. Left out, ``module(inputs, masks)``. A
        module that takes one tensor is ``lambda m, inputs, masks: m(inputs["image"])``.
    scaling
        Means and standard deviations by collection and feature; left out, the module takes
        physical values.
    """
    if not isinstance(module, nn.Module):
        raise BadValueError(f"expected a torch.nn.Module, not {type(module).__name__}")
    if scaling is not None and not isinstance(scaling, Scaling):
        scaling = Scaling(scaling)
    if call is None:
        _check_call(module)
    return Wrapped(module, inputs, classes, call, scaling)


def _check_call(module: nn.Module) -> None:
    try:
        signature = inspect.signature(module.forward)
    except (TypeError, ValueError):  # a compiled module may not tell
        return
    try:
        signature.bind({}, {})
    except TypeError:
        raise BadValueError(
            f"{type(module).__name__}.forward{signature} does not take (inputs, masks): say how to "
            'call it, as in call=lambda m, inputs, masks: m(inputs["image"])'
        ) from None


def dtype_of(tagger: nn.Module) -> torch.dtype:
    """Return float64 if the tagger's parameters are, else float32."""
    double = any(p.dtype == torch.float64 for p in tagger.parameters())
    return torch.float64 if double else torch.float32


def device_of(tagger: nn.Module) -> torch.device:
    """Return where the tagger's parameters are."""
    first = next(tagger.parameters(), None)
    return torch.device("cpu") if first is None else first.device


def encode(
    tagger: Tagger, batch: JetBatch, device: torch.device | None = None
) -> tuple[Inputs, Inputs]:
    """Turn jets into the tagger's scaled inputs and masks, in its precision.

    Parameters
    ----------
    tagger
        The tagger.
    batch
        The jets.
    device
        Where the tensors are put; left out, where the tagger is.

    Raises
    ------
    UnknownNameError
        If the jets lack a collection or a variable.
    BadValueError
        If a real particle has a value that is not finite, or stands behind its list's last place.
    """
    inputs, masks = {}, {}
    device = device or device_of(tagger)
    for name, features in tagger.inputs.items():
        if name not in batch.collections:
            raise UnknownNameError("collection for this tagger", name, batch.collections)
        collection = batch[name]
        if name in tagger.places:  # where jets are packed, what is behind would be cut off
            check_places(collection, name, tagger.places[name], batch.row)
        scaled = _scaled(tagger, collection, name, features, batch.row)
        inputs[name] = torch.as_tensor(scaled, device=device)
        if collection.mask is not None:
            mask = np.ascontiguousarray(collection.mask)
            masks[name] = torch.as_tensor(mask, device=device)
    return inputs, masks


def _scaled(
    tagger: Tagger,
    collection: Collection,
    name: str,
    features: Sequence[str],
    row: NDArray[np.int64],
) -> NDArray[np.floating]:
    """Return scaled values in the tagger's precision, in numpy's own order of memory.

    Images are scaled a few at a time: in double precision, all of them would take many times their
    memory.
    """
    kind = np.dtype(np.float64 if dtype_of(tagger) == torch.float64 else np.float32)
    if not collection.is_image:
        scaled = tagger.scaling.apply(collection, name, features, row)
        return np.ascontiguousarray(scaled, dtype=kind)
    shape = (len(collection), len(features), *collection.values.shape[2:])
    found = empty(shape, kind)
    step = max(1, AT_ONCE // max(1, math.prod(shape[1:])))
    for first in range(0, len(collection), step):
        some = slice(first, first + step)
        found[some] = tagger.scaling.apply(collection.take(some), name, features, row[some])
    return found


@contextlib.contextmanager
def at_rest(tagger: nn.Module) -> Iterator[None]:
    """Evaluate with dropout off and no parameter asking for gradients; leave all as it was."""
    training = [(m, m.training) for m in tagger.modules()]
    wanting = [p for p in tagger.parameters() if p.requires_grad]
    try:
        tagger.eval()
        for parameter in wanting:
            parameter.requires_grad_(False)
        yield
    finally:
        for module, mode in training:
            module.training = mode
        for parameter in wanting:
            parameter.requires_grad_(True)
