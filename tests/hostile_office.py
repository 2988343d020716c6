"""Hostile records of the office: decisions, mandates, transfers, numbers, outages and calendars of those without the right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from domain.calendars import first_day
from domain.events import Body, LetterDispatched, ReceiptAcknowledged
from domain.events_approvals import (
    ApprovalDelegated,
    ApprovalGiven,
    ApprovalReassigned,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalReturned,
    ApprovalStageMissed,
    ApprovalWithdrawn,
    Approver,
    Stage,
)
from domain.events_mandates import MandateGranted, MandateRevoked
from domain.events_office import (
    CalendarAdopted,
    ConsignmentClosed,
    ConsignmentDeliveredOutside,
    ConsignmentFetched,
    ConsignmentTransferred,
    LetterReceivedOutside,
    OutageDeclared,
    ReceiptWithdrawn,
    RegistrationCorrected,
    RegistrationVoided,
    ReminderSent,
)
from domain.header import Ref
from domain.ids import Digest, LetterId, OfficerId, OrgId, sha256
from domain.reasons import Reason
from tests.battle import Battle, gets
from tests.fixed_exchange import DAY_MS, HOUR_MS, REGISTRAR, Said, document

Records = Iterator[bytes | None]
FIRST: Final = OrgId("mfy-001")
PAPER: Final = document("a paper to approve")
NOBODYS: Final = sha256(b"what nobody said")
YEAR: Final = 2026


def requested(battle: Battle) -> Digest:
    """Let the ministry ask the first committee, whose only signatory is its chair, to approve a paper."""
    approver = Approver(organisation=FIRST, officer=None)
    stage = Stage(rule="all", quorum=None, due_at=battle.exchange.clock() + DAY_MS, approvers=(approver,))
    cover = document(f"request {battle.exchange.count}", "cover")
    said = battle.exchange.say(
        ApprovalRequested, "clerk", cover=cover, documents=(PAPER,), letter=None, follows=None, route=(stage,)
    )
    return battle.honest(said)


def in_place(battle: Battle, event: type[Body], by: str, request: Digest, **more: Any) -> Said:
    """Return what somebody says of the only place of a request."""
    return battle.exchange.say(event, by, request=request, stage=1, place=1, **more)


def given(battle: Battle, by: str, request: Digest) -> Said:
    """Return an approval."""
    return in_place(battle, ApprovalGiven, by, request, cover=None)


def granting(battle: Battle, by: str = "head", **changes: Any) -> Said:
    """Return the mandate of the head, a signatory, to the ministry's clerk for letters, for an hour."""
    now = battle.exchange.clock()
    fields: dict[str, Any] = {
        "organisation": OrgId("ministry"),
        "officer": OfficerId("head"),
        "deputy": OfficerId("clerk"),
        "deputy_organisation": OrgId("ministry"),
        "event_types": (LetterDispatched.TYPE,),
        "from_at": now,
        "until_at": now + HOUR_MS,
        "basis_number": "12-k",
        "basis_at": now,
        "cover": None,
    }
    return battle.exchange.say(MandateGranted, by, **{**fields, **changes})


def acknowledged(battle: Battle) -> tuple[LetterId, Digest]:
    """Let the first committee acknowledge a letter; return the letter and the receipt, which gave a number."""
    letter = battle.letter("mfy-001")
    return letter, battle.honest(battle.exchange.say(ReceiptAcknowledged, "secretary", letter=letter, recipient=FIRST))


@gets(Reason.NOT_THE_APPROVER)
def approvals_forged_by_strangers(battle: Battle) -> Records:
    exchange, request = battle.exchange, requested(battle)
    for stranger in ("deputy", "head", "secretary", "clerk", REGISTRAR):
        yield exchange.record(given(battle, stranger, request))
    refused = {"reason": "FACTS_WRONG", "cover": None}
    yield exchange.record(in_place(battle, ApprovalRefused, "deputy", request, **refused))
    yield exchange.record(in_place(battle, ApprovalReturned, "deputy", request, reason="TEXT_TO_REVISE", cover=None))
    now = exchange.clock()
    times = {"from_at": now, "until_at": now + HOUR_MS}
    yield exchange.record(in_place(battle, ApprovalDelegated, "deputy", request, to=OfficerId("head"), **times))


