"""Registers: what may be defined, which number comes next, and how it is printed."""

from __future__ import annotations

import pytest

from domain import registers
from domain.changes import EPOCH
from domain.events import RegisterDefined
from domain.header import Header
from domain.ids import OrgId
from domain.reasons import Reason
from domain.registers import RULES, give_number, next_number, print_number, printed, year_of
from domain.verdicts import Number, RegisterKind
from tests.rules_view import (
    NOW_MS,
    UTC_OFFSET_MINUTES,
    MemoryView,
    add_officer,
    add_organisation,
    case,
    header,
    opened_view,
    outcome,
    roots_header,
)

OWNER = OrgId("agency")
CLERK = header("clerk", OWNER)
YEAR_MS = 366 * 24 * 3600 * 1000


@pytest.fixture
def view() -> MemoryView:
    """An agency with a clerk and a signatory, and a unit with a clerk."""
    view = opened_view()
    add_organisation(view, OWNER, kind="agency")
    add_officer(view, "clerk", OWNER, "clerk")
    add_officer(view, "signatory", OWNER, "signatory")
    add_organisation(view, "office", OWNER, kind="unit")
    add_officer(view, "unit-clerk", "office", "clerk")
    return view


def definition(
    text: str = "{serial}",
    *,
    year_from: int = 2025,
    first_serial: int = 1,
    direction: str = "outgoing",
    said_by: Header = CLERK,
) -> RegisterDefined:
    return RegisterDefined(
        header=said_by,
        direction=direction,
        year_from=year_from,
        format=text,
        first_serial=first_serial,
    )


def define(view: MemoryView, body: RegisterDefined, *, at: int = NOW_MS) -> Reason:
    return outcome(RULES, case(view, body, at=at))


def give(view: MemoryView, *, at: int = NOW_MS, kind: RegisterKind = RegisterKind.OUTGOING) -> Number:
    number, change = give_number(case(view, definition(), at=at), OWNER, kind)
    view.apply((change,))
    return number


def numbered(serial: int, *, year: int = 2025) -> Number:
    return Number(organisation=OWNER, register=RegisterKind.OUTGOING, year=year, serial=serial)


def test_an_undefined_register_begins_at_1_and_leaves_no_gap(view: MemoryView) -> None:
    assert [give(view).serial for _ in range(3)] == [1, 2, 3]
    assert next_number(view, OWNER, RegisterKind.OUTGOING, 2025) == numbered(4)


def test_directions_and_years_are_books_of_their_own(view: MemoryView) -> None:
    assert give(view) == numbered(1)
    assert give(view, kind=RegisterKind.INCOMING).serial == 1
    assert give(view, at=NOW_MS + YEAR_MS) == numbered(1, year=2026)
    assert give(view) == numbered(2)


def test_a_book_begins_at_its_first_serial_in_its_first_year_only(view: MemoryView) -> None:
    assert define(view, definition(first_serial=165)) is Reason.ACCEPTED
    assert [give(view).serial, give(view).serial] == [165, 166]
    assert give(view, kind=RegisterKind.INCOMING).serial == 1
    assert give(view, at=NOW_MS + YEAR_MS).serial == 1


def test_a_definition_is_replaced_until_its_year_is_in_use(view: MemoryView) -> None:
    assert define(view, definition(first_serial=10)) is Reason.ACCEPTED
    assert define(view, definition(first_serial=20)) is Reason.ACCEPTED
    assert give(view).serial == 20
    assert define(view, definition(first_serial=30)) is Reason.REGISTER_IN_USE
    assert define(view, definition(first_serial=30, direction="incoming")) is Reason.ACCEPTED
    assert define(view, definition(first_serial=30, year_from=2026)) is Reason.ACCEPTED


def test_a_definition_holds_for_later_years_until_the_next(view: MemoryView) -> None:
    assert define(view, definition("B-{serial}", year_from=2027)) is Reason.ACCEPTED
    assert define(view, definition("A-{serial}")) is Reason.ACCEPTED
    assert [one.year_from for one in registers.definitions(view, OWNER, RegisterKind.OUTGOING)] == [2025, 2027]
    years = (2024, 2025, 2026, 2027, 2028)
    assert [printed(view, numbered(7, year=year), None) for year in years] == ["7", "A-7", "A-7", "B-7", "B-7"]


