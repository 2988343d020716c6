"""A ledger on which much has happened, its operator's and witnesses' keys, and an auditor who has nothing but files."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner

from adapters.checkpoint_board import board_file
from adapters.ledger import Slot
from adapters.ledger_sqlite import SqliteLedger, create_sqlite_ledger
from adapters.trust_files import Trust, TrustedAnchor, encode_trust, sign_trust
from cli.main import ortoo
from domain.checkpoints import Checkpoint, CheckpointPair, encode_pair, record_origin, verdict_origin
from domain.exchange import Exchange
from domain.ids import Digest
from projections.projector import Projector
from tests.checkpoint_keys import SeededOperator, SeededWitness, signed_note
from tests.eventful_exchange import Eventful, Telling, eventful_exchange
from tests.exchanges import THRESHOLD, TestExchange
from tests.homes import Answer

FAR_MS: Final = 4_000_000_000_000
"""Long after every test."""
OPERATOR: Final = SeededOperator(1)
WITNESSES: Final = tuple(SeededWitness(seed) for seed in (2, 3, 4))
QUORUM: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Audited:
    """The ledger, its ministry's store and views as they lie on the disk, and what an auditor is given."""

    eventful: Eventful
    folder: Path

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.folder / "ledger.sqlite"

    @property
    def store(self) -> Path:
        """The file of the ministry's store; its views lie beside it."""
        return self.folder / "ministry" / "store.sqlite"

    @property
    def end(self) -> int:
        """The position after the last one."""
        return self.eventful.end

    @property
    def trust(self) -> Path:
        """The trust file, signed by the roots."""
        return self.folder / "trust.json"

    @property
    def trusting(self) -> tuple[str, ...]:
        """What a command line says of whom an auditor trusts."""
        return ("--trust", str(self.trust), "--state", str(self.folder))

    def roots_at(self, size: int) -> tuple[Digest, Digest]:
        """Return both roots at a size."""
        return self.eventful.station.parts.store.roots_at(size)

    def pair(
        self,
        size: int | None = None,
        *,
        operator: SeededOperator = OPERATOR,
        witnesses: Sequence[SeededWitness] = WITNESSES,
        roots: tuple[Digest, Digest] | None = None,
        at_ms: int | None = None,
    ) -> CheckpointPair:
        """Return a pair of checkpoints at a size (the end), cosigned a minute later than the last record or at `at_ms`."""
        size = self.end if size is None else size
        store, exchange = self.eventful.station.parts.store, self.eventful.station.exchange
        verdict = store.verdict(min(size, self.end) - 1)
        assert verdict is not None
        at_ms = verdict.at + 60_000 if at_ms is None else at_ms
        roots = roots or self.roots_at(size)
        return signed_checkpoints(exchange, size, roots, at_ms=at_ms, operator=operator, witnesses=witnesses)

    def kept(self, pair: CheckpointPair, name: str = "kept.checkpoint") -> str:
        """Write a pair as an auditor keeps it, and return its path."""
        file = self.folder / name
        file.write_bytes(encode_pair(pair))
        return str(file)

    def audit(self, ledger: Path | None = None, *words: str) -> Answer:
        """Run `ortoo audit` on the ledger (or another one) with the trust file, for a program."""
        return ortoo_run("audit", f"sqlite:{ledger or self.ledger}", *self.trusting, "--json", *words)

    def slots(self) -> list[Slot]:
        """Return everything that stands on the ledger."""
        with contextlib.closing(SqliteLedger(self.ledger)) as ledger:
            return list(ledger.read(0, ledger.end()))

    def copy(self, name: str, change: Callable[[list[Slot]], Sequence[Slot]] = lambda slots: slots) -> Path:
        """Return a copy of the ledger made by somebody who can write its file: its slots changed, its place as it was."""
        return write_ledger(self.folder / name, change(self.slots()))

    def home_copied(self, name: str) -> Path:
        """Return a folder with copies of the ministry's store and views."""
        folder = self.folder / name
        folder.mkdir()
        for file in ("store.sqlite", "views.sqlite"):
            with (
                contextlib.closing(sqlite3.connect(self.store.with_name(file))) as one,
                contextlib.closing(sqlite3.connect(folder / file)) as other,
            ):
                one.backup(other)
        return folder


