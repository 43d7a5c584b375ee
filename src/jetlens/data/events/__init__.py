"""Pythia's events: made, given up early, what is true in them, and the jets in them."""
