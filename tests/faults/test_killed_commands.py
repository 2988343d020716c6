"""Commands of an office killed at any moment: said again each gives its one event, and the receipt of that one."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from adapters.approvals import requested
from adapters.documents_folder import FolderDocuments
from adapters.kafka_topics import create_documents_topic
from adapters.queue import Queue
from adapters.station import Station
from adapters.store.ledger_store import LedgerStore
from cli.settings import write_settings
from cli.wiring import DOCUMENTS_FOLDER, QUEUE_FILE
from domain.events_approvals import Approver, Stage
from domain.ids import Digest, OfficerId
from domain.reasons import Reason
from tests.commanding_process import MOMENTS, Command, Orders, obey
from tests.eventful_office import paper
from tests.exchanges import MINISTRY, TestExchange, tell
from tests.homes import Home, home_of
from tests.kafka_broker import KafkaBroker
from tests.ledger_readers import body_of
from tests.postgres_server import PostgresServer
from tests.submitting_process import ended

pytestmark = pytest.mark.slow
HUNT: Final = int(os.environ.get("HUNT", "0"))
PLACES: Final = ("sqlite", "postgresql", "kafka") if HUNT else ("sqlite",)
ROUNDS: Final = max(1, HUNT)
"""How often each command is killed, each time at another moment; half as often at random ones besides."""
KILLED: Final = frozenset({-signal.SIGKILL, 255})
"""How a process ends that is killed; 255 is said where that was lost on the way."""
LONGEST_S: Final = {"sqlite": 0.12, "postgresql": 0.3, "kafka": 1.0}
"""After which a command is killed at the latest that is killed at a random moment."""
YES: Final = ("--yes", "--json")
SAID: Final[dict[str, tuple[str, ...]]] = {
    "give": ("approval.given",),
    "transfer": ("consignment.transferred",),
    "reply": ("letter.dispatched", "consignment.closed"),
    "close": ("consignment.closed",),
    "remind": ("reminder.sent",),
    "receive": ("letter.received_outside",),
    "grant": ("mandate.granted",),
}
"""The commands that are killed, and which events each leaves on the ledger."""
OFFICES: Final = {"first": ("give", "transfer", "reply", "close"), "ministry": ("remind", "receive", "grant")}
"""In whose homes they are given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """An exchange, a station at which everything is prepared, and the homes in which commands are given."""

    kind: str
    exchange: TestExchange
    station: Station
    homes: dict[str, Home]
    stores: dict[str, str]

    def commands(self, office: str, rounds: int) -> list[Command]:
        """Return the commands of an office, each so often, about letters and requests of their own."""
        return [self._command(kind, number) for number in range(rounds) for kind in OFFICES[office]]

    def _command(self, kind: str, number: int) -> Command:
        words: tuple[str, ...] = getattr(self, f"_{kind}")(number)
        return Command(name=f"{kind} {number} {os.urandom(4).hex()}", kind=kind, round=number, words=(*words, *YES))

    def _letter(self, *, acknowledged: bool) -> str:
        letter = self.exchange.send(self.station, "deputy", "mfy-001")
        if acknowledged:
            self.exchange.acknowledge(self.station, "secretary", letter, "mfy-001")
        return letter.hex()[:24]

    def _file(self) -> str:
        path = self.exchange.folder / f"{os.urandom(8).hex()}.txt"
        path.write_text(f"{path.name}\n", encoding="utf-8")
        return str(path)

    def _give(self, _: int) -> tuple[str, ...]:
        asked_of = paper(self.station, os.urandom(8).hex())
        chair = Approver(organisation=None, officer=OfficerId("chair"))
        route = (Stage(rule="all", quorum=None, due_at=None, approvers=(chair,)),)
        clerk = self.exchange.signer("clerk")
        (asked,) = tell(self.station, [requested(self.station, clerk, MINISTRY, asked_of, route, letter=None, follows=None)])
        return ("approval", "give", asked.identity.hex()[:24], "--remarks", "Approved.", "--as", "chair")

    def _transfer(self, _: int) -> tuple[str, ...]:
        letter = self._letter(acknowledged=False)
        return ("letter", "transfer", letter, "--to", "mfy-002", "--reason", "OTHER", "--text", "Theirs.", "--as", "secretary")

    def _reply(self, _: int) -> tuple[str, ...]:
        return ("letter", "reply", self._letter(acknowledged=True), self._file(), "--as", "chair")

    def _close(self, _: int) -> tuple[str, ...]:
        return ("letter", "close", self._letter(acknowledged=True), "--how", "noted", "--as", "secretary")

    def _remind(self, _: int) -> tuple[str, ...]:
        return ("letter", "remind", self._letter(acknowledged=False), "--silent", "--text", "Please.", "--as", "clerk")

    def _receive(self, number: int) -> tuple[str, ...]:
        whose = ("--from", "Suv AJ", "--their-number", str(number), "--their-date", "2026-01-02", "--original", "papka")
        how = ("--arrived", "2026-01-05", "--channel", "post", "--subject", "Suv", "--as", "clerk")
        return ("letter", "receive", self._file(), *whose, *how)

    def _grant(self, number: int) -> tuple[str, ...]:
        at = self.exchange.now_ms()
        day = f"{datetime.fromtimestamp(at / 1000, tz=UTC):%Y-%m-%d}"
        terms = ("--from", day, "--until", day, "--basis", f"{number}-k", "--basis-date", "2026-01-02", "--as", "deputy")
        return ("mandate", "grant", "clerk", "--may", "letter.dispatched", *terms)


