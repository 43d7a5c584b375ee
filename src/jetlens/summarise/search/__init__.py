"""From events to a search: what is left after cuts, and the limits that this gives."""