@gets(Reason.NOT_THE_REQUESTER)
def requests_ended_by_those_who_did_not_ask(battle: Battle) -> Records:
    exchange, request = battle.exchange, requested(battle)
    yield exchange.record(exchange.say(ApprovalWithdrawn, "secretary", request=request, reason="DOCUMENT_CHANGED", cover=None))
    mole = Approver(organisation=None, officer=OfficerId("secretary"))
    yield exchange.record(in_place(battle, ApprovalReassigned, "secretary", request, to=mole))
    yield exchange.record(exchange.say(ApprovalStageMissed, "post", request=request, stage=1))


@gets(Reason.PLACE_ALREADY_DECIDED)
def a_place_decided_twice(battle: Battle) -> Records:
    request = requested(battle)
    battle.honest(given(battle, "chair", request))
    yield battle.exchange.record(given(battle, "chair", request))
    yield battle.exchange.record(in_place(battle, ApprovalRefused, "chair", request, reason="FACTS_WRONG", cover=None))


@gets(Reason.APPROVAL_NOT_COMPLETE)
def a_letter_that_names_an_approval_of_something_else(battle: Battle) -> Records:
    undecided, complete = requested(battle), requested(battle)
    battle.honest(given(battle, "chair", complete))
    for request, documents in ((undecided, (PAPER,)), (complete, (document("another paper"),))):
        approvals = (Ref(ledger=None, identity=request),)
        yield battle.exchange.record(battle.exchange.letter("deputy", documents=documents, approvals=approvals))


@gets(Reason.MANDATE_UNKNOWN)
def acts_under_mandates_that_nobody_granted(battle: Battle) -> Records:
    letter = Digest(battle.letter())
    for mandate in (NOBODYS, letter):
        yield battle.exchange.record(battle.exchange.letter("clerk", header={"mandate": mandate}))


@gets(Reason.MANDATE_OF_ANOTHER)
def a_mandate_of_a_colleague(battle: Battle) -> Records:
    mandate = battle.honest(granting(battle))
    yield battle.exchange.record(battle.exchange.letter("deputy", header={"mandate": mandate}))


@gets(Reason.MANDATE_NOT_FOR_THIS)
def a_mandate_for_something_else(battle: Battle) -> Records:
    mandate = battle.honest(granting(battle))
    letter = battle.letter("mfy-001")
    said = battle.exchange.say(
        ReminderSent, "clerk", letter=letter, whom="silent", regions=(), cover=None, header={"mandate": mandate}
    )
    yield battle.exchange.record(said)


@gets(Reason.MANDATE_NOT_IN_FORCE)
def a_mandate_that_is_over(battle: Battle) -> Records:
    now = battle.exchange.clock()
    mandate = battle.honest(granting(battle, until_at=now + 1_000))
    battle.pass_time(2_000)
    for signed_at in (now, battle.exchange.clock()):
        yield battle.exchange.record(battle.exchange.letter("clerk", header={"mandate": mandate, "signed_at": signed_at}))


@gets(Reason.MANDATE_REVOKED)
def a_mandate_that_was_taken_back(battle: Battle) -> Records:
    mandate = battle.honest(granting(battle))
    battle.honest(battle.exchange.say(MandateRevoked, "head", mandate=mandate, reason="RETURNED"))
    yield battle.exchange.record(battle.exchange.letter("clerk", header={"mandate": mandate}))


@gets(Reason.OUT_OF_SCOPE)
def calendars_outages_and_mandates_of_registrars_below(battle: Battle) -> Records:
    exchange, now = battle.exchange, battle.exchange.clock()
    outage: dict[str, Any] = {
        "from_at": now - HOUR_MS,
        "until_at": now,
        "organisations": (),
        "regions": (),
        "reason": "POWER",
        "cover": None,
    }
    yield exchange.record(exchange.say(OutageDeclared, "agency-registrar", **outage))
    days: dict[str, Any] = {"rest_weekdays": (6, 7), "holidays": (first_day(YEAR),), "working_days": ()}
    yield exchange.record(exchange.say(CalendarAdopted, "agency-registrar", country="UZ", year=YEAR, version=1, **days))


