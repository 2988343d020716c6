"""The lease on a store: of several stations that run on it one works, and the others wait until that one ends.

It only keeps them from doing the same twice. That nothing is applied twice the store sees to itself, also for commands, which
follow the ledger without a lease. A lease ends with its process, whatever ends that.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from adapters.errors import StoreGoneError, StoreUnreachableError
from adapters.store.dialect import complaint, name_of, open_engine, parse_url, reading_newest
from adapters.store.tables import CHECKPOINTS, FACTS

LEASE_SUFFIX: Final = ".lease"
"""What the name of an SQLite file has more in that of the file beside it whose lock is the lease."""
_KIND: Final = 0x6F72746F
"""The first number of the advisory lock ("orto" in ASCII); the second is that of a table of the store's own."""
_NUMBER: Final = "CAST(CAST(:table AS regclass) AS oid)"
_WATCHED: Final = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
"""A holder whose machine is gone loses the lease after a minute, not after the two hours that are usual."""
# The name stands there before anybody can ask who holds the lock.
_TAKE: Final = text(
    f"SELECT pg_try_advisory_lock({_KIND}, CAST({_NUMBER} AS int)) FROM set_config('application_name', :holder, false)"  # noqa: S608 - ours
)
_HOLDER: Final = text(
    "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory' AND granted "  # noqa: S608 - ours
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    f"AND classid = {_KIND} AND objid = {_NUMBER} AND objsubid = 2"
)
_ASK: Final = text("SELECT 1")
_GIVE_BACK: Final = text("SELECT pg_advisory_unlock_all()")
_WRITTEN: Final = re.compile(r"ortoo (\d+) (\d+) (\S+)")
_WRITTEN_LIMIT_BYTES: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Who holds a lease: the number of its process, its machine, since when (ms UTC); None where it has not said so yet."""

    process: int | None = None
    machine: str | None = None
    since: int | None = None


class Work(Enum):
    """What a lease is for: the suffix of its file beside SQLite, and the table whose number its lock has in PostgreSQL."""

    STATION = (LEASE_SUFFIX, FACTS.name)
    CHECKPOINTS = (".checkpoints.lease", CHECKPOINTS.name)


class StoreLease(Protocol):
    """The lease on one store. One object serves one thread; every method raises `StoreUnreachableError`."""

    def take(self) -> bool:
        """Take the lease if nobody else holds it, and return whether it is ours; ask again and again, for it can be lost.

        Raises `StoreGoneError` if the store's file was deleted or exchanged since.
        """

    def holder(self) -> Holder | None:
        """Return who holds it, None if nobody does."""

    def close(self) -> None:
        """Give it back, if it is ours."""


def lease_on(url: str, now_ms: Callable[[], int], work: Work = Work.STATION) -> StoreLease:
    """Return the lease for some work on the store at a SQLAlchemy URL, which exists; raise `StoreUrlError` if that names none."""
    suffix, table = work.value
    parsed = parse_url(url)
    if parsed.get_backend_name() == "postgresql":
        return _SessionLease(url, now_ms, table)
    if parsed.database in {None, "", ":memory:"}:
        return _PrivateLease()
    return _FileLease(Path(parsed.database or ""), now_ms, suffix)


class _SessionLease:
    """A lock of a session of PostgreSQL, on a connection of its own: the server lets go of it when the connection ends."""

    def __init__(self, url: str, now_ms: Callable[[], int], table: str) -> None:
        self._name = name_of(url)
        self._table = table
        self._now_ms = now_ms
        self._engine = reading_newest(open_engine(url))
        self._connection: Connection | None = None
        self._is_ours = False

    def take(self) -> bool:
        try:
            connection = self._connected()
            if self._is_ours:
                connection.execute(_ASK)
            else:
                self._is_ours = bool(
                    connection.execute(_TAKE, {"holder": _written(self._now_ms()), "table": self._table}).scalar()
                )
        except DBAPIError as error:
            # The lock is gone with the connection, and may be somebody else's before there is another one.
            self._disconnect()
            raise StoreUnreachableError(self._name, complaint(error)) from error
        return self._is_ours

    def holder(self) -> Holder | None:
        try:
            found = self._connected().execute(_HOLDER, {"table": self._table}).scalar()
        except DBAPIError as error:
            self._disconnect()
            raise StoreUnreachableError(self._name, complaint(error)) from error
        return None if found is None else _read(found)

    def close(self) -> None:
        if self._is_ours and self._connection is not None:
            # The server takes its time to notice that a session ended; whoever asks next is not to wait for that.
            with contextlib.suppress(DBAPIError):
                self._connection.execute(_GIVE_BACK)
        self._disconnect()
        self._engine.dispose()

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
            self._connection.exec_driver_sql(_WATCHED)
        return self._connection

    def _disconnect(self) -> None:
        self._is_ours = False
        if self._connection is not None:
            # Not given back to the pool: the session itself has to end.
            with contextlib.suppress(DBAPIError):
                self._connection.invalidate()
                self._connection.close()
            self._connection = None


class _FileLease:
    """A lock of the system on a file beside an SQLite store: the system lets go of it when the process ends."""

    def __init__(self, store: Path, now_ms: Callable[[], int], suffix: str) -> None:
        self._store = store
        self._path = store.with_name(store.name + suffix)
        self._now_ms = now_ms
        self._descriptor: int | None = None
        self._known = _which(store)

    def take(self) -> bool:
        if _which(self._store) != self._known:
            raise StoreGoneError(str(self._store))
        try:
            if self._descriptor is not None and _which(self._path) == _number(self._descriptor):
                return True
            self.close()
            self._descriptor = self._locked(fcntl.LOCK_EX, os.O_RDWR | os.O_CREAT)
            if self._descriptor is None or _which(self._path) != _number(self._descriptor):
                # Somebody deleted the file in between; what was locked is no lease any more.
                self.close()
                return False
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, _written(self._now_ms()).encode(), 0)
        except OSError as error:
            raise StoreUnreachableError(str(self._path), error.strerror or str(error)) from error
        return True

    def holder(self) -> Holder | None:
        try:
            descriptor = self._locked(fcntl.LOCK_SH, os.O_RDONLY)
            if descriptor is None:
                return _read(self._path.read_bytes()[:_WRITTEN_LIMIT_BYTES].decode("ascii", "replace"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnreachableError(str(self._path), error.strerror or str(error)) from error
        os.close(descriptor)
        return None

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _locked(self, kind: int, how: int) -> int | None:
        """Return the file opened and locked, None if somebody else's lock is in the way."""
        descriptor = os.open(self._path, how, 0o600)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
        return descriptor


class _PrivateLease:
    """The lease on a database in memory, which nobody else can have."""

    def take(self) -> bool:
        return True

    def holder(self) -> Holder | None:
        return None

    def close(self) -> None:
        pass


def _which(path: Path) -> tuple[int, int] | None:
    """Return which file stands at a path, None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _number(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def _written(now_ms: int) -> str:
    machine = platform.node().encode("ascii", "replace").decode() or "?"
    # PostgreSQL keeps 63 bytes of it; a name that is longer is cut there.
    return f"ortoo {os.getpid()} {now_ms} {machine}"[:63]


def _read(written: str) -> Holder:
    found = _WRITTEN.fullmatch(written)
    return Holder(process=int(found[1]), machine=found[3], since=int(found[2])) if found else Holder()
