"""What figures share: their style, words, panels and axes."""