def write_ledger(path: Path, slots: Sequence[Slot]) -> Path:
    """Write slots into a new ledger's file, each at its place in the sequence."""
    create_sqlite_ledger(path, incarnation="0" * 32)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        rows = [(position, slot.stored_at_ms, slot.record) for position, slot in enumerate(slots)]
        connection.executemany("INSERT INTO ledger_slots VALUES (?, ?, ?)", rows)
    return path


def write_board(ledger: Path, *published: bytes) -> None:
    """Write what was published as checkpoints of a ledger."""
    create_sqlite_ledger(board_file(ledger))
    with contextlib.closing(SqliteLedger(board_file(ledger))) as board:
        for one in published:
            board.append(one)


def ortoo_run(*words: str) -> Answer:
    """Run `ortoo` as somebody without a home."""
    result = CliRunner().invoke(ortoo, words, env={"ORTOO_HOME": "", "ORTOO_DEBUG": ""}, prog_name="ortoo")
    return Answer(code=result.exit_code, out=result.stdout, err=result.stderr)


def codes(answer: Answer, gravity: str | None = None) -> list[str]:
    """Return the codes of what an audit found, in order; of one gravity only if it is given."""
    found: list[dict[str, Any]] = json.loads(answer.out)["findings"]
    return [one["code"] for one in found if gravity in {None, one["gravity"]}]


def trust_of(keys: TestExchange, exchange: Exchange) -> Trust:
    """Return the trust file of an exchange, signed by as many of the roots (whose keys these are) as must."""
    trust = Trust(
        version=1,
        identity=exchange.identity,
        name=exchange.name,
        valid_until_ms=FAR_MS,
        roots=exchange.roots,
        threshold=exchange.threshold,
        checkpoint_keys=(OPERATOR.public,),
        witnesses=tuple(witness.key for witness in WITNESSES),
        quorum=QUORUM,
        anchors=tuple(TrustedAnchor(anchor=anchor, withdrawn_at_ms=None) for anchor in exchange.anchors),
    )
    return signed(trust, keys)


def signed(trust: Trust, keys: TestExchange) -> Trust:
    """Return a trust file with the roots' signatures and no others."""
    made = replace(trust, signatures=())
    for root in keys.roots[:THRESHOLD]:
        made = sign_trust(made, root)
    return made


def signed_checkpoints(
    exchange: Exchange,
    size: int,
    roots: tuple[Digest, Digest],
    *,
    at_ms: int,
    operator: SeededOperator = OPERATOR,
    witnesses: Sequence[SeededWitness] = WITNESSES,
) -> CheckpointPair:
    """Return a pair of checkpoints of an exchange, signed and cosigned at a time."""
    notes = []
    origins = (record_origin(exchange.name, exchange.identity), verdict_origin(exchange.name, exchange.identity))
    for origin, root in zip(origins, roots, strict=True):
        note = signed_note(Checkpoint(origin=origin, size=size, root=root), operator, at_ms // 1000)
        for witness in witnesses:
            note = witness.cosigned(note, at_ms // 1000)
        notes.append(note)
    return CheckpointPair(records=notes[0], verdicts=notes[1])


@contextlib.contextmanager
def audited_exchange(folder: Path, told: Telling = eventful_exchange) -> Iterator[Audited]:
    """Give an exchange in whose ledger everything that is told has happened, with the ministry's views and a trust file."""
    with told(folder) as eventful:
        station = eventful.station
        views = f"sqlite:///{folder / 'ministry' / 'views.sqlite'}"
        with contextlib.closing(Projector(views, station.parts.store, station.parts.codec, station.view)) as projector:
            projector.catch_up()
        (folder / "trust.json").write_bytes(encode_trust(trust_of(eventful.exchange, station.exchange)))
        yield Audited(eventful=eventful, folder=folder)
