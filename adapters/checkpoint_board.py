"""The board beside a ledger, on which the operator publishes pairs of checkpoints: an append-only place of its own.

Beside an SQLite file lies `<file>.checkpoints`, beside a Kafka topic `<topic>.checkpoints`, each kept like a ledger. Whoever
may write there could write anything, so what is read is nothing until its signatures have verified. A pair with 16 witnesses
has a quarter of what a place takes at once.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from adapters.clock import system_clock_ms
from adapters.errors import LedgerExistsError, LedgerMissingError
from adapters.kafka_clients import TIMEOUT_S
from adapters.kafka_security import PLAIN_TEXT, KafkaSecurity
from adapters.kafka_topics import create_kafka_ledger
from adapters.ledger import Finding, Ledger
from adapters.ledger_kafka import KafkaLedger
from adapters.ledger_kafka_check import checkpoints_topic, ledger_findings
from adapters.ledger_locations import KafkaLocation, MemoryLocation, SqliteLocation, parse_location
from adapters.ledger_memory import MemoryLedger
from adapters.ledger_sqlite import SqliteLedger, create_sqlite_ledger


def board_file(ledger: Path) -> Path:
    """Return where the board of a ledger in a file lies."""
    return ledger.with_name(f"{ledger.name}.checkpoints")


def open_board(
    location: str,
    *,
    timeout_s: float = TIMEOUT_S,
    clock_ms: Callable[[], int] = system_clock_ms,
    security: KafkaSecurity = PLAIN_TEXT,
) -> Ledger:
    """Open the board of the ledger at a location; raises as opening a ledger does, `LedgerMissingError` if there is none yet."""
    match parse_location(location):
        case MemoryLocation():
            return MemoryLedger(clock_ms=clock_ms)
        case SqliteLocation(path=path):
            return SqliteLedger(board_file(path), timeout_s=timeout_s, clock_ms=clock_ms)
        case KafkaLocation(bootstrap=bootstrap, topic=topic):
            return KafkaLedger(bootstrap, checkpoints_topic(topic), timeout_s=timeout_s, security=security)


def check_board(location: str, *, security: KafkaSecurity = PLAIN_TEXT) -> tuple[Finding, ...]:
    """Return every setting of a ledger's board that could lose or reorder what was published; none if there is no board."""
    try:
        board = open_board(location, security=security)
    except LedgerMissingError:
        return ()
    with contextlib.closing(board):
        # Whom a cluster lets in is told of its ledger.
        return ledger_findings(board.facts()) if isinstance(board, KafkaLedger) else board.check()


def make_board(location: str, *, replication: int | None = None, security: KafkaSecurity = PLAIN_TEXT) -> None:
    """Make the board of the ledger at a location; on Kafka with as many replicas as the ledger has, unless told otherwise.

    There is a whole one afterwards or none, whenever the process ends. Raises `LedgerExistsError` if there is one, and what
    making a ledger raises.
    """
    match parse_location(location):
        case SqliteLocation(path=path):
            _make_file(board_file(path))
        case KafkaLocation(bootstrap=bootstrap, topic=topic):
            with contextlib.closing(KafkaLedger(bootstrap, topic, security=security)) as ledger:
                replicas = ledger.facts().replicas
            wanted = replication or replicas
            create_kafka_ledger(bootstrap, checkpoints_topic(topic), replication=wanted, security=security)
        case MemoryLocation():
            # Opening it makes it.
            return


def _make_file(path: Path) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    create_sqlite_ledger(beside)
    try:
        # A rename would replace a board that somebody else made meanwhile.
        os.link(beside, path)
    except FileExistsError as error:
        msg = f"No board was made at {path}: there is one already."
        raise LedgerExistsError(msg) from error
    except OSError:
        # Where files have no second names a rename has to do.
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)
