"""Notices ask: lawful letters, one door out, and a watch that the copy is gone."""
