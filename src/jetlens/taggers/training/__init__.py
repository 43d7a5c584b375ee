"""What training is made of: batches, losses, and their loop in Lightning."""
