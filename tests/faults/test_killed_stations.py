"""Stations that follow, project and send, killed at random moments on each ledger and database: as if nothing had happened."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from adapters.kafka_topics import create_documents_topic
from adapters.station import Station, Utterance
from adapters.station_reports import Duty
from adapters.store.ledger_store import LedgerStore
from adapters.submitting import sign_payload, submission_of
from domain.catalogue import payload_type_of
from domain.events import LetterDispatched
from domain.ids import Digest
from domain.reasons import Reason
from projections.projector import Projector
from tests.exchanges import TestExchange
from tests.faults.running_station import Post, run_for_ever
from tests.kafka_broker import KafkaBroker
from tests.postgres_server import PostgresServer
from tests.submitting_process import context

pytestmark = pytest.mark.slow
LONGER: Final = int(os.environ.get("HUNT", "1"))
HOMES: Final = ("home-a", "home-b")
KILLS: Final = 6 * min(LONGER, 30)
"""Of each home's station, on each kind of ledger and database: 36 in all, and a thousand in the hunt."""
KILLS_FOR_A_STORE: Final = 3
"""After so many a home begins anew with an empty store, so that there is always something to follow."""
LETTERS: Final = 1
"""Put into a home's queue before each start of its station."""
COMMITTEES: Final = tuple(f"mfy-{number:03}" for number in range(1, 31))
LONGEST_S: Final = {"sqlite": 0.8, "postgresql": 1.2, "kafka": 4.0}
"""After which a station is killed at the latest, reckoned from its start or, every other time, from when it begins to send."""
PATIENCE_S: Final = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """An exchange with its ministry's station, and where the stations live that are killed."""

    kind: str
    exchange: TestExchange
    ministry: Station
    new_store: Callable[[str], tuple[str, str]]

    def post(self, home: str) -> Post:
        """Return a home's station with an empty store and empty views; its queue and its documents stay."""
        store, views = self.new_store(home)
        return Post(
            home=self.exchange.folder / home,
            location=self.exchange.location,
            identity=self.exchange.identity,
            station=home if self.kind == "kafka" else None,
            store=store,
            views=views,
        )

    def letters(self, count: int) -> list[Utterance]:
        """Return letters that the deputy has signed."""
        return [self.exchange.letter(self.ministry, "deputy", "mfy-001") for _ in range(count)]


