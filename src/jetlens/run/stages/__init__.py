"""A study's stages: generate, train, predict, explain, summarise, report; one a file."""
