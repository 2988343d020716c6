"""Enrolment of keys, and what ends or interrupts it: the rules of `key.enrolled`, `suspended`, `resumed`, `revoked`.

The registrar above the officer's home says them; for registrars of the first organisation the roots; and an officer may
suspend or revoke the key he signs with, which contests nothing that it signed before.
"""

from __future__ import annotations

import functools
from typing import Final

from domain import directory
from domain.authority import SPEAKER, concerns_first_registrar, registrar_or_roots
from domain.certificates import Certificate, CertificateRefusedError, admit_certificate
from domain.changes import Change
from domain.codec import KEY_REQUEST_PAYLOAD_TYPE
from domain.errors import RejectedError
from domain.events import KeyEnrolled, KeyResumed, KeyRevoked, KeySuspended
from domain.exchange import MANDATE_EMPTY, exchange, roots_speak
from domain.ids import Digest, OfficerId, OrgId, sha256
from domain.keys import (
    CertificateAdmitted,
    EnrolledCertificate,
    Key,
    KeyAdmitted,
    KeyStatus,
    KeyStatusChanged,
    certificate_id,
    key,
    key_id,
    key_of_certificate,
)
from domain.reasons import Reason
from domain.rules import Case, Rule, Signers, forbids, requires, stamp
from domain.signatures import SignatureInvalidError, pae, verify_signature

TEMPORARY: Final = "temporary"
ASSURANCES: Final = frozenset({"token", "file", TEMPORARY})
TEMPORARY_LIMIT_MS: Final = 90 * 24 * 3600 * 1000
"""A person not yet identified face to face is trusted for at most 90 days (events.md, `key.enrolled`)."""
COMPROMISED: Final = "COMPROMISED"
KEY_REASONS: Final = frozenset({COMPROMISED, "LOST", "REPLACED", "RELIEVED", "CEASED", "OTHER"})
RESUME_REASONS: Final = frozenset({"FOUND", "CLEARED", "OTHER"})


def _home_of_officer(case: Case) -> tuple[OrgId, ...]:
    officer = directory.officer(case.view, case.body.officer)
    return (officer.home,) if officer else ()


REGISTRAR_OR_ROOTS: Final = registrar_or_roots(_home_of_officer)


def _registrar_roots_or_oneself(case: Case) -> None:
    """A registrar above the officer's home says it, the roots of a first registrar, or himself of the key he signs with."""
    header = case.body.header
    if concerns_first_registrar(case):
        roots_speak(case)
    elif header.officer == case.body.officer:
        for precondition in SPEAKER:
            precondition.check(case)
        signing = key_of_certificate(case.view, header.signers[0])
        if signing is None or signing.digest != case.body.key or case.body.since is not None:
            raise RejectedError(Reason.NOT_FOR_ONESELF)
    else:
        for precondition in REGISTRAR_OR_ROOTS[1:]:
            precondition.check(case)


_STOP_AUTHORITY: Final = (
    MANDATE_EMPTY,
    forbids(
        tuple(reason for precondition in REGISTRAR_OR_ROOTS[1:] for reason in precondition.reasons),
        _registrar_roots_or_oneself,
    ),
)


def _assurance_is_known(case: Case) -> bool:
    """The assurance is a code of these rules."""
    return case.body.assurance in ASSURANCES


def _officer_was_appointed(case: Case) -> bool:
    """The officer was appointed at an earlier position."""
    return directory.officer(case.view, case.body.officer) is not None


def _admit(case: Case) -> Certificate:
    anchors = tuple(anchor.certificate for anchor in exchange(case.view).anchors)
    return _admit_once(case.body.certificate, anchors, case.at)


@functools.lru_cache(maxsize=64)
def _admit_once(certificate: bytes, anchors: tuple[bytes, ...], at_ms: int) -> Certificate:
    # Several preconditions need what the first of them found out; the answer depends on nothing but the arguments.
    return admit_certificate(certificate, anchors=anchors, at_ms=at_ms)


def _certificate_is_admitted(case: Case) -> None:
    """The certificate passes the admission check (formats.md, "Signatures and certificates") at this ledger time."""
    try:
        _admit(case)
    except CertificateRefusedError as error:
        raise RejectedError(error.reason, str(error)) from error


def _certificate_is_new(case: Case) -> bool:
    """The certificate is not enrolled already."""
    return case.view.get(certificate_id(sha256(case.body.certificate))) is None


