"""The vocabulary that every other layer speaks: batches, attributions, names, units, files."""
