"""The story of the golden ledger: every type of event accepted, and what is rejected between them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from adapters.certificate_authority import create_authority
from domain.directory import OUTSIDE
from domain.events import (
    AcknowledgementMissed,
    Addressee,
    Body,
    CheckpointKey,
    CheckpointKeyAdded,
    CheckpointKeyRetired,
    ConsignmentOpened,
    GroupDefined,
    GroupVersion,
    KeyResumed,
    KeyRevoked,
    KeySuspended,
    LetterRecalled,
    LetterSuperseded,
    OfficerRelieved,
    OrganisationChanged,
    OrganisationClosed,
    RecallAccepted,
    RecallDeclined,
    ReceiptAcknowledged,
    ReceiptRefused,
    RegisterDefined,
    RootChanged,
    RulesAdopted,
    TrustAnchorAdded,
    TrustAnchorWithdrawn,
)
from domain.header import Ref
from domain.ids import Digest, LetterId, OfficerId, OrgId, sha256
from domain.tree import root_of
from tests.court import population
from tests.fixed_exchange import (
    DAY_MS,
    HOUR_MS,
    MINISTRY,
    NO_REFERENCES,
    REGISTRAR,
    ROOTS,
    Clock,
    FixedExchange,
    Said,
    addressee,
    document,
    edwards_key,
    entry,
)

MEMBERS: Final = ("mfy-001", "mfy-002", "mfy-003")
STEP_MS: Final = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class GoldenSlot:
    """A position as it was written: a record or none, and the ledger's own time (None: the record bears none)."""

    record: bytes | None
    stored_at_ms: int | None


@dataclass(kw_only=True, slots=True)
class Story:
    """Writes slot after slot, a second apart."""

    clock: Clock = field(default_factory=Clock)
    slots: list[GoldenSlot] = field(default_factory=list)
    exchange: FixedExchange = field(init=False)

    def __post_init__(self) -> None:
        self.exchange = FixedExchange(self.clock, name="golden", rules=1)
        self.tell(self.exchange.opening)

    def tell(self, *said: Said) -> LetterId:
        """Write things that are said, and return the identity of the last."""
        for one in said:
            self.write(self.exchange.record(one))
        return LetterId(self.exchange.identity_of(said[-1]))

    def write(self, record: bytes | None, *, timed: bool = True) -> None:
        """Write a record as it is, or leave an empty slot."""
        self.clock.at_ms += STEP_MS
        stored = self.clock() if timed and record is not None else None
        self.slots.append(GoldenSlot(record=record, stored_at_ms=stored))


def golden_ledger() -> list[GoldenSlot]:
    """Return the golden ledger of rules 1."""
    story = Story()
    tell_of_the_exchange(story)
    story.tell(*population(story.exchange))
    tell_of_the_directory(story)
    tell_of_letters(story)
    tell_of_recalls(story)
    tell_of_hostile_records(story)
    tell_of_keys(story)
    return story.slots


def tell_of_the_exchange(story: Story) -> None:
    """Let the roots change everything that is theirs; rules 2 are adopted, in force a year later."""
    exchange, key = story.exchange, CheckpointKey(ed25519=sha256(b"operator"), ml_dsa_44=bytes(1312))
    anchor = create_authority(edwards_key("outside authority"), name="Outside", at_ms=story.clock(), serial=2).certificate
    spkis = (*(exchange.signers[root].signer.spki for root in ROOTS[:2]), exchange.add_root("root-4").spki)
    story.tell(
        exchange.say_as_roots(CheckpointKeyAdded, key=key),
        exchange.say_as_roots(CheckpointKeyRetired, key=sha256(key.ed25519), reason="REPLACED"),
        exchange.say_as_roots(TrustAnchorAdded, certificate=anchor),
        exchange.say_as_roots(TrustAnchorWithdrawn, anchor=sha256(anchor), reason="CEASED"),
        exchange.say_as_roots(RootChanged, roots=spkis, root_threshold=2),
        exchange.say(RootChanged, "root-1", "root-3", roots=spkis, root_threshold=1),
    )
    effective_at = story.clock() + 365 * DAY_MS
    story.tell(exchange.say_as_roots(RulesAdopted, version=2, schema_digest=sha256(b"rules 2"), effective_at=effective_at))


def tell_of_the_directory(story: Story) -> None:
    """Change, close and relieve; define a register and a group in two parts."""
    exchange = story.exchange
    moved = entry("mfy-101", MINISTRY, connection=OUTSIDE, regions=("UZ-TK",), acknowledge_days=3)
    story.tell(
        exchange.say(OrganisationChanged, REGISTRAR, entry=moved),
        exchange.say(OrganisationClosed, REGISTRAR, organisation=OrgId("mfy-004"), successor=OrgId("mfy-003")),
        exchange.say(OfficerRelieved, REGISTRAR, organisation=OrgId("office"), officer=OfficerId("office-clerk")),
        exchange.say(
            RegisterDefined, "clerk", direction="outgoing", year_from=2026, format="{serial}/{case}-{year}", first_serial=17
        ),
        exchange.registration("mfy-001"),
    )
    for part, members in enumerate((MEMBERS[:2], MEMBERS[2:]), 1):
        whole = {"total": len(MEMBERS), "root": root_of(one.encode() for one in MEMBERS)} if part == 2 else {}
        fields: dict[str, Any] = {"group": OrgId("all"), "version": 1, "part": part, "parts": 2, "total": None, "root": None}
        story.tell(exchange.say(GroupDefined, "clerk", members=tuple(OrgId(one) for one in members), **{**fields, **whole}))


