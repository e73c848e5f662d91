"""Threads that search one index while others change and compact it. It runs as a process of its own, for what
goes wrong in an engine ends the process: `python -m tests.matcher.indexes.crowded_index <index> <folder>`."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from matcher.indexes.snapshots import Snapshots
from tests.matcher.indexes.drawn_points import Codes, descriptors
from tests.matcher.indexes.test_parted_indexes import KINDS, Index, codes, told_at_once, whole

READERS, OWNERS, ANSWERS, GENERATIONS = 6, 12, 5, 3
# How many states were noted before it was asked and after it was told; which question; what was told.
Answer = tuple[int, int, int, list[object]]


class Crowd:
    """An index, every state it was ever to be in, and who reads and writes it."""

    def __init__(self, index: Index) -> None:
        self.index, self.states, self.stop = index, [dict[int, Codes]()], threading.Event()

    def churn(self) -> None:
        """Change the index until it is told to stop."""
        chance = np.random.default_rng(5)
        for step in range(1_000_000):
            if self.stop.is_set():
                return
            owner = int(chance.integers(OWNERS))
            added = {owner: codes(type(self.index), owner, int(chance.integers(1, 40)), step % 4)} if step % 3 else {}
            # Noted before it is done: a reader may see it as soon as it is.
            self.states.append({key: held for key, held in self.states[-1].items() if key != owner} | added)
            self.index.change(added, [owner])

    def compact(self) -> None:
        """Make new bases until it is told to stop."""
        while not self.stop.is_set():
            self.index.compact()

    def read(self, question: int) -> list[Answer]:
        """Ask until there were some different answers and some new bases."""
        answers: list[Answer] = []
        while len({str(answer[-1]) for answer in answers}) < ANSWERS or self.index.figures().generation < GENERATIONS:
            before = max(0, len(self.states) - 2)  # the last one that was noted may not be done yet
            answer = told_at_once(self.index, question)
            answers.append((before, len(self.states), question, answer))
        return answers

    def run(self) -> list[Answer]:
        """Return what all readers were told while the index was changed and compacted."""
        threads = [threading.Thread(target=self.churn), threading.Thread(target=self.compact)]
        for thread in threads:
            thread.start()
        with ThreadPoolExecutor(READERS) as pool:
            every = [answer for answers in pool.map(self.read, [0, 1] * (READERS // 2)) for answer in answers]
        self.stop.set()
        for thread in threads:
            thread.join()
        return every


def main() -> None:
    """Print how many answers were right and how many there were."""
    kind = KINDS[int(sys.argv[1])]
    for owner in range(OWNERS):
        descriptors(owner % 7)  # drawn before anybody is waited for
    crowd = Crowd(kind(Snapshots(Path(sys.argv[2]))))
    answers, known = crowd.run(), dict[tuple[int, int], list[object]]()
    right = 0
    for first, last, question, answer in answers:
        for number in range(first, last):
            if (number, question) not in known:
                known[number, question] = told_at_once(whole(kind, crowd.states[number]), question)
        right += any(known[number, question] == answer for number in range(first, last))
    sys.stdout.write(f"{right} {len(answers)}\n")


if __name__ == "__main__":
    main()
