"""Figures of what counts for a decision: features, particles, pixels and streams."""
