"""Figures of how well taggers tag, at what cost, and what a search gains by it."""
