"""Writes the golden ledger of rules 1 and what every reader concludes of it: `python -m tests.vectors.ledgers.generate`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from adapters.follower import Follower
from adapters.ledger import Slot
from adapters.ledger_memory import MemoryLedger
from adapters.store.ledger_store import LedgerStore
from adapters.verifying import Verifier
from projections.projector import DUMPED, Projector
from tests.fixed_exchange import shared_codec
from tests.vectors.ledgers.story import GoldenSlot, golden_ledger

FOLDER: Final = Path(__file__).parent
LEDGER: Final = "ledger-1.txt"
VERDICTS: Final = "verdicts-1.txt"
DUMPS: Final = "dumps-1.txt"
FAR_AHEAD_MS: Final = 4_000_000_000_000


def ledger_text(slots: Iterable[GoldenSlot]) -> str:
    """Return one line for each position: the stored time (`-`: none), and the record in hex (`-`: an empty slot)."""
    return "".join(
        f"{'-' if slot.stored_at_ms is None else slot.stored_at_ms} {'-' if slot.record is None else slot.record.hex()}\n"
        for slot in slots
    )


def slots_of(text: str) -> list[GoldenSlot]:
    """Return the ledger that a text holds."""
    slots = []
    for line in text.splitlines():
        stored, _, record = line.partition(" ")
        slots.append(
            GoldenSlot(
                record=None if record == "-" else bytes.fromhex(record), stored_at_ms=None if stored == "-" else int(stored)
            )
        )
    return slots


def conclusions(slots: Sequence[GoldenSlot], *, batch: int = 500) -> tuple[str, str]:
    """Return what a reader in batches of a size concludes: verdicts and roots; dumps of its store and views."""
    ledger = MemoryLedger()
    for slot in slots:
        ledger._slots.append(Slot(position=ledger.end(), record=slot.record, stored_at_ms=slot.stored_at_ms))
    with contextlib.closing(LedgerStore("sqlite://")) as store:
        follower = Follower(
            ledger=ledger,
            store=store,
            codec=shared_codec(),
            verifier=Verifier(1),
            identity=None,
            now_ms=lambda: FAR_AHEAD_MS,
        )
        while store.next_position() < ledger.end():
            follower.catch_up(until=store.next_position() + batch)
        return _verdicts(store), _dumps(store, follower)


def _verdicts(store: LedgerStore) -> str:
    """Return one line for each position: the reason and the verdict's leaf; then the size and both roots."""
    lines = [f"{entry.verdict.reason.name} {entry.verdict.leaf().hex()}\n" for entry in store.each_entry()]
    records, verdicts = store.roots_at(len(lines))
    return "".join(lines) + f"roots at {len(lines)} {records.hex()} {verdicts.hex()}\n"


def _dumps(store: LedgerStore, follower: Follower) -> str:
    with contextlib.closing(Projector("sqlite://", store, shared_codec(), follower.view)) as projector:
        projector.catch_up()
        views = {view.name: projector.canonical_dump(view.name) for view in DUMPED}
    return "".join(f"{dump.hex()}  {name}\n" for name, dump in {"store": store.canonical_dump(), **views}.items())


def main() -> None:
    """Write the files beside this one."""
    slots = golden_ledger()
    verdicts, dumps = conclusions(slots)
    for name, text in ((LEDGER, ledger_text(slots)), (VERDICTS, verdicts), (DUMPS, dumps)):
        (FOLDER / name).write_text(text, "utf-8")
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
