"""Plain arrays of anyone's: how they are described, opened and turned into collections."""
