"""What a station holds of its ledger, for the guard that compares it with the ledger."""

from __future__ import annotations

from typing import Final

from adapters.errors import ForeignLedgerError
from adapters.ledger import LedgerPlace
from adapters.ledger_guard import HeldSlot
from adapters.store.ledger_store import LedgerStore
from domain.ids import Digest
from domain.reasons import Reason

INCARNATION_FACT: Final = "ledger_incarnation"
IDENTITY_FACT: Final = "ledger_identity"


class StoreHoldings:
    """The guard's view of a store."""

    def __init__(self, store: LedgerStore) -> None:
        """Look at `store`, and change nothing in it."""
        self._store = store

    def incarnation(self) -> str | None:
        """Return the incarnation of the place that was pinned, None before the first record was stored."""
        return self._store.fact(INCARNATION_FACT)

    def next_position(self) -> int:
        """Return how many positions are stored."""
        return self._store.next_position()

    def last_slots(self, count: int) -> tuple[HeldSlot, ...]:
        """Return the last positions stored, at most `count`."""
        start = max(0, self._store.next_position() - count)
        return tuple(
            HeldSlot(
                position=entry.verdict.position,
                sha256=None if entry.verdict.reason is Reason.NO_RECORD else entry.verdict.record_hash,
            )
            for entry in self._store.entries(start, count)
        )


def pin_ledger(store: LedgerStore, place: LedgerPlace, identity: Digest) -> None:
    """Pin which ledger this store follows, and where; raise `ForeignLedgerError` if it follows another already."""
    pinned = store.fact(IDENTITY_FACT)
    if pinned is not None and pinned != identity.hex():
        raise ForeignLedgerError(pinned, identity.hex())
    store.pin(IDENTITY_FACT, identity.hex())
    store.pin(INCARNATION_FACT, place.incarnation)
