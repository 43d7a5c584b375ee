"""How far an explanation, and a tagger, can be trusted."""
