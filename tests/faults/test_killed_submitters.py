"""A submitting process killed at any moment: the same submission repeated gives one letter, and the original's verdict."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from adapters.draft_writing import DraftOutline, NewFile, write_draft
from adapters.drafts import load_draft
from adapters.kafka_topics import create_documents_topic
from adapters.station import Station
from cli.dispatching import freeze_into
from domain.catalogue import payload_type_of
from domain.events import LetterDispatched
from domain.ids import Digest
from domain.reasons import Reason
from tests.exchanges import MINISTRY, TestExchange
from tests.kafka_broker import KafkaBroker
from tests.submitting_process import WINDOWS, Task, ended, key_bytes, submit

pytestmark = pytest.mark.slow
LONGER: Final = int(os.environ.get("HUNT", "1"))
KILLS_PER_WINDOW: Final = 7 * LONGER
RANDOM_KILLS: Final = 21 * LONGER
"""On each kind of ledger."""
KILLED: Final = frozenset({-signal.SIGKILL, 255})
"""How a process ends that is killed; 255 is said where that was lost on the way, of one in a thousand on a busy machine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """An exchange whose deputy signs letters at several stations, each with a home of its own."""

    exchange: TestExchange
    station: Station
    topic: tuple[str, str] | None

    def drafts(self, count: int) -> list[Path]:
        """Return drafts of letters, frozen as the command does before anybody signs."""
        signer = self.exchange.signer("deputy")
        folders = []
        for _ in range(count):
            folder = self.exchange.folder / "drafts" / os.urandom(8).hex()
            outline = DraftOutline(subject="A letter", language="en", to=("mfy-001",))
            write_draft(folder, outline, [NewFile(name="letter.txt", content=os.urandom(20).hex().encode())])
            header = self.station.header(MINISTRY, (signer,))
            freeze_into(folder, load_draft(folder), self.station, header=header, resolve=_nothing)
            folders.append(folder)
        return folders

    def task(self, home: str) -> Task:
        """Return a task of a home's station, with no draft yet."""
        if self.topic is not None:
            create_documents_topic(*self.topic, home)
        signer = self.exchange.signer("deputy")
        return Task(
            home=self.exchange.folder / home,
            location=self.exchange.location,
            identity=self.exchange.identity,
            station=home if self.topic else None,
            officer="deputy",
            certificate=signer.certificate,
            key=key_bytes(signer),
            drafts=(),
            told=self.exchange.folder / f"{home}.told",
            window=None,
        )


def _nothing(text: str) -> Any:
    raise AssertionError(text)


def scene_at(folder: Path, location: str, topic: tuple[str, str] | None = None) -> Scene:
    """Return a scene on a new ledger."""
    exchange = TestExchange(folder, location)
    station = exchange.station("ministry")
    exchange.add_organisations(station, ["mfy-001"])
    exchange.add_officer(station, "deputy", "ministry", "signatory")
    return Scene(exchange=exchange, station=station, topic=topic)


