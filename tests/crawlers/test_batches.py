"""Changes that come together are one transaction; each counts once it is committed, and fails alone."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import clock
from config.home import Home
from crawlers.batches import MOST, Batch
from crawlers.frontier import Sweep


class Transactions:
    """The home's own transactions, counted."""

    def __init__(self, home: Home) -> None:
        self.home, self.count = home, 0

    @contextmanager
    def __call__(self) -> Iterator[Session]:
        self.count += 1
        with self.home.sessions().begin() as session:
            yield session


def begin_sweep(batch: Batch, source: str) -> None:
    at = clock.now()
    with batch() as session:
        session.add(Sweep(source=source, source_sha256="", started_at=at, heartbeat_at=at, state="running"))


def sources(home: Home) -> list[str]:
    with home.readers()() as session:
        return list(session.scalars(select(Sweep.source).order_by(Sweep.id)))


def test_changes_of_one_moment_are_one_transaction_and_wait_for_it(home: Home) -> None:
    transactions = Transactions(home)
    batch = Batch(transactions)
    written: list[int] = []

    async def change(number: int) -> None:
        await batch.change(lambda: begin_sweep(batch, f"s{number}"))
        with home.readers()() as session:
            written.append(session.scalar(select(func.count()).select_from(Sweep)) or 0)

    async def all_at_once() -> None:
        await asyncio.gather(*(change(number) for number in range(MOST + 2)))

    asyncio.run(all_at_once())
    assert transactions.count == 2
    assert written == [MOST] * MOST + [MOST + 2] * 2
    assert sources(home) == [f"s{number}" for number in range(MOST + 2)]


def test_a_change_that_fails_fails_alone(home: Home) -> None:
    batch = Batch(home.sessions().begin)

    def fail() -> None:
        begin_sweep(batch, "half done")
        raise ValueError("of its own")

    async def three() -> list[BaseException | None]:
        return await asyncio.gather(
            batch.change(lambda: begin_sweep(batch, "one")), batch.change(fail),
            batch.change(lambda: begin_sweep(batch, "two")), return_exceptions=True,
        )  # fmt: skip

    first, failed, last = asyncio.run(three())
    assert (first, last) == (None, None)
    assert isinstance(failed, ValueError)
    assert sources(home) == ["one", "two"]


def test_outside_of_a_batch_a_transaction_commits_by_itself(home: Home) -> None:
    begin_sweep(Batch(home.sessions().begin), "alone")

    assert sources(home) == ["alone"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nobody_waits_for_a_batch_that_is_not_full(home: Home) -> None:
    batch = Batch(home.sessions().begin)

    asyncio.run(asyncio.wait_for(batch.change(lambda: begin_sweep(batch, "one")), timeout=30))

    assert sources(home) == ["one"]
