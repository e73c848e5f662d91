"""How measured shares and lengths are written in every sentence of the matcher. Pure."""


def percent(share: float) -> str:
    """Return a share as people read it, "11%"; what is left is never rounded down to nothing."""
    return f"{max(share * 100, 0.1):.1f}%" if 0 < share < 0.01 else f"{share:.0%}"


def seconds_of(seconds: float) -> str:
    """Return a length, "34 s"; tenths only where they matter."""
    return f"{seconds:.1f} s" if seconds < 10 and round(seconds, 1) % 1 else f"{seconds:.0f} s"
