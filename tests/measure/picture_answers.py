"""Asks every method every query, in several processes, and shows that neither their number nor a restart matters."""

import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import faiss

from tests.measure.picture_methods import Method, Ours, Prediction, peers
from tests.measure.pictures_corpus import FRAMED, Half, Item, Query, half, marked

WORKERS = 2
SAMPLE = 40  # queries that are asked again


@dataclass(frozen=True)
class Task:
    """Which half of the corpus is asked; every process deals it anew and finds the same."""

    which: int
    per_attack: int
    negatives: int
    with_peers: bool = True
    with_marks: bool = True  # what rights holders marked as not distinctive

    def half(self) -> Half:
        """Return the half."""
        return half(self.which, per_attack=self.per_attack, negatives=self.negatives)


@dataclass(frozen=True)
class Answer:
    """What a method said to one query."""

    query: Query
    prediction: Prediction
    is_right: bool


@dataclass(frozen=True)
class Answers:
    """Everything one method said."""

    answers: list[Answer]
    cpu_ms: float  # a query, decoding left out
    bytes_per_reference: float


@dataclass(frozen=True)
class _Said:
    """One method's word on one query, small enough to travel between processes."""

    reference: int | None
    score: float
    cpu_s: float


class _Asker:
    """One process: the methods, filled once, and the queries."""

    def __init__(self, task: Task) -> None:
        faiss.omp_set_num_threads(1)
        cv2.setNumThreads(1)
        self.part = task.half()
        pictures = [item.read() for item in self.part.references]
        works = [work(item) for item in self.part.references]
        ours = Ours(pictures, works, marked(self.part.references) if task.with_marks else None)
        methods: list[Method] = [ours, *(peers(pictures) if task.with_peers else [])]
        self._methods = {method.name: method for method in methods}
        self.sizes = {method.name: method.bytes_per_reference for method in methods}

    def ask(self, number: int) -> dict[str, _Said]:
        """Return what each method says to one query."""
        picture = self.part.queries[number].picture(self.part.carriers)
        said = {}
        for name, method in self._methods.items():
            began = time.process_time()
            found = method(picture)
            said[name] = _Said(found.reference, found.score, time.process_time() - began)
        return said


def work(item: Item) -> str:
    """Return what the catalogue would call the work: the pages of a comic are one, every other picture its own."""
    return "comic" if item.path.startswith("comics") else item.kin


_asker: _Asker  # one a process


def _begin(task: Task) -> None:
    global _asker
    _asker = _Asker(task)


def _ask(number: int) -> dict[str, _Said]:
    return _asker.ask(number)


def _sizes(_nothing: int) -> dict[str, float]:
    return _asker.sizes


def asked(task: Task) -> dict[str, Answers]:
    """Return every method's answers to all queries of the task."""
    part = task.half()
    with multiprocessing.get_context("spawn").Pool(WORKERS, _begin, (task,)) as pool:
        (sizes,) = pool.map(_sizes, [0])
        rows = pool.map(_ask, range(len(part.queries)), chunksize=8)
    return {
        name: Answers(
            [_answer(part, query, row[name]) for query, row in zip(part.queries, rows, strict=True)],
            sum(row[name].cpu_s for row in rows) / len(rows) * 1000,
            size,
        )
        for name, size in sizes.items()
    }


def _answer(part: Half, query: Query, said: _Said) -> Answer:
    kin = None if said.reference is None else part.references[said.reference].kin
    is_right = query.kin is not None and kin == query.kin
    return Answer(query, Prediction(said.reference, said.score), is_right)


def unmarked_templates(task: Task) -> list[Answer]:
    """Return our answers to the pictures inside shared furniture, had nobody marked anything."""
    asker = _Asker(replace(task, with_peers=False, with_marks=False))
    part = asker.part
    numbers = [number for number, query in enumerate(part.queries) if query.name == FRAMED]
    return [_answer(part, part.queries[number], asker.ask(number)["ours"]) for number in numbers]


def is_deterministic(task: Task, answers: Sequence[Answer]) -> bool:
    """Say whether fresh processes, one and then two, repeat our predictions for a sample bit for bit."""
    step = max(1, len(answers) // SAMPLE)
    numbers = list(range(0, len(answers), step))[:SAMPLE]
    first = [answers[number].prediction for number in numbers]
    return all(_repeated(task, numbers, workers) == first for workers in (1, 2))


def _repeated(task: Task, numbers: list[int], workers: int) -> list[Prediction]:
    alone = replace(task, with_peers=False)
    with multiprocessing.get_context("spawn").Pool(workers, _begin, (alone,)) as pool:
        rows = pool.map(_ask, numbers, chunksize=3)
    return [Prediction(row["ours"].reference, row["ours"].score) for row in rows]