def _temporary_is_short(case: Case) -> bool:
    """A temporary certificate is valid for at most 90 days."""
    admitted = _admit(case)
    short = admitted.not_after_ms - admitted.not_before_ms <= TEMPORARY_LIMIT_MS
    return short or bool(case.body.assurance != TEMPORARY)


def _request_agrees(case: Case) -> None:
    """The officer's request is canonical, and names this ledger, this officer and the certificate's key."""
    body = case.body
    request = case.codec.key_request(body.request)
    wanted = (exchange(case.view).identity, body.officer, _admit(case).spki)
    if (request.ledger, request.officer, request.public_key) != wanted:
        raise RejectedError(Reason.REQUEST_MISMATCH)


def _request_is_signed(case: Case) -> None:
    """The new key's signature over the request verifies: its holder asked for this."""
    check_possession(case.body, _admit(case))


def check_possession(body: KeyEnrolled, certificate: Certificate) -> None:
    """Raise `RejectedError` (REQUEST_SIGNATURE_WRONG) unless the certificate's key signed the request."""
    try:
        verify_signature(
            algorithm=body.request_algorithm,
            spki=certificate.spki,
            signature=body.request_signature,
            message=pae(KEY_REQUEST_PAYLOAD_TYPE, body.request),
        )
    except SignatureInvalidError as error:
        raise RejectedError(Reason.REQUEST_SIGNATURE_WRONG, str(error)) from error


def _key_is_nobody_elses(case: Case) -> bool:
    """The public key was never enrolled for another officer, and is no root key."""
    digest = sha256(_admit(case).spki)
    known = key(case.view, digest)
    return (known is None or known.officer == case.body.officer) and exchange(case.view).root_key(digest) is None


def _key_was_not_revoked(case: Case) -> None:
    """The public key was never revoked."""
    known = key(case.view, sha256(_admit(case).spki))
    if known is not None and known.status is KeyStatus.REVOKED:
        raise RejectedError(Reason.KEY_WAS_REVOKED, because=known.status_position)


def admitted(case: Case, officer: OfficerId, certificate: Certificate, assurance: str) -> tuple[Change, ...]:
    """Return the changes that enrol a certificate for an officer."""
    digest = sha256(certificate.spki)
    enrolled = EnrolledCertificate(
        digest=certificate.digest,
        not_before_ms=certificate.not_before_ms,
        not_after_ms=certificate.not_after_ms,
        position=case.position,
        assurance=assurance,
    )
    admitted_key = KeyAdmitted(
        **stamp(case, key_id(digest), case.view.get(key_id(digest))),
        digest=digest,
        spki=certificate.spki,
        algorithm=certificate.algorithm,
        officer=officer,
        certificate=enrolled,
    )
    return admitted_key, CertificateAdmitted(**stamp(case, certificate_id(certificate.digest), None), key=digest)


def _enrol(case: Case) -> tuple[Change, ...]:
    return admitted(case, case.body.officer, _admit(case), case.body.assurance)


def _own_key(case: Case) -> Key | None:
    found = key(case.view, Digest(case.body.key))
    return found if found is not None and found.officer == case.body.officer else None


def _key_is_the_officers(case: Case) -> bool:
    """The officer has this key."""
    return _own_key(case) is not None


def _reason_is_known(case: Case) -> bool:
    """The reason is a code of these rules."""
    return case.body.reason in KEY_REASONS


def _resume_reason_is_known(case: Case) -> bool:
    """The reason is a code of these rules."""
    return case.body.reason in RESUME_REASONS


def _since_is_right(case: Case) -> bool:
    """`since` is given for a compromise only, and is not after this position."""
    since = case.body.since
    return since is None or (case.body.reason == COMPROMISED and since <= case.position)


def _key_is_active(case: Case) -> None:
    """The key is in force."""
    _require_status(case, {KeyStatus.ACTIVE}, Reason.KEY_NOT_ACTIVE)


def _key_is_suspended(case: Case) -> None:
    """The key is suspended."""
    _require_status(case, {KeyStatus.SUSPENDED}, Reason.KEY_NOT_SUSPENDED)


def _key_is_not_revoked(case: Case) -> None:
    """The key is not revoked already."""
    _require_status(case, {KeyStatus.ACTIVE, KeyStatus.SUSPENDED}, Reason.KEY_WAS_REVOKED)


