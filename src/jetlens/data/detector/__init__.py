"""What a parametrised detector makes of collisions: tracks, calorimeter, jets."""
