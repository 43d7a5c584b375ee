"""Timings beside the peers: ``make bench``."""
