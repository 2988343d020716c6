"""The bodies of the events of rules 1: what people and stations say (`domain.catalogue` lists all, version 1 of each).

A body is a value of its own, decoded from exactly the bytes that were signed. Field order is the schema's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.header import Document, Header, LocalName, Ref
from domain.ids import Digest, LetterId, OfficerId, OrgId


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """What every event has: its header. `TYPE` and `VERSION` name its schema, for ever."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1
    header: Header


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointKey:
    """The operator's key for checkpoints: Ed25519 (32 bytes) and ML-DSA-44 (1,312 bytes)."""

    ed25519: Digest
    ml_dsa_44: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Predecessor:
    """The ledger that this one continues: its identity, its size then and the roots of both its logs."""

    ledger: Digest
    size: int
    root: Digest
    verdict_root: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Identifier:
    """A number under which an organisation is known elsewhere (scheme and value)."""

    scheme: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationEntry:
    """What the directory says of an organisation."""

    organisation: OrgId
    names: tuple[LocalName, ...]
    kind: str
    parent: OrgId | None
    identifiers: tuple[Identifier, ...]
    regions: tuple[str, ...]
    postal_address: str
    electronic_address: str
    connection: str
    acknowledge_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstRegistrar:
    """The registrar whom the genesis appoints in the first organisation, with his certificate."""

    officer: OfficerId
    names: tuple[LocalName, ...]
    posts: tuple[LocalName, ...]
    certificate: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerOpened(Body):
    """The genesis: names the ledger, its roots, anchors, rules, first organisation and its registrar."""

    TYPE: ClassVar[str] = "ledger.opened"
    name: str
    purpose: str
    utc_offset_minutes: int
    roots: tuple[bytes, ...]
    root_threshold: int
    trust_anchors: tuple[bytes, ...]
    rules_version: int
    schema_digest: Digest
    checkpoint_keys: tuple[CheckpointKey, ...]
    predecessor: Predecessor | None
    organisation: OrganisationEntry
    registrar: FirstRegistrar


@dataclass(frozen=True, kw_only=True, slots=True)
class RootChanged(Body):
    """The roots name the root keys (SubjectPublicKeyInfo, DER) and threshold that follow them."""

    TYPE: ClassVar[str] = "root.changed"
    roots: tuple[bytes, ...]
    root_threshold: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustAnchorAdded(Body):
    """The roots trust one more certification authority for enrolment."""

    TYPE: ClassVar[str] = "trust_anchor.added"
    certificate: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustAnchorWithdrawn(Body):
    """The roots no longer trust a certification authority for new enrolments."""

    TYPE: ClassVar[str] = "trust_anchor.withdrawn"
    anchor: Digest
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointKeyAdded(Body):
    """The roots name one more key that signs checkpoints."""

    TYPE: ClassVar[str] = "checkpoint_key.added"
    key: CheckpointKey


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointKeyRetired(Body):
    """The roots retire a key that signed checkpoints (named by SHA-256 of its Ed25519 key)."""

    TYPE: ClassVar[str] = "checkpoint_key.retired"
    key: Digest
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesAdopted(Body):
    """The roots adopt the next rules from a ledger time on."""

    TYPE: ClassVar[str] = "rules.adopted"
    version: int
    schema_digest: Digest
    effective_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationRegistered(Body):
    """A registrar enters an organisation into the directory."""

    TYPE: ClassVar[str] = "organisation.registered"
    entry: OrganisationEntry


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationChanged(Body):
    """A registrar replaces what the directory says of an organisation."""

    TYPE: ClassVar[str] = "organisation.changed"
    entry: OrganisationEntry


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationClosed(Body):
    """A registrar closes an organisation; the successor's officers act for what is open."""

    TYPE: ClassVar[str] = "organisation.closed"
    organisation: OrgId
    successor: OrgId | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficerAppointed(Body):
    """A registrar appoints an officer or a station in an organisation, with roles."""

    TYPE: ClassVar[str] = "officer.appointed"
    organisation: OrgId
    officer: OfficerId
    names: tuple[LocalName, ...]
    posts: tuple[LocalName, ...]
    roles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficerRelieved(Body):
    """A registrar ends an officer's appointment in an organisation."""

    TYPE: ClassVar[str] = "officer.relieved"
    organisation: OrgId
    officer: OfficerId


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyEnrolled(Body):
    """A registrar enrols an officer's certificate, with the officer's own signed request as proof of possession."""

    TYPE: ClassVar[str] = "key.enrolled"
    officer: OfficerId
    certificate: bytes
    request: bytes
    request_algorithm: str
    request_signature: bytes
    assurance: str


