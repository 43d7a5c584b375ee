"""How sums are held: histograms and planes that merge exactly, and what is read from them."""
