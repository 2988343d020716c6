"""What fails steps 8 and 9 for mandates: acts under one, grants, revocations. Rules 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from domain.events import LetterDispatched, OfficerRelieved, ReceiptAcknowledged
from domain.events_mandates import MandateGranted, MandateRevoked
from domain.ids import Digest, OfficerId, OrgId, sha256
from domain.reasons import Reason
from tests.court import STEP_MS, Court
from tests.faults.provocation import Provoke, Record, provokes
from tests.fixed_exchange import DAY_MS, HOUR_MS, REGISTRAR, Said, document

LETTERS: Final = (LetterDispatched.TYPE,)
ATTEMPTS: Final[list[tuple[Reason, Provoke]]] = []
"""More attempts, of which none keeps another from being made: one court judges them all (tests/unit/test_mandates.py)."""


def attempts(reason: Reason) -> Callable[[Provoke], Provoke]:
    """Note an attempt with the reason for which it is rejected."""

    def note(attempt: Provoke) -> Provoke:
        ATTEMPTS.append((reason, attempt))
        return attempt

    return note


def granting(court: Court, by: str = "head", **changes: Any) -> Said:
    """Return the mandate of the head (a signatory) to the ministry's clerk, who has not his role, from now for a day."""
    now = court.clock()
    fields: dict[str, Any] = {
        "organisation": OrgId("ministry"),
        "officer": OfficerId("head"),
        "deputy": OfficerId("clerk"),
        "deputy_organisation": OrgId("ministry"),
        "event_types": LETTERS,
        "from_at": now,
        "until_at": now + DAY_MS,
        "basis_number": "12-k",
        "basis_at": now,
        "cover": None,
    }
    return court.exchange.say(MandateGranted, by, **{**fields, **changes})


def granted(court: Court, by: str = "head", **changes: Any) -> Digest:
    """Have a mandate accepted, and return it."""
    return court.accept(granting(court, by, **changes))


def revoking(court: Court, mandate: Digest, by: str = "head", reason: str = "RETURNED") -> Said:
    """Return the revocation of a mandate."""
    return court.exchange.say(MandateRevoked, by, mandate=mandate, reason=reason)


def standing_in(court: Court, mandate: Digest, *who: str, **changes: Any) -> Said:
    """Return a letter that the clerk (or others with him) signs under a mandate."""
    return court.exchange.letter(*(who or ("clerk",)), header={"mandate": mandate, **changes})


def relieved(court: Court, officer: str, organisation: str = "ministry") -> None:
    """Have an officer relieved."""
    court.accept(court.exchange.say(OfficerRelieved, REGISTRAR, officer=OfficerId(officer), organisation=OrgId(organisation)))


@provokes(Reason.MANDATE_UNKNOWN)
def a_mandate_that_nobody_granted(court: Court) -> Record:
    return standing_in(court, sha256(b"forged"))


@attempts(Reason.MANDATE_UNKNOWN)
def a_mandate_named_by_another_events_identity(court: Court) -> Record:
    return standing_in(court, Digest(court.sent()))


@attempts(Reason.MANDATE_UNKNOWN)
def a_mandate_whose_grant_was_rejected(court: Court) -> Record:
    refused = granting(court, deputy=OfficerId("head"))
    assert court.judge(court.exchange.record(refused)).reason is Reason.DEPUTY_UNFIT
    return standing_in(court, court.exchange.identity_of(refused))


@provokes(Reason.MANDATE_OF_ANOTHER)
def a_mandate_of_another_deputy(court: Court) -> Record:
    return standing_in(court, granted(court), "secretary", organisation=OrgId("ministry"))


@attempts(Reason.MANDATE_OF_ANOTHER)
def a_mandate_used_by_its_grantor(court: Court) -> Record:
    return standing_in(court, granted(court), "head")


@provokes(Reason.MANDATE_ELSEWHERE)
def a_mandate_for_another_organisation(court: Court) -> Record:
    return standing_in(court, granted(court), organisation=OrgId("mfy-001"))


@provokes(Reason.MANDATE_NOT_FOR_THIS)
def a_mandate_without_this_type(court: Court) -> Record:
    return standing_in(court, granted(court, event_types=("letter.recalled",)))


@provokes(Reason.MANDATE_REVOKED)
def a_mandate_that_the_grantor_revoked(court: Court) -> Record:
    mandate = granted(court)
    court.accept(revoking(court, mandate))
    return standing_in(court, mandate)


@attempts(Reason.MANDATE_REVOKED)
def a_mandate_that_the_registrar_revoked(court: Court) -> Record:
    mandate = granted(court)
    court.accept(revoking(court, mandate, REGISTRAR))
    return standing_in(court, mandate)


@attempts(Reason.MANDATE_NOT_IN_FORCE)
def a_mandate_that_has_not_begun(court: Court) -> Record:
    return standing_in(court, granted(court, from_at=court.clock() + HOUR_MS))


@provokes(Reason.MANDATE_NOT_IN_FORCE)
def a_mandate_at_the_instant_at_which_it_ends(court: Court) -> Record:
    end = court.clock() + HOUR_MS
    mandate = granted(court, until_at=end)
    court.clock.at_ms = end - STEP_MS
    return standing_in(court, mandate)


@provokes(Reason.DEPUTY_NOT_APPOINTED)
def a_deputy_who_was_relieved(court: Court) -> Record:
    mandate = granted(court)
    relieved(court, "clerk")
    return standing_in(court, mandate)


@provokes(Reason.NOT_APPOINTED)
def a_deputy_whose_grantor_was_relieved(court: Court) -> Record:
    mandate = granted(court)
    relieved(court, "head")
    return standing_in(court, mandate)


