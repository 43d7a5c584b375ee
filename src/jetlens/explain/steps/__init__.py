"""Jets that are moved along the gradient: what moves, how far, and what keeps them jets."""
