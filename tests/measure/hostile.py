"""Puts 10,000 odd, broken and hostile pictures to the real decoder, with the limits a home is born with:
`make measure-hostile`. Every file must be answered, by a description or by one sentence that tells an operator what is
the matter; a decoding child may die of a file, this process may not.

Printed is a row a family; `build/measure/hostile.json` holds the same, the slowest files and every sort of sentence.
"""

import argparse
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from config import settings
from dashboard.cli import speak
from fingerprints.decode import Describer, limits_of
from fingerprints.interface import Depth, Description
from tests.measure.odd_pictures import SEED, Odd, odd_pictures

OUT = Path("build/measure/hostile.json")
FULL, QUICK = 10_000, 1_000
LATER_S = 10.0  # than decode.timeout_s: no answer may come
DIED = "Decoding this file failed: "  # how fingerprints.decode begins when a child did not live to answer
OUR_FAULTS = ("please report it", "correct the fingerprint kind", "something that is no description")
PARTS = ("av", "numpy", "opencv-python-headless", "pillow")


@dataclass(frozen=True)
class Answer:
    """What became of one file."""

    family: str
    name: str
    sentence: str | None  # None: it was described
    took_s: float
    fault: str | None  # what is wrong with the answer itself

    @property
    def has_died(self) -> bool:
        """Whether a decoding child ended over it."""
        return (self.sentence or "").startswith(DIED)


def fault_of(description: Description, took_s: float, most_s: float) -> str | None:
    """Return what is wrong with an answer; None when it is as it should be."""
    sentence = description.error
    if took_s > most_s:
        return f"answered after {took_s:.0f} s"
    if sentence is None:
        return None if description.facts is not None and description.fingerprints else "neither described nor refused"
    if description.facts is not None:
        return "described and refused"
    if not is_one_sentence(sentence):
        return f"not one sentence: {sentence!r}"
    return f"our own fault: {sentence}" if any(words in sentence for words in OUR_FAULTS) else None


def is_one_sentence(words: str) -> bool:
    """Say whether these words are one sentence that a terminal and a page can show."""
    return len(words) > 12 and words.endswith(".") and words.isprintable() and not re.search(r"[.!?] [A-Z]", words)


def put(describer: Describer, make: Callable[[], Odd], folder: Path, depth: Depth) -> Answer:
    """Write one odd file, have it described as everything is, and judge the answer."""
    odd = make()
    path = Path(tempfile.mkdtemp(dir=folder)) / odd.name
    path.write_bytes(odd.content)
    begun = time.monotonic()
    try:
        [(_, description)] = describer.describe([path], depth=depth)
    finally:
        path.unlink()
        path.parent.rmdir()
    took_s = time.monotonic() - begun
    fault = fault_of(description, took_s, describer.limits.timeout_s + LATER_S)
    return Answer(odd.family, odd.name, description.error, took_s, fault)


def answers(
    describer: Describer, makers: Iterable[Callable[[], Odd]], folder: Path, *, depth: Depth = "glance"
) -> Iterator[Answer]:
    """Yield every answer in order. Raises TimeoutError when one does not come at all."""
    rest = iter(makers)
    with ThreadPoolExecutor(describer.workers) as threads:
        waiting: deque[Future[Answer]] = deque()
        try:
            while True:
                more = islice(rest, describer.workers * 4 - len(waiting))
                waiting.extend(threads.submit(put, describer, make, folder, depth) for make in more)
                if not waiting:
                    return
                yield waiting.popleft().result(describer.limits.timeout_s * 2 + LATER_S)
        finally:
            for future in waiting:
                future.cancel()
            describer.close()  # ends whoever is still at work, so that the threads above can end


def measure(count: int, folder: Path, seed: int = SEED) -> list[Answer]:
    """Return the answer to each of so many files."""
    with Describer(limits_of(settings.load(folder, {}))) as describer:
        found = answers(describer, odd_pictures(count, seed), folder)
        return list(speak.tracked(found, f"{count:,} hostile pictures", count))


def table(found: list[Answer]) -> list[dict[str, Any]]:
    """Return one row a family, and one of all."""
    families = dict.fromkeys(answer.family for answer in found)
    groups = {family: [answer for answer in found if answer.family == family] for family in families}
    return [
        {
            "family": family,
            "files": len(group),
            "described": sum(answer.sentence is None for answer in group),
            "refused": sum(answer.sentence is not None for answer in group),
            "slowest_s": round(max(answer.took_s for answer in group), 2),
            "children_died": sum(answer.has_died for answer in group),
            "faults": sum(answer.fault is not None for answer in group),
        }
        for family, group in [*groups.items(), ("all", found)]
    ]


def sort_of(sentence: str) -> str:
    """Return the sentence with every number and quotation left out."""
    return re.sub(r"(b?'[^']*')|(0x)?\d[\d.,]*", "…", sentence.rstrip(".")) + "."


def told(found: list[Answer], rows: list[dict[str, Any]]) -> str:
    """Return the table for a person, with every fault and every death below it."""
    columns = ("files", "described", "refused", "slowest_s", "children_died", "faults")
    lines = ["".join((f"{'family':22}", *(f"{column:>15}" for column in columns)))]
    lines += ["".join((f"{row['family']:22}", *(f"{row[column]:>15,}" for column in columns))) for row in rows]
    lines += [f"died: {answer.family}/{answer.name}: {answer.sentence}" for answer in found if answer.has_died]
    lines += [f"FAULT: {answer.family}/{answer.name}: {answer.fault}" for answer in found if answer.fault]
    return "\n".join(lines) + "\n"


def record(found: list[Answer], rows: list[dict[str, Any]], took_s: float, *, seed: int) -> dict[str, Any]:
    """Return everything the JSON holds."""
    sorts = Counter(sort_of(answer.sentence) for answer in found if answer.sentence)
    slowest = sorted(found, key=lambda answer: -answer.took_s)[:10]
    return {
        "measure": "hostile", "seed": seed, "count": len(found), "took_s": round(took_s, 1), "families": rows,
        "slowest": [[round(each.took_s, 2), each.family, each.name, each.sentence] for each in slowest],
        "died": [[each.family, each.name, each.sentence] for each in found if each.has_died],
        "faults": [[each.family, each.name, each.fault] for each in found if each.fault],
        "sentences": sorts.most_common(),
        "machine": f"{platform.machine()} {platform.processor() or platform.system()}, {os.cpu_count()} cores",
        "versions": {name: version(name) for name in PARTS},
    }  # fmt: skip


def main() -> None:
    """Measure, print, write; leave with 1 when an answer is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} files instead of {FULL:,}")
    parser.add_argument("--count", type=int, help="so many files")
    parser.add_argument("--seed", type=int, default=SEED, help="other damages than those of every run")
    options = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mekiki-hostile-") as folder:
        count = options.count or (QUICK if options.quick else FULL)
        found = measure(count, Path(folder), options.seed)
    rows = table(found)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(
        json.dumps(record(found, rows, time.monotonic() - begun, seed=options.seed), indent=1, ensure_ascii=False)
        + "\n",
        "utf-8",
    )
    sys.stdout.write(told(found, rows))
    sys.exit(any(answer.fault for answer in found))


if __name__ == "__main__":
    main()
