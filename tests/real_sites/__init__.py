"""Server software that nobody here wrote, filled with things of ours and swept by sources without code."""
