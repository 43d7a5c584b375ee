"""Functions without weights, and their rules of relevance propagation."""
