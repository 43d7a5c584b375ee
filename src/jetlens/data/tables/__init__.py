"""Structured tables on their way from a generator to a file: columns that say what they hold."""
