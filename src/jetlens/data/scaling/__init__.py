"""The scaling of a tagger's inputs, and how it is measured."""

from jetlens.data.scaling.scaling import Scaling, check_places

__all__ = ["Scaling", "check_places"]