@gets(Reason.CALENDAR_VERSION_WRONG)
def calendars_whose_version_was_skipped(battle: Battle) -> Records:
    days: dict[str, Any] = {"rest_weekdays": (6, 7), "holidays": (), "working_days": ()}
    for version in (2, 100, 2**31 - 1):
        said = battle.exchange.say(CalendarAdopted, REGISTRAR, country="MN", year=YEAR, version=version, **days)
        yield battle.exchange.record(said)


@gets(Reason.TRANSFER_UNFIT)
def letters_passed_on_to_nowhere(battle: Battle) -> Records:
    letter = battle.letter("mfy-001")
    for to in ("office", "nowhere", "ministry"):
        fields: dict[str, Any] = {
            "letter": letter,
            "recipient": FIRST,
            "to": OrgId(to),
            "reason": "NOT_IN_COMPETENCE",
            "cover": None,
        }
        yield battle.exchange.record(battle.exchange.say(ConsignmentTransferred, "secretary", **fields))


@gets(Reason.NOT_A_RECIPIENT)
def what_only_a_recipient_says_said_by_another(battle: Battle) -> Records:
    exchange, (letter, _) = battle.exchange, acknowledged(battle)
    here: dict[str, Any] = {"letter": letter, "recipient": FIRST}
    passed = {**here, "to": OrgId("mfy-003"), "reason": "NOT_IN_COMPETENCE", "cover": None}
    yield exchange.record(exchange.say(ConsignmentTransferred, "secretary-2", **passed))
    yield exchange.record(exchange.say(ReceiptWithdrawn, "secretary-2", **here, reason="ENTERED_IN_ERROR", cover=None))
    closed = {**here, "how": "noted", "by": None, "case_index": None, "cover": None}
    yield exchange.record(exchange.say(ConsignmentClosed, "secretary-2", **closed))
    yield exchange.record(exchange.say(ConsignmentFetched, "machine", **here))


@gets(Reason.NOT_THE_SENDER)
def what_only_a_sender_says_said_by_another(battle: Battle) -> Records:
    exchange, letter = battle.exchange, battle.letter("mfy-001")
    yield exchange.record(exchange.say(ReminderSent, "secretary", letter=letter, whom="silent", regions=(), cover=None))
    fields: dict[str, Any] = {
        "letter": letter,
        "recipient": FIRST,
        "channel": "by_hand",
        "delivered_at": exchange.clock(),
        "cover": None,
    }
    yield exchange.record(exchange.say(ConsignmentDeliveredOutside, "secretary", **fields))


@gets(Reason.NOT_OWN_REGISTER)
def numbers_of_another_register(battle: Battle) -> Records:
    exchange, (_, receipt) = battle.exchange, acknowledged(battle)
    fields: dict[str, Any] = {"entry": receipt, "reason": "ENTERED_IN_ERROR", "cover": None}
    yield exchange.record(exchange.say(RegistrationVoided, "secretary-2", **fields))
    correction = {**fields, "reason": "WRONG_CASE", "case_index": "01-07"}
    yield exchange.record(exchange.say(RegistrationCorrected, "secretary-2", **correction))


@gets(Reason.ARRIVED_LATER)
def letters_from_outside_that_are_still_to_come(battle: Battle) -> Records:
    exchange = battle.exchange
    for ahead in (HOUR_MS, DAY_MS):
        said = exchange.say(
            LetterReceivedOutside,
            "clerk",
            kind="letter",
            language="uz",
            channel="post",
            written_at=None,
            arrived_at=exchange.clock() + ahead,
            cover=document(f"cover {ahead}", "cover"),
            documents=(document("scan"),),
            references=(),
            case_index=None,
        )
        yield exchange.record(said)
