"""The ground: settings, database, blobs, clock, errors, plugins, log. Knows nothing of what stands on it."""
