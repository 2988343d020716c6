"""What a bundle says when nothing is wrong with it: each verdict of formats.md, its facts, and what else is told."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from adapters.certificate_authority import create_authority, new_serial
from adapters.evidence_bundle import BundleFiles, Proven, parse_bundle
from adapters.evidence_facts import Terms
from adapters.evidence_letters import IN_GROUP, NAMED, addressed_in, letter_of
from adapters.evidence_report import Findings, SinceCode, VerdictCode
from adapters.evidence_verification import LATER, verify_bundle
from adapters.keyring import OfficerSigner
from adapters.registration import anchor_added, roots_changed
from adapters.signers import KeySigner
from cli.verify import StationHistory
from domain.events import LetterDispatched
from domain.ids import ROOT, LetterId, OrgId, sha256
from domain.reasons import Reason
from domain.verdicts import RegisterKind
from schemas.codec import LedgerCodec
from tests.audited_exchange import QUORUM, WITNESSES
from tests.bundled_evidence import Evidence, bundle_of, evidence_exchange, files_in
from tests.exchanges import new_signer, tell
from tests.source_tree import ROOT as TREE

DAY_MS = 24 * 3600 * 1000
CODEC = LedgerCodec()


class MeteredFile(io.BytesIO):
    """A file that counts what is read of it."""

    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as any file."""
        piece = super().read(size)
        self.read_bytes += len(piece)
        return piece


class MeteredEvents(tuple[Proven, ...]):
    """Events that count how often somebody goes through them."""

    __slots__ = ()
    passes: ClassVar[int] = 0

    def __iter__(self) -> Iterator[Proven]:
        """Go through them as through any."""
        type(self).passes += 1
        return super().__iter__()


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    with evidence_exchange(tmp_path_factory.mktemp("evidence")) as made:
        yield made


@pytest.fixture(scope="module")
def later(evidence: Evidence) -> StationHistory:
    return StationHistory(station=evidence.audited.eventful.station)


def test_a_letter_with_its_answer_is_valid_and_its_facts_are_those_of_the_ledger(evidence: Evidence) -> None:
    report = evidence.verify(evidence.letter("answered", "mfy-001"))
    assert report.verdict.code is VerdictCode.VALID
    assert report.findings == ()
    dispatch, opened, receipt, *answers = [one.facts for one in report.events]
    assert (dispatch.type, dispatch.organisation, dispatch.officer) == ("letter.dispatched", "ministry", "deputy")
    assert (dispatch.register, dispatch.serial) == (RegisterKind.OUTGOING, 1)
    assert dispatch.subject == "One letter"
    assert [one.role for one in dispatch.documents] == ["cover", "main"]
    assert all(one.held for one in dispatch.documents)
    assert [one.officer for one in dispatch.signers] == ["deputy"]
    assert (receipt.type, receipt.recipient, receipt.addressed) == ("receipt.acknowledged", "mfy-001", NAMED)
    assert receipt.letter == opened.letter == dispatch.letter == LetterId(dispatch.identity)
    assert len(answers) == 2
    store = evidence.audited.eventful.station.parts.store
    for one in report.events:
        verdict = store.verdict(one.facts.position)
        assert verdict is not None
        assert (verdict.at, verdict.identity) == (one.facts.at, one.facts.identity)
    assert (report.purpose, report.utc_offset_minutes) == ("training", 300)


def test_freshness_is_told_by_the_quorum(evidence: Evidence) -> None:
    checkpoint = evidence.verify(evidence.event("acknowledged")).checkpoint
    assert checkpoint is not None
    assert (checkpoint.size, checkpoint.quorum, len(checkpoint.witnesses)) == (evidence.audited.end, QUORUM, len(WITNESSES))
    assert checkpoint.witnessed_at_s == (evidence.now_ms - 60_000) // 1000


