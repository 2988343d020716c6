"""An exchange of which every byte is fixed: keys made from names, times and event ids counted, signatures without randomness.

It says what officers and roots say, rightly or wrongly, and signs it; where the records go is for others (`tests.court`).
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from adapters.certificate_authority import create_authority, issue_certificate
from adapters.follower import held_schema_digests
from adapters.key_files import PrivateKey
from adapters.key_requests import SignedRequest, make_request
from adapters.keyring import OfficerSigner
from adapters.signers import Signer, signer_of
from adapters.submitting import sign_payload
from domain.catalogue import payload_type_of
from domain.directory import CONNECTED
from domain.events import (
    Access,
    Addressee,
    Body,
    FirstRegistrar,
    KeyEnrolled,
    LedgerOpened,
    LetterDispatched,
    OfficerAppointed,
    OrganisationEntry,
    OrganisationRegistered,
    References,
)
from domain.header import Document, Header, LocalName, SignedEvent
from domain.ids import ROOT, ZERO_DIGEST, Digest, EventId, OfficerId, OrgId, sha256
from domain.rulebook import NEWEST_RULES
from domain.signatures import P256_ORDER, pae
from schemas.codec import LedgerCodec

START_MS: Final = 1_795_521_600_000
"""24 November 2026, 12:00 UTC: when the ledger is founded."""
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
NOT_AFTER_MS: Final = 30 * DAY_MS
MINISTRY: Final = OrgId("ministry")
REGISTRAR: Final = "registrar"
ROOTS: Final = ("root-1", "root-2", "root-3")
THRESHOLD: Final = 2
EDWARDS: Final = frozenset({"root-2", "head", "secretary-2", "agency-registrar"})
"""Who signs with Ed25519."""
NO_REFERENCES: Final = References(answers=(), follows=(), replaces=(), relates=())


class Clock:
    """A clock that a test sets; it stands for the ledger's clock and for every station's."""

    def __init__(self, at_ms: int = START_MS) -> None:
        self.at_ms = at_ms

    def __call__(self) -> int:
        """Return the time."""
        return self.at_ms


@dataclass(frozen=True, kw_only=True, slots=True)
class FixedSigner:
    """A P-256 key whose signatures are those of RFC 6979: the same for the same message."""

    key: ec.EllipticCurvePrivateKey
    spki: bytes
    algorithm: str
    certificate: bytes | None = None

    def sign(self, message: bytes) -> bytes:
        """Return the one signature of this key over a message."""
        return self.key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A body, and the keys that sign it."""

    body: Body
    signers: tuple[OfficerSigner, ...]


def edwards_key(name: str) -> Ed25519PrivateKey:
    """Return the Ed25519 key of a name."""
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()))


def p256_key(name: str) -> ec.EllipticCurvePrivateKey:
    """Return the P-256 key of a name."""
    return ec.derive_private_key(int.from_bytes(sha256(name.encode()), "big") % (P256_ORDER - 1) + 1, ec.SECP256R1())


def fixed_signer(key: PrivateKey) -> Signer:
    """Return a signer whose signatures depend on nothing but key and message."""
    signer = signer_of(key)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return FixedSigner(key=key, spki=signer.spki, algorithm=signer.algorithm)
    return signer


@functools.cache
def shared_codec() -> LedgerCodec:
    """Return the codec, which knows nothing of any ledger and takes long to make."""
    return LedgerCodec()


def local_name(text: str) -> LocalName:
    """Return a name in English."""
    return LocalName(language="en", text=text)


def entry(organisation: str, parent: str | None = MINISTRY, **changes: Any) -> OrganisationEntry:
    """Return what the directory is to say of an organisation: a connected committee, unless `changes` say otherwise."""
    made = OrganisationEntry(
        organisation=OrgId(organisation),
        names=(local_name(organisation),),
        kind="committee",
        parent=OrgId(parent) if parent else None,
        identifiers=(),
        regions=(),
        postal_address="",
        electronic_address="",
        connection=CONNECTED,
        acknowledge_days=0,
    )
    return replace(made, **changes)


def document(text: str, role: str = "main", **changes: Any) -> Document:
    """Return the entry of a document with this text."""
    content = text.encode()
    made = Document(sha256=sha256(content), size_bytes=len(content), media_type="text/plain", role=role, encryption=None)
    return replace(made, **changes)


