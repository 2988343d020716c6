"""What a station keeps of checkpoints, in both databases: the largest stays, and refused events are found again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.store.checkpoints import Kept
from adapters.store.ledger_store import LedgerStore
from domain.reasons import Reason
from tests.judged_history import some_history


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LedgerStore]:
    postgresql = request.param == "postgresql"
    store = LedgerStore(str(request.getfixturevalue("postgres_url")) if postgresql else f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield store
    store.close()


def test_the_largest_pair_stays_and_a_reading_may_begin_again(store: LedgerStore) -> None:
    kept = store.checkpoints
    assert (kept.pair(Kept.NEWEST), kept.reached(Kept.BOARD)) == (None, 0)
    for size, pair in ((3, b"three"), (5, b"five"), (4, b"four"), (5, b"five again")):
        kept.keep(Kept.NEWEST, size, pair)
    assert kept.pair(Kept.NEWEST) == b"five again"
    for reached in (7, 9, 0, 2):
        kept.keep(Kept.BOARD, reached)
        assert kept.reached(Kept.BOARD) == reached
    assert kept.pair(Kept.SIGNED) is None
    assert kept.pair(Kept.WITNESSED) is None


def test_events_that_were_refused_for_a_reason_are_found_from_a_position_on(store: LedgerStore) -> None:
    history = some_history()
    store.write(history.judged)
    refused = [one for one in history.judged if one.verdict.is_authentic and not one.verdict.is_accepted]
    reason = refused[0].verdict.reason
    wanted = [(one.verdict.position, one.record) for one in refused if one.verdict.reason is reason]
    kept = store.checkpoints
    assert list(kept.refused(reason, 0, 100)) == wanted
    assert list(kept.refused(reason, wanted[0][0] + 1, 100)) == wanted[1:]
    assert list(kept.refused(reason, 0, wanted[0][0] + 1)) == wanted[:1]
    assert list(kept.refused(Reason.MALFORMED, 0, 100)) == []
