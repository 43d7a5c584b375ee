"""Vision transformers that are there already: where their weights come from, and their parts."""