@attempts(Reason.ROLE_MISSING)
def a_mandate_for_what_the_grantor_may_not_say_himself(court: Court) -> Record:
    mandate = granted(court, "clerk", officer=OfficerId("clerk"), deputy=OfficerId("machine"))
    return standing_in(court, mandate, "machine")


@attempts(Reason.ROLE_MISSING)
def a_mandate_that_is_to_speak_for_the_second_signer_too(court: Court) -> Record:
    mandate = granted(court, deputy=OfficerId("deputy"))
    return standing_in(court, mandate, "deputy", "clerk")


@provokes(Reason.GRANTOR_SIGNS_TOO)
def a_grantor_who_signs_beside_his_deputy(court: Court) -> Record:
    return standing_in(court, granted(court), "clerk", "head")


@provokes(Reason.NOT_UNDER_A_MANDATE)
def a_grant_under_a_mandate(court: Court) -> Record:
    mandate = granted(court)
    return court.exchange.say(
        MandateGranted,
        "clerk",
        header={"mandate": mandate},
        **{name: getattr(granting(court).body, name) for name in MandateGranted.__slots__},
    )


@attempts(Reason.NOT_UNDER_A_MANDATE)
def an_appointment_under_a_mandate(court: Court) -> Record:
    said = court.exchange.appointment("clerk", "ministry", "signatory")
    return court.exchange.say(
        type(said.body),
        "clerk",
        header={"mandate": granted(court)},
        **{name: getattr(said.body, name) for name in type(said.body).__slots__},
    )


@attempts(Reason.NOT_UNDER_A_MANDATE)
def roots_who_name_a_mandate(court: Court) -> Record:
    said = court.exchange.appointment("second", "ministry", "registrar")
    fields = {name: getattr(said.body, name) for name in type(said.body).__slots__}
    return court.exchange.say_as_roots(type(said.body), header={"mandate": granted(court)}, **fields)


@attempts(Reason.ROLE_MISSING)
def a_mandate_granted_by_somebody_else(court: Court) -> Record:
    return granting(court, "deputy")


@attempts(Reason.ROLE_MISSING)
def a_mandate_granted_from_another_organisation(court: Court) -> Record:
    return granting(court, "secretary")


@attempts(Reason.OUT_OF_SCOPE)
def a_mandate_granted_by_a_registrar_of_others(court: Court) -> Record:
    return granting(court, "agency-registrar")


@attempts(Reason.NOT_FOR_ONESELF)
def a_registrar_who_makes_himself_a_deputy(court: Court) -> Record:
    return granting(court, REGISTRAR, deputy=OfficerId(REGISTRAR))


@provokes(Reason.MANDATE_TYPES_WRONG)
def a_mandate_for_what_registrars_say(court: Court) -> Record:
    return granting(court, event_types=("officer.appointed",))


@attempts(Reason.MANDATE_TYPES_WRONG)
def a_mandate_to_grant_mandates(court: Court) -> Record:
    return granting(court, event_types=("mandate.granted",))


@attempts(Reason.MANDATE_TYPES_WRONG)
def a_mandate_with_a_type_twice(court: Court) -> Record:
    return granting(court, event_types=LETTERS * 2)


@provokes(Reason.MANDATE_TIMES_WRONG)
def a_mandate_that_ends_where_it_begins(court: Court) -> Record:
    at = court.clock() + HOUR_MS
    return granting(court, from_at=at, until_at=at)


@attempts(Reason.MANDATE_TIMES_WRONG)
def a_mandate_that_is_over_already(court: Court) -> Record:
    return granting(court, from_at=court.clock() - DAY_MS, until_at=court.clock() + STEP_MS)


@attempts(Reason.OFFICER_NOT_FOUND)
def a_mandate_of_somebody_who_is_not_appointed_there(court: Court) -> Record:
    return granting(court, REGISTRAR, officer=OfficerId("secretary"))


@provokes(Reason.DEPUTY_UNFIT)
def a_deputy_who_is_the_grantor(court: Court) -> Record:
    return granting(court, deputy=OfficerId("head"))


@attempts(Reason.DEPUTY_UNFIT)
def a_deputy_who_is_not_appointed_where_it_is_said(court: Court) -> Record:
    return granting(court, deputy_organisation=OrgId("mfy-001"))


@attempts(Reason.DOCUMENTS_WRONG)
def a_cover_of_a_mandate_that_is_none(court: Court) -> Record:
    return granting(court, cover=document("text", "main"))


@attempts(Reason.CODE_UNKNOWN)
def a_revocation_for_a_reason_that_nobody_knows(court: Court) -> Record:
    return revoking(court, granted(court), reason="TIRED")


@provokes(Reason.MANDATE_NOT_FOUND)
def a_revocation_of_no_mandate(court: Court) -> Record:
    return revoking(court, sha256(b"forged"), REGISTRAR)


@attempts(Reason.ROLE_MISSING)
def a_revocation_by_the_deputy(court: Court) -> Record:
    return revoking(court, granted(court), "clerk")


@provokes(Reason.MANDATE_ALREADY_REVOKED)
def a_second_revocation(court: Court) -> Record:
    mandate = granted(court)
    court.accept(revoking(court, mandate))
    return revoking(court, mandate)


@attempts(Reason.NOT_A_RECIPIENT)
def a_receipt_under_a_mandate_for_who_received_nothing(court: Court) -> Record:
    mandate = granted(
        court,
        "clerk",
        officer=OfficerId("clerk"),
        deputy=OfficerId("deputy"),
        event_types=(ReceiptAcknowledged.TYPE,),
    )
    letter = court.sent("mfy-001")
    return court.exchange.say(
        ReceiptAcknowledged, "deputy", header={"mandate": mandate}, letter=letter, recipient=OrgId("ministry")
    )
