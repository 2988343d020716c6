"""What is contested, and how it was settled, is read alike from every database."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Connection

from adapters.store.ledger_store import LedgerStore
from adapters.view import StoreView
from domain.ids import Digest, LetterId, OfficerId
from domain.verdicts import RegisterKind, Verdict
from projections.contested import contested_events, contests_among
from projections.letter_pages import signers_of
from projections.projector import Projector
from tests.fixed_exchange import shared_codec
from tests.vectors.ledgers.corpus import FOLDER, RECORDS, follow_into, slots_of

WAITING: Final = [
    (33, "letter.dispatched"),
    (37, "letter.dispatched"),
    (38, "letter.dispatched"),
    (47, "event.reaffirmed"),
    (48, "event.repudiated"),
]
"""The first letter was reaffirmed with a key that was compromised later, so it waits again, and so do that key's own words."""
SETTLED: Final = {
    33: [("deputy", True, None)],
    34: [("deputy", False, "reaffirmed")],
    35: [("chair", False, None)],
    37: [("deputy", True, None), ("head", False, None)],
    38: [("deputy", True, None)],
}
"""The second was repudiated with that key, and reaffirmed with the third."""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_contests_and_settlements_are_read_alike(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    if database == "postgresql":
        url = str(request.getfixturevalue("postgres_url"))
    slots = slots_of((FOLDER / "settlements" / RECORDS).read_text("ascii"))
    with contextlib.closing(LedgerStore(url)) as store:
        follow_into(store, slots, batch=500)
        with contextlib.closing(Projector(url, store, shared_codec(), StoreView(store))) as projector:
            projector.catch_up()
            with projector.database.reading() as connection:
                contests = contests_among(connection, range(len(slots)))
                waiting = contested_events(connection, OfficerId("deputy"), limit=100)
                settled = {one.position: _outcomes(connection, one.identity) for one in dispatches(store)}
    assert {one.position for one in waiting} <= contests.contested
    assert [(one.position, one.type) for one in waiting] == WAITING
    assert contests.repudiated == frozenset()
    assert settled == SETTLED


def dispatches(store: LedgerStore) -> list[Verdict]:
    """Return the verdicts on the letters of a store."""
    return [e.verdict for e in store.each_entry() if e.verdict.number and e.verdict.number.register is RegisterKind.OUTGOING]


def _outcomes(connection: Connection, letter: Digest) -> list[tuple[str, bool, str | None]]:
    """Return who signed a letter, whether that is contested, and how he settled it."""
    return [(one.officer, one.contested, one.settled) for one in signers_of(connection, LetterId(letter), now=0)]
