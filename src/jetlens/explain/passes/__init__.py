"""A tagger's forward pass, watched while it runs."""
