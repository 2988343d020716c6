"""Outages: what moves a due time and how far, who may declare one, and what `acknowledgement.missed` compares with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from domain.events import AcknowledgementMissed, OrganisationChanged, ReceiptAcknowledged
from domain.events_office import OutageDeclared
from domain.header import Document
from domain.ids import ZERO_DIGEST, LetterId, OrgId
from domain.outages import OUTAGE_LIMIT_MS, RULES, Outage, moved, outages
from domain.reasons import Reason
from tests.court import Court
from tests.fixed_exchange import DAY_MS, HOUR_MS, REGISTRAR, Said, entry
from tests.rules_view import MINISTRY, NOW_MS, MemoryView, add_officer, add_organisation, case, header, opened_view, outcome

SENT: Final = 1_000 * HOUR_MS
DUE: Final = SENT + 72 * HOUR_MS


def outage(begins: int, ends: int, *organisations: str, regions: tuple[str, ...] = ()) -> Outage:
    """Return an outage, its times in hours from the dispatch."""
    return Outage(
        from_at=SENT + begins * HOUR_MS,
        until_at=SENT + ends * HOUR_MS,
        organisations=tuple(OrgId(one) for one in organisations),
        regions=regions,
        position=7,
    )


def hours(*touching: Outage) -> float:
    """Return by how many hours these outages move the due time."""
    return (moved(DUE, SENT, touching) - DUE) / HOUR_MS


def declared(**changes: Any) -> OutageDeclared:
    fields: dict[str, Any] = {
        "from_at": NOW_MS - HOUR_MS,
        "until_at": NOW_MS,
        "organisations": (),
        "regions": (),
        "reason": "POWER",
        "cover": None,
    }
    return OutageDeclared(**{"header": header(), **fields, **changes})


def test_what_does_not_lie_between_dispatch_and_due_time_moves_nothing() -> None:
    assert hours() == 0
    assert hours(outage(-48, 0)) == 0
    assert hours(outage(72, 90)) == 0
    assert hours(outage(80, 90)) == 0


def test_an_outage_moves_the_due_time_by_as_long_as_it_took_of_the_term() -> None:
    assert hours(outage(10, 15)) == 5
    assert hours(outage(-48, 5)) == 5
    assert hours(outage(-48, 20), outage(30, 31)) == 21


def test_an_outage_across_the_due_time_leaves_as_much_time_after_it_as_there_was_left() -> None:
    assert hours(outage(60, 100)) == 40
    assert hours(outage(71, 200)) == 129


def test_a_due_time_that_moves_into_the_next_outage_is_moved_by_that_too() -> None:
    assert hours(outage(60, 70), outage(80, 90)) == 20
    assert hours(outage(60, 70), outage(82, 90)) == 10


def test_hours_that_two_outages_share_count_once() -> None:
    assert hours(outage(10, 20), outage(15, 25)) == 15
    assert hours(outage(10, 30), outage(15, 20)) == 20
    assert hours(outage(10, 20), outage(10, 12), outage(20, 25)) == 15


def test_an_outage_touches_the_organisations_and_regions_that_it_names_or_everybody() -> None:
    assert outage(0, 1).touches(OrgId("mfy-001"), ())
    assert outage(0, 1, "mfy-001").touches(OrgId("mfy-001"), ())
    assert not outage(0, 1, "mfy-001").touches(OrgId("mfy-002"), ("UZ-TK",))
    assert outage(0, 1, "mfy-001", regions=("UZ-TK",)).touches(OrgId("mfy-002"), ("UZ-FA", "UZ-TK"))
    assert not outage(0, 1, regions=("UZ-TK",)).touches(OrgId("mfy-002"), ("UZ-FA",))


def test_outages_are_kept_in_the_order_of_the_ledger() -> None:
    view = opened_view()
    assert outcome(RULES, case(view, declared())) is Reason.ACCEPTED
    assert outcome(RULES, case(view, declared(organisations=(MINISTRY,), regions=("UZ-FA", "UZ-TK")))) is Reason.ACCEPTED
    assert [one.regions for one in outages(view)] == [(), ("UZ-FA", "UZ-TK")]


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        (Reason.CODE_UNKNOWN, {"reason": "HOLIDAY"}),
        (
            Reason.DOCUMENTS_WRONG,
            {"cover": Document(sha256=ZERO_DIGEST, size_bytes=1, media_type="text/plain", role="main", encryption=None)},
        ),
        (Reason.OUTAGE_TIMES_WRONG, {"from_at": NOW_MS, "until_at": NOW_MS}),
        (Reason.OUTAGE_TIMES_WRONG, {"from_at": NOW_MS - OUTAGE_LIMIT_MS - 1}),
        (Reason.OUTAGE_TIMES_WRONG, {"until_at": NOW_MS + OUTAGE_LIMIT_MS + 1}),
        (Reason.OUTAGE_NOT_SORTED, {"regions": ("UZ-TK", "UZ-FA")}),
        (Reason.OUTAGE_NOT_SORTED, {"organisations": (MINISTRY, MINISTRY)}),
        (Reason.ORGANISATION_NOT_FOUND, {"organisations": (OrgId("mfy-001"),)}),
    ],
)
def test_an_outage_that_does_not_fit_is_rejected(reason: Reason, changes: dict[str, Any]) -> None:
    assert outcome(RULES, case(opened_view(), declared(**changes))) is reason


def test_the_longest_outage_fits() -> None:
    longest = declared(from_at=NOW_MS - OUTAGE_LIMIT_MS, until_at=NOW_MS + OUTAGE_LIMIT_MS)
    assert outcome(RULES, case(opened_view(), longest)) is Reason.ACCEPTED


def test_only_a_registrar_of_the_first_organisation_declares_one() -> None:
    view: MemoryView = opened_view()
    add_organisation(view, "agency")
    add_officer(view, "agency-registrar", "agency", "registrar")
    assert outcome(RULES, case(view, declared(header=header("agency-registrar", "agency")))) is Reason.OUT_OF_SCOPE


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Court]:
    made = Court.founded(tmp_path)
    yield made
    made.close()


def declaring(court: Court, begins: int, ends: int, *organisations: str, regions: tuple[str, ...] = ()) -> Said:
    """Return the declaration of an outage, its times in hours from now."""
    now = court.clock()
    return court.exchange.say(
        OutageDeclared,
        REGISTRAR,
        from_at=now + begins * HOUR_MS,
        until_at=now + ends * HOUR_MS,
        organisations=tuple(OrgId(one) for one in organisations),
        regions=regions,
        reason="NETWORK",
        cover=None,
    )


def missed(court: Court, letter: LetterId) -> Reason:
    """Return the verdict on the statement, said now, that a letter's time to acknowledge was missed."""
    return court.judge(court.exchange.record(court.exchange.say(AcknowledgementMissed, "machine", letter=letter))).reason


