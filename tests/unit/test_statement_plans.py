"""How SQLite answers what is asked for each line of a list and for one letter: never by going through all events."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, create_engine, event

from domain.ids import LetterId, OrgId
from projections.columns import METADATA
from projections.filters import Filters, PageWanted
from projections.inbox import CONSIGNMENTS
from projections.inbox_pages import inbox_page
from projections.letter_pages import fate_of
from projections.letters import LETTERS

_LETTER = LetterId(b"letter")
_ANY = {bytes: _LETTER, int: 1, str: "mfy-001"}


def test_no_line_of_an_inbox_and_no_letter_goes_through_all_events() -> None:
    engine = create_engine("sqlite://")
    asked: list[tuple[str, Any]] = []
    with engine.connect() as connection:
        METADATA.create_all(connection)
        _insert_any(connection, LETTERS)
        _insert_any(connection, CONSIGNMENTS)
        event.listen(engine, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
        assert inbox_page(connection, (OrgId("mfy-001"),), Filters(), PageWanted(limit=5), now=0).lines
        fate_of(connection, _LETTER, OrgId("mfy-001"))
        told = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all() for text, values in list(asked)]
    engine.dispose()
    steps = [row.detail for plan in told for row in plan if " archive_events " in row.detail]
    assert [step for step in steps if "(letter=?" in step]
    assert [step for step in steps if "(letter=?" not in step and "rowid=?" not in step] == []


def _insert_any(connection: Connection, table: Table) -> None:
    """Insert a row with something in every column that must have a value."""
    row = {column.name: _ANY[column.type.python_type] for column in table.columns if not column.nullable}
    if "state" in row:
        row["state"] = "open"
    connection.execute(table.insert().values(row))
