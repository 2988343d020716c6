"""One history gives the same store and the same views on PostgreSQL as on SQLite, both in one database."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, String, Table
from sqlalchemy.dialects import postgresql

from adapters.station import Station
from adapters.store.tables import METADATA as STORE_METADATA
from cli.wiring import StationPlan, build_station, passing_projector
from domain.ids import Digest
from projections.columns import METADATA as VIEWS_METADATA
from projections.projector import PROJECTIONS, Projector
from tests.eventful_exchange import Eventful, eventful_exchange
from tests.homes import home_of
from tests.postgres_server import PostgresServer

TABLES = (*STORE_METADATA.sorted_tables, *VIEWS_METADATA.sorted_tables)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eventful]:
    with eventful_exchange(tmp_path_factory.mktemp("exchange")) as made:
        yield made


@pytest.fixture(scope="module")
def dumps(told: Eventful) -> dict[str, Digest]:
    """Return the dumps of the views in SQLite."""
    with contextlib.closing(passing_projector(told.station)) as projector:
        projector.catch_up()
        return dumps_of(projector)


@pytest.fixture(scope="module")
def url(postgres: PostgresServer) -> Iterator[str]:
    """Return a database of this module's own."""
    made = postgres.new_database()
    yield made
    postgres.drop_database(made)


@pytest.fixture(scope="module")
def station(told: Eventful, url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """Return another station of the same ledger, which keeps its store in PostgreSQL."""
    plan = StationPlan(
        home=tmp_path_factory.mktemp("home"),
        location=told.exchange.location,
        identity=told.exchange.identity,
        station=None,
        store_url=url,
        passphrase=lambda _: b"",
        now_ms=told.clock,
    )
    with contextlib.closing(build_station(plan)) as made:
        made.catch_up()
        yield made


@pytest.fixture
def projector(told: Eventful, station: Station, url: str) -> Iterator[Projector]:
    """Return a projector whose views stand in the database of the store."""
    parts = station.parts
    with contextlib.closing(Projector(url, parts.store, parts.codec, station.view, told.station.parts.documents)) as made:
        yield made


def dumps_of(projector: Projector) -> dict[str, Digest]:
    return {name: projector.canonical_dump(name) for name in projector.names()}


def test_the_store_has_the_same_dump_and_the_same_roots(told: Eventful, station: Station) -> None:
    here, there = station.parts.store, told.station.parts.store
    assert here.next_position() == told.end
    assert here.canonical_dump() == there.canonical_dump()
    assert [here.roots_at(size) for size in range(told.end)] == [there.roots_at(size) for size in range(told.end)]


def test_states_and_indexes_answer_the_same(told: Eventful, station: Station) -> None:
    here, there = station.parts.store, told.station.parts.store
    for organisation in ("mfy-001", "mfy-004", "paper-office", "ministry"):
        assert here.state(f"organisation:{organisation}") == there.state(f"organisation:{organisation}")
        letters = [list(store.letters_addressed_to(organisation)) for store in (here, there)]  # type: ignore[arg-type] # a text
        assert letters[0] == letters[1]


def test_the_views_have_the_same_dumps(projector: Projector, told: Eventful, dumps: dict[str, Digest]) -> None:
    assert projector.catch_up() == told.end
    assert dumps_of(projector) == dumps


def test_the_views_have_the_same_dumps_after_small_batches_and_rebuilding(
    projector: Projector, told: Eventful, dumps: dict[str, Digest]
) -> None:
    for name in projector.names():
        projector.rebuild(name)
    for until in range(0, told.end, 5):
        projector.catch_up(until=until)
    assert projector.catch_up() == told.end
    assert dumps_of(projector) == dumps
    assert {one.behind for one in projector.status()} == {0}


def test_a_command_keeps_store_and_views_in_the_database_that_the_setting_names(
    told: Eventful, postgres_url: str, tmp_path: Path
) -> None:
    home = home_of(told.exchange, tmp_path.name, "deputy")
    # Both are read from nothing, and a busy machine may not do that in the two seconds that a reading command takes.
    patient = {"ORTOO_CATCH_UP_S": "60"}
    for words in (("inbox",), ("outbox",), ("history",), ("letter", "list"), ("org", "list")):
        here = home.done(*words, "--json", ORTOO_STORE_URL=postgres_url, **patient)
        there = home.done(*words, "--json", ORTOO_STORE_URL=f"sqlite:///{tmp_path / 'both.sqlite'}", **patient)
        assert here.data == there.data
    assert [path.name for path in home.folder.glob("*.sqlite")] == ["queue.sqlite"]


def test_no_table_or_index_of_the_views_has_the_name_of_one_of_the_store() -> None:
    names = [table.name for table in TABLES] + [str(index.name) for table in TABLES for index in table.indexes]
    assert sorted(names) == sorted(set(names))


def test_every_text_by_which_rows_are_found_or_ordered_is_compared_byte_by_byte() -> None:
    """A database's own locale would order a dump, and the lines of a list, otherwise than SQLite does."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's own
    found = {
        f"{table.name}.{column.name}"
        for table in TABLES
        for column in key_columns(table)
        if isinstance(kind := column.type.dialect_impl(dialect), String) and kind.collation != "C"
    }
    assert found == set()


def key_columns(table: Table) -> set[Column[object]]:
    """Return the columns of a table's primary key and of its indexes."""
    return {*table.primary_key.columns, *(column for index in table.indexes for column in index.columns)}


def test_every_projection_has_been_looked_at(dumps: dict[str, Digest]) -> None:
    assert set(dumps) == {projection.name for projection in PROJECTIONS}
