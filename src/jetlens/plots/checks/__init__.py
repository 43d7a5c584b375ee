"""Figures of how far an explanation holds."""
