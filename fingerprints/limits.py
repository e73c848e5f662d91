"""How much one hostile file may cost a decoding child. Holds numbers only."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a decoding child may use; the fields of the settings' section [decode]."""

    max_pixels: int  # of one picture or frame
    max_video_s: float
    memory_mb: int  # of one child
    timeout_s: float  # of one file
    workers: int  # 0: one child per core
