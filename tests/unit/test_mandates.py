"""Acting under a mandate: what it lets a deputy say, from which instant to which, and under which rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import mandates
from domain.catalogue import EVENT_TYPES
from domain.events import ReceiptAcknowledged
from domain.exchange import MANDATE_EMPTY
from domain.ids import Digest, OfficerId, OrgId
from domain.mandate_rules import MANDATE_COVERS_IT, UNDER_NO_MANDATE
from domain.reasons import Reason
from domain.rulebook import RULES_1, RULES_2, RULES_3
from domain.verdicts import Verdict
from tests.court import STEP_MS, Court
from tests.faults.provoked_mandates import ATTEMPTS, granted, granting, revoking, standing_in
from tests.fixed_exchange import DAY_MS, REGISTRAR, Said


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Court:
    made = Court.founded(tmp_path_factory.mktemp("court"))
    made.close()
    return made


@pytest.fixture
def court(founded: Court, tmp_path: Path) -> Iterator[Court]:
    made = founded.copied(tmp_path)
    yield made
    made.close()


def judged_at(court: Court, at_ms: int, mandate: Digest) -> Verdict:
    """Return the verdict on a letter under a mandate whose ledger time is exactly that."""
    court.clock.at_ms = at_ms - STEP_MS
    return court.judge(court.exchange.record(standing_in(court, mandate)))


def test_a_deputy_says_what_only_the_grantor_may(court: Court) -> None:
    refused = court.judge(court.exchange.record(court.exchange.letter("clerk")))
    accepted = court.judge(court.exchange.record(standing_in(court, granted(court))))
    assert (refused.reason, accepted.reason) == (Reason.ROLE_MISSING, Reason.ACCEPTED)
    assert accepted.number is not None


def test_a_mandate_holds_from_its_first_instant_to_before_its_last(court: Court) -> None:
    begins, ends = court.clock() + DAY_MS, court.clock() + 2 * DAY_MS
    mandate = granted(court, from_at=begins, until_at=ends)
    told = [judged_at(court, at, mandate).reason for at in (begins - 1, begins, ends - 1, ends)]
    assert told == [Reason.MANDATE_NOT_IN_FORCE, Reason.ACCEPTED, Reason.ACCEPTED, Reason.MANDATE_NOT_IN_FORCE]


def test_nobody_gains_a_right_by_a_mandate_that_does_not_give_it(court: Court) -> None:
    for reason, attempt in ATTEMPTS:
        said = attempt(court)
        assert isinstance(said, Said)
        assert (attempt, court.judge(court.exchange.record(said)).reason) == (attempt, reason)


def test_what_was_said_before_a_revocation_stays_said(court: Court) -> None:
    mandate = granted(court)
    letter = court.accept(standing_in(court, mandate))
    court.accept(revoking(court, mandate))
    revoked = court.judge(court.exchange.record(standing_in(court, mandate)))
    assert (revoked.reason, revoked.because) == (Reason.MANDATE_REVOKED, court.ledger.end() - 2)
    entry = court.station.parts.store.position_of(letter)
    assert entry is not None
    kept = court.station.parts.store.verdict(entry)
    assert kept is not None
    assert kept.is_accepted


def test_a_registrar_grants_for_an_officer_below_him_and_the_officer_ends_it(court: Court) -> None:
    mandate = granted(
        court,
        REGISTRAR,
        organisation=OrgId("mfy-001"),
        officer=OfficerId("secretary"),
        deputy=OfficerId("chair"),
        deputy_organisation=OrgId("mfy-001"),
        event_types=(ReceiptAcknowledged.TYPE,),
    )
    letter = court.sent("mfy-001")
    court.accept(
        court.exchange.say(ReceiptAcknowledged, "chair", header={"mandate": mandate}, letter=letter, recipient=OrgId("mfy-001")),
        revoking(court, mandate, "secretary"),
    )
    found = mandates.mandate(court.station.view, mandate)
    assert found is not None
    assert found.revoked_position == court.ledger.end() - 1


def test_a_deputy_of_another_organisation_speaks_there_under_the_mandate_and_nowhere_else(court: Court) -> None:
    mandate = granted(court, deputy=OfficerId("secretary"), deputy_organisation=OrgId("mfy-001"))
    court.accept(standing_in(court, mandate, "secretary", organisation=OrgId("ministry")))
    elsewhere = court.judge(court.exchange.record(standing_in(court, mandate, "secretary")))
    assert elsewhere.reason is Reason.MANDATE_ELSEWHERE


def test_a_second_signer_with_a_role_of_his_own_signs_beside_a_deputy(court: Court) -> None:
    court.accept(standing_in(court, granted(court), "clerk", "deputy"))


def test_a_mandate_that_is_renewed_is_another_mandate(court: Court) -> None:
    first = granted(court)
    court.accept(revoking(court, first))
    court.accept(standing_in(court, granted(court)))


@pytest.mark.parametrize("rules", [1, 2])
def test_earlier_rules_know_no_mandates(tmp_path: Path, rules: int) -> None:
    court = Court.founded(tmp_path / "court", rules=rules)
    said = granting(court)
    grant = court.judge(court.exchange.record(said))
    act = court.judge(court.exchange.record(standing_in(court, court.exchange.identity_of(said))))
    court.close()
    assert (grant.reason, act.reason) == (Reason.TYPE_UNKNOWN, Reason.NOT_IN_THESE_RULES)


def test_every_rule_says_once_whether_a_mandate_may_be_named() -> None:
    for rules in (RULES_1, RULES_2):
        assert all(rule.authority.count(MANDATE_EMPTY) == 1 for rule in rules.values())
    for event, rule in RULES_3.items():
        asked = [one for one in rule.authority if one in (MANDATE_EMPTY, MANDATE_COVERS_IT, UNDER_NO_MANDATE)]
        assert asked == [MANDATE_COVERS_IT if event.TYPE in mandates.MANDATE_TYPES else UNDER_NO_MANDATE]


def test_a_mandate_can_name_only_events_of_the_catalogue() -> None:
    assert {event.TYPE for event in EVENT_TYPES} >= mandates.MANDATE_TYPES
