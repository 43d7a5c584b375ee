"""What a summary takes from an attribution: which jets, their particles, variables and maps."""