def addressee(organisation: str, capacity: str = "action") -> Addressee:
    """Return an organisation as an addressee."""
    return Addressee(organisation=OrgId(organisation), group=None, capacity=capacity, attention=None)


class FixedExchange:
    """The keys of roots, authority and officers, and everything they say. `clock` is the time at which they say it."""

    def __init__(self, clock: Clock, *, name: str = "fixed", purpose: str = "training", rules: int = NEWEST_RULES) -> None:
        self.clock = clock
        self.name = name
        self.purpose = purpose
        self.rules = rules
        self.codec = shared_codec()
        self.authority = create_authority(edwards_key(f"{name} authority"), name=f"{name} authority", at_ms=clock(), serial=1)
        self.signers: dict[str, OfficerSigner] = {}
        self.homes: dict[str, str] = {}
        self.count = 0
        self.identity = ZERO_DIGEST
        for root in ROOTS:
            self.add_root(root)
        registrar = self.new_key(REGISTRAR)
        self.first_certificate = self.certificate(registrar, REGISTRAR)
        self.hold(REGISTRAR, registrar, self.first_certificate, MINISTRY)
        self.opening = self.genesis()
        self.identity = self.identity_of(self.opening)

    def copied(self, clock: Clock) -> FixedExchange:
        """Return an exchange that goes on from here by another clock, and changes nothing of this one."""
        other = copy.copy(self)
        other.clock, other.signers, other.homes = clock, dict(self.signers), dict(self.homes)
        return other

    def new_key(self, name: str) -> Signer:
        """Return the key of a name: P-256, but for a few."""
        make = edwards_key if name in EDWARDS else p256_key
        return fixed_signer(make(f"{self.name} {name}"))

    def add_root(self, name: str) -> Signer:
        """Make a key that can sign as a root key, and return it."""
        key = self.new_key(name)
        self.signers[name] = OfficerSigner(officer=ROOT, certificate=sha256(key.spki), signer=key)
        self.homes[name] = ""
        return key

    def hold(self, name: str, key: Signer, certificate: bytes, organisation: str, officer: str | None = None) -> None:
        """Let a name sign with a key under a certificate, for an organisation, in the person of an officer (itself)."""
        self.signers[name] = OfficerSigner(officer=OfficerId(officer or name), certificate=sha256(certificate), signer=key)
        self.homes[name] = organisation

    def certificate(self, key: Signer, officer: str, *, organisation: str = MINISTRY, days: int = 365) -> bytes:
        """Return a certificate of the exchange's authority, valid from ten minutes ago."""
        self.count += 1
        return issue_certificate(
            self.authority,
            spki=key.spki,
            officer=OfficerId(officer),
            organisation=OrgId(organisation),
            at_ms=self.clock(),
            days=days,
            serial=self.count,
        )

    def header(self, organisation: str, signers: tuple[OfficerSigner, ...]) -> Header:
        """Return a header with the next event id."""
        self.count += 1
        return Header(
            ledger=self.identity,
            event_id=EventId(self.count.to_bytes(16, "big")),
            organisation=OrgId(organisation),
            officer=signers[0].officer,
            mandate=None,
            signers=tuple(signer.certificate for signer in signers),
            signed_at=self.clock(),
            not_after=self.clock() + NOT_AFTER_MS,
            seen=None,
        )

    def say(self, event: type[Body], /, *who: str, header: Mapping[str, Any] | None = None, **fields: Any) -> Said:
        """Return what the holders of these keys say for the first one's organisation; `header` changes their header."""
        signers = tuple(self.signers[name] for name in who)
        made = replace(self.header(self.homes[who[0]], signers), **(header or {}))
        return Said(body=event(header=made, **fields), signers=signers)

    def say_as_roots(self, event: type[Body], /, **fields: Any) -> Said:
        """Return what as many roots say as are needed."""
        return self.say(event, *ROOTS[:THRESHOLD], **fields)

    def event(self, said: Said) -> SignedEvent:
        """Return something said as its envelope."""
        return sign_payload(self.codec, said.body, [signer.signer for signer in said.signers])

    def record(self, said: Said) -> bytes:
        """Return something said as its record."""
        return self.codec.encode_envelope(self.event(said))

    def identity_of(self, said: Said) -> Digest:
        """Return the identity of something said: of a dispatch, the letter's."""
        return sha256(pae(payload_type_of(type(said.body)), self.codec.encode_body(said.body)))

    def genesis(self, *, header: Mapping[str, Any] | None = None, **changes: Any) -> Said:
        """Return the opening of the ledger, signed by the registrar and all roots."""
        signers = tuple(self.signers[name] for name in (REGISTRAR, *ROOTS))
        registrar = FirstRegistrar(
            officer=OfficerId(REGISTRAR),
            names=(local_name("The registrar"),),
            posts=(local_name("Registrar"),),
            certificate=self.first_certificate,
        )
        fields: dict[str, Any] = {
            "name": self.name,
            "purpose": self.purpose,
            "utc_offset_minutes": 300,
            "roots": tuple(signer.signer.spki for signer in signers[1:]),
            "root_threshold": THRESHOLD,
            "trust_anchors": (self.authority.certificate,),
            "rules_version": self.rules,
            "schema_digest": held_schema_digests()[self.rules],
            "checkpoint_keys": (),
            "predecessor": None,
            "organisation": entry(MINISTRY, None, kind="ministry"),
            "registrar": registrar,
        }
        made = replace(self.header(MINISTRY, signers), **{"ledger": ZERO_DIGEST, **(header or {})})
        return Said(body=LedgerOpened(header=made, **{**fields, **changes}), signers=signers)

    def registration(self, organisation: str, *, by: str = REGISTRAR, **changes: Any) -> Said:
        """Return the registration of a committee below the ministry."""
        return self.say(OrganisationRegistered, by, entry=entry(organisation, **changes))

    def appointment(self, officer: str, organisation: str, *roles: str, by: str = REGISTRAR) -> Said:
        """Return the appointment of an officer."""
        return self.say(
            OfficerAppointed,
            by,
            organisation=OrgId(organisation),
            officer=OfficerId(officer),
            names=(local_name(officer),),
            posts=(),
            roles=tuple(sorted(roles)),
        )

    def request(self, key: Signer, officer: str, *, ledger: Digest | None = None) -> SignedRequest:
        """Return an officer's request to enrol a key."""
        return make_request(self.codec, key, ledger=ledger or self.identity, officer=OfficerId(officer), made_at=self.clock())

    def enrolment(
        self, officer: str, key: Signer, certificate: bytes, *, by: tuple[str, ...] = (REGISTRAR,), **changes: Any
    ) -> Said:
        """Return the enrolment of an officer's key; `changes` put other fields in their places."""
        request = self.request(key, officer)
        fields = {
            "officer": OfficerId(officer),
            "certificate": certificate,
            "request": request.raw,
            "request_algorithm": request.algorithm,
            "request_signature": request.signature,
            "assurance": "file",
        }
        return self.say(KeyEnrolled, *by, **{**fields, **changes})

    def enrolled(self, officer: str, organisation: str, *, name: str | None = None, days: int = 365) -> Said:
        """Return the enrolment of a (second, called `name`) key of an officer, and let it sign from now on."""
        made = self.new_key(name or officer)
        certificate = self.certificate(made, officer, organisation=organisation, days=days)
        self.hold(name or officer, made, certificate, organisation, officer)
        return self.enrolment(officer, made, certificate)

    def letter(
        self, *who: str, to: tuple[str, ...] = ("mfy-001",), header: Mapping[str, Any] | None = None, **changes: Any
    ) -> Said:
        """Return a letter to organisations; `changes` put other fields in their places."""
        fields = {
            "kind": "letter",
            "language": "en",
            "urgency": "ordinary",
            "access": Access(level="open", basis=None, until=None),
            "cover": document(f"cover {self.count}", "cover"),
            "documents": (document(f"text {self.count}"),),
            "addressees": tuple(addressee(one) for one in to),
            "acknowledge_by": None,
            "reply_by": None,
            "references": NO_REFERENCES,
            "approvals": (),
            "case_index": None,
        }
        return self.say(LetterDispatched, *who, header=header, **{**fields, **changes})
