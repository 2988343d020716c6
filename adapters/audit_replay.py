"""An audit's own replay: a whole ledger judged into a store of the auditor's own, and what is held against the result.

The store lies in a folder; whoever gives the same folder again goes on where an interrupted audit stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, select

from adapters.audit_findings import FindingCode, Report, positions_text
from adapters.audit_rows import ROWS_AT_ONCE
from adapters.errors import ForeignLedgerError, HistoryError, LedgerRefusedError, LedgerUnreachableError
from adapters.follower import Follower, Progress
from adapters.ledger import Ledger, Severity, Slot
from adapters.store.database import Database
from adapters.store.entries import Entry, entry_of
from adapters.store.ledger_store import LedgerStore
from adapters.store.tables import CHANGES, RECORDS
from adapters.store.topics import change_mapper
from adapters.verifying import Verifier
from adapters.view import StoreView
from domain.auditing import Doubt, Sighting, number_gaps, time_doubts
from domain.errors import NotALedgerError, UpgradeNeededError
from domain.events import CheckpointKey
from domain.exchange import EXCHANGE_ID, CheckpointKeysChanged, Exchange, ExchangeOpened, exchange
from domain.header import Seen
from domain.ids import Digest, OrgId, sha256
from domain.ledger_time import MS_PER_S, ledger_time
from domain.reading import read_record
from domain.reasons import Reason
from domain.verdicts import Number, RegisterKind
from schemas.codec import LedgerCodec

STORE_FILE: Final = "store.sqlite"
_TIME_CODES: Final = {
    Doubt.LATER: (FindingCode.TIME_LATER, "later than a witness saw it"),
    Doubt.EARLIER: (FindingCode.TIME_EARLIER, "earlier than a witness saw the ledger without it"),
    Doubt.JUMPED_BACK: (FindingCode.TIME_JUMPED_BACK, "earlier than the position before"),
    Doubt.AHEAD: (FindingCode.TIME_AHEAD, "ahead of this machine's clock"),
}
_STOPS: Final[Mapping[type[Exception], FindingCode]] = MappingProxyType(
    {
        ForeignLedgerError: FindingCode.OTHER_LEDGER,
        HistoryError: FindingCode.HISTORY_CHANGED,
        NotALedgerError: FindingCode.NOT_A_LEDGER,
        UpgradeNeededError: FindingCode.RULES_NOT_HELD,
        LedgerUnreachableError: FindingCode.UNREACHABLE,
        LedgerRefusedError: FindingCode.UNREACHABLE,
    }
)
"""What stops a replay, the more particular before the more general, and what finding it is."""


class Replay:
    """A ledger as the auditor judges it: `store` and `view` are his own, `next_position` is how far he came."""

    def __init__(
        self, ledger: Ledger, folder: Path, *, identity: Digest, threads: int, now_ms: Callable[[], int], name: str = STORE_FILE
    ) -> None:
        """Open (or make) the store in a folder; raise `StoreError` if that cannot be done."""
        folder.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{folder / name}"
        self.store = LedgerStore(url)
        self._ledger = ledger
        self._folder = folder
        self._how: Mapping[str, Any] = {"identity": identity, "threads": threads, "now_ms": now_ms}
        self._database = Database(url)
        self._verifier = Verifier(threads)
        self._follower = Follower(
            ledger=ledger,
            store=self.store,
            codec=LedgerCodec(),
            verifier=self._verifier,
            identity=identity,
            now_ms=now_ms,
        )

    @property
    def view(self) -> StoreView:
        """Everything that the ledger says, as far as it was replayed."""
        return self._follower.view

    @property
    def exchange(self) -> Exchange:
        """The exchange as the ledger says it is; only after the genesis was replayed."""
        return exchange(self.view)

    @property
    def next_position(self) -> int:
        """The position after the last one replayed."""
        return self.store.next_position()

    @property
    def checkpoint_keys(self) -> tuple[CheckpointKey, ...]:
        """Every checkpoint key that the ledger ever named, in force or not, since checkpoints outlive keys."""
        statement = select(CHANGES).where(CHANGES.c.originator_id == EXCHANGE_ID).order_by(CHANGES.c.originator_version)
        keys: dict[CheckpointKey, None] = {}
        with self.reading() as connection:
            for row in connection.execute(statement):
                change = change_mapper().decode_change(row.topic, EXCHANGE_ID, row.originator_version, row.state)
                if isinstance(change, ExchangeOpened | CheckpointKeysChanged):
                    keys.update(dict.fromkeys(change.checkpoint_keys))
        return tuple(keys)

    def run(self, until: int, report: Report, progress: Progress | None = None) -> bool:
        """Judge everything up to a position; report what stops it, and tell whether nothing did.

        What an earlier run has judged is read again and must still stand there, record by record.
        """
        try:
            if not self._still_the_same(report, progress):
                return False
            reached = self._follower.catch_up(until=until, progress=progress, trust_times_ahead=True)
        except tuple(_STOPS) as error:
            code = next(code for stops, code in _STOPS.items() if isinstance(error, stops))
            report(code, self.next_position, str(error))
            return False
        if reached == 0:
            report(FindingCode.NOT_A_LEDGER, 0, "nothing stands on it")
        return reached > 0

    def roots_at(self, size: int) -> tuple[Digest, Digest]:
        """Return both roots at a size that was replayed."""
        return self.store.roots_at(size)

    def reasons(self) -> dict[Reason, int]:
        """Return how many records got which verdict."""
        return self.store.reasons(0, self.next_position)

    def check_numbers(self, report: Report) -> None:
        """Report every number that leaves a gap in its book."""
        for gap in number_gaps(self._numbers(), self.view):
            number = gap.number
            book = f"{number.organisation}, {number.register.name.lower()}, {number.year}"
            report(FindingCode.NUMBER_GAP, gap.position, f"{book}: {number.serial}, expected {gap.expected}")

    def check_times(self, sightings: Sequence[Sighting], now_ms: int, report: Report) -> None:
        """Report every implausible ledger time."""
        for doubt in time_doubts(self._times(), sightings, now_ms):
            code, words = _TIME_CODES[doubt.doubt]
            where = positions_text(doubt.first, doubt.last)
            report(code, doubt.first, f"the ledger time of {where} is up to {doubt.by_ms // MS_PER_S} seconds {words}")

    def seen_elsewhere(self) -> Iterator[tuple[int, Seen]]:
        """Yield the events that were rejected because their stations had seen another history, and what they had seen."""
        codec = LedgerCodec()
        for entry in self._entries_of(Reason.SEEN_OTHER_HISTORY):
            opened = read_record(entry.record, codec).opened
            if opened is not None and opened.body.header.seen is not None:
                yield entry.verdict.position, opened.body.header.seen

    def another(self, name: str) -> Replay:
        """Return a second replay of the same ledger, from nothing, into a file of this name in the same folder."""
        file = self._folder / name
        file.unlink(missing_ok=True)
        return Replay(self._ledger, self._folder, name=name, **self._how)

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection whose statements all see the same state of the store."""
        return self._database.reading()

    def close(self) -> None:
        """Let go of the store; calling it again does nothing."""
        self._verifier.close()
        self._database.close()
        self.store.close()

    def _still_the_same(self, report: Report, progress: Progress | None) -> bool:
        """Tell whether the ledger still holds, below the next position, what was judged there; report where it does not."""
        end, position, previous = self.next_position, 0, None
        with self.reading() as connection:
            columns = (RECORDS.c.record_hash, RECORDS.c.reason, RECORDS.c.at)
            statement = select(*columns).order_by(RECORDS.c.position)
            held = iter(connection.execution_options(yield_per=ROWS_AT_ONCE).execute(statement))
            while position < end:
                slots = self._ledger.read(position, end - position)
                if not slots:
                    report(FindingCode.HISTORY_CHANGED, position, f"the ledger ends here, and {end} positions were judged")
                    return False
                for slot in slots:
                    row = next(held)
                    if not _holds(slot, row.record_hash, row.reason, row.at, previous):
                        report(FindingCode.HISTORY_CHANGED, slot.position, "another record, or another time, stands here now")
                        return False
                    previous = row.at
                position += len(slots)
                if progress is not None:
                    progress(position, end)
        return True

    def _entries_of(self, reason: Reason) -> Iterator[Entry]:
        statement = select(RECORDS).where(RECORDS.c.reason == int(reason)).order_by(RECORDS.c.position)
        with self.reading() as connection:
            for row in connection.execution_options(yield_per=ROWS_AT_ONCE).execute(statement):
                yield entry_of(tuple(row))

    def _times(self) -> Iterator[tuple[int, int]]:
        with self.reading() as connection:
            statement = select(RECORDS.c.position, RECORDS.c.at).order_by(RECORDS.c.position)
            for row in connection.execution_options(yield_per=ROWS_AT_ONCE).execute(statement):
                yield row.position, row.at

    def _numbers(self) -> Iterator[tuple[int, Number]]:
        columns = RECORDS.c
        statement = (
            select(columns.position, columns.organisation, columns.register, columns.year, columns.serial)
            .where(columns.register != int(RegisterKind.NONE))
            .order_by(columns.position)
        )
        with self.reading() as connection:
            for position, organisation, kind, year, serial in connection.execution_options(yield_per=ROWS_AT_ONCE).execute(
                statement
            ):
                number = Number(organisation=OrgId(organisation), register=RegisterKind(kind), year=year, serial=serial)
                yield position, number


def check_place(ledger: Ledger, report: Report) -> None:
    """Report what is wrong with the settings of a ledger's place."""
    for found in ledger.check():
        code = FindingCode.PLACE_UNSAFE if found.severity is Severity.FORBIDS else FindingCode.PLACE_WEAK
        report(code, None, f"{found.setting} ({found.code}): {found.what}")


def _holds(slot: Slot, record_hash: bytes, reason: int, at: int, previous: int | None) -> bool:
    same_record = sha256(slot.record or b"") == record_hash and (slot.record is None) == (reason == Reason.NO_RECORD)
    return same_record and at == (slot.stored_at_ms if previous is None else ledger_time(slot.stored_at_ms, previous).at)
