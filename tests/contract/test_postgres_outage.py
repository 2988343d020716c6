"""A PostgreSQL that is stopped, crashes, refuses or is named wrongly: said clearly, without a password; then all goes on."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from adapters.errors import AdapterError, StoreError, StoreUnreachableError, StoreUrlError
from adapters.ledger_locations import open_ledger
from adapters.store.database import Database
from adapters.store.ledger_store import LedgerStore
from adapters.store.recorders import StoreApplicationRecorder
from adapters.store.tables import FACTS
from cli.wiring import StationPlan, build_station
from domain.tree import root_of
from projections.errors import ViewsUnreachableError
from projections.projector import Projector
from tests.eventful_exchange import Eventful, eventful_exchange
from tests.homes import home_of
from tests.judged_history import some_history
from tests.postgres_server import PostgresServer

SECRET = "Tr0ub4dor"


@pytest.fixture
def own_url(own_postgres: PostgresServer) -> Iterator[str]:
    """Return a database on a server that the test may stop."""
    url = own_postgres.new_database()
    yield url
    own_postgres.drop_database(url)


@contextlib.contextmanager
def stopped(postgres: PostgresServer) -> Iterator[None]:
    """Have no server for the block."""
    postgres.stop()
    try:
        yield
    finally:
        postgres.start()


def test_a_store_whose_server_is_away_says_so_and_goes_on_when_it_is_back(own_postgres: PostgresServer, own_url: str) -> None:
    history = some_history()
    store = LedgerStore(own_url)
    store.write(history.judged[:50])
    with stopped(own_postgres):
        for ask in (store.next_position, store.last_verdict, store.canonical_dump, lambda: store.write(history.judged[50:])):
            # Once more: no failure may stand in the way of the next attempt.
            for _ in range(2):
                with pytest.raises(StoreUnreachableError, match=r"The store .*ortoo_\d+.* cannot be used .*Nothing was lost"):
                    ask()
        with pytest.raises(StoreUnreachableError):
            LedgerStore(own_url)
    assert store.next_position() == 50
    store.write(history.judged[50:])
    assert store.roots_at(history.position)[0] == root_of(one.record or b"" for one in history.judged)
    store.close()


def test_a_server_that_was_started_anew_meanwhile_is_not_even_noticed(own_postgres: PostgresServer, own_url: str) -> None:
    history = some_history()
    store, database = LedgerStore(own_url), Database(own_url)
    recorder = StoreApplicationRecorder(database)
    store.write(history.judged[:50])
    assert recorder.max_notification_id() is not None
    for end in (own_postgres.stop, own_postgres.crash):
        end()
        own_postgres.start()
        assert store.next_position() == 50
        end()
        own_postgres.start()
        assert recorder.max_notification_id() is not None
        store.pin("anything", "here")
    store.write(history.judged[50:])
    assert store.next_position() == history.position
    store.close()
    database.close()


def test_a_server_that_goes_away_in_the_middle_of_a_batch_leaves_nothing_of_it(
    own_postgres: PostgresServer, own_url: str
) -> None:
    store, database = LedgerStore(own_url), Database(own_url)
    with database.writing() as connection:
        connection.execute(FACTS.insert().values(name="half", value="written"))
        own_postgres.crash()
        own_postgres.start()
        with pytest.raises(DBAPIError, match=r"server closed the connection|terminating connection"):
            connection.execute(FACTS.delete())
        connection.rollback()
    assert store.fact("half") is None
    store.pin("half", "whole")
    store.close()
    database.close()


def test_a_store_is_closed_quietly_when_its_server_is_gone(own_postgres: PostgresServer, own_url: str) -> None:
    store = LedgerStore(own_url)
    store.next_position()
    with stopped(own_postgres):
        store.close()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eventful]:
    with eventful_exchange(tmp_path_factory.mktemp("exchange")) as made:
        yield made


def test_a_station_goes_on_following_when_its_database_is_back(
    own_postgres: PostgresServer, own_url: str, told: Eventful, tmp_path: Path
) -> None:
    plan = StationPlan(
        home=tmp_path,
        location=told.exchange.location,
        identity=told.exchange.identity,
        station=None,
        store_url=own_url,
        passphrase=lambda _: b"",
        now_ms=told.clock,
    )
    with contextlib.closing(build_station(plan)) as station:
        parts = station.parts
        with contextlib.closing(Projector(own_url, parts.store, parts.codec, station.view)) as projector:
            parts.follower.catch_up(until=30)
            projector.catch_up()
            with stopped(own_postgres):
                with pytest.raises(StoreUnreachableError):
                    station.catch_up()
                with pytest.raises(StoreUnreachableError):
                    projector.catch_up()
                with pytest.raises(ViewsUnreachableError, match="rebuilt from the store"):
                    projector.canonical_dump()
            station.catch_up()
            assert projector.catch_up() == told.end
            assert parts.store.canonical_dump() == told.station.parts.store.canonical_dump()


def test_a_station_whose_server_crashes_again_and_again_reaches_the_same_bytes(
    own_postgres: PostgresServer, own_url: str, told: Eventful, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("adapters.follower.BATCH_LIMIT", 3)
    plan = StationPlan(
        home=tmp_path,
        location=told.exchange.location,
        identity=told.exchange.identity,
        station=None,
        store_url=own_url,
        passphrase=lambda _: b"",
        now_ms=told.clock,
    )
    over = threading.Event()

    def crash_for_ever() -> None:
        pause_s = 0.02
        while not over.wait(pause_s):
            own_postgres.crash()
            own_postgres.start()
            # So that also a slow machine gets on in the end.
            pause_s *= 1.3

    crashing = threading.Thread(target=crash_for_ever)
    failures = 0
    with contextlib.closing(build_station(plan)) as station:
        crashing.start()
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    if station.catch_up().position == told.end:
                        break
                except StoreUnreachableError:
                    failures += 1
        finally:
            over.set()
            crashing.join()
        assert station.catch_up().position == told.end
        assert station.parts.store.canonical_dump() == told.station.parts.store.canonical_dump()
    assert failures > 0


@pytest.fixture
def role(postgres: PostgresServer) -> Iterator[str]:
    """Return a user of the server who has a password."""
    postgres.run_sql(f"CREATE ROLE clerk LOGIN PASSWORD '{SECRET}'")
    yield "clerk"
    postgres.run_sql("DROP OWNED BY clerk")
    postgres.run_sql("DROP ROLE clerk")


def complaint_about(url: str) -> str:
    """Return what is said of a URL with which nothing can be opened, by the store and by the views."""
    with pytest.raises(StoreError) as store:
        LedgerStore(url)
    with pytest.raises((AdapterError, ViewsUnreachableError)) as views:
        Projector(url, None, None, None)  # type: ignore[arg-type] # it does not come so far as to need them
    return f"{store.value} {views.value}"


def test_a_wrong_password_is_told_and_not_shown(postgres: PostgresServer, postgres_url: str, role: str) -> None:
    said = complaint_about(postgres.url_with_password(postgres_url, role, SECRET + "x"))
    assert f'password authentication failed for user "{role}"' in said
    assert f"{role}:***@" in said
    assert SECRET not in said


def test_a_user_who_may_make_no_tables_is_told_so(postgres: PostgresServer, postgres_url: str, role: str) -> None:
    said = complaint_about(postgres.url_with_password(postgres_url, role, SECRET))
    assert "permission denied for schema public" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"postgresql://clerk:{SECRET}@127.0.0.1:1/ortoo", "clerk:***@127.0.0.1:1/ortoo"),
        (f"postgresql://clerk@127.0.0.1:1/ortoo?password={SECRET}", "connection failed"),
        (f"postgresql://clerk@127.0.0.1:1/ortoo?sslmode=none&sslpassword={SECRET}", "invalid sslmode"),
        (f"postgresql://clerk:{SECRET}@host:port/ortoo", "it is no URL"),
        (f"postgresql://clerk:pass@{SECRET}@127.0.0.1/ortoo", "%40 for @"),
        (f"postgres://clerk:{SECRET}@127.0.0.1/ortoo", "'postgres' is no kind of database"),
        (f"mysql://clerk:{SECRET}@127.0.0.1/ortoo", "'mysql' is no kind of database"),
        (f"postgresql+psycopg2://clerk:{SECRET}@127.0.0.1/ortoo", "'postgresql+psycopg2' is no kind of database"),
        (f"{SECRET}", "it is no URL"),
        ("", "it is no URL"),
    ],
)
def test_no_complaint_quotes_a_password(url: str, expected: str) -> None:
    said = complaint_about(url)
    assert expected in said
    assert SECRET not in said


def test_a_missing_driver_is_told_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreUrlError, match=r"psycopg is missing .* with its extra `postgres`"):
        LedgerStore("postgresql://clerk@127.0.0.1/ortoo")


def test_a_command_tells_of_a_database_that_is_away(told: Eventful, tmp_path: Path) -> None:
    home = home_of(told.exchange, tmp_path.name, "deputy")
    away = home.run("inbox", "--json", ORTOO_STORE_URL=f"postgresql://clerk:{SECRET}@127.0.0.1:1/ortoo")
    assert away.code == 6
    assert "cannot be used" in away.out + away.err
    wrong = home.run("inbox", "--json", ORTOO_STORE_URL=f"postgres://clerk:{SECRET}@127.0.0.1:1/ortoo")
    assert wrong.code == 2
    assert SECRET not in away.out + away.err + wrong.out + wrong.err


def test_the_ledger_is_there_whatever_became_of_the_database(told: Eventful) -> None:
    with contextlib.closing(open_ledger(told.exchange.location)) as ledger:
        assert ledger.end() == told.end
