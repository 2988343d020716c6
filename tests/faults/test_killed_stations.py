"""Stations that do all their duties, killed at random moments on each ledger and database: as if nothing had happened.

They follow, project, send, and say of terms and stages that they passed and of letters that they are here whole: each once.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pytest

from adapters.approvals import requested
from adapters.kafka_topics import create_documents_topic
from adapters.queue import Queue
from adapters.station import Station, Utterance
from adapters.station_duties import StationDuties
from adapters.station_reports import Duty
from adapters.store.ledger_store import LedgerStore
from adapters.submitting import sign_payload, submission_of
from cli.wiring import QUEUE_FILE
from domain.events import AcknowledgementMissed, LetterDispatched
from domain.events_approvals import ApprovalStageMissed, Approver, Stage
from domain.events_office import ConsignmentFetched
from domain.ids import Digest, LetterId, OrgId
from domain.reasons import Reason
from projections.projector import Projector
from tests.eventful_office import paper
from tests.exchanges import MINISTRY, TestExchange, tell
from tests.faults.running_station import Post, run_for_ever
from tests.homes import give_key
from tests.kafka_broker import KafkaBroker
from tests.ledger_readers import body_of
from tests.postgres_server import PostgresServer
from tests.submitting_process import context

pytestmark = pytest.mark.slow
LONGER: Final = int(os.environ.get("HUNT", "1"))
HOMES: Final = {"home-a": "ministry", "home-b": "mfy-001"}
"""The homes, and which organisation the station of each serves; its id is the home's name."""
TERM_MS: Final = {"sqlite": 300, "postgresql": 300, "kafka": 1_500}
"""So long before it passes a term is set."""
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
    terms: list[Digest] = field(default_factory=list)
    requests: list[Digest] = field(default_factory=list)
    acknowledged: set[Digest] = field(default_factory=set)

    def post(self, home: str) -> Post:
        """Return a home's station with an empty store and empty views; its queue and its documents stay."""
        store, views = self.new_store(home)
        return Post(
            home=self.exchange.folder / home,
            location=self.exchange.location,
            identity=self.exchange.identity,
            station=home if self.kind == "kafka" else None,
            officer=home,
            store=store,
            views=views,
        )

    def letters(self, count: int) -> list[Utterance]:
        """Return letters that the deputy has signed."""
        return [self.exchange.letter(self.ministry, "deputy", "mfy-001") for _ in range(count)]

    def go_on(self) -> None:
        """Acknowledge letters of which stations have said everything, so that few wait for each of them; set new terms."""
        counted = self.counted()[0]
        for letter in [about for kind, about in counted if kind == ConsignmentFetched.TYPE]:
            if letter not in self.acknowledged and (letter not in self.terms or counted[AcknowledgementMissed.TYPE, letter]):
                self.exchange.acknowledge(self.ministry, "secretary", LetterId(letter), "mfy-001")
                self.acknowledged.add(letter)
        self._set_terms()

    def _set_terms(self) -> None:
        due_at = self.exchange.now_ms() + TERM_MS[self.kind]
        letter = self.exchange.letter(self.ministry, "deputy", "mfy-001")
        assert isinstance(letter.body, LetterDispatched)
        chair = Approver(organisation=OrgId("mfy-001"), officer=None)
        route = (Stage(rule="all", quorum=None, due_at=due_at, approvers=(chair,)),)
        clerk, what = self.exchange.signer("clerk"), paper(self.ministry, os.urandom(8).hex())
        said = replace(letter, body=replace(letter.body, acknowledge_by=due_at))
        asking = requested(self.ministry, clerk, MINISTRY, what, route, letter=None, follows=None)
        sent, asked = tell(self.ministry, [said, asking])
        self.terms.append(sent.identity)
        self.requests.append(asked.identity)

    def expected(self, letters: Sequence[Digest]) -> Counter[tuple[str, Digest]]:
        """Return what stands on the ledger if these letters were sent and all duties done: what is said, and of what."""
        every = (*letters, *self.terms)
        return Counter(
            [(LetterDispatched.TYPE, one) for one in every]
            + [(ConsignmentFetched.TYPE, one) for one in every]
            + [(AcknowledgementMissed.TYPE, one) for one in self.terms]
            + [(ApprovalStageMissed.TYPE, one) for one in self.requests]
        )

    def counted(self) -> tuple[Counter[tuple[str, Digest]], int]:
        """Return what stands on the ledger and is accepted, as above, and how many copies were rejected."""
        counted, copies = Counter[tuple[str, Digest]](), 0
        self.ministry.catch_up()
        for entry in self.ministry.parts.store.each_entry():
            body = body_of(entry.record)
            if isinstance(body, LetterDispatched | ConsignmentFetched | AcknowledgementMissed | ApprovalStageMissed):
                about = getattr(body, "letter", None) or getattr(body, "request", None) or entry.verdict.identity
                assert entry.verdict.reason in {Reason.ACCEPTED, Reason.DUPLICATE}, entry.detail
                counted[body.TYPE, Digest(about)] += entry.verdict.is_accepted
                copies += not entry.verdict.is_accepted
        return counted, copies


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
            for name in ("ministry", *HOMES):
                create_documents_topic(broker.bootstrap, location.rpartition("/")[2], name)
        ministry = exchange.station("ministry", station_id="ministry" if kind == "kafka" else None)
        exchange.add_organisations(ministry, COMMITTEES)
        exchange.add_officer(ministry, "deputy", "ministry", "signatory")
        exchange.add_officer(ministry, "clerk", "ministry", "clerk")
        exchange.add_officer(ministry, "secretary", "mfy-001", "clerk")
        for home, organisation in HOMES.items():
            exchange.add_officer(ministry, home, organisation, "station")
            give_key(exchange, tmp_path / home, home)
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
    letters: list[Digest]


