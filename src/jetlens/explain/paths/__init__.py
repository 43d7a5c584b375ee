"""Integrated gradients, step by step: where paths start, their nodes, gradients along them."""
