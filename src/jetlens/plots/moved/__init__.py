"""Figures of jets that were moved along the gradient."""
