"""Large jets of two or more processes, at particle level."""

from jetlens.data.fat_jets.dataset import FatJets

__all__ = ["FatJets"]
