"""Showers in a calorimeter: how particles lose their energy in it, and what its cells see."""
