"""Keys: whose they are, under which certificates, in force or not, contested or not.

Aggregates: `key:<SHA-256 of the SubjectPublicKeyInfo>`, and `certificate:<SHA-256 of the certificate>`, which only points
to its key. What enrols, suspends, resumes and revokes them stands in domain.enrolment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, cast

from domain.changes import Change, State, View
from domain.ids import Digest, OfficerId, kept


class KeyStatus(StrEnum):
    """Whether a key may sign. It holds for the public key under every certificate."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True, slots=True)
class EnrolledCertificate:
    """A certificate of a key: its digest, its validity (milliseconds, bounds inclusive), where it was enrolled."""

    digest: Digest
    not_before_ms: int
    not_after_ms: int
    position: int
    assurance: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Key(State):
    """A public key that was enrolled for an officer, for ever his.

    `status_position` is the event that gave it its status. Events that it signed at or after `contested_from` are
    contested: a compromise was declared back to there.
    """

    digest: Digest
    spki: bytes
    algorithm: str
    officer: OfficerId
    certificates: tuple[EnrolledCertificate, ...]
    status: KeyStatus
    status_position: int
    contested_from: int | None

    def certificate(self, digest: Digest) -> EnrolledCertificate:
        """Return the certificate of this key with that digest; there is one, or the key would not have been found."""
        return next(certificate for certificate in self.certificates if certificate.digest == digest)


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateHolder(State):
    """To which key a certificate belongs."""

    key: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyAdmitted(Change):
    """A certificate of a key was enrolled, the first one or a renewed one."""

    TOPIC: ClassVar[str] = "key.admitted.v1"
    digest: Digest
    spki: bytes
    algorithm: str
    officer: OfficerId
    certificate: EnrolledCertificate

    def mutate(self, aggregate: Key | None) -> Key:
        """Return the key with one more certificate."""
        if aggregate is not None:
            certificates = (*aggregate.certificates, self.certificate)
            return replace(aggregate, version=self.originator_version, certificates=certificates)
        return Key(
            id=self.originator_id,
            version=self.originator_version,
            digest=self.digest,
            spki=self.spki,
            algorithm=self.algorithm,
            officer=self.officer,
            certificates=(self.certificate,),
            status=KeyStatus.ACTIVE,
            status_position=self.certificate.position,
            contested_from=None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateAdmitted(Change):
    """A certificate was enrolled; this is how its digest leads to its key."""

    TOPIC: ClassVar[str] = "certificate.admitted.v1"
    key: Digest

    def mutate(self, aggregate: None) -> CertificateHolder:  # noqa: ARG002 - the first and only change
        """Return whose certificate it is."""
        return CertificateHolder(id=self.originator_id, version=self.originator_version, key=self.key)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyStatusChanged(Change):
    """A key was suspended, resumed or revoked."""

    TOPIC: ClassVar[str] = "key.status_changed.v1"
    status: KeyStatus
    position: int
    contested_from: int | None

    def mutate(self, aggregate: Key) -> Key:
        """Return the key with its new status, and from where on its events are contested."""
        return replace(
            aggregate,
            version=self.originator_version,
            status=self.status,
            status_position=self.position,
            contested_from=self.contested_from,
        )


@kept
def key_id(digest: Digest) -> str:
    """Return the id of the aggregate of the key whose SubjectPublicKeyInfo has this SHA-256."""
    return f"key:{digest.hex()}"


@kept
def certificate_id(digest: Digest) -> str:
    """Return the id of the aggregate that leads from a certificate's SHA-256 to its key."""
    return f"certificate:{digest.hex()}"


def key(view: View, digest: Digest) -> Key | None:
    """Return a key by the SHA-256 of its SubjectPublicKeyInfo, None if it was never enrolled."""
    return cast("Key | None", view.get(key_id(digest)))


def key_of_certificate(view: View, certificate: Digest) -> Key | None:
    """Return the key of an enrolled certificate (named by its SHA-256), in force or not; None if never enrolled."""
    holder = cast("CertificateHolder | None", view.get(certificate_id(certificate)))
    return key(view, holder.key) if holder else None
