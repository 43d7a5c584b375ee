"""Figures of which changes of its inputs a tagger asks for."""
