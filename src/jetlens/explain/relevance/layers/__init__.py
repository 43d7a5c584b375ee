"""Layers with weights, and what each rule computes for them."""