def test_a_stale_checkpoint_is_unverifiable_and_a_fresh_one_is_not(evidence: Evidence) -> None:
    bundle = evidence.event("acknowledged")
    assert evidence.verify(bundle, max_age_ms=61_000).verdict.code is VerdictCode.VALID
    report = evidence.verify(bundle, max_age_ms=59_000)
    assert (report.verdict.code, report.verdict.detail) == (VerdictCode.UNVERIFIABLE, "a checkpoint as fresh as was asked for")


def test_nobody_knows_how_old_a_checkpoint_is_without_witnesses(evidence: Evidence) -> None:
    alone = dataclasses.replace(evidence.trust, quorum=0)
    bundle = evidence.event("acknowledged", pair=evidence.audited.pair(witnesses=()))
    assert evidence.verify(bundle, trust=alone).verdict.code is VerdictCode.VALID
    assert evidence.verify(bundle, trust=alone, max_age_ms=DAY_MS).verdict.code is VerdictCode.UNVERIFIABLE


def test_a_circular_shows_by_its_group_who_was_addressed(evidence: Evidence) -> None:
    for recipient in ("mfy-001", None):
        report = evidence.verify(evidence.letter("circular", recipient))
        assert report.verdict.code is VerdictCode.VALID
        receipts = [one.facts for one in report.events if one.facts.recipient]
        assert {one.addressed for one in receipts} <= {IN_GROUP, NAMED}
        assert {one.recipient for one in receipts} == ({"mfy-001"} if recipient else {"mfy-001", "mfy-002", "mfy-004", "mfy-005"})


def test_a_letter_that_names_its_group_hundreds_of_times_is_looked_through_once(evidence: Evidence) -> None:
    bundle = parse_bundle(BundleFiles(io.BytesIO(evidence.letter("circular"))), CODEC, Findings())
    sent = letter_of(bundle.events)
    assert sent is not None
    assert isinstance(sent.opened.body, LetterDispatched)
    groups = [one for one in sent.opened.body.addressees if one.group is not None]
    named = dataclasses.replace(sent.opened.body, addressees=(*sent.opened.body.addressees, *groups * 500))
    greedy = dataclasses.replace(sent, opened=dataclasses.replace(sent.opened, body=named))
    events = MeteredEvents(bundle.events)
    assert addressed_in(events, greedy) == addressed_in(bundle.events, sent)
    assert events.passes == 1


def test_a_document_that_is_named_a_hundred_times_is_read_as_if_it_were_named_once(evidence: Evidence) -> None:
    files, great = files_in(evidence.event("answered")), bytes(1_000_000)
    event = CODEC.envelope(files["record.bin"])
    body = CODEC.body(event.payload_type, event.payload)
    assert isinstance(body, LetterDispatched)
    named = (dataclasses.replace(body.cover, sha256=sha256(great), size_bytes=len(great)),) * 100
    payload = CODEC.encode_body(dataclasses.replace(body, documents=named))
    record = CODEC.encode_envelope(dataclasses.replace(event, payload=payload))
    file = MeteredFile(bundle_of({**files, "record.bin": record, f"documents/{sha256(great).hex()}": great}))
    report = verify_bundle(file, evidence.trust, Terms(now_ms=evidence.now_ms), CODEC)
    assert report.verdict.code is VerdictCode.INVALID
    # Once for the checksums of the whole file, once for its digest.
    assert len(great) < file.read_bytes < 3 * len(great)


def test_whoever_was_silent_has_a_bundle_too(evidence: Evidence) -> None:
    report = evidence.verify(evidence.letter("circular", "mfy-006"))
    assert report.verdict.code is VerdictCode.VALID
    assert [one.facts.type for one in report.events] == ["group.defined", "letter.dispatched", "acknowledgement.missed"]


