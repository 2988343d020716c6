"""Generated ledgers as files, made once and kept under `build/benchmarks`."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapters.ledger import READ_LIMIT_SLOTS
from adapters.ledger_sqlite import SqliteLedger, create_sqlite_ledger
from benchmarks.generator import Correspondence, Shape, Stamped
from domain.rulebook import NEWEST_RULES
from schemas.codec import schema_set_digest

FOLDER: Final = Path(__file__).parent.parent / "build" / "benchmarks"
ROWS_AT_ONCE: Final = 10_000


def generated_ledger(shape: Shape) -> Path:
    """Return the file of a generated ledger; it is made if it is not there, or was made by another generator."""
    name = f"ledger-{shape.events}-{shape.committees}-{shape.staffed or shape.committees}-{shape.seed}-{edition()}"
    return kept(FOLDER / f"{name}.sqlite", Correspondence(shape).records(shape.events))


def kept(path: Path, records: Iterator[Stamped]) -> Path:
    """Return the file of a ledger, which is made of these records if it is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Under another name until it is whole, so that an interrupted run leaves nothing that looks finished.
        unfinished = path.with_suffix(".part")
        _remove(unfinished)
        create_sqlite_ledger(unfinished, incarnation=path.stem)
        _fill(unfinished, enumerate(records))
        unfinished.rename(path)
    return path


def records_of(path: Path) -> list[bytes]:
    """Return the records of a ledger in a file."""
    with contextlib.closing(SqliteLedger(path)) as ledger:
        records: list[bytes] = []
        while slots := ledger.read(len(records), READ_LIMIT_SLOTS):
            records.extend(slot.record or b"" for slot in slots)
        return records


def _fill(path: Path, made: Iterator[tuple[int, Stamped]]) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        while rows := [(at, one.stored_at_ms, one.record) for at, one in itertools.islice(made, ROWS_AT_ONCE)]:
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO ledger_slots VALUES (?, ?, ?)", rows)
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def edition() -> str:
    """Return what changes whenever the same shape would give another ledger."""
    source = Path(__file__).with_name("generator.py").read_bytes()
    return hashlib.sha256(source + schema_set_digest(NEWEST_RULES)).hexdigest()[:8]


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
