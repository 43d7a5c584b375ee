"""Several taggers at once: retrainings of one, and what one variation gains over another."""
