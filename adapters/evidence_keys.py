"""Whose the keys of a bundle are: each is vouched for by an event in it, back to the genesis (steps 3 and 5).

The genesis is known by the ledger's identity, which the trust file pins; it vouches for the first registrar and for the roots,
an enrolment for an officer, a change of the roots for new ones. So no key counts because somebody says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapters.evidence_bundle import BundleError, Proven
from adapters.evidence_mandates import named_mandate
from adapters.evidence_report import Findings, SignerFact, Step
from adapters.trust_files import Trust
from domain.certificates import Certificate, CertificateRefusedError, admit_certificate, parse_certificate
from domain.codec import Codec
from domain.enrolment import check_possession
from domain.events import KeyEnrolled, LedgerOpened, RootChanged
from domain.genesis import FIRST_REGISTRAR_ASSURANCE
from domain.header import SignatureValue
from domain.ids import ROOT, ZERO_DIGEST, Digest, OfficerId, sha256
from domain.judge import check_of
from domain.signatures import algorithm_of_key, verify_check


@dataclass(frozen=True, kw_only=True, slots=True)
class VouchedKey:
    """A key that an event of the bundle names: an officer's, under a certificate, or a root key (no certificate)."""

    digest: Digest
    spki: bytes
    algorithm: str
    officer: OfficerId
    position: int
    certificate: Certificate | None
    assurance: str | None

    @property
    def fact(self) -> SignerFact:
        """Whose it is, for the report."""
        until = self.certificate.not_after_ms if self.certificate else None
        return SignerFact(officer=self.officer, certificate=self.digest, assurance=self.assurance, valid_until=until)


VouchedKeys = Mapping[Digest, VouchedKey]
"""The keys that verified events vouch for, by the digest that headers name them by."""


def certificate_in(one: Proven) -> bytes | None:
    """Return the certificate that an event enrols, None if it enrols none."""
    match one.opened.body:
        case KeyEnrolled() as body:
            return body.certificate
        case LedgerOpened() as body:
            return body.registrar.certificate
        case _:
            return None


def named_keys(one: Proven) -> frozenset[Digest]:
    """Return the digests of all keys that an event names, as headers name them."""
    certificate = certificate_in(one)
    roots = one.opened.body.roots if isinstance(one.opened.body, LedgerOpened | RootChanged) else ()
    return frozenset(sha256(raw) for raw in (*roots, *([certificate] if certificate is not None else ())))


def enrolments_by_certificate(enrolments: Iterable[Proven]) -> Mapping[Digest, Proven]:
    """Return the first of these events that enrols each certificate, by its digest."""
    found: dict[Digest, Proven] = {}
    for one in enrolments:
        if (certificate := certificate_in(one)) is not None:
            found.setdefault(sha256(certificate), one)
    return found


def vouchers_needed(events: Iterable[Proven], enrolments: Sequence[Proven]) -> frozenset[int]:
    """Return the positions of the enrolments and mandates that some event needs, directly or for those on whom it rests."""
    first: dict[Digest, Proven] = {}
    for one in sorted(enrolments, key=lambda enrolment: enrolment.position):
        for digest in (one.opened.identity, *named_keys(one)):
            first.setdefault(digest, one)
    needed: dict[int, Proven] = {}
    pending = list(events)
    while pending:
        event = pending.pop()
        named = named_mandate(event)
        for digest in (*event.opened.body.header.signers, *(() if named is None else (named,))):
            voucher = first.get(digest)
            if voucher is not None and voucher.position not in needed:
                needed[voucher.position] = voucher
                pending.append(voucher)
    return frozenset(needed)


def vouched_by(one: Proven) -> Iterator[VouchedKey]:
    """Yield the keys that an event vouches for; raise `CertificateRefusedError` for a certificate that cannot be read."""
    body = one.opened.body
    if isinstance(body, KeyEnrolled):
        yield _officers_key(body.certificate, body.officer, body.assurance, one.position)
    if isinstance(body, LedgerOpened):
        registrar = body.registrar
        yield _officers_key(registrar.certificate, registrar.officer, FIRST_REGISTRAR_ASSURANCE, one.position)
    if isinstance(body, LedgerOpened | RootChanged):
        for spki in body.roots:
            yield VouchedKey(
                digest=sha256(spki),
                spki=spki,
                algorithm=algorithm_of_key(spki),
                officer=ROOT,
                position=one.position,
                certificate=None,
                assurance=None,
            )


