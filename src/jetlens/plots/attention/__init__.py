"""Figures of what attends to what, and where in images taggers look."""
