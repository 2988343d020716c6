"""What an auditor holds a ledger against: heads, times at which witnesses looked, books of numbers."""

from __future__ import annotations

from typing import Final

import pytest

from domain.auditing import Bounds, Conflict, Doubt, Head, Sighting, contradictions, number_gaps, time_doubts
from domain.changes import moment
from domain.ids import Digest, OrgId
from domain.ledger_time import JUMP_LIMIT_MS
from domain.registers import Definition, DefinitionEntered, registers_id
from domain.verdicts import Number, RegisterKind
from tests.rules_view import MINISTRY, MemoryView, opened_view

START_MS: Final = 1_764_000_000_000
FAR_MS: Final = 2 * JUMP_LIMIT_MS


def root(number: int) -> Digest:
    """Return some digest."""
    return Digest(bytes([number]) * 32)


def head(size: int, records: int, verdicts: int) -> Head:
    return Head(size=size, records=root(records), verdicts=root(verdicts))


def roots_at(size: int) -> tuple[Digest, Digest]:
    """Return the roots of a ledger whose roots at size n are n and 100 + n."""
    return root(size), root(100 + size)


def test_every_head_that_a_ledger_contradicts_is_told_with_the_last_one_that_agreed() -> None:
    heads = [head(9, 9, 9), head(2, 2, 102), head(12, 12, 112), head(5, 1, 105), head(7, 7, 107)]
    found = [(one.head.size, one.conflict, one.agreed) for one in contradictions(heads, end=10, roots_at=roots_at)]
    assert found == [(5, Conflict.RECORDS, 2), (9, Conflict.VERDICTS, 7), (12, Conflict.TOO_SHORT, 7)]


def test_verdicts_that_were_not_recomputed_contradict_nothing() -> None:
    assert list(contradictions([head(5, 5, 1)], end=10, roots_at=lambda size: (root(size), None))) == []


def test_a_position_came_between_what_witnesses_saw_without_it_and_with_it() -> None:
    bounds = Bounds([Sighting(size=20, at_ms=300), Sighting(size=10, at_ms=100), Sighting(size=10, at_ms=150)])
    assert [bounds.of(position) for position in (0, 9, 10, 19, 20)] == [
        *[(None, 100)] * 2,
        *[(150, 300)] * 2,
        (300, None),
    ]
    assert Bounds([]).of(5) == (None, None)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([0, 0, 0], []),
        ([0, FAR_MS, FAR_MS], [(Doubt.LATER, 1, 1, FAR_MS - 100)]),
        ([0, 0, -FAR_MS], [(Doubt.EARLIER, 2, 2, FAR_MS + 100)]),
        ([FAR_MS, 0, 0], [(Doubt.LATER, 0, 0, FAR_MS - 100), (Doubt.JUMPED_BACK, 1, 1, FAR_MS)]),
        ([FAR_MS, FAR_MS + 1, 0], [(Doubt.LATER, 0, 1, FAR_MS - 99), (Doubt.JUMPED_BACK, 2, 2, FAR_MS + 1)]),
        ([0, 0, 9 * FAR_MS], [(Doubt.AHEAD, 2, 2, 8 * FAR_MS)]),
        ([JUMP_LIMIT_MS, 0, 0], []),
    ],
    ids=["plausible", "later", "earlier", "jumped back", "a run", "ahead", "within what clocks differ by"],
)
def test_times_are_held_against_witnesses_clocks_and_each_other(
    times: list[int], expected: list[tuple[Doubt, int, int, int]]
) -> None:
    stored = [(position, START_MS + at) for position, at in enumerate(times)]
    sightings = [Sighting(size=2, at_ms=START_MS + 100)]
    found = list(time_doubts(stored, sightings, START_MS + FAR_MS))
    assert [(one.doubt, one.first, one.last, one.by_ms) for one in found] == expected


def view_with_book(first_serial: int) -> MemoryView:
    """Return a view in which the ministry's outgoing book of 2026 begins with a serial."""
    view = opened_view()
    definition = Definition(year_from=2026, format="{serial}", first_serial=first_serial)
    name = registers_id(MINISTRY, RegisterKind.OUTGOING)
    at = moment(START_MS)
    view.apply([DefinitionEntered(originator_id=name, originator_version=1, timestamp=at, definition=definition)])
    return view


def number(serial: int, year: int = 2026, organisation: OrgId = MINISTRY) -> Number:
    return Number(organisation=organisation, register=RegisterKind.OUTGOING, year=year, serial=serial)


def test_a_number_that_does_not_follow_the_one_before_is_a_gap() -> None:
    other = OrgId("other")
    given = [number(17), number(1, 2027), number(18), number(1, 2026, other), number(20), number(21), number(3, 2026, other)]
    found = list(number_gaps(enumerate(given), view_with_book(17)))
    assert [(one.position, one.number.serial, one.expected) for one in found] == [(4, 20, 19), (6, 3, 2)]
    assert [one.expected for one in number_gaps([(0, number(1))], view_with_book(17))] == [17]
