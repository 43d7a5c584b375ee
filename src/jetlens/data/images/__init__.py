"""Images of jets, made as the jets are read: they are never stored."""

from jetlens.data.images.images import Images

__all__ = ["Images"]