@pytest.fixture(params=PLACES)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """Give an exchange: on a ledger in a file with stores in files, the same with stores on a server, or on a broker."""
    kind: str = request.param
    location = f"sqlite:{tmp_path / 'ledger.sqlite'}"
    if kind == "kafka":
        broker: KafkaBroker = request.getfixturevalue("kafka")
        location = f"kafka://{broker.bootstrap}/killed-{os.urandom(6).hex()}"
        for name in ("preparing", *OFFICES):
            create_documents_topic(broker.bootstrap, location.rpartition("/")[2], name)
    with contextlib.closing(TestExchange(tmp_path, location)) as exchange:
        named = kind == "kafka"
        station = exchange.station("preparing", station_id="preparing" if named else None)
        exchange.add_organisations(station, ["mfy-001", "mfy-002"])
        exchange.add_officer(station, "deputy", "ministry", "signatory")
        exchange.add_officer(station, "clerk", "ministry", "clerk")
        exchange.add_officer(station, "secretary", "mfy-001", "clerk")
        exchange.add_officer(station, "chair", "mfy-001", "clerk", "signatory")
        for office in OFFICES if named else ():
            exchange.add_officer(station, office, "ministry", "station")
        people = {"first": ("secretary", "chair"), "ministry": ("clerk", "deputy")}
        homes = {
            office: home_of(exchange, office, *people[office], *((office,) if named else ()), station=office if named else None)
            for office in OFFICES
        }
        stores = {office: f"sqlite:///{home.folder / 'store.sqlite'}" for office, home in homes.items()}
        if kind == "postgresql":
            postgres: PostgresServer = request.getfixturevalue("postgres")
            stores = {office: postgres.new_database() for office in OFFICES}
            for office, home in homes.items():
                write_settings(home.folder, {"store_url": stores[office]})
        yield Scene(kind=kind, exchange=exchange, station=station, homes=homes, stores=stores)


def in_turn(orders: Orders, commands: Sequence[Command], die: Callable[[Orders, int], int]) -> list[int]:
    """Let one process after the other say twice again what the last one died at, and die at the next; return their ends."""
    given = [(commands[0],), *((before, before, after) for before, after in pairwise(commands))]
    ends = [die(replace(orders, commands=one), number) for number, one in enumerate(given)]
    assert ended(obey, replace(orders, commands=(commands[-1], commands[-1]))) == 0
    return ends


def told_by(orders: Orders) -> dict[str, dict[str, Any]]:
    """Return what was told of each command by those who lived; each must be done, and whoever says it again is told the same."""
    told: dict[str, dict[str, Any]] = {}
    for line in orders.told.read_text("utf-8").splitlines():
        answer = json.loads(line)
        assert answer["code"] == 0, answer
        receipt = json.loads(answer["out"])
        assert told.setdefault(answer["command"], receipt)["identity"] == receipt["identity"]
    return told