def test_whoever_asks_is_told_whether_an_organisation_is_shown_to_be_addressed(evidence: Evidence) -> None:
    circular = evidence.letter("circular", "mfy-006")
    for bundle, recipient, code in (
        (circular, "mfy-006", VerdictCode.VALID),
        (circular, "mfy-003", VerdictCode.VALID),
        (circular, "mfy-007", VerdictCode.UNVERIFIABLE),
        (evidence.event("answered"), "mfy-001", VerdictCode.VALID),
        (evidence.event("answered"), "mfy-002", VerdictCode.UNVERIFIABLE),
        # Without the group's parts, only who is named is shown.
        (evidence.event("circular"), "mfy-003", VerdictCode.VALID),
        (evidence.event("circular"), "mfy-006", VerdictCode.UNVERIFIABLE),
        (evidence.event("acknowledged"), "mfy-001", VerdictCode.UNVERIFIABLE),
    ):
        assert evidence.verify(bundle, recipient=OrgId(recipient)).verdict.code is code, recipient


def test_a_successor_answers_for_the_one_it_succeeded(evidence: Evidence) -> None:
    report = evidence.verify(evidence.letter("inherited", "mfy-004"))
    assert report.verdict.code is VerdictCode.VALID
    assert [(one.facts.organisation, one.facts.recipient) for one in report.events[1:]] == [
        ("mfy-005", "mfy-004"),
        ("mfy-005", None),
    ]


def test_a_refusal_brings_its_reason_in_a_cover(evidence: Evidence) -> None:
    report = evidence.verify(evidence.event("circular refused"))
    assert report.verdict.code is VerdictCode.VALID
    assert [one.role for one in report.events[0].facts.documents] == ["cover"]


def test_a_superseded_letter_is_valid_and_says_so(evidence: Evidence, later: StationHistory) -> None:
    by = evidence.audited.eventful.letters["replacement"].hex()
    inside = evidence.verify(evidence.letter("replaced")).verdict
    assert (inside.code, inside.detail) == (VerdictCode.VALID_SUPERSEDED, by)
    alone = evidence.event("replaced")
    assert evidence.verify(alone).verdict.code is VerdictCode.VALID
    known = evidence.verify(alone, later=later).verdict
    assert (known.code, known.detail) == (VerdictCode.VALID_SUPERSEDED, by)
    recalled = evidence.verify(evidence.event("recalled"), later=later)
    assert recalled.verdict.code is VerdictCode.VALID
    assert [one.code for one in recalled.events[0].since] == [SinceCode.RECALLED]


def test_a_contested_letter_is_known_by_the_ledger_only(evidence: Evidence, later: StationHistory) -> None:
    bundle = evidence.event("contested")
    without = evidence.verify(bundle)
    assert (without.verdict.code, without.not_checked, without.compared_to) == (VerdictCode.VALID, LATER, None)
    with_ledger = evidence.verify(bundle, later=later)
    assert (with_ledger.verdict.code, with_ledger.not_checked) == (VerdictCode.CONTESTED, ())
    assert with_ledger.compared_to == evidence.audited.end
    assert [one.code for one in with_ledger.events[0].since] == [SinceCode.COMPROMISED]
    # The same key, but before the time from which it was stolen: it is revoked since, and the letter is good.
    before = evidence.verify(evidence.event("before the theft"), later=later)
    revoked = evidence.audited.eventful.position("revoked")
    assert before.verdict.code is VerdictCode.VALID
    assert [(one.code, one.position, one.officer) for one in before.events[0].since] == [
        (SinceCode.REVOKED, revoked, "second-deputy")
    ]


def test_a_certificate_that_expired_since_takes_nothing_from_a_letter(evidence: Evidence) -> None:
    report = evidence.verify(evidence.event("answered"), now_ms=evidence.now_ms + 500 * DAY_MS)
    assert report.verdict.code is VerdictCode.VALID_EXPIRED


def test_what_was_rejected_is_told_with_its_reason(evidence: Evidence) -> None:
    verdict = evidence.verify(evidence.event("second decision")).verdict
    assert (verdict.code, verdict.detail) == (VerdictCode.REJECTED, Reason.ALREADY_DECIDED.name)


