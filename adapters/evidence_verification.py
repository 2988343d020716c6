"""The verification of an evidence bundle in eight steps, fail-closed, numbered as in formats.md.

It works with a bundle and a trust file and nothing else: neither store nor station, neither clock nor network. Whatever the
bundle says is checked against the trust file, or follows from what is; all findings are listed, not the first only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO, Final

from adapters.evidence_approvals import verify_approvals
from adapters.evidence_bundle import (
    ISSUER,
    PAE,
    SIGNATURE,
    SIGNER,
    VERIFY,
    Bundle,
    BundleFiles,
    Proven,
    document_name,
    parse_bundle,
)
from adapters.evidence_commands import verify_text
from adapters.evidence_facts import Terms, Verified, overall, reports_of
from adapters.evidence_keys import (
    VouchedKey,
    certificate_in,
    enrolments_by_certificate,
    verify_enrolment,
    verify_signatures,
    vouched_by,
    vouchers_needed,
)
from adapters.evidence_later import verify_held, verify_later
from adapters.evidence_letters import addressed_in, concerns, letter_of
from adapters.evidence_logs import pair_of, verify_checkpoint, verify_logged
from adapters.evidence_mandates import verify_mandate
from adapters.evidence_report import CheckpointFacts, EvidenceReport, Findings, Step
from adapters.plain_zip import PlainZipError
from adapters.trust_files import Trust
from domain.checkpoints import CheckpointPair
from domain.codec import Codec
from domain.documents import named_documents
from domain.events import LedgerOpened
from domain.events_mandates import MandateGranted
from domain.header import Document
from domain.ids import ROOT, Digest, OrgId
from domain.ledger_time import MS_PER_S
from domain.reasons import Reason

ABSENT: Final = "document destroyed or absent"
LATER: Final = ("revoked", "superseded", "contested")
"""What only a ledger can tell: without one at hand, these are not checked."""


def verify_bundle(source: BinaryIO, trust: Trust, terms: Terms, codec: Codec) -> EvidenceReport:
    """Return what steps 2 to 8 find of a bundle; `trust` has been verified (step 1). Nothing in a bundle makes this raise."""
    findings = Findings()
    try:
        files = BundleFiles(source)
    except PlainZipError as error:
        findings.wrong(Step.PARSING, "", str(error))
        return _unread(findings, terms)
    bundle = parse_bundle(files, codec, findings)  # step 2
    return _Verification(bundle=bundle, trust=trust, terms=terms, codec=codec, findings=findings).report()


def _unread(findings: Findings, terms: Terms) -> EvidenceReport:
    """Return the report on a file that is no bundle at all."""
    return EvidenceReport(
        verdict=overall((), findings),
        purpose=None,
        utc_offset_minutes=0,
        checkpoint=None,
        events=(),
        findings=tuple(findings.found),
        not_checked=LATER,
        compared_to=terms.later.size if terms.later else None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Verification:
    bundle: Bundle
    trust: Trust
    terms: Terms
    codec: Codec
    findings: Findings
    keys: dict[Digest, VouchedKey] = field(default_factory=dict)
    grants: dict[Digest, Proven] = field(default_factory=dict)
    """The mandates whose grants are sound, by identity."""
    sound: set[Digest] = field(default_factory=set)
    """The documents that are what an event says."""
    measured: dict[Digest, tuple[Digest, int]] = field(default_factory=dict)
    """What each document is: as many events as there are may name the same gigabyte, which is read once."""

    def report(self) -> EvidenceReport:
        bundle, findings = self.bundle, self.findings
        self._require_belonging()
        pair = pair_of(bundle, findings)
        checkpoint = verify_checkpoint(pair, self.trust, findings) if pair else None
        for one in sorted(bundle.enrolments, key=lambda enrolment: enrolment.position):
            self._enrolment(one, pair)
        signers = {one.position: self._event(one, pair) for one in bundle.events}
        sent = None if bundle.is_single else letter_of(bundle.events)
        if sent is not None:
            verify_approvals(bundle.events, sent, self.grants, findings)  # step 6
        self._require_same(VERIFY, verify_text(bundle.events, bundle.enrolments), Step.PARSING, findings)
        if pair is not None:
            self._history(pair, checkpoint)
        reports = reports_of(bundle, Verified(signers=signers, documents=self.sound, grants=self.grants), self.terms, findings)
        genesis = self._genesis()
        return EvidenceReport(
            verdict=overall(reports, findings),
            purpose=genesis.purpose if genesis else None,
            utc_offset_minutes=genesis.utc_offset_minutes if genesis else 0,
            checkpoint=checkpoint,
            events=reports,
            findings=tuple(findings.found),
            not_checked=() if self.terms.later else LATER,
            compared_to=self.terms.later.size if self.terms.later else None,
        )

    def _genesis(self) -> LedgerOpened | None:
        """Return what the ledger's genesis says, if it is in the bundle: its identity is all the proof that it needs."""
        for one in (*self.bundle.enrolments, *self.bundle.events):
            if isinstance(one.opened.body, LedgerOpened) and one.opened.identity == self.trust.identity:
                return one.opened.body
        return None

    def _require_belonging(self) -> None:
        """Step 2: everything in the bundle belongs to it."""
        bundle, findings = self.bundle, self.findings
        needed = vouchers_needed(bundle.events, bundle.enrolments)
        for one in bundle.enrolments:
            if one.position not in needed:
                findings.about(one.position).wrong(Step.PARSING, one.folder, "no event in the bundle needs this enrolment")
        named = {document.sha256 for one in bundle.events for document in named_documents(one.opened.body)}
        for digest in sorted(bundle.documents - named):
            findings.wrong(Step.PARSING, document_name(digest), "no event in the bundle names this document")
        sent = letter_of(bundle.events)
        if bundle.events and not bundle.is_single:
            self._require_one_letter(sent)
        wanted = self.terms.recipient
        if wanted is not None and (sent is None or wanted not in addressed_in(bundle.events, sent)):
            findings.missing(Step.PARSING, "", f"what shows that {wanted} was addressed")

    def _require_one_letter(self, sent: Proven | None) -> None:
        """Step 2: all events are about one letter, and show whoever received it to be addressed."""
        bundle, findings = self.bundle, self.findings
        if sent is None:
            findings.missing(Step.PARSING, "", "the letter's dispatch")
            return
        shown = addressed_in(bundle.events, sent)
        for one in bundle.events:
            recipient: OrgId | None = getattr(one.opened.body, "recipient", None)
            if not concerns(one, sent):
                findings.about(one.position).wrong(Step.PARSING, one.folder, "this event is not about the bundle's letter")
            elif recipient is not None and recipient not in shown:
                findings.about(one.position).missing(Step.PARSING, one.folder, f"what shows that {recipient} was addressed")

    def _enrolment(self, one: Proven, pair: CheckpointPair | None) -> None:
        findings, before = self.findings.about(one.position), len(self.findings.found)
        self._record(one, pair, findings)
        if one.leaf.reason is not Reason.ACCEPTED:  # step 6
            findings.wrong(Step.ACCEPTANCE, one.folder, f"the ledger rejected this enrolment ({one.leaf.reason.name})")
        certificate = certificate_in(one)
        if certificate is not None:  # step 5
            self._require_same(one.folder + SIGNER, certificate, Step.CERTIFICATES, findings)
            with findings.checking(Step.CERTIFICATES, one.folder):
                verify_enrolment(one, self.bundle.files.read(one.folder + ISSUER), self.trust, self.codec)
        if len(self.findings.found) == before:
            with findings.checking(Step.SIGNATURES, one.folder):
                for key in vouched_by(one):
                    self.keys.setdefault(key.digest, key)
            if isinstance(one.opened.body, MandateGranted):
                self.grants.setdefault(one.opened.identity, one)

    def _event(self, one: Proven, pair: CheckpointPair | None) -> tuple[VouchedKey, ...]:
        findings = self.findings.about(one.position)
        signers = self._record(one, pair, findings)
        self._require_same(one.folder + PAE, one.opened.message, Step.SIGNATURES, findings)
        self._require_same(one.folder + SIGNATURE, one.opened.event.signatures[0].signature, Step.SIGNATURES, findings)
        if self.bundle.is_single:
            self._copies(one, findings)
        for document in named_documents(one.opened.body):
            self._document(document, findings)
        return signers

    def _record(self, one: Proven, pair: CheckpointPair | None, findings: Findings) -> tuple[VouchedKey, ...]:
        """Verify a record's signatures (step 3) and that it is in both logs (step 4)."""
        known = self.keys
        if isinstance(one.opened.body, LedgerOpened):
            # The genesis is known by its identity, and brings its own keys.
            with findings.checking(Step.SIGNATURES, one.folder):
                known = {key.digest: key for key in vouched_by(one)}
        signers = verify_signatures(one, known, self.trust, findings)
        if pair is not None:
            verify_logged(one, pair, findings)
        verify_mandate(one, self.grants, findings)  # step 6
        return signers

    def _copies(self, one: Proven, findings: Findings) -> None:
        """Check the copies of the first signer's certificate at the top of a bundle of one event (step 3)."""
        enrolment = enrolments_by_certificate((*self.bundle.enrolments, one)).get(one.opened.body.header.signers[0])
        names = self.bundle.files.names
        if enrolment is not None:
            self._require_same(SIGNER, certificate_in(enrolment) or b"", Step.SIGNATURES, findings)
            if enrolment.folder and enrolment.folder + ISSUER in names:
                with findings.checking(Step.SIGNATURES, enrolment.folder + ISSUER):
                    issuer = self.bundle.files.read(enrolment.folder + ISSUER)
                    self._require_same(ISSUER, issuer, Step.SIGNATURES, findings)
            elif not enrolment.folder:
                with findings.checking(Step.CERTIFICATES, ISSUER):
                    verify_enrolment(one, self.bundle.files.read(ISSUER), self.trust, self.codec)
        elif one.opened.body.header.officer == ROOT:
            for name in names & {SIGNER, ISSUER}:
                findings.wrong(Step.PARSING, name, "a root key has no certificate")

    def _require_same(self, name: str, expected: bytes, step: Step, findings: Findings) -> None:
        """Check a file that follows from others."""
        if name not in self.bundle.files.names:
            findings.missing(Step.PARSING, name, name)
            return
        with findings.checking(step, name):
            if self.bundle.files.read(name) != expected:
                findings.wrong(step, name, "this file is not what follows from the record and the enrolments")

    def _document(self, document: Document, findings: Findings) -> None:
        """Step 7: a document is what the event says, or it is not there."""
        name = document_name(document.sha256)
        if document.sha256 not in self.bundle.documents:
            findings.missing(Step.DOCUMENTS, name, ABSENT)
            return
        with findings.checking(Step.DOCUMENTS, name):
            if document.sha256 not in self.measured:
                self.measured[document.sha256] = self.bundle.files.measure(name)
            if self.measured[document.sha256] == (document.sha256, document.size_bytes):
                self.sound.add(document.sha256)
            else:
                findings.wrong(Step.DOCUMENTS, name, "this document is not the one that the event names")

    def _history(self, pair: CheckpointPair, checkpoint: CheckpointFacts | None) -> None:
        """Step 8: how the checkpoint stands to what the verifier holds, and how old it is."""
        terms, findings = self.terms, self.findings
        if terms.held is not None:
            with findings.checking(Step.HISTORY, ""):
                verify_held(pair, terms.held, self.bundle, terms.later)
        if terms.later is not None:
            with findings.checking(Step.HISTORY, ""):
                verify_later(pair, terms.later)
        if terms.max_age_ms is not None:
            at_s = checkpoint.witnessed_at_s if checkpoint else None
            if at_s is None:
                findings.missing(Step.HISTORY, "", "a witness who says how old the checkpoint is")
            elif terms.now_ms - at_s * MS_PER_S > terms.max_age_ms:
                findings.missing(Step.HISTORY, "", "a checkpoint as fresh as was asked for")