def require_each_once(scene: Scene, start: int, told: dict[str, dict[str, Any]], commands: Sequence[Command]) -> int:
    """Verify that from a position on each command left its events once, where it told; return how many copies were rejected."""
    store = scene.exchange.station("replay").parts.store
    counted: Counter[str] = Counter()
    copies = 0
    for entry in store.entries(start, store.next_position() - start):
        if entry.verdict.is_accepted:
            counted[body_of(entry.record).TYPE] += 1
        else:
            assert entry.verdict.reason is Reason.DUPLICATE, (entry.verdict.reason, entry.detail)
            copies += 1
    assert counted == Counter(event for command in commands for event in SAID[command.kind])
    assert set(told) == {command.name for command in commands}
    assert len({receipt["identity"] for receipt in told.values()}) == len(told)
    for receipt in told.values():
        assert store.position_of(Digest(bytes.fromhex(receipt["identity"]))) == receipt["position"]
    return copies


def require_homes_whole(scene: Scene, start: int) -> None:
    """Verify that every home holds what a clean replay does, and every document that it spoke of; nothing waits in its queue."""
    replay = scene.exchange.station("replay").parts.store
    for office, home in scene.homes.items():
        home.done("queue", "list")
        with (
            contextlib.closing(LedgerStore(scene.stores[office])) as store,
            contextlib.closing(Queue(home.folder / QUEUE_FILE)) as queue,
        ):
            assert queue.unfinished() == ()
            assert store.canonical_dump() == replay.canonical_dump()
            for entry in store.entries(start, store.next_position() - start):
                if queue.find_identity(entry.verdict.identity) is not None:
                    require_documents_held(home, body_of(entry.record))


def require_documents_held(home: Home, said: Any) -> None:
    """Verify that every document that an event names lies in a home."""
    cover = getattr(said, "cover", None)
    own = FolderDocuments(home.folder / DOCUMENTS_FOLDER)
    for document in (*((cover,) if cover else ()), *getattr(said, "documents", ())):
        own.open(document.sha256).close()


def kill_all(scene: Scene, rounds: int, die: Callable[[Orders, int], int]) -> str:
    """Kill the commands of all offices, require that each left its events once, and return what was survived."""
    commands = {office: scene.commands(office, rounds) for office in OFFICES}
    start, started_s = scene.station.parts.store.next_position(), time.monotonic()
    orders = {office: Orders(home=home, commands=(), told=home.folder / "told") for office, home in scene.homes.items()}
    with ThreadPoolExecutor(max_workers=len(OFFICES)) as pool:
        found = list(pool.map(lambda office: in_turn(orders[office], commands[office], die), OFFICES))
    ends = Counter(end for one in found for end in one)
    told = {name: receipt for one in orders.values() for name, receipt in told_by(one).items()}
    copies = require_each_once(scene, start, told, [one for given in commands.values() for one in given])
    require_homes_whole(scene, start)
    kills = sum(ends[one] for one in KILLED)
    assert kills > 0
    return f"{kills} killed, {ends[0]} done before, in {time.monotonic() - started_s:.0f} s; {copies} copies rejected"


def test_killed_at_each_moment_and_said_again(scene: Scene, record_property: Callable[[str, object], None]) -> None:
    moments = tuple(MOMENTS)

    def die(orders: Orders, number: int) -> int:
        command = orders.commands[-1]
        # So that few kills come to all moments.
        moment = moments[(number + 2 * (command.kind in OFFICES["ministry"])) % len(moments)]
        end = ended(obey, replace(orders, moment=moment, spared=(command.round + 1) % len(SAID[command.kind])))
        assert end in KILLED, (end, moment, command)
        return end

    told = kill_all(scene, ROUNDS, die)
    record_property(f"kills of commands ({scene.kind}, at {len(moments)} moments)", told)


def test_killed_at_random_moments_and_said_again(scene: Scene, record_property: Callable[[str, object], None]) -> None:
    chance = random.Random(20261126)  # the moments differ with the machine anyway

    def die(orders: Orders, _: int) -> int:
        return ended(obey, orders, killed_after_s=chance.uniform(0, LONGEST_S[scene.kind]))

    record_property(f"kills of commands ({scene.kind}, at random moments)", kill_all(scene, (ROUNDS + 1) // 2, die))