def test_a_destroyed_document_leaves_everything_else_told(evidence: Evidence) -> None:
    files = files_in(evidence.letter("answered", "mfy-001"))
    gone = {name: content for name, content in files.items() if not name.startswith("documents/")}
    report = evidence.verify(bundle_of(gone))
    assert (report.verdict.code, report.verdict.detail) == (VerdictCode.UNVERIFIABLE, "document destroyed or absent")
    codes = [one.verdict.code for one in report.events]
    assert codes == [
        VerdictCode.UNVERIFIABLE,
        VerdictCode.VALID,
        VerdictCode.VALID,
        VerdictCode.UNVERIFIABLE,
        VerdictCode.UNVERIFIABLE,
    ]
    assert report.events[0].facts.serial == 1


def test_a_rejected_letter_without_its_documents_is_still_rejected(evidence: Evidence) -> None:
    files = files_in(evidence.event("clerk sends"))
    gone = {name: content for name, content in files.items() if not name.startswith("documents/")}
    assert evidence.verify(bundle_of(gone)).verdict.code is VerdictCode.REJECTED


def test_an_event_of_the_roots_has_no_certificate(evidence: Evidence) -> None:
    bundle = evidence.event("0")
    report = evidence.verify(bundle)
    assert report.verdict.code is VerdictCode.VALID
    assert [one.officer for one in report.events[0].facts.signers] == ["registrar", "root", "root", "root"]


def test_roots_that_were_named_later_are_vouched_for_by_those_before_them(tmp_path: Path) -> None:
    with evidence_exchange(tmp_path) as evidence:
        exchange, station = evidence.audited.eventful.exchange, evidence.audited.eventful.station
        new = new_signer()

        def as_roots(*roots: KeySigner) -> tuple[OfficerSigner, ...]:
            return tuple(OfficerSigner(officer=ROOT, certificate=sha256(root.spki), signer=root) for root in roots)

        keys = (exchange.roots[0].spki, new.spki)
        tell(station, [roots_changed(station, as_roots(*exchange.roots[:2]), keys=keys, threshold=2)])
        authority = create_authority(new.key, name="another authority", at_ms=exchange.now_ms(), serial=new_serial())
        (added,) = tell(station, [anchor_added(station, as_roots(exchange.roots[0], new), certificate=authority.certificate)])
        evidence.projector.catch_up()
        bundle = evidence.event(str(added.verdict.position))
        assert {name.split("/")[1] for name in files_in(bundle) if name.startswith("enrolment/")} == {
            "0",
            str(added.verdict.position - 1),
        }
        report = evidence.verify(bundle)
        assert (report.verdict.code, [one.officer for one in report.events[0].facts.signers]) == (VerdictCode.VALID, [ROOT, ROOT])
        without = {name: one for name, one in files_in(bundle).items() if f"/{added.verdict.position - 1}/" not in name}
        assert evidence.verify(bundle_of(without)).verdict.code is VerdictCode.INVALID


def test_a_ledger_at_hand_that_ends_before_the_checkpoint_cannot_tell(evidence: Evidence, later: StationHistory) -> None:
    class Short:
        size = 5
        view = later.view
        roots_at = later.roots_at

    report = evidence.verify(evidence.event("acknowledged"), later=Short())
    assert report.verdict.code is VerdictCode.UNVERIFIABLE
    assert "it ends at 5" in report.verdict.detail


def test_the_verifier_knows_neither_store_nor_station() -> None:
    loaded = (
        "import sys, adapters.evidence_verification\n"
        "print([name for name in sys.modules if name.startswith(('adapters.store', 'adapters.station', 'adapters.ledger_', "
        "'sqlalchemy', 'kafka', 'cli', 'projections'))])"
    )
    done = subprocess.run([sys.executable, "-c", loaded], cwd=TREE, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
