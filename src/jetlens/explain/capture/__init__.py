"""Attention as a tagger runs: seen call by call (`capture`), put together (`maps`)."""