def _require_status(case: Case, allowed: set[KeyStatus], reason: Reason) -> None:
    found = _own_key(case)
    if found is not None and found.status not in allowed:
        raise RejectedError(reason, f"the key is {found.status}", because=found.status_position)


def contested_after(body: KeySuspended | KeyRevoked, before: int | None, first_enrolled: int) -> int | None:
    """Return from where on a key's events are contested after it was stopped; once contested, they stay so.

    `before` is from where they were contested already, `first_enrolled` the position of the key's first enrolment.
    """
    if body.reason != COMPROMISED or body.header.officer == body.officer:
        return before
    since = body.since if body.since is not None else first_enrolled
    return since if before is None else min(since, before)


def _stop(case: Case, status: KeyStatus) -> tuple[Change, ...]:
    now = _own_key(case)
    if now is None:
        raise RejectedError(Reason.KEY_NOT_OF_OFFICER)
    contested_from = contested_after(case.body, now.contested_from, now.certificates[0].position)
    return (KeyStatusChanged(**stamp(case, now.id, now), status=status, position=case.position, contested_from=contested_from),)


def _suspend(case: Case) -> tuple[Change, ...]:
    return _stop(case, KeyStatus.SUSPENDED)


def _revoke(case: Case) -> tuple[Change, ...]:
    return _stop(case, KeyStatus.REVOKED)


def _resume(case: Case) -> tuple[Change, ...]:
    now = _own_key(case)
    if now is None:
        raise RejectedError(Reason.KEY_NOT_OF_OFFICER)
    return (
        KeyStatusChanged(
            **stamp(case, now.id, now),
            status=KeyStatus.ACTIVE,
            position=case.position,
            contested_from=now.contested_from,
        ),
    )


_CERTIFICATE_REASONS: Final = tuple(reason for reason in Reason if 910 <= reason <= 918)  # noqa: PLR2004 - the admission check's
_KEY_FOUND: Final = requires(Reason.KEY_NOT_OF_OFFICER, _key_is_the_officers)
_SINCE: Final = requires(Reason.SINCE_WRONG, _since_is_right)
_REASON: Final = requires(Reason.CODE_UNKNOWN, _reason_is_known)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=KeyEnrolled,
        signers=Signers.ONE_OR_ROOTS,
        authority=REGISTRAR_OR_ROOTS,
        preconditions=(
            requires(Reason.CODE_UNKNOWN, _assurance_is_known),
            requires(Reason.OFFICER_NOT_FOUND, _officer_was_appointed),
            forbids(_CERTIFICATE_REASONS, _certificate_is_admitted),
            requires(Reason.CERTIFICATE_ALREADY_ENROLLED, _certificate_is_new),
            requires(Reason.CERTIFICATE_TOO_LONG_FOR_TEMPORARY, _temporary_is_short),
            forbids((Reason.REQUEST_MALFORMED, Reason.REQUEST_MISMATCH), _request_agrees),
            forbids((Reason.REQUEST_SIGNATURE_WRONG,), _request_is_signed),
            requires(Reason.KEY_OF_ANOTHER_OFFICER, _key_is_nobody_elses),
            forbids((Reason.KEY_WAS_REVOKED,), _key_was_not_revoked),
        ),
        changes=_enrol,
    ),
    Rule(
        event=KeySuspended,
        signers=Signers.ONE_OR_ROOTS,
        authority=_STOP_AUTHORITY,
        preconditions=(_REASON, _KEY_FOUND, _SINCE, forbids((Reason.KEY_NOT_ACTIVE,), _key_is_active)),
        changes=_suspend,
    ),
    Rule(
        event=KeyRevoked,
        signers=Signers.ONE_OR_ROOTS,
        authority=_STOP_AUTHORITY,
        preconditions=(_REASON, _KEY_FOUND, _SINCE, forbids((Reason.KEY_WAS_REVOKED,), _key_is_not_revoked)),
        changes=_revoke,
    ),
    Rule(
        event=KeyResumed,
        signers=Signers.ONE_OR_ROOTS,
        authority=REGISTRAR_OR_ROOTS,
        preconditions=(
            requires(Reason.CODE_UNKNOWN, _resume_reason_is_known),
            _KEY_FOUND,
            forbids((Reason.KEY_NOT_SUSPENDED,), _key_is_suspended),
        ),
        changes=_resume,
    ),
)
