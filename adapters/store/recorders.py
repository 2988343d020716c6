"""The recorders of the library `eventsourcing` over the store's tables.

Notifications are numbered from 1 without gaps, because whoever writes holds the only right to write. Errors are the
library's own, as its interface asks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from eventsourcing import persistence
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    Tracking,
    TrackingRecorder,
)
from sqlalchemy import Connection, Table, func, select
from sqlalchemy.exc import DBAPIError

from adapters.store.database import Database
from adapters.store.dialect import insert_rows
from adapters.store.subscription import StoreSubscription
from adapters.store.tables import CHANGES, TRACKING


class StoreAggregateRecorder(AggregateRecorder):
    """Keeps the events, or the snapshots, of aggregates with text ids."""

    def __init__(self, database: Database, table: Table = CHANGES) -> None:
        """Keep them in `table`: `CHANGES` or `SNAPSHOTS`."""
        self._database = database
        self._table = table

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Store events, all or none; raise `IntegrityError` if one of these versions is stored already."""
        self._insert(stored_events, **kwargs)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return the events of one aggregate, in the order of their versions or backwards."""
        columns = self._table.c
        version = columns.originator_version
        chosen = select(version, columns.topic, columns.state).where(columns.originator_id == _text(originator_id))
        if gt is not None:
            chosen = chosen.where(version > gt)
        if lte is not None:
            chosen = chosen.where(version <= lte)
        chosen = chosen.order_by(version.desc() if desc else version).limit(limit)
        with _library_errors(), self._database.reading() as connection:
            return [StoredEvent(originator_id, *row) for row in connection.execute(chosen)]

    def _insert(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> list[int]:
        with _library_errors(), self._database.writing() as connection:
            return self._insert_within(connection, stored_events, **kwargs)

    def _insert_within(self, connection: Connection, stored_events: Sequence[StoredEvent], **_: Any) -> list[int]:
        rows = [(_text(one.originator_id), one.originator_version, one.topic, one.state) for one in stored_events]
        if self._table is not CHANGES:
            insert_rows(connection, self._table, rows)
            return []
        first = (connection.execute(select(func.max(CHANGES.c.notification_id))).scalar() or 0) + 1
        insert_rows(connection, CHANGES, [(number, *row) for number, row in enumerate(rows, first)])
        return list(range(first, first + len(rows)))


class StoreApplicationRecorder(StoreAggregateRecorder, ApplicationRecorder):
    """Keeps events of all aggregates in one numbered sequence besides."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Store events, all or none, and return their notification ids; raise `IntegrityError` as above."""
        return self._insert(stored_events, **kwargs)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return notifications from `start` to `stop` in order, at most `limit`, of the given topics (none given: all)."""
        number = CHANGES.c.notification_id
        chosen = select(CHANGES).order_by(number).limit(limit)
        if start is not None:
            chosen = chosen.where(number >= start if inclusive_of_start else number > start)
        if stop is not None:
            chosen = chosen.where(number <= stop)
        if topics:
            chosen = chosen.where(CHANGES.c.topic.in_(topics))
        with _library_errors(), self._database.reading() as connection:
            return [
                Notification(id=row[0], originator_id=row[1], originator_version=row[2], topic=row[3], state=row[4])
                for row in connection.execute(chosen)
            ]

    def max_notification_id(self) -> int | None:
        """Return the last notification id, None if there is none."""
        with _library_errors(), self._database.reading() as connection:
            return connection.execute(select(func.max(CHANGES.c.notification_id))).scalar()

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        """Return an iterator over the notifications after `gt` that waits for more when there are none."""
        return StoreSubscription(self, self._database, gt=gt, topics=topics)


class StoreTrackingRecorder(TrackingRecorder):
    """Keeps how far each followed application was read."""

    def __init__(self, database: Database) -> None:
        """Keep it in `database`."""
        self._database = database

    def insert_tracking(self, tracking: Tracking) -> None:
        """Go on to a notification; raise `IntegrityError` if it is not after the one that stands there."""
        with _library_errors(), self._database.writing() as connection:
            _go_on(connection, tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        """Return the notification up to which an application was read, None if it was not."""
        chosen = select(TRACKING.c.notification_id).where(TRACKING.c.application_name == application_name)
        with _library_errors(), self._database.reading() as connection:
            return connection.execute(chosen).scalar()


class StoreProcessRecorder(StoreTrackingRecorder, StoreApplicationRecorder, ProcessRecorder):
    """Keeps new events and how far others were read, in one transaction."""

    def __init__(self, database: Database) -> None:
        """Keep both in `database`."""
        StoreApplicationRecorder.__init__(self, database)

    def _insert_within(self, connection: Connection, stored_events: Sequence[StoredEvent], **kwargs: Any) -> list[int]:
        numbers = super()._insert_within(connection, stored_events)
        tracking: Tracking | None = kwargs.get("tracking")
        if tracking is not None:
            _go_on(connection, tracking)
        return numbers


def _go_on(connection: Connection, tracking: Tracking) -> None:
    here = TRACKING.c.application_name == tracking.application_name
    later = TRACKING.c.notification_id < tracking.notification_id
    moved = connection.execute(TRACKING.update().where(here & later).values(notification_id=tracking.notification_id))
    if moved.rowcount == 0:
        # Nothing stands there yet; or what stands there is not before this one, which the primary key then refuses.
        row = {"application_name": tracking.application_name, "notification_id": tracking.notification_id}
        connection.execute(TRACKING.insert().values(**row))


def _text(originator_id: UUID | str) -> str:
    if isinstance(originator_id, str):
        return originator_id
    msg = f"the id {originator_id} is a {type(originator_id).__name__}; aggregates of this exchange have text ids"
    raise persistence.ProgrammingError(msg)


@contextlib.contextmanager
def _library_errors() -> Iterator[None]:
    """Raise the library's error for the driver's: both bear the names of PEP 249."""
    try:
        yield
    except DBAPIError as error:
        kind: type[persistence.PersistenceError] = getattr(persistence, type(error).__name__, persistence.DatabaseError)
        raise kind(str(error.orig)) from error
