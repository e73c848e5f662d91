"""The matcher compares: what we protect, what was seen, whether they are the same, whether the use is allowed."""