def by(story: Story, event: type[Body], who: str, letter: LetterId, recipient: str, **fields: Any) -> Said:
    """Return what a recipient says of a letter."""
    return story.exchange.say(event, who, letter=letter, recipient=OrgId(recipient), **fields)


def refers(kind: str, letter: LetterId) -> dict[str, Any]:
    """Return a reference to a letter."""
    return {"references": replace(NO_REFERENCES, **{kind: (Ref(ledger=None, identity=Digest(letter)),)})}


def tell_of_letters(story: Story) -> None:
    """Send a circular that is opened, acknowledged, refused, missed, late, answered and superseded."""
    exchange = story.exchange
    group = GroupVersion(group=OrgId("all"), version=1, count=3, root=root_of(one.encode() for one in MEMBERS))
    everybody = Addressee(organisation=None, group=group, capacity="action", attention=None)
    due = story.clock() + HOUR_MS
    circular = story.tell(
        exchange.letter(
            "deputy",
            "head",
            addressees=(everybody, addressee("mfy-101")),
            acknowledge_by=due,
            case_index="01-07",
            urgency="urgent",
        )
    )
    other = {"reason": "OTHER", "duplicate_of": None, "cover": document("Why", "cover")}
    story.tell(
        by(story, ConsignmentOpened, "post", circular, "mfy-001", officer=OfficerId("secretary")),
        by(story, ReceiptAcknowledged, "secretary", circular, "mfy-001"),
        by(story, ReceiptAcknowledged, "secretary", circular, "mfy-001"),
        by(story, ReceiptRefused, "secretary-2", circular, "mfy-002", **other),
        exchange.say(AcknowledgementMissed, "machine", letter=circular),
    )
    story.clock.at_ms += HOUR_MS
    story.tell(
        exchange.say(AcknowledgementMissed, "machine", letter=circular),
        by(story, ReceiptAcknowledged, "secretary-3", circular, "mfy-003"),
    )
    answer = story.tell(exchange.letter("chair", to=("ministry",), **refers("answers", circular)))
    story.tell(by(story, ReceiptAcknowledged, "clerk", answer, "ministry"))
    later = story.tell(exchange.letter("deputy", to=MEMBERS, **refers("replaces", circular)))
    story.tell(exchange.say(LetterSuperseded, "deputy", letter=circular, by=later, cover=None))


def tell_of_recalls(story: Story) -> None:
    """Recall a letter that one has acknowledged and keeps, one has acknowledged and gives back, and one had not decided."""
    exchange = story.exchange
    letter = story.tell(exchange.letter("deputy", to=MEMBERS))
    story.tell(
        by(story, ReceiptAcknowledged, "secretary", letter, "mfy-001"),
        by(story, ReceiptAcknowledged, "secretary-2", letter, "mfy-002"),
        exchange.say(LetterRecalled, "deputy", letter=letter, reason="SENT_IN_ERROR", cover=None),
        by(story, ReceiptAcknowledged, "secretary-3", letter, "mfy-003"),
        by(story, RecallAccepted, "secretary", letter, "mfy-001"),
        by(story, RecallDeclined, "secretary-2", letter, "mfy-002", reason="ALREADY_EXECUTED", cover=None),
    )


def tell_of_hostile_records(story: Story) -> None:
    """Write what nobody signed, what others signed, copies, and what a wrong clock stamps."""
    exchange = story.exchange
    letter = exchange.letter("deputy")
    record = exchange.record(letter)
    story.write(b"garbage")
    story.write(None)
    story.write(b"")
    story.write(record[:-1])
    story.write(exchange.record(replace(exchange.letter("deputy"), signers=(exchange.signers["clerk"],))))
    story.write(record, timed=False)
    story.write(record)
    story.tell(
        exchange.letter("deputy", to=("mfy-002",), header={"event_id": letter.body.header.event_id}),
        exchange.letter("clerk"),
        exchange.letter("clerk", header={"officer": OfficerId("deputy")}),
        exchange.letter("deputy", header={"ledger": sha256(b"another")}),
        exchange.opening,
    )
    story.clock.at_ms -= HOUR_MS
    story.tell(exchange.letter("head", to=("mfy-002",)))
    story.clock.at_ms += HOUR_MS


def tell_of_keys(story: Story) -> None:
    """Suspend, resume and revoke a key; what it signed before is contested, what it signs afterwards rejected."""
    exchange = story.exchange
    officer, key = OfficerId("deputy"), sha256(exchange.signers["deputy"].signer.spki)
    late = exchange.letter("deputy")
    story.tell(
        exchange.say(KeySuspended, REGISTRAR, officer=officer, key=key, reason="LOST", since=None),
        exchange.letter("deputy"),
        exchange.say(KeyResumed, REGISTRAR, officer=officer, key=key, reason="FOUND"),
        exchange.letter("deputy"),
        exchange.say(KeyRevoked, REGISTRAR, officer=officer, key=key, reason="COMPROMISED", since=len(story.slots)),
        late,
        exchange.enrolled("deputy", MINISTRY, name="second key"),
    )
    story.tell(exchange.letter("second key", to=("mfy-003",)))
