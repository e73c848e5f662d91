"""Answers that come together are one transaction; each counts once it is committed, and fails alone."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from config import clock
from config.home import Home
from crawlers.answers import Answer, Errand
from crawlers.batches import MOST, Batch
from crawlers.captures import Fetched
from crawlers.frontier import Sweep


class Writer:
    """Writes a sweep for every answer, all in one transaction, and counts these."""

    def __init__(self, home: Home) -> None:
        self.home, self.count = home, 0

    def __call__(self, answers: Sequence[Answer]) -> None:
        self.count += 1
        at = clock.now()
        with self.home.sessions().begin() as session:
            for answer in answers:
                session.add(
                    Sweep(source=answer.one.url, source_sha256="", started_at=at, heartbeat_at=at, state="running")
                )
                session.flush()
                if answer.trouble:
                    raise ValueError(answer.trouble)


def answer(url: str, trouble: str | None = None) -> Answer:
    fetched = Fetched(url, url, 200, (), "text/html", "0" * 64, 0, clock.now())
    return Answer(Errand(1, url, "page", 0), fetched, trouble=trouble)


def sources(home: Home) -> list[str]:
    with home.readers()() as session:
        return list(session.scalars(select(Sweep.source).order_by(Sweep.id)))


def test_answers_of_one_moment_are_one_transaction_and_wait_for_it(home: Home) -> None:
    writer = Writer(home)
    batch = Batch(writer)
    written: list[int] = []

    async def one(number: int) -> None:
        await batch.add(answer(f"s{number}"))
        with home.readers()() as session:
            written.append(session.scalar(select(func.count()).select_from(Sweep)) or 0)

    async def all_at_once() -> None:
        await asyncio.gather(*(one(number) for number in range(MOST + 2)))

    asyncio.run(all_at_once())
    assert writer.count == 2
    assert written == [MOST] * MOST + [MOST + 2] * 2
    assert sources(home) == [f"s{number}" for number in range(MOST + 2)]


def test_an_answer_that_fails_fails_alone(home: Home) -> None:
    batch = Batch(Writer(home))

    async def three() -> list[BaseException | None]:
        return await asyncio.gather(
            batch.add(answer("one")), batch.add(answer("half done", "of its own")), batch.add(answer("two")),
            return_exceptions=True,
        )  # fmt: skip

    first, failed, last = asyncio.run(three())
    assert (first, last) == (None, None)
    assert isinstance(failed, ValueError)
    assert sources(home) == ["one", "two"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nobody_waits_for_a_batch_that_is_not_full(home: Home) -> None:
    asyncio.run(asyncio.wait_for(Batch(Writer(home)).add(answer("one")), timeout=30))

    assert sources(home) == ["one"]
