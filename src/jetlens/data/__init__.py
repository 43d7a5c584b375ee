"""Where jets come from: readers of files and generators, alike from outside."""
