"""Formulae of jets and tracks: numpy in, numpy out."""