@pytest.fixture(params=["sqlite", "kafka"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    if request.param == "sqlite":
        made = scene_at(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}")
    else:
        broker: KafkaBroker = request.getfixturevalue("kafka")
        topic = f"killed-{os.urandom(6).hex()}"
        made = scene_at(tmp_path, f"kafka://{broker.bootstrap}/{topic}", (broker.bootstrap, topic))
    yield made
    made.exchange.close()


def run(task: Task, *, killed_after_s: float | None = None) -> int:
    """Run a task in a process of its own, kill it so long after it is ready, if at all, and return how it ended."""
    return ended(submit, task, killed_after_s=killed_after_s)


def in_turn(task: Task, drafts: list[Path], die: Callable[[Task], int]) -> Counter[int]:
    """Let one process after the other repeat the letter at which the last one died, and die at the next; count their ends."""
    ends = Counter([die(replace(task, drafts=(drafts[0],)))])
    for before, after in pairwise(drafts):
        ends[die(replace(task, drafts=(before, after)))] += 1
    assert run(replace(task, drafts=(drafts[-1],), window=None)) == 0
    return ends


def told_by(task: Task) -> dict[str, dict[str, Any]]:
    """Return what was told of each draft last; whatever was told of it before must be the same."""
    told: dict[str, dict[str, Any]] = {}
    for line in task.told.read_text("utf-8").splitlines():
        outcome = json.loads(line)
        assert told.setdefault(outcome["draft"], outcome) == outcome
    return told


def require_one_letter_each(scene: Scene, tasks: list[Task], drafts: dict[str, list[Path]]) -> int:
    """Verify that each draft became one letter, of which its submitter was told; return how many copies were rejected."""
    replay = scene.exchange.station("replay")
    store = replay.parts.store
    kind = payload_type_of(LetterDispatched)
    letters: Counter[Digest] = Counter()
    copies = 0
    for entry in store.each_entry():
        if entry.record is None or scene.exchange.codec.envelope(entry.record).payload_type != kind:
            continue
        letters[entry.verdict.identity] += entry.verdict.is_accepted
        copies += entry.verdict.reason is Reason.DUPLICATE
    assert set(letters.values()) == {1}
    assert len(letters) == sum(map(len, drafts.values()))
    for task in tasks:
        told = told_by(task)
        assert set(told) == {draft.name for draft in drafts[task.home.name]}
        for outcome in told.values():
            position = store.position_of(Digest(bytes.fromhex(outcome["identity"])))
            verdict = store.verdict(position) if position is not None else None
            assert verdict is not None
            assert verdict.number is not None
            assert (verdict.position, verdict.number.serial) == (outcome["position"], outcome["serial"])
    scene.station.catch_up()
    size = store.next_position()
    assert scene.station.parts.store.roots_at(size) == store.roots_at(size)
    require_homes_like(scene, tasks, replay)
    return copies


def require_homes_like(scene: Scene, tasks: list[Task], replay: Station) -> None:
    """Verify that every home in which processes died holds what a clean replay holds, and nothing waits in its queue."""
    for task in tasks:
        home = scene.exchange.station(task.home.name, station_id=task.station)
        assert home.parts.queue.unfinished() == ()
        assert home.parts.store.canonical_dump() == replay.parts.store.canonical_dump()


def test_killed_in_each_window_and_repeated(scene: Scene, record_property: Callable[[str, object], None]) -> None:
    homes = {f"home-{number}": window for number, window in enumerate(WINDOWS)}
    tasks = [scene.task(home) for home in homes]
    drafts = {home: scene.drafts(KILLS_PER_WINDOW) for home in homes}

    def die_in_turn(task: Task) -> Counter[int]:
        doomed = replace(task, window=homes[task.home.name])
        return in_turn(doomed, drafts[task.home.name], run)

    started_s = time.monotonic()
    with ThreadPoolExecutor(max_workers=len(tasks)) as pool:
        ends = list(pool.map(die_in_turn, tasks))
    assert all(end.total() == KILLS_PER_WINDOW and end.keys() <= KILLED for end in ends), dict(zip(WINDOWS, ends, strict=True))
    copies = require_one_letter_each(scene, tasks, drafts)
    kills = sum(end.total() for end in ends)
    record_property(
        f"kills survived ({scene.exchange.location.partition(':')[0]}, in {len(WINDOWS)} windows)",
        f"{kills} in {time.monotonic() - started_s:.0f} s, one letter each, {copies} copies rejected as duplicates",
    )


def test_killed_at_random_moments_and_repeated(scene: Scene, record_property: Callable[[str, object], None]) -> None:
    homes = ("home-a", "home-b", "home-c")
    tasks = [scene.task(home) for home in homes]
    drafts = {home: scene.drafts(RANDOM_KILLS // len(homes)) for home in homes}
    chance = random.Random(20261125)  # the moments differ with the machine anyway
    longest_s = 0.2 if scene.topic else 0.03

    def die_in_turn(task: Task) -> Counter[int]:
        return in_turn(task, drafts[task.home.name], lambda one: run(one, killed_after_s=chance.uniform(0, longest_s)))

    with ThreadPoolExecutor(max_workers=len(tasks)) as pool:
        ends = sum(pool.map(die_in_turn, tasks), Counter[int]())
    copies = require_one_letter_each(scene, tasks, drafts)
    assert ends[-signal.SIGKILL] > 0
    record_property(
        f"kills survived ({scene.exchange.location.partition(':')[0]}, at random moments)",
        f"{ends[-signal.SIGKILL]} killed, {ends[0]} done before, one letter each, {copies} copies rejected as duplicates",
    )
