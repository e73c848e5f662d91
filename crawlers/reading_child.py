"""The child that reads what costs much: `python -m crawlers.reading_child SECONDS`, the source on stdin's first line.

It reaches nothing, writes nothing and starts nothing. Who takes longer over one sheet than its seconds of processor
time is ended by the kernel, whatever it is doing: no parser in C can hold out against that.
"""

import os
import signal
import sys

from crawlers import confined, reading, reading_wire, spiders
from crawlers.reading import Said
from crawlers.sources import Source

MEMORY_BYTES = 300 << 20  # beyond the hundred that the process takes before its first sheet
NO_ROOM = f"reading it takes more than {MEMORY_BYTES >> 20} MiB of memory"
READY = Said(None, None)


def main() -> None:
    """Say that it is ready, then what each sheet of stdin says, until there is none any more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not speak into the answer
    seconds, asked = float(sys.argv[1]), sys.stdin.buffer
    source = Source.model_validate_json(asked.readline())
    read = spiders.reader(source)
    confined.restrict(memory_bytes=MEMORY_BYTES)
    confined.fence(None)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # which ends the process
    reading_wire.send_said(answers, READY)
    while (sheet := reading_wire.sheet(asked)) is not None:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            said = reading.of_sheet(sheet, source, read)
        except MemoryError:
            said = Said(NO_ROOM, None)
        reading_wire.send_said(answers, said)
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main()
