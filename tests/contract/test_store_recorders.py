"""The recorders of the store keep the contract of the library `eventsourcing`: its own test cases run on them."""

from __future__ import annotations

import multiprocessing
import threading
import time
import unittest
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    InfrastructureFactoryError,
    IntegrityError,
    Mapper,
    ProcessRecorder,
    ProgrammingError,
    StoredEvent,
    Tracking,
    TrackingRecorder,
)
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    InfrastructureFactoryTestCase,
    NonInterleavingNotificationIDsBaseCase,
    ProcessRecorderTestCase,
    TrackingRecorderTestCase,
)
from eventsourcing.utils import Environment

from adapters.store import Factory
from adapters.store.database import Database
from adapters.store.ledger_store import LedgerStore
from adapters.store.library_mapper import StateSnapshot, StoreMapper
from adapters.store.recorders import (
    StoreAggregateRecorder,
    StoreApplicationRecorder,
    StoreProcessRecorder,
    StoreTrackingRecorder,
)
from adapters.store.snapshots import SNAPSHOT_EVERY
from adapters.store.tables import SNAPSHOTS
from domain.changes import EPOCH
from domain.errors import UnknownChangeError
from tests.judged_history import History, some_history
from tests.store_places import FilePlace, MemoryPlace, PostgresPlace

_LIBRARYS: Final[tuple[Any, ...]] = (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    InfrastructureFactoryTestCase,
    NonInterleavingNotificationIDsBaseCase,
    ProcessRecorderTestCase,
    TrackingRecorderTestCase,
)
for _case in _LIBRARYS:
    # They are abstract; pytest would collect them from this module and run them on nothing.
    _case.__test__ = False


class _OnStore(unittest.TestCase):
    """A case of the library on a database of ours; ids of aggregates are texts, as everywhere in this exchange."""

    __test__ = False

    def store_url(self) -> str:
        raise NotImplementedError

    def database(self) -> Database:
        database = Database(self.store_url())
        self.addCleanup(database.close)
        return database

    def new_originator_id(self) -> UUID | str:
        return str(uuid4())


