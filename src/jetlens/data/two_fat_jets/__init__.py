"""Events of two large jets: a heavy Higgs boson that decays to hh -> 4b, and its backgrounds."""

from jetlens.data.two_fat_jets.dataset import TwoFatJets

__all__ = ["TwoFatJets"]
