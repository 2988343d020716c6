"""Bundles of what was said under a mandate: the grant is in them, and nothing is valid without it or with another."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest

from adapters.evidence_bundle import BundleFiles, Proven, enrolment_folder, parse_bundle
from adapters.evidence_mandates import verify_mandate
from adapters.evidence_report import Findings, Gravity, VerdictCode
from adapters.mandates import MandateTerms, mandate_granted
from domain.ids import Digest, OfficerId, OrgId
from domain.reasons import Reason
from schemas.codec import LedgerCodec
from tests.bundled_evidence import Evidence, bundle_of, evidence_exchange, files_in, without_enrolment
from tests.exchanges import tell
from tests.fixed_exchange import DAY_MS

UNDER: Final = "under a mandate"
UNDER_LETTER: Final = "to a deputy"
GRANT: Final = "grant"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    """The exchange in which everything has happened, and then a clerk has acknowledged a letter for another."""
    with evidence_exchange(tmp_path_factory.mktemp("evidence")) as made:
        stand_in(made)
        yield made


def stand_in(made: Evidence) -> None:
    eventful = made.audited.eventful
    exchange, station = eventful.exchange, eventful.station
    helper = exchange.add_officer(station, "helper", "mfy-003", "archivist")
    clerk = exchange.signer("clerk-mfy-003")
    now = station.rehearsal_time
    terms = MandateTerms(
        organisation=OrgId("mfy-003"),
        officer=OfficerId("clerk-mfy-003"),
        deputy=OfficerId("helper"),
        deputy_organisation=OrgId("mfy-003"),
        event_types=("receipt.acknowledged",),
        from_at=now,
        until_at=now + DAY_MS,
        basis_number="12-k",
        basis_at=now,
    )
    (granted,) = tell(station, [mandate_granted(station, clerk, OrgId("mfy-003"), terms)])
    letter = exchange.send(station, "deputy", "mfy-003", subject="For the deputy")
    exchange.officers["helper"] = replace(helper, mandate=granted.identity)
    eventful.letters[UNDER_LETTER] = letter
    eventful.outcomes[GRANT] = granted
    eventful.outcomes[UNDER] = exchange.acknowledge(station, "helper", letter, "mfy-003")
    made.projector.catch_up()


def proven(evidence: Evidence) -> tuple[Proven, Proven]:
    """Return the receipt under a mandate and the mandate's grant, as a verifier reads them."""
    read = parse_bundle(BundleFiles(io.BytesIO(evidence.event(UNDER))), LedgerCodec(), Findings())
    position = evidence.audited.eventful.position(GRANT)
    return read.events[0], next(one for one in read.enrolments if one.position == position)


def found(one: Proven, grants: dict[Digest, Proven]) -> list[Gravity]:
    findings = Findings()
    verify_mandate(one, grants, findings)
    return [finding.gravity for finding in findings.found]


@pytest.mark.parametrize("whole_letter", [False, True], ids=["event", "letter"])
def test_a_bundle_says_for_whom_a_deputy_acted(evidence: Evidence, whole_letter: bool) -> None:
    report = evidence.verify(evidence.letter(UNDER_LETTER, "mfy-003") if whole_letter else evidence.event(UNDER))
    told = next(one.facts for one in report.events if one.facts.type == "receipt.acknowledged")
    assert report.verdict.code is VerdictCode.VALID, report.findings
    assert (told.officer, told.acting_for) == ("helper", "clerk-mfy-003")
    assert told.mandate == evidence.audited.eventful.outcomes[GRANT].identity


def test_without_the_grant_nothing_is_valid(evidence: Evidence) -> None:
    report = evidence.verify(without_enrolment(evidence.event(UNDER), evidence.audited.eventful.position(GRANT)))
    assert report.verdict.code is VerdictCode.UNVERIFIABLE
    assert [one.facts.acting_for for one in report.events] == [None]
    assert "grant of the mandate" in report.verdict.detail


def test_a_grant_that_no_event_names_does_not_belong_into_a_bundle(evidence: Evidence) -> None:
    folder = enrolment_folder(evidence.audited.eventful.position(GRANT))
    grant = {name: content for name, content in files_in(evidence.event(UNDER)).items() if name.startswith(folder)}
    report = evidence.verify(bundle_of({**files_in(evidence.event("acknowledged")), **grant}))
    assert report.verdict.code is VerdictCode.INVALID


@pytest.mark.parametrize(
    "change",
    [
        {"deputy": OfficerId("second-deputy")},
        {"organisation": OrgId("mfy-001")},
        {"event_types": ("letter.dispatched",)},
        {"until_at": 1},
        {"from_at": 4_000_000_000_000},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_grant_that_does_not_cover_the_event_makes_it_invalid(evidence: Evidence, change: dict[str, Any]) -> None:
    event, grant = proven(evidence)
    other = replace(grant, opened=replace(grant.opened, body=replace(grant.opened.body, **change)))
    assert found(event, {grant.opened.identity: grant}) == []
    assert found(event, {grant.opened.identity: other}) == [Gravity.WRONG]


def test_a_grant_after_the_event_or_something_else_is_no_grant(evidence: Evidence) -> None:
    event, grant = proven(evidence)
    later = replace(grant, position=event.position + 1)
    assert found(event, {grant.opened.identity: later}) == [Gravity.MISSING]
    assert found(event, {grant.opened.identity: event}) == [Gravity.MISSING]


def test_of_a_rejected_event_no_grant_is_asked(evidence: Evidence) -> None:
    event, _ = proven(evidence)
    assert found(replace(event, leaf=replace(event.leaf, reason=Reason.MANDATE_REVOKED)), {}) == []
