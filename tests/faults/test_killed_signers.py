"""A signer of checkpoints killed at any moment: nothing is ever signed that contradicts what was signed before."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from adapters.checkpoint_signing import sign_checkpoints
from adapters.clock import system_clock_ms
from adapters.ledger_memory import MemoryLedger
from adapters.store.checkpoints import Kept
from adapters.store.lease import Work, lease_on
from cli.wiring import StationPlan, build_station
from domain.checkpoints import parse_checkpoint, parse_pair
from domain.ids import Digest
from tests.checkpoint_keys import SeededOperator
from tests.exchanges import TestExchange
from tests.submitting_process import context

LONGER: Final = int(os.environ.get("HUNT", "1"))
KILLS: Final = 4 * LONGER
PATIENCE_S: Final = 120.0


class RecordingOperator(SeededOperator):
    """A key that writes down, on the disk, every text that it signs before anybody gets the signature."""

    def __init__(self, seed: int, book: Path) -> None:
        super().__init__(seed)
        self._book = book

    def sign_ed25519(self, message: bytes) -> bytes:
        with self._book.open("ab") as book:
            book.write(message + b"\n")
            book.flush()
            os.fsync(book.fileno())
        return super().sign_ed25519(message)


class StuckBoard(MemoryLedger):
    """A board on which publishing never comes to its end."""

    def __init__(self, told: Path) -> None:
        super().__init__()
        self._told = told

    def append(self, record: bytes, *, headers: tuple[tuple[str, bytes], ...] = ()) -> int:
        del record, headers
        self._told.touch()
        time.sleep(PATIENCE_S)
        raise AssertionError


@dataclass(frozen=True, kw_only=True, slots=True)
class Signing:
    """What a process needs to sign for a home again and again; `stuck` is written where publishing hangs."""

    home: Path
    location: str
    identity: Digest
    book: Path
    stuck: Path | None = None


def plan_of(signing: Signing) -> StationPlan:
    return StationPlan(
        home=signing.home,
        location=signing.location,
        identity=signing.identity,
        station=None,
        store_url=f"sqlite:///{signing.home / 'store.sqlite'}",
        passphrase=lambda _: b"",
    )


def sign_again_and_again(signing: Signing) -> None:
    """Sign until this process is killed."""
    with contextlib.closing(build_station(plan_of(signing))) as station:
        lease = lease_on(plan_of(signing).store_url, system_clock_ms, Work.CHECKPOINTS)
        if signing.stuck is not None:
            station.parts.checkpoints.board = StuckBoard(signing.stuck)
        while True:
            sign_checkpoints(station, RecordingOperator(1, signing.book), (), lease)


def signed_heads(book: Path) -> list[tuple[str, int, Digest]]:
    """Return every head that was ever signed; a text that is cut off at the end was signed by nobody."""
    whole = book.read_text().split("\n\n")[:-1]
    heads = [parse_checkpoint(text + "\n") for text in whole]
    return [(head.origin, head.size, head.root) for head in heads]


def wait_for(file: Path, written: int = 0) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not file.exists() or file.stat().st_size < written:
        assert time.monotonic() < until_s, f"{file} did not come"
        time.sleep(0.01)


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[TestExchange]:
    location = f"sqlite:{tmp_path / 'ledger.sqlite'}"
    with contextlib.closing(TestExchange(tmp_path, location, checkpoint_keys=(SeededOperator(1).public,))) as made:
        yield made


def test_a_signer_killed_between_signing_and_publishing_knows_afterwards_what_it_signed(exchange: TestExchange) -> None:
    writer = exchange.station("writer")
    exchange.add_organisations(writer, ["a"])
    home, stuck = exchange.folder / "operator", exchange.folder / "stuck"
    signing = Signing(
        home=home, location=exchange.location, identity=exchange.identity, book=exchange.folder / "book", stuck=stuck
    )
    killed = context().Process(target=sign_again_and_again, args=(signing,))
    killed.start()
    wait_for(stuck)
    killed.kill()
    killed.join()
    exchange.add_organisations(writer, ["b"])
    again = exchange.station("operator")
    raw = again.parts.store.checkpoints.pair(Kept.SIGNED)
    assert raw is not None
    assert parse_pair(raw).size == 2
    assert again.parts.checkpoints.newest(again.exchange) is None
    with contextlib.closing(lease_on(plan_of(signing).store_url, system_clock_ms, Work.CHECKPOINTS)) as lease:
        pair = sign_checkpoints(again, RecordingOperator(1, signing.book), (), lease).pair
    assert pair.size == 3
    heads = signed_heads(signing.book)
    assert [size for _, size, _ in heads] == [2, 2, 3, 3]
    assert again.parts.store.roots_at(2) == parse_pair(raw).roots


def test_no_size_is_ever_signed_with_two_roots_however_often_the_signer_is_killed(exchange: TestExchange) -> None:
    writer, chance = exchange.station("writer"), random.Random(11)
    signing = Signing(
        home=exchange.folder / "operator", location=exchange.location, identity=exchange.identity, book=exchange.folder / "book"
    )
    for number in range(KILLS):
        begun = signing.book.stat().st_size if signing.book.exists() else 0
        process = context().Process(target=sign_again_and_again, args=(signing,))
        process.start()
        wait_for(signing.book, begun + 1)
        exchange.add_organisations(writer, [f"org-{number}"])
        time.sleep(chance.random() / 10)
        process.kill()
        process.join()
    heads = signed_heads(signing.book)
    assert len({(origin, size) for origin, size, _ in heads}) == len(set(heads)) >= KILLS
    assert [size for origin, size, _ in heads if origin.endswith("/verdicts")] == sorted(
        size for origin, size, _ in heads if origin.endswith("/verdicts")
    )
    reader = exchange.station("reader")
    newest = reader.parts.checkpoints.newest(reader.exchange)
    assert newest is not None
    assert reader.parts.checkpoints.forks() == ()
    assert all(reader.parts.store.roots_at(size)[origin.endswith("/verdicts")] == root for origin, size, root in heads)
