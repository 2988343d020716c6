"""The view of calendars: what outages moved, for whom, in whatever batches the ledger was read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.missed_terms import PassedTerm
from domain.events import AcknowledgementMissed, OrganisationChanged, ReceiptAcknowledged
from domain.events_office import ConsignmentTransferred
from domain.ids import LetterId, OfficerId, OrgId
from domain.reasons import Reason
from projections.figures import pilot_figures
from projections.filters import Filters, PageWanted
from projections.inbox_pages import InboxLine, inbox_page
from projections.letter_pages import fate_of
from projections.outbox_pages import SentLine, sent_line
from projections.projector import Projector
from projections.station_work import StationWork
from tests.court import Court
from tests.fixed_exchange import DAY_MS, HOUR_MS, REGISTRAR, entry
from tests.unit.test_outages import declaring

FIRST, SECOND = OrgId("mfy-001"), OrgId("mfy-002")


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Court]:
    made = Court.founded(tmp_path)
    yield made
    made.close()


def received(court: Court, organisation: OrgId, *, overdue: bool = False) -> InboxLine | None:
    now = court.clock()
    filters = Filters(overdue_at=now if overdue else None)
    with court.projector.database.reading() as connection:
        lines = inbox_page(connection, (organisation,), filters, PageWanted(limit=5), now=now).lines
    return lines[0] if lines else None


def sent(court: Court, letter: LetterId) -> SentLine:
    with court.projector.database.reading() as connection:
        line = sent_line(connection, letter, now=court.clock())
    assert line is not None
    return line


def passed(court: Court) -> tuple[PassedTerm, ...]:
    """Return what a station of the ministry would record now, though it has looked at everything until a moment ago."""
    now = court.clock()
    return StationWork(court.projector).passed_terms(OfficerId("machine"), after=now - HOUR_MS, before=now, limit=10)


def acknowledge(court: Court, letter: LetterId) -> None:
    court.accept(court.exchange.say(ReceiptAcknowledged, "secretary", letter=letter, recipient=FIRST))


def marks(court: Court, organisation: OrgId) -> set[str]:
    line = received(court, organisation)
    assert line is not None
    return set(line.marks)


def test_a_moved_time_stands_beside_the_signed_one_for_whom_the_outage_touched(court: Court) -> None:
    due = court.clock() + DAY_MS
    letter = court.sent(FIRST, SECOND, acknowledge_by=due, reply_by=due + DAY_MS)
    court.accept(declaring(court, 1, 11, FIRST))
    first, second = received(court, FIRST), received(court, SECOND)
    assert first is not None
    assert second is not None
    assert (first.acknowledge_by, first.acknowledge_due) == (due, due + 10 * HOUR_MS)
    assert (first.reply_by, first.reply_due) == (due + DAY_MS, due + DAY_MS + 10 * HOUR_MS)
    assert (second.acknowledge_due, second.reply_due) == (due, due + DAY_MS)
    assert ("moved" in first.marks, "moved" in second.marks) == (True, False)
    line = sent(court, letter)
    assert (line.acknowledge_by, line.acknowledge_due) == (due, due + 10 * HOUR_MS)
    assert "moved" in line.marks


def test_nobody_owes_anything_before_his_moved_time_is_over(court: Court) -> None:
    due = court.clock() + DAY_MS
    letter = court.sent(FIRST, acknowledge_by=due)
    court.accept(declaring(court, 1, 11, FIRST))
    court.clock.at_ms = due + HOUR_MS
    assert "overdue" not in marks(court, FIRST)
    assert received(court, FIRST, overdue=True) is None
    assert "overdue" not in sent(court, letter).marks
    court.clock.at_ms = due + 10 * HOUR_MS + 1
    assert "overdue" in marks(court, FIRST)
    assert received(court, FIRST, overdue=True) is not None
    assert "overdue" in sent(court, letter).marks


def test_the_figures_count_nobody_silent_before_his_moved_time_is_over(court: Court) -> None:
    due = court.clock() + DAY_MS
    letter = court.sent(FIRST, SECOND, acknowledge_by=due)
    court.accept(declaring(court, 1, 11, FIRST))
    with court.projector.database.reading() as connection:
        told = [
            pilot_figures(connection, Filters(), now=due + later, offset_minutes=0, letter=letter)
            for later in (HOUR_MS, 10 * HOUR_MS + 1)
        ]
    assert [[one.organisation for one in figures.silent] for figures in told] == [[SECOND], [FIRST, SECOND]]
    assert [[part.figures.silent for part in figures.regions] for figures in told] == [[1], [2]]
    assert told[1].silent[0].due_since == due + 10 * HOUR_MS


def test_a_station_records_a_missed_term_when_the_moved_time_is_over_though_later_ones_were_recorded_before(court: Court) -> None:
    due = court.clock() + DAY_MS
    letter = court.sent(FIRST, acknowledge_by=due)
    court.accept(declaring(court, 1, 11, FIRST))
    court.clock.at_ms = due + 9 * HOUR_MS
    assert passed(court) == ()
    court.clock.at_ms = due + 10 * HOUR_MS + 1
    assert [one.letter for one in passed(court)] == [letter]
    court.accept(court.exchange.say(AcknowledgementMissed, "machine", letter=letter))
    assert passed(court) == ()


def test_an_outage_that_is_declared_later_excuses_a_late_receipt_and_one_elsewhere_does_not(court: Court) -> None:
    due = court.clock() + DAY_MS
    letter = court.sent(FIRST, SECOND, acknowledge_by=due)
    court.clock.at_ms = due + HOUR_MS
    acknowledge(court, letter)
    assert ("late" in marks(court, FIRST), sent(court, letter).late) == (True, 1)
    court.accept(declaring(court, -20, -18, SECOND))
    assert ("late" in marks(court, FIRST), sent(court, letter).late) == (True, 1)
    court.accept(declaring(court, -20, -18, FIRST))
    assert ("late" in marks(court, FIRST), sent(court, letter).late) == (False, 0)
    with court.projector.database.reading() as connection:
        assert not any(step.late for step in fate_of(connection, letter, FIRST))


def test_a_region_moves_with_the_directory(court: Court) -> None:
    due = court.clock() + DAY_MS
    court.sent(FIRST, acknowledge_by=due)
    court.accept(declaring(court, 1, 11, regions=("UZ-TK",)))
    assert "moved" not in marks(court, FIRST)
    court.accept(court.exchange.say(OrganisationChanged, REGISTRAR, entry=entry(FIRST, regions=("UZ-TK",))))
    assert "moved" in marks(court, FIRST)
    court.accept(court.exchange.say(OrganisationChanged, REGISTRAR, entry=entry(FIRST)))
    assert "moved" not in marks(court, FIRST)


def test_read_in_one_go_or_record_by_record_the_view_is_the_same(court: Court, tmp_path: Path) -> None:
    due = court.clock() + DAY_MS
    court.accept(declaring(court, 20, 40, regions=("UZ-FA",)))
    court.sent(FIRST, SECOND, acknowledge_by=due)
    court.accept(court.exchange.say(OrganisationChanged, REGISTRAR, entry=entry(SECOND, regions=("UZ-FA",))))
    court.accept(declaring(court, 1, 11, FIRST), declaring(court, 5, 12))
    court.sent(SECOND, reply_by=due)
    whole = Projector(
        f"sqlite:///{tmp_path / 'whole.sqlite'}", court.station.parts.store, court.station.parts.codec, court.station.view
    )
    whole.catch_up()
    assert whole.canonical_dump("calendars") == court.projector.canonical_dump("calendars")
    whole.close()


def test_an_outage_moves_the_time_of_whom_a_letter_was_passed_on_to(court: Court) -> None:
    due = court.clock() + DAY_MS
    letter = court.sent(FIRST, acknowledge_by=due)
    passing: dict[str, Any] = {"letter": letter, "recipient": FIRST, "to": SECOND, "reason": "NOT_IN_COMPETENCE", "cover": None}
    court.accept(declaring(court, 1, 3, SECOND))
    court.accept(court.exchange.say(ConsignmentTransferred, "secretary", **passing))
    line = received(court, SECOND)
    assert line is not None
    assert line.acknowledge_due == due + 2 * HOUR_MS
    court.accept(declaring(court, 5, 6, SECOND))
    line = received(court, SECOND)
    assert line is not None
    assert line.acknowledge_due == due + 3 * HOUR_MS
    court.clock.at_ms = due + 1
    missed = court.exchange.say(AcknowledgementMissed, "machine", letter=letter)
    assert court.judge(court.exchange.record(missed)).reason is Reason.NOT_YET_DUE
    assert passed(court) == ()
