"""Networks that say which particle a jet came from, ours and anyone's."""