def verify_signatures(one: Proven, known: VouchedKeys, trust: Trust, findings: Findings) -> tuple[VouchedKey, ...]:
    """Verify every signature of an event by the keys that are vouched for, and return these (step 3)."""
    header, signatures, where = one.opened.body.header, one.opened.event.signatures, one.folder
    with findings.checking(Step.SIGNATURES, where):
        _require_this_ledger(one, trust)
    if len(set(header.signers)) != len(header.signers) or len(signatures) != len(header.signers):
        findings.wrong(Step.SIGNATURES, where, "it does not bear one signature of each signer")
        return ()
    keys = tuple(_known(signer, known, one, findings) for signer in header.signers)
    for key, value in zip(keys, signatures, strict=True):
        if key is not None:
            with findings.checking(Step.SIGNATURES, where):
                _verify(one, key, value)
    if keys and keys[0] is not None and keys[0].officer != header.officer:
        findings.wrong(Step.SIGNATURES, where, f"it speaks for {header.officer}, and {keys[0].officer} signed it first")
    return tuple(key for key in keys if key is not None)


def verify_enrolment(one: Proven, issuer: bytes, trust: Trust, codec: Codec) -> None:
    """Verify the certificate of an enrolment (step 5) at the ledger time that its verdict says.

    `issuer` must be an authority of the trust file that was not withdrawn before, and the enrolled key must have asked for it.
    Raises `BundleError`, `CertificateRefusedError` or `RejectedError`.
    """
    anchors = {named.anchor.certificate: named.withdrawn_at_ms for named in trust.anchors}
    if issuer not in anchors:
        raise BundleError("the authority that issued the certificate is none of the trust file")
    withdrawn_at = anchors[issuer]
    if withdrawn_at is not None and one.leaf.at > withdrawn_at:
        raise BundleError("the authority was withdrawn before this enrolment")
    raw = certificate_in(one)
    if raw is None:
        raise BundleError("it enrols no certificate")
    certificate = admit_certificate(raw, anchors=(issuer,), at_ms=one.leaf.at)
    if isinstance(one.opened.body, KeyEnrolled):
        _require_request(one.opened.body, certificate, trust, codec)


def issuer_of(one: Proven, trust_anchors: Iterable[bytes]) -> bytes | None:
    """Return the first authority that issued an enrolled certificate directly, None if none of these did."""
    raw = certificate_in(one)
    for anchor in trust_anchors if raw is not None else ():
        try:
            admit_certificate(raw or b"", anchors=(anchor,), at_ms=one.leaf.at)
        except CertificateRefusedError:
            continue
        return anchor
    return None


def _officers_key(der: bytes, officer: OfficerId, assurance: str, position: int) -> VouchedKey:
    certificate = parse_certificate(der)
    return VouchedKey(
        digest=certificate.digest,
        spki=certificate.spki,
        algorithm=certificate.algorithm,
        officer=officer,
        position=position,
        certificate=certificate,
        assurance=assurance,
    )


def _require_this_ledger(one: Proven, trust: Trust) -> None:
    """Raise `BundleError` unless the event was signed for the trust file's ledger, or is its genesis."""
    if isinstance(one.opened.body, LedgerOpened):
        if one.opened.identity != trust.identity or one.opened.body.header.ledger != ZERO_DIGEST:
            raise BundleError(f"it opens another ledger, {one.opened.identity.hex()}")
    elif one.opened.body.header.ledger != trust.identity:
        raise BundleError(f"it was signed for another ledger, {one.opened.body.header.ledger.hex()}")


def _known(signer: Digest, known: VouchedKeys, one: Proven, findings: Findings) -> VouchedKey | None:
    key = known.get(signer)
    is_own = isinstance(one.opened.body, LedgerOpened)
    if key is None or not (key.position < one.position or is_own):
        findings.missing(Step.SIGNATURES, one.folder, f"an earlier enrolment of the key of signer {signer.hex()[:16]}…")
        return None
    return key


def _verify(one: Proven, key: VouchedKey, value: SignatureValue) -> None:
    if value.algorithm != key.algorithm:
        raise BundleError(f"a signature claims {value.algorithm}, and the key of {key.officer} is for {key.algorithm}")
    verify_check(check_of(key.spki, value, one.opened.message))
    certificate = key.certificate
    if one.leaf.reason == 0 and certificate and not certificate.not_before_ms <= one.leaf.at <= certificate.not_after_ms:
        raise BundleError(f"the certificate of {key.officer} was not valid at the event's ledger time")


def _require_request(body: KeyEnrolled, certificate: Certificate, trust: Trust, codec: Codec) -> None:
    request = codec.key_request(body.request)
    if (request.ledger, request.officer, request.public_key) != (trust.identity, body.officer, certificate.spki):
        raise BundleError("the request in it is not one of this officer for this key on this ledger")
    check_possession(body, certificate)
