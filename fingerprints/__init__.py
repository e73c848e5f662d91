"""Fingerprints describe: from bytes to vectors, the same road for a studio's original and for a captured copy."""