def test_a_term_is_missed_once_the_last_silent_one_has_had_his_time(court: Court) -> None:
    due = court.clock() + DAY_MS
    letter = court.sent("mfy-001", "mfy-002", acknowledge_by=due)
    court.accept(declaring(court, 1, 11, "mfy-001"))
    court.clock.at_ms = due
    assert missed(court, letter) is Reason.NOT_YET_DUE
    court.clock.at_ms = due + 9 * HOUR_MS
    assert missed(court, letter) is Reason.NOT_YET_DUE
    court.clock.at_ms = due + 10 * HOUR_MS + 1
    assert missed(court, letter) is Reason.ACCEPTED
    assert missed(court, letter) is Reason.ALREADY_MISSED


def test_an_outage_of_one_who_has_acknowledged_keeps_nobody_waiting(court: Court) -> None:
    due = court.clock() + DAY_MS
    letter = court.sent("mfy-001", "mfy-002", acknowledge_by=due)
    court.accept(declaring(court, 1, 11, "mfy-001"))
    court.accept(court.exchange.say(ReceiptAcknowledged, "secretary", letter=letter, recipient=OrgId("mfy-001")))
    court.clock.at_ms = due + 1
    assert missed(court, letter) is Reason.ACCEPTED


def test_an_outage_before_the_dispatch_or_elsewhere_moves_nothing(court: Court) -> None:
    court.accept(declaring(court, -10, -1))
    due = court.clock() + DAY_MS
    letter = court.sent("mfy-001", acknowledge_by=due)
    court.accept(declaring(court, 1, 11, "mfy-002", regions=("UZ-TK",)))
    court.clock.at_ms = due + 1
    assert missed(court, letter) is Reason.ACCEPTED


def test_a_region_touches_whoever_lies_in_it_before_the_record_that_compares(court: Court) -> None:
    due = court.clock() + DAY_MS
    letter = court.sent("mfy-001", acknowledge_by=due)
    court.accept(declaring(court, 1, 11, regions=("UZ-TK",)))
    court.clock.at_ms = due + 1
    court.accept(court.exchange.say(OrganisationChanged, REGISTRAR, entry=entry("mfy-001", regions=("UZ-TK",))))
    assert missed(court, letter) is Reason.NOT_YET_DUE
    court.accept(court.exchange.say(OrganisationChanged, REGISTRAR, entry=entry("mfy-001")))
    assert missed(court, letter) is Reason.ACCEPTED


def test_an_outage_that_is_declared_after_a_term_was_missed_takes_no_evidence_away(court: Court) -> None:
    due = court.clock() + DAY_MS
    letter = court.sent("mfy-001", acknowledge_by=due)
    court.clock.at_ms = due + 1
    assert missed(court, letter) is Reason.ACCEPTED
    court.accept(declaring(court, -10, -1))
    assert missed(court, letter) is Reason.ALREADY_MISSED


def test_under_rules_2_nobody_declares_an_outage(tmp_path: Path) -> None:
    before = Court.founded(tmp_path, rules=2)
    assert before.judge(before.exchange.record(declaring(before, 1, 2))).reason is Reason.TYPE_UNKNOWN
    before.close()
