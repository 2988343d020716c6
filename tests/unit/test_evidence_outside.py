"""Bundles of what concerns the world outside: a clerk's entry is proven, and it is said whose signature is not in the system."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from adapters.evidence_export import write_bundle
from adapters.evidence_report import EvidenceReport, VerdictCode
from cli.errors import UsageError
from cli.languages import Language
from cli.verify_shown import report_data, report_lines
from domain.events_office import ConsignmentDeliveredOutside, LetterReceivedOutside
from domain.ids import LetterId, OrgId
from tests.bundled_evidence import Evidence, bundle_of, evidence_exchange, files_in
from tests.eventful_office import PAPER_OFFICE, eventful_office
from tests.exchanges import MINISTRY

ENTRY: Final = "from outside"
CLOSED: Final = "outside closed"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    with evidence_exchange(tmp_path_factory.mktemp("evidence"), eventful_office) as made:
        made.audited.eventful.letters[ENTRY] = LetterId(made.audited.eventful.outcomes[ENTRY].identity)
        yield made


def bundle_of_events(evidence: Evidence, *positions: int) -> bytes:
    """Return a letter's bundle of the events at these positions."""
    target = io.BytesIO()
    write_bundle(target, evidence.sources(), sorted(positions), single=False)
    return target.getvalue()


def told(report: EvidenceReport) -> list[tuple[str, tuple[str, ...]]]:
    """Return the type and the marks of every event of a bundle."""
    return [(one.facts.type, one.facts.marks) for one in report.events]


def test_the_bundle_of_a_letter_from_outside_proves_its_entry_and_says_that_its_sender_did_not_sign(evidence: Evidence) -> None:
    report = evidence.verify(evidence.letter(ENTRY), recipient=MINISTRY)
    assert (report.verdict.code, report.findings) == (VerdictCode.VALID, ())
    mark = ("signature_outside",)
    assert told(report) == [(LetterReceivedOutside.TYPE, mark), ("letter.dispatched", ()), ("consignment.closed", ())]
    entry, _, closing = (one.facts for one in report.events)
    assert (entry.letter, entry.officer) == (closing.letter, "ministry-clerk")
    assert all(one.held for one in entry.documents)
    assert closing.addressed == "entered"
    data = report_data(Path("bundle"), evidence.trust, report)["events"][0]
    assert (data["marks"], data["register"], data["serial"]) == (mark, "INCOMING", entry.serial)
    lines = "\n".join(report_lines(Path("bundle"), evidence.trust, report, Language.ENGLISH))
    assert "the sender's signature is not in the system  signed by whoever entered it: ministry-clerk (ministry)" in lines


def test_the_entry_alone_is_proven_too(evidence: Evidence) -> None:
    report = evidence.verify(evidence.event(ENTRY))
    assert (report.verdict.code, told(report)) == (VerdictCode.VALID, [(LetterReceivedOutside.TYPE, ("signature_outside",))])


def test_a_letter_from_outside_has_one_recipient(evidence: Evidence) -> None:
    assert files_in(evidence.letter(ENTRY, MINISTRY)).keys() == files_in(evidence.letter(ENTRY)).keys()
    with pytest.raises(UsageError, match="mfy-001 is no recipient of this letter from outside"):
        evidence.letter(ENTRY, "mfy-001")
    report = evidence.verify(evidence.letter(ENTRY), recipient=OrgId("mfy-001"))
    assert report.verdict.code is VerdictCode.UNVERIFIABLE


def test_without_the_entry_its_closing_proves_nothing(evidence: Evidence) -> None:
    report = evidence.verify(bundle_of_events(evidence, evidence.audited.eventful.position(CLOSED)))
    assert report.verdict.code is VerdictCode.UNVERIFIABLE
    assert "the letter's dispatch" in report.verdict.detail


def test_an_entry_of_another_letter_does_not_belong_to_the_bundle(evidence: Evidence) -> None:
    eventful = evidence.audited.eventful
    report = evidence.verify(bundle_of_events(evidence, eventful.position("agreed"), eventful.position(ENTRY)))
    assert report.verdict.code is VerdictCode.INVALID
    assert "not about the bundle's letter" in report.verdict.detail


def test_an_entry_whose_scan_was_exchanged_is_refused(evidence: Evidence) -> None:
    files = files_in(evidence.letter(ENTRY))
    entry = next(one.facts for one in evidence.verify(evidence.letter(ENTRY)).events)
    scan = f"documents/{entry.documents[1].sha256.hex()}"
    report = evidence.verify(bundle_of({**files, scan: b"a" + files[scan][1:]}))
    assert report.verdict.code is VerdictCode.INVALID


def test_the_bundle_of_a_letter_tells_of_its_delivery_outside_that_nobody_signed_for_it(evidence: Evidence) -> None:
    for recipient in (PAPER_OFFICE, None):
        report = evidence.verify(evidence.letter("on paper", recipient))
        assert (report.verdict.code, report.findings) == (VerdictCode.VALID, ())
        assert (ConsignmentDeliveredOutside.TYPE, ("recipient_outside",)) in told(report)
        delivered = next(one.facts for one in report.events if one.facts.type == ConsignmentDeliveredOutside.TYPE)
        assert (delivered.recipient, delivered.addressed, delivered.officer) == (PAPER_OFFICE, "named", "ministry-clerk")