@dataclass(frozen=True, kw_only=True, slots=True)
class KeySuspended(Body):
    """A key (SHA-256 of its SubjectPublicKeyInfo) is out of force until it is resumed."""

    TYPE: ClassVar[str] = "key.suspended"
    officer: OfficerId
    key: Digest
    reason: str
    since: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRevoked(Body):
    """A key is out of force for ever; after a compromise its events from `since` on are contested."""

    TYPE: ClassVar[str] = "key.revoked"
    officer: OfficerId
    key: Digest
    reason: str
    since: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyResumed(Body):
    """A suspended key is in force again."""

    TYPE: ClassVar[str] = "key.resumed"
    officer: OfficerId
    key: Digest
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupDefined(Body):
    """One part of a version of a group of organisations; the last part states total and root."""

    TYPE: ClassVar[str] = "group.defined"
    group: OrgId
    version: int
    part: int
    parts: int
    members: tuple[OrgId, ...]
    total: int | None
    root: Digest | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisterDefined(Body):
    """How an organisation's numbers of one direction are printed from a year on, and where that year begins."""

    TYPE: ClassVar[str] = "register.defined"
    direction: str
    year_from: int
    format: str
    first_serial: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Who may read: level, on what basis (a code), and until when."""

    level: str
    basis: str | None
    until: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupVersion:
    """A complete version of one of the sender's groups, with its count and root."""

    group: OrgId
    version: int
    count: int
    root: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressee:
    """An organisation or a group, for action or information; `attention` names an officer."""

    organisation: OrgId | None
    group: GroupVersion | None
    capacity: str
    attention: OfficerId | None


@dataclass(frozen=True, kw_only=True, slots=True)
class References:
    """Other letters that this one answers, follows, replaces or relates to."""

    answers: tuple[Ref, ...]
    follows: tuple[Ref, ...]
    replaces: tuple[Ref, ...]
    relates: tuple[Ref, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterDispatched(Body):
    """A letter, signed and sent. Its identity is the letter."""

    TYPE: ClassVar[str] = "letter.dispatched"
    kind: str
    language: str
    urgency: str
    access: Access
    cover: Document
    documents: tuple[Document, ...]
    addressees: tuple[Addressee, ...]
    acknowledge_by: int | None
    reply_by: int | None
    references: References
    approvals: tuple[Ref, ...]
    case_index: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterRecalled(Body):
    """The sender recalls a letter."""

    TYPE: ClassVar[str] = "letter.recalled"
    letter: LetterId
    reason: str
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterSuperseded(Body):
    """The sender declares that a later letter of his takes this one's place."""

    TYPE: ClassVar[str] = "letter.superseded"
    letter: LetterId
    by: LetterId
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiptAcknowledged(Body):
    """The recipient holds every document of the letter, whole, and has entered it in its register."""

    TYPE: ClassVar[str] = "receipt.acknowledged"
    letter: LetterId
    recipient: OrgId


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiptRefused(Body):
    """The recipient refuses the letter, with a reason; `duplicate_of` names the other letter of a duplicate."""

    TYPE: ClassVar[str] = "receipt.refused"
    letter: LetterId
    recipient: OrgId
    reason: str
    duplicate_of: Ref | None
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecallAccepted(Body):
    """The recipient, who had acknowledged, gives the letter back."""

    TYPE: ClassVar[str] = "recall.accepted"
    letter: LetterId
    recipient: OrgId


@dataclass(frozen=True, kw_only=True, slots=True)
class RecallDeclined(Body):
    """The recipient, who had acknowledged, keeps the letter."""

    TYPE: ClassVar[str] = "recall.declined"
    letter: LetterId
    recipient: OrgId
    reason: str | None
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsignmentOpened(Body):
    """A station of the recipient tells that an officer opened the letter. Opening never acknowledges."""

    TYPE: ClassVar[str] = "consignment.opened"
    letter: LetterId
    recipient: OrgId
    officer: OfficerId


@dataclass(frozen=True, kw_only=True, slots=True)
class AcknowledgementMissed(Body):
    """A station of the sender tells that the time to acknowledge passed while somebody was silent."""

    TYPE: ClassVar[str] = "acknowledgement.missed"
    letter: LetterId
