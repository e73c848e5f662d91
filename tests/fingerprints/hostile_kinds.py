"""Kinds that do to their decoding child what a hostile file may do: end it, hang it, eat its memory."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping

import numpy as np

from fingerprints.interface import NO_PLACE, FilmKind, Frame, PictureKind, SoundKind, Table, Vectors


def _empty(**facts: float) -> Vectors:
    return Vectors(np.zeros((0, 1), np.uint8), np.zeros((0, 1), np.float32), facts)


class Touchy:
    name, version, may_travel, table = "touchy", 1, True, Table(1, NO_PLACE)

    def describe(self, frame: Frame) -> Vectors:
        """Red kills, green hangs, blue asks for too much memory, yellow is a fault of the kind, black prints."""
        match tuple(int(level) > 128 for level in frame.pixels[0, 0]):
            case (True, False, False):
                os.kill(os.getpid(), signal.SIGKILL)
            case (False, True, False):
                threading.Event().wait()
            case (False, False, True):
                np.ones(1 << 33, np.uint8)
            case (True, True, False):
                raise ArithmeticError("a fault")
            case (False, False, False):
                sys.stdout.write("a library speaks")
                sys.stdout.flush()
                os.write(1, b"and again")
        interfaces = float(len(socket.if_nameindex()))
        secrets = sum("SECRET" in name for name in os.environ)
        return _empty(pid=os.getpid(), secrets=secrets, interfaces=interfaces)


def picture_kinds() -> Mapping[str, PictureKind]:
    return {"touchy": Touchy()}


def film_kinds() -> Mapping[str, FilmKind]:
    return {}


def seen_kinds() -> Mapping[str, FilmKind]:
    return {}


def sound_kinds() -> Mapping[str, SoundKind]:
    return {}