class _Aggregates(_OnStore, AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return StoreAggregateRecorder(self.database())


class _Snapshots(_OnStore, AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return StoreAggregateRecorder(self.database(), SNAPSHOTS)


class _Applications(_OnStore, ApplicationRecorderTestCase[ApplicationRecorder]):
    def create_recorder(self) -> ApplicationRecorder:
        return StoreApplicationRecorder(self.database())

    def test_concurrent_no_conflicts(self, initial_position: int = 0) -> None:
        before = set(threading.enumerate())
        super().test_concurrent_no_conflicts(initial_position)
        # The library's case tells its readers to stop and does not wait until they have.
        for reader in set(threading.enumerate()) - before:
            reader.join()

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class _Numbers(_OnStore, NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> ApplicationRecorder:
        return StoreApplicationRecorder(self.database())


class _Trackings(_OnStore, TrackingRecorderTestCase):
    def create_recorder(self) -> TrackingRecorder:
        return StoreTrackingRecorder(self.database())


class _Processes(_OnStore, ProcessRecorderTestCase):
    def create_recorder(self) -> ProcessRecorder:
        return StoreProcessRecorder(self.database())


class OtherTrackingRecorder(StoreTrackingRecorder):
    """What somebody who extends the store would write."""


class _Factories(_OnStore, InfrastructureFactoryTestCase[Factory]):
    def setUp(self) -> None:
        # The library's mapper cases map the library's own events, which the closed registry refuses (see below).
        settings = {
            "PERSISTENCE_MODULE": "adapters.store",
            "STORE_URL": self.store_url(),
            "MAPPER_TOPIC": "eventsourcing.persistence:Mapper",
        }
        self.env = Environment(env=settings)
        super().setUp()

    def expected_factory_class(self) -> type[Factory]:
        return Factory

    def expected_aggregate_recorder_class(self) -> type[AggregateRecorder]:
        return StoreAggregateRecorder

    def expected_application_recorder_class(self) -> type[ApplicationRecorder]:
        return StoreApplicationRecorder

    def expected_tracking_recorder_class(self) -> type[TrackingRecorder]:
        return StoreTrackingRecorder

    def tracking_recorder_subclass(self) -> type[TrackingRecorder]:
        return OtherTrackingRecorder

    def expected_process_recorder_class(self) -> type[ProcessRecorder]:
        return StoreProcessRecorder


_CASES: Final[tuple[type[Any], ...]] = (_Aggregates, _Snapshots, _Applications, _Numbers, _Trackings, _Processes, _Factories)
_PLACES: Final[tuple[type[Any], ...]] = (FilePlace, MemoryPlace, PostgresPlace)


def _case_on(place: type[Any], case: type[Any]) -> type[unittest.TestCase]:
    name = f"{case.__name__.strip('_')}On{place.__name__}"
    # unittest begins `setUp` at the first base: the place only adds `store_url`.
    return type(name, (place, case), {"__test__": True, "__module__": __name__})


ON_PLACES: Final = {made.__name__: made for made in (_case_on(place, case) for place in _PLACES for case in _CASES)}
globals().update(ON_PLACES)

CASES_OF_ONE_PLACE: Final = 25
"""Cases of the library that run on each kind of database; a release of the library that adds some is noticed here."""


def test_every_case_of_the_library_runs_on_every_kind_of_database() -> None:
    loader = unittest.TestLoader()
    counts = {
        place.__name__: sum(len(loader.getTestCaseNames(made)) for made in ON_PLACES.values() if issubclass(made, place))
        for place in _PLACES
    }
    assert counts == {place.__name__: CASES_OF_ONE_PLACE for place in _PLACES}


def _event(number: int, topic: str = "topic") -> StoredEvent:
    return StoredEvent(originator_id="letter:1", originator_version=number, topic=topic, state=b"state")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


@pytest.fixture
def recorder(url: str) -> Iterator[StoreProcessRecorder]:
    database = Database(url)
    yield StoreProcessRecorder(database)
    database.close()


def test_events_and_tracking_are_written_together_or_not_at_all(recorder: StoreProcessRecorder) -> None:
    recorder.insert_events([_event(1)], tracking=Tracking("upstream", 5))
    with pytest.raises(IntegrityError):
        recorder.insert_events([_event(2)], tracking=Tracking("upstream", 5))
    with pytest.raises(IntegrityError):
        recorder.insert_events([_event(1)], tracking=Tracking("upstream", 6))
    assert len(recorder.select_events("letter:1")) == 1
    assert recorder.max_tracking_id("upstream") == 5


def test_notifications_are_numbered_without_gaps_whatever_failed_between(recorder: StoreProcessRecorder) -> None:
    recorder.insert_events([_event(1), _event(2)])
    with pytest.raises(IntegrityError):
        recorder.insert_events([_event(3), _event(2)])
    assert recorder.insert_events([_event(3)]) == [3]


def test_an_id_that_is_no_text_is_refused(recorder: StoreProcessRecorder) -> None:
    with pytest.raises(ProgrammingError, match="text ids"):
        recorder.select_events(uuid4())


def _insert_later(url: str, wait_s: float) -> None:
    time.sleep(wait_s)
    database = Database(url)
    StoreApplicationRecorder(database).insert_events([_event(2, "later")])
    database.close()


def test_a_subscription_sees_what_another_process_writes(recorder: StoreProcessRecorder, url: str) -> None:
    recorder.insert_events([_event(1)])
    other = multiprocessing.get_context("spawn").Process(target=_insert_later, args=(url, 0.2))
    other.start()
    with recorder.subscribe(gt=1) as subscription:
        assert next(subscription).topic == "later"
    other.join()


def test_a_subscription_is_woken_at_once_by_its_own_process(
    recorder: StoreProcessRecorder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adapters.store.subscription.POLL_INTERVAL_S", 3_600)
    writer = threading.Timer(0.1, recorder.insert_events, ([_event(1)],))
    with recorder.subscribe() as subscription:
        writer.start()
        assert next(subscription).id == 1
        stopper = threading.Timer(0.1, subscription.stop)
        stopper.start()
        with pytest.raises(StopIteration):
            next(subscription)
    writer.join()
    stopper.join()


def test_a_factory_without_a_store_says_what_to_set() -> None:
    with pytest.raises(InfrastructureFactoryError, match="STORE_URL"):
        InfrastructureFactory.construct({"PERSISTENCE_MODULE": "adapters.store"})


def test_a_factory_refuses_a_class_that_is_no_recorder_of_ours() -> None:
    factory = Factory({"STORE_URL": "sqlite://", "APPLICATION_RECORDER_TOPIC": "eventsourcing.popo:POPOApplicationRecorder"})
    with pytest.raises(InfrastructureFactoryError, match="APPLICATION_RECORDER_TOPIC"):
        factory.application_recorder()
    factory.close()


def test_the_usual_mapper_is_that_of_the_closed_registry() -> None:
    factory = Factory({"STORE_URL": "sqlite://"})
    mapper: Mapper[str] = factory.mapper()
    assert type(mapper) is StoreMapper
    with pytest.raises(UnknownChangeError):
        mapper.to_domain_event(StoredEvent("letter:1", 1, "os:system", b"{}"))
    with pytest.raises(UnknownChangeError, match="neither a change nor a snapshot"):
        mapper.to_stored_event(DomainEvent(originator_id=uuid4(), originator_version=1, timestamp=EPOCH))  # type: ignore[arg-type]
    factory.close()


class Exchange(Application[str]):
    """An application of the library over the store, with its snapshots."""

    is_snapshotting_enabled = True


@pytest.fixture
def application(url: str) -> Iterator[Exchange]:
    made = Exchange({"PERSISTENCE_MODULE": "adapters.store", "STORE_URL": url})
    yield made
    made.close()


def test_the_librarys_repository_reads_what_the_station_wrote(application: Exchange, url: str) -> None:
    history = some_history()
    store = LedgerStore(url)
    store.write(history.judged)
    store.close()
    for aggregate_id, version in _versions(history).items():
        state: Any = application.repository.get(aggregate_id, projector_func=_fold)
        assert state == history.view.states[aggregate_id]
        assert state.version == version
    assert application.recorder.max_notification_id() == sum(_versions(history).values())


def test_the_librarys_repository_reads_earlier_versions_too(application: Exchange, url: str) -> None:
    history = some_history()
    store = LedgerStore(url)
    store.write(history.judged)
    store.close()
    tally_id, last = max(_versions(history).items(), key=lambda item: item[1])
    for version in (1, 2, SNAPSHOT_EVERY - 1, SNAPSHOT_EVERY + 1, last):
        state: Any = application.repository.get(tally_id, version=version, projector_func=_fold)
        assert state.version == version
        assert state.acknowledged == version - 1


def test_the_station_reads_what_the_librarys_application_wrote(application: Exchange, url: str) -> None:
    history = some_history()
    changes = [change for judged in history.judged for change in judged.changes]
    assert application.events is not None
    application.events.put(changes)
    tally_id, last = max(_versions(history).items(), key=lambda item: item[1])
    assert application.snapshots is not None
    half: Any = application.repository.get(tally_id, version=last // 2, projector_func=_fold)
    application.snapshots.put(
        [StateSnapshot(originator_id=tally_id, originator_version=half.version, timestamp=EPOCH, state=half)],
    )
    store = LedgerStore(url)
    assert store.state(tally_id) == history.view.states[tally_id]
    store.close()
    assert application.repository.get(tally_id, projector_func=_fold) == history.view.states[tally_id]


def _fold(state: Any, changes: Iterable[Any]) -> Any:
    """Fold changes; the library's own projector asks each for a protocol, which costs 20 µs on Python 3.11."""
    for change in changes:
        state = change.mutate(state)
    return state


def _versions(history: History) -> dict[str, int]:
    return {change.originator_id: change.originator_version for judged in history.judged for change in judged.changes}