@pytest.fixture(params=["sqlite", "postgresql", "kafka"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """Give an exchange: on a ledger in a file with stores in files, the same with stores on a server, or on a broker."""
    kind: str = request.param
    with contextlib.ExitStack() as stack:
        location, new_store = f"sqlite:{tmp_path / 'ledger.sqlite'}", files_in(tmp_path)
        if kind == "postgresql":
            new_store = databases_of(request.getfixturevalue("postgres"), stack)
        if kind == "kafka":
            broker: KafkaBroker = request.getfixturevalue("kafka")
            location = f"kafka://{broker.bootstrap}/killed-{os.urandom(6).hex()}"
        exchange = TestExchange(tmp_path, location)
        stack.callback(exchange.close)
        if kind == "kafka":
            for home in HOMES:
                create_documents_topic(broker.bootstrap, location.rpartition("/")[2], home)
        ministry = exchange.station("ministry")
        exchange.add_organisations(ministry, COMMITTEES)
        exchange.add_officer(ministry, "deputy", "ministry", "signatory")
        yield Scene(kind=kind, exchange=exchange, ministry=ministry, new_store=new_store)


def files_in(folder: Path) -> Callable[[str], tuple[str, str]]:
    """Return what names new files for the store and the views of a home."""

    def made(home: str) -> tuple[str, str]:
        name = f"{home}-{os.urandom(4).hex()}"
        return f"sqlite:///{folder / name}-store.sqlite", f"sqlite:///{folder / name}-views.sqlite"

    return made


def databases_of(postgres: PostgresServer, stack: contextlib.ExitStack) -> Callable[[str], tuple[str, str]]:
    """Return what makes a new database for the store and the views of a home together."""

    def made(_home: str) -> tuple[str, str]:
        url = postgres.new_database()
        stack.callback(postgres.drop_database, url)
        return url, url

    return made


def queue(scene: Scene, post: Post, letters: list[Utterance]) -> list[Digest]:
    """Put letters into a home's queue and return them: from here on somebody was told that they will be sent."""
    with contextlib.closing(post.open()) as station:
        codec, queued = station.parts.codec, []
        for letter in letters:
            for document in letter.documents:
                # From the ministry's folder itself: another thread uses its station.
                content = scene.ministry.parts.documents.own.path_of(document).read_bytes()
                station.parts.documents.own.put(content)
            queued.append(
                submission_of(
                    codec,
                    sign_payload(codec, letter.body, [one.signer for one in letter.signers]),
                    intention=letter.intention,
                    act=letter.body.TYPE,
                    officer=letter.body.header.officer,
                    documents=letter.documents,
                    queued_at=0,
                )
            )
        station.parts.queue.add(queued)
    return [one.identity for one in queued]


def kill_after(post: Post, seconds: float, awaited: Duty | None) -> None:
    """Run a station in a process of its own, and kill it so long after it has begun (None), or has told of a duty."""
    ready = context().Event()
    child = context().Process(target=run_for_ever, args=(post, ready, awaited))
    child.start()
    assert ready.wait(PATIENCE_S)
    time.sleep(seconds)
    child.kill()
    child.join(PATIENCE_S)
    assert child.exitcode == -signal.SIGKILL, "it had ended by itself"


@dataclass(frozen=True, kw_only=True, slots=True)
class Survived:
    """What a home's stations left behind: their stores, both roots at each death, and the letters of its queue."""

    posts: list[Post]
    roots: list[tuple[int, tuple[Digest, Digest]]]
    acknowledged: list[Digest]


def die_again_and_again(scene: Scene, home: str, letters: list[Utterance], chance: random.Random) -> Survived:
    """Kill a home's station many times, each time with letters in its queue."""
    found = Survived(posts=[], roots=[], acknowledged=[])
    for number in range(KILLS):
        if number % KILLS_FOR_A_STORE == 0:
            found.posts.append(scene.post(home))
        post = found.posts[-1]
        found.acknowledged.extend(queue(scene, post, letters[number * LETTERS : (number + 1) * LETTERS]))
        # The views are up, so it sends what waits.
        kill_after(post, chance.uniform(0, LONGEST_S[scene.kind]), Duty.PROJECTED if number % 2 else None)
        with contextlib.closing(LedgerStore(post.store)) as store:
            size = store.next_position()
            found.roots.append((size, store.roots_at(size)))
    return found


def make_up(post: Post) -> None:
    """Let a station live for once, until nothing waits in its queue."""
    with contextlib.closing(post.open()) as station:
        assert station.parts.submitter.send(wait_s=PATIENCE_S) == ""
        assert station.parts.queue.unfinished() == ()


def require_each_letter_once(scene: Scene, acknowledged: list[Digest]) -> int:
    """Verify that each letter that was acknowledged stands on the ledger once in effect; return how many copies were rejected."""
    kind, reader = payload_type_of(LetterDispatched), scene.exchange.station("reader").parts.store
    reasons: dict[Digest, Counter[Reason]] = {identity: Counter() for identity in acknowledged}
    for entry in reader.each_entry():
        if entry.record is not None and scene.exchange.codec.envelope(entry.record).payload_type == kind:
            reasons[entry.verdict.identity][entry.verdict.reason] += 1
    assert len(reasons) == len(acknowledged)
    assert all(
        counted[Reason.ACCEPTED] == 1 and set(counted) <= {Reason.ACCEPTED, Reason.DUPLICATE} for counted in reasons.values()
    )
    return sum(counted[Reason.DUPLICATE] for counted in reasons.values())


def views_of(station: Station, url: str) -> Digest:
    """Return the canonical dump of a station's views at a URL, brought up."""
    parts = station.parts
    with contextlib.closing(Projector(url, parts.store, parts.codec, station.view)) as projector:
        projector.catch_up()
        return projector.canonical_dump()


def require_like(post: Post, replay: Station, shown: Digest) -> None:
    """Verify that a station which died and follows on holds and shows byte for byte what a clean replay does."""
    with contextlib.closing(post.open()) as station:
        assert station.catch_up().behind is None
        size = replay.parts.store.next_position()
        assert station.parts.store.roots_at(size) == replay.parts.store.roots_at(size)
        assert station.parts.store.canonical_dump() == replay.parts.store.canonical_dump()
        assert views_of(station, post.views) == shown


def test_stations_killed_at_random_moments_lose_double_and_change_nothing(
    scene: Scene, record_property: Callable[[str, object], None]
) -> None:
    started_s, chance = time.monotonic(), random.Random(scene.kind)  # the moments differ with the machine anyway
    letters = {home: scene.letters(KILLS * LETTERS) for home in HOMES}
    with ThreadPoolExecutor(max_workers=len(HOMES)) as pool:
        found = list(pool.map(lambda home: die_again_and_again(scene, home, letters[home], chance), HOMES))
    for survived in found:
        make_up(survived.posts[-1])
    copies = require_each_letter_once(scene, [letter for survived in found for letter in survived.acknowledged])
    replay = scene.exchange.station("replay")
    shown = views_of(replay, "sqlite://")
    for survived in found:
        for size, roots in survived.roots:
            assert replay.parts.store.roots_at(size) == roots
        for post in survived.posts:
            require_like(post, replay, shown)
    sizes = [size for survived in found for size, _ in survived.roots]
    record_property(
        f"kills of running stations survived ({scene.kind})",
        f"{len(sizes)} in {time.monotonic() - started_s:.0f} s, at {len(set(sizes))} positions, {copies} copies rejected",
    )
