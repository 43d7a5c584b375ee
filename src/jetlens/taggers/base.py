"""What a tagger is: scaled inputs and masks in, logits out, with names for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadValueError, look_up
from jetlens.core.names import one_or_more
from jetlens.data.scaling import Scaling

Inputs = dict[str, Tensor]


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
    cut_by
        The argument that says how many layers are frozen, where a deeper frozen part can go on
        from what a shallower one made, by `onward`.
    """

    inputs: Mapping[str, tuple[str, ...]]
    classes: tuple[str, ...]
    scaling: Scaling
    tasks: Mapping[str, tuple[str, ...]]
    places: Mapping[str, int]
    trims: ClassVar[bool | None] = True
    ordered: ClassVar[bool] = False
    scaled: ClassVar[str | None] = None
    cut_by: ClassVar[str] = ""
    freezes: bool = False

    def __init__(
        self,
        inputs: Mapping[str, Iterable[str]],
        classes: Iterable[str],
        scaling: Scaling | None = None,
        tasks: Mapping[str, Sequence[str]] | None = None,
        places: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(inputs, Mapping) or not inputs:
            raise BadValueError('inputs: expected feature names by collection: {"tracks": [...]}')
        self.inputs = {k: one_or_more(f"inputs of {k!r}", own) for k, own in inputs.items()}
        self.classes = one_or_more("classes", classes)
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

    @property
    def depth(self) -> int:
        """How many layers are frozen, if what they make can be gone on from; 0 if not."""
        return 0

    def onward(self, inputs: Inputs, depth: int) -> Inputs:
        """Return what `frozen` does, of what that of a tagger made of which `depth` are frozen.

        Otherwise the two are the same, but for what they tell.
        """
        raise NotImplementedError

    def rest(self, inputs: Inputs, masks: Inputs) -> dict[str, Tensor]:
        """Return what `outputs` does, of what `frozen` returned."""
        return self.outputs(inputs, masks)

    def elsewhere(self) -> dict[str, Tensor]:
        """Return tensors that its constructor finds again, by their names in its state.

        Those that still are what they were are not saved with it.
        """
        return {}