def die_again_and_again(
    scene: Scene, home: str, letters: list[Utterance], chance: random.Random, before: Callable[[], None] = lambda: None
) -> Survived:
    """Kill a home's station many times, each time with letters in its queue and after something is done `before`."""
    found = Survived(posts=[], roots=[], letters=[])
    for number in range(KILLS):
        if number % KILLS_FOR_A_STORE == 0:
            found.posts.append(scene.post(home))
        post = found.posts[-1]
        before()
        found.letters.extend(queue(scene, post, letters[number * LETTERS : (number + 1) * LETTERS]))
        # The views are up, so it sends what waits.
        kill_after(post, chance.uniform(0, LONGEST_S[scene.kind]), Duty.PROJECTED if number % 2 else None)
        with contextlib.closing(LedgerStore(post.store)) as store:
            size = store.next_position()
            found.roots.append((size, store.roots_at(size)))
    return found


@contextlib.contextmanager
def alive(post: Post) -> Iterator[StationDuties]:
    """Give the duties of a station that nobody kills."""
    with contextlib.closing(post.open()) as station, contextlib.closing(post.projector(station)) as views:
        yield post.duties(station, views, lambda _: None)


def make_up(scene: Scene, posts: Sequence[Post], expected: Counter[tuple[str, Digest]]) -> int:
    """Let stations live until all duties are done, require that each was done once; return how many copies were rejected."""
    until_s = time.monotonic() + PATIENCE_S
    with contextlib.ExitStack() as stack:
        living = [stack.enter_context(alive(post)) for post in posts]
        while missing := expected - scene.counted()[0]:
            assert time.monotonic() < until_s, missing
            for duties in living:
                duties.round()
    for post in posts:
        with contextlib.closing(Queue(post.home / QUEUE_FILE)) as left:
            assert left.unfinished() == ()
    counted, copies = scene.counted()
    assert counted == expected
    return copies


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
    sets_terms, other = HOMES
    with ThreadPoolExecutor(max_workers=1) as pool:
        beside = pool.submit(die_again_and_again, scene, other, letters[other], chance)
        # The ministry's station, at which terms are set, is this thread's.
        found = [die_again_and_again(scene, sets_terms, letters[sets_terms], chance, scene.go_on), beside.result()]
    expected = scene.expected([letter for survived in found for letter in survived.letters])
    before = Counter(kind for kind, _ in scene.counted()[0])
    copies = make_up(scene, [survived.posts[-1] for survived in found], expected)
    replay = scene.exchange.station("replay")
    shown = views_of(replay, "sqlite://")
    for survived in found:
        for size, roots in survived.roots:
            assert replay.parts.store.roots_at(size) == roots
        for post in survived.posts:
            require_like(post, replay, shown)
    said = Counter(kind for kind, _ in expected)
    shares = ", ".join(f"{kind} {before[kind]} + {count - before[kind]}" for kind, count in said.items())
    sizes = [size for survived in found for size, _ in survived.roots]
    record_property(
        f"kills of running stations survived ({scene.kind})",
        f"{len(sizes)} in {time.monotonic() - started_s:.0f} s, at {len(set(sizes))} positions, {copies} copies rejected; "
        f"once each, by those that were killed or after: {shares}",
    )
