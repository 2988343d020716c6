"""A ledger opened when it is needed: nobody waits twice in a row for one that does not answer."""

from __future__ import annotations

import pytest

from adapters.errors import LedgerUnreachableError
from adapters.ledger import Ledger
from adapters.ledger_deferred import REST_S, DeferredLedger
from adapters.ledger_memory import MemoryLedger


class Place:
    """A place that answers only while `answers` says so, and counts how often it is asked."""

    def __init__(self) -> None:
        self.answers = False
        self.asked = 0
        self.now_s = 0.0

    def open(self) -> Ledger:
        self.asked += 1
        if not self.answers:
            msg = "nobody answers"
            raise LedgerUnreachableError(msg)
        return MemoryLedger()


def test_nothing_is_opened_before_it_is_needed_and_then_once() -> None:
    place = Place()
    place.answers = True
    ledger = DeferredLedger(place.open)
    assert place.asked == 0
    assert (ledger.append(b"record"), ledger.end()) == (0, 1)
    assert place.asked == 1
    ledger.close()
    ledger.close()


def test_a_place_that_does_not_answer_is_left_alone_for_a_while_and_found_again() -> None:
    place = Place()
    ledger = DeferredLedger(place.open, now_s=lambda: place.now_s)
    for _ in range(3):
        with pytest.raises(LedgerUnreachableError):
            ledger.end()
    with pytest.raises(LedgerUnreachableError):
        ledger.require_not_away()
    assert place.asked == 1
    place.answers = True
    place.now_s = REST_S
    ledger.require_not_away()
    assert ledger.end() == 0
    assert place.asked == 2
