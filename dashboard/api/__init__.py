"""The console's JSON, for programs of the same house: small, and behind the same log-in."""