def test_no_later_definition_changes_how_a_given_number_is_printed(view: MemoryView) -> None:
    # A clock that was wrong gave a number in a year that is still to come.
    early = give(view, at=NOW_MS + 2 * YEAR_MS)
    assert early == numbered(1, year=2027)
    assert define(view, definition("A-{serial}")) is Reason.ACCEPTED
    assert printed(view, early, None) == "1"
    assert printed(view, numbered(1, year=2028), None) == "A-1"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{serial}", Reason.ACCEPTED),
        ("№ {serial}/{case}-{year}", Reason.ACCEPTED),
        ("{year}/{serial}/{year}", Reason.ACCEPTED),
        ("17", Reason.REGISTER_FORMAT_WRONG),
        ("{case}", Reason.REGISTER_FORMAT_WRONG),
        ("{serial}{serial}", Reason.REGISTER_FORMAT_WRONG),
        ("{serial}{month}", Reason.REGISTER_FORMAT_WRONG),
        ("{serial}{}", Reason.REGISTER_FORMAT_WRONG),
        ("{{serial}}", Reason.REGISTER_FORMAT_WRONG),
        ("{serial}{", Reason.REGISTER_FORMAT_WRONG),
        ("}{serial}", Reason.REGISTER_FORMAT_WRONG),
        ("{serial:9999}", Reason.REGISTER_FORMAT_WRONG),
        ("{ser{year}ial}", Reason.REGISTER_FORMAT_WRONG),
        ("{serial}{ser{year}ial}", Reason.REGISTER_FORMAT_WRONG),
        ("{serial!r}", Reason.REGISTER_FORMAT_WRONG),
    ],
)
def test_what_a_format_may_hold(view: MemoryView, text: str, reason: Reason) -> None:
    assert define(view, definition(text)) is reason


@pytest.mark.parametrize("direction", ["sideways", "Outgoing", "none"])
def test_an_unknown_direction_is_rejected(view: MemoryView, direction: str) -> None:
    assert define(view, definition(direction=direction)) is Reason.CODE_UNKNOWN


def test_a_past_year_is_rejected_by_ledger_time_and_the_ledgers_offset(view: MemoryView) -> None:
    new_year_2026 = 1_767_225_600_000 - UTC_OFFSET_MINUTES * 60_000
    assert define(view, definition(year_from=2025), at=new_year_2026 - 1) is Reason.ACCEPTED
    assert define(view, definition(year_from=2025), at=new_year_2026) is Reason.REGISTER_YEAR_PAST
    assert define(view, definition(year_from=2026), at=new_year_2026) is Reason.ACCEPTED


@pytest.mark.parametrize(
    ("said_by", "reason"),
    [
        (header("unit-clerk", "office"), Reason.UNIT_HAS_NONE),
        (header("signatory", OWNER), Reason.ROLE_MISSING),
        (header("clerk", "ministry"), Reason.NOT_APPOINTED),
        (roots_header(), Reason.NOT_FOR_ROOTS),
    ],
)
def test_only_a_clerk_of_an_organisation_defines_its_registers(view: MemoryView, said_by: Header, reason: Reason) -> None:
    assert define(view, definition(said_by=said_by)) is reason


@pytest.mark.parametrize(
    ("text", "case_index", "expected"),
    [
        (None, "01-07", "12/01-07"),
        (None, None, "12"),
        ("{serial}", "01-07", "12"),
        ("{serial}/{case}", None, "12"),
        ("{case}/{serial}", None, "12"),
        ("{case}/{serial}", "01-07", "01-07/12"),
        ("{year}-{case}-{serial}", None, "2025-12"),
        ("№ {serial} ({case})", "01", "№ 12 (01)"),
        ("{serial}/{case}", "{year}", "12/{year}"),
    ],
)
def test_how_numbers_are_printed(text: str | None, case_index: str | None, expected: str) -> None:
    assert print_number(text, numbered(12), case_index) == expected


@pytest.mark.parametrize(
    ("at_ms", "offset_minutes", "year"),
    [
        (0, 0, EPOCH.year),
        (0, -1, 1969),
        (1_767_225_599_999, 0, 2025),
        (1_767_225_600_000, 0, 2026),
        (1_767_225_599_999, 480, 2026),
        (1_767_225_600_000, -60, 2025),
        (4_102_444_799_999, 840, 2100),
    ],
)
def test_the_year_is_that_of_ledger_time_plus_the_offset(at_ms: int, offset_minutes: int, year: int) -> None:
    assert year_of(at_ms, offset_minutes) == year
