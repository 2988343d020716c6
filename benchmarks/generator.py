"""A seeded year of correspondence: signed records that every reader accepts, as many as wanted, always the same bytes.

A ministry writes to committees, which open, acknowledge, refuse and answer; some seven events follow from a letter. A few
organisations are hot and most are cold; names, languages, sizes of documents and terms are as in the countries meant. Keys
come from names and signatures from RFC 6979, so one seed is one ledger on every machine.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.certificate_authority import create_authority, issue_certificate
from adapters.follower import held_schema_digests
from adapters.key_requests import make_request
from adapters.keyring import OfficerSigner
from adapters.signers import Signer
from adapters.submitting import sign_payload
from domain.catalogue import payload_type_of
from domain.directory import CONNECTED
from domain.events import (
    Access,
    Addressee,
    Body,
    ConsignmentOpened,
    FirstRegistrar,
    GroupDefined,
    GroupVersion,
    Identifier,
    KeyEnrolled,
    LedgerOpened,
    LetterDispatched,
    LetterRecalled,
    OfficerAppointed,
    OrganisationEntry,
    OrganisationRegistered,
    RecallAccepted,
    RecallDeclined,
    ReceiptAcknowledged,
    ReceiptRefused,
    References,
)
from domain.header import Document, Header, LocalName, Ref
from domain.ids import ROOT, ZERO_DIGEST, Digest, EventId, LetterId, OfficerId, OrgId, sha256
from domain.rulebook import NEWEST_RULES
from domain.signatures import pae
from domain.tree import root_of
from schemas.codec import LedgerCodec
from tests.fixed_exchange import edwards_key, fixed_signer, p256_key

START_MS: Final = 1_735_689_600_000
"""1 January 2025, 00:00 UTC: every certificate is valid from then on for nearly ten years, so that a broker may stamp the
records with the time of the run."""
NEVER_MS: Final = START_MS + 3_400 * 24 * 3_600_000
"""The event of today must still be accepted when a broker stamps it years later; terms lie behind it for the same reason."""
STEP_MS: Final = 20_000
MINISTRY: Final = OrgId("ministry")
REGISTRAR: Final = OfficerId("registrar")
EVERYBODY: Final = OrgId("all-committees")
DEPUTIES: Final = tuple(OfficerId(f"deputy-{number}") for number in range(1, 5))
CLERKS: Final = tuple(OfficerId(f"office-{number}") for number in range(1, 4))
CERTIFICATE_DAYS: Final = 3_650
PART_LIMIT: Final = 2_000

EVENTS_PER_LETTER: Final = 7
TWO_SIGN: Final = 0.15
CIRCULARS: Final = 0.002
OPENED: Final = 0.6
REFUSED: Final = 0.03
SILENT: Final = 0.04
ANSWERED: Final = 0.12
RECALLED: Final = 0.01
CIRCULAR_ACTS: Final = 500
"""So many of a circular's recipients say something of it at most, or nothing else would be said for long."""
PENDING_LIMIT: Final = 20_000
"""What is still to be done is done before new letters are written once it is so much."""
RECIPIENTS: Final = ((1, 55), (2, 12), (3, 8), (5, 10), (8, 8), (12, 7))
LANGUAGES: Final = (("uz-Latn", 45), ("uz-Cyrl", 15), ("mn", 25), ("ru", 15))
NAMES: Final = {
    "uz-Latn": "{} mahalla fuqarolar yigʻini",
    "uz-Cyrl": "{} маҳалла фуқаролар йиғини",
    "mn": "{} сумын Засаг даргын Тамгын газар",
    "ru": "Сход граждан махалли {}",
}
PLACES: Final = ("Navbahor", "Guliston", "Oʻzbekiston", "Баян-Өндөр", "Дархан", "Ҳамид Олимжон", "Мустақиллик", "Цагааннуур")
MEDIA: Final = (
    ("application/pdf", 60),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", 25),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 10),
    ("image/jpeg", 5),
)
NO_REFERENCES: Final = References(answers=(), follows=(), replaces=(), relates=())
_ABOUT: Final[dict[type[Body], dict[str, Any]]] = {
    ReceiptRefused: {"reason": "NOT_IN_COMPETENCE", "duplicate_of": None, "cover": None},
    RecallDeclined: {"reason": "ALREADY_EXECUTED", "cover": None},
}
OPEN: Final = Access(level="open", basis=None, until=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What is to be generated: so many events in all, from so many committees, by a seed.

    `staffed` committees have officers (None: all); the others only receive.
    """

    events: int
    committees: int
    staffed: int | None = None
    seed: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamped:
    """Something said and by whose keys, its record, and the time at which its ledger stores it."""

    body: Body
    signers: tuple[OfficerSigner, ...]
    record: bytes
    stored_at_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Due:
    """Something that will be said of a letter by one of its recipients."""

    act: type[Body]
    letter: LetterId
    recipient: OrgId
    sender: OrgId


class Correspondence:
    """Everybody's keys, and what they say one after the other."""

    def __init__(self, shape: Shape) -> None:
        """Make the keys of the founders; those of the others are made when they are enrolled."""
        self.codec = LedgerCodec()
        self.committees = tuple(OrgId(f"mfy-{number:05}") for number in range(1, shape.committees + 1))
        self._staffed = self.committees[: shape.staffed]
        self._random = random.Random(shape.seed)  # noqa: S311 - it draws letters, not keys
        # Zipf: the first organisation gets a share that the hundredth gets a hundredth of.
        weights = [1 / rank for rank in range(1, len(self._staffed) + 1)]
        self._weights = list(itertools.accumulate(weights))
        self._authority = create_authority(edwards_key("authority"), name="authority", at_ms=START_MS, serial=1)
        self._signers: dict[str, OfficerSigner] = {}
        self._count = 0
        self._now_ms = START_MS
        self._due: list[_Due] = []
        self._recalled: set[LetterId] = set()
        self._acknowledged: dict[LetterId, list[OrgId]] = {}
        self._everybody: GroupVersion | None = None
        self.identity = ZERO_DIGEST

    def records(self, events: int) -> Iterator[Stamped]:
        """Yield so many records, the genesis first."""
        yield from itertools.islice(itertools.chain(self.directory(), self.letters()), events)

    def signer(self, officer: str) -> OfficerSigner:
        """Return the key of an officer who was enrolled."""
        return self._signers[officer]

    def header(self, organisation: OrgId, *signers: OfficerSigner) -> Header:
        """Return a header with the next event id."""
        return Header(
            ledger=self.identity,
            event_id=EventId(self._now_ms.to_bytes(6, "big") + self._random.randbytes(10)),
            organisation=organisation,
            officer=signers[0].officer,
            mandate=None,
            signers=tuple(signer.certificate for signer in signers),
            signed_at=self._now_ms,
            not_after=NEVER_MS,
            seen=None,
        )

    def letter(self, sender: OrgId, signers: tuple[OfficerSigner, ...], to: Sequence[Addressee], **said: Any) -> LetterDispatched:
        """Return a letter; `said` puts other fields in their places."""
        draw = self._random
        fields: dict[str, Any] = {
            "kind": "letter",
            "language": _drawn(draw, LANGUAGES),
            "urgency": "ordinary" if draw.random() < 0.9 else "urgent",  # noqa: PLR2004 - a share
            "access": OPEN,
            "cover": self._document("cover", draw.randint(250, 900), "application/vnd.ortoo.cover.v1+avro"),
            "documents": (self._file("main"), *(self._file("attachment") for _ in range(draw.choice((0, 0, 0, 1, 1, 2, 4))))),
            "addressees": tuple(to),
            "acknowledge_by": NEVER_MS if draw.random() < 0.5 else None,  # noqa: PLR2004 - a share
            "reply_by": None,
            "references": NO_REFERENCES,
            "approvals": (),
            "case_index": f"{draw.randint(1, 12):02}-{draw.randint(1, 30):02}" if draw.random() < 0.7 else None,  # noqa: PLR2004 - a share
        }
        return LetterDispatched(header=self.header(sender, *signers), **{**fields, **said})

    def record(self, body: Body, *signers: OfficerSigner) -> bytes:
        """Return a body, signed, as the record that goes to the ledger."""
        return self.codec.encode_envelope(sign_payload(self.codec, body, [signer.signer for signer in signers]))

    def identity_of(self, body: Body) -> Digest:
        """Return the identity of what is said: of a dispatch, the letter's."""
        return sha256(pae(payload_type_of(type(body)), self.codec.encode_body(body)))

    def _stamped(self, body: Body, *signers: OfficerSigner) -> Stamped:
        self._now_ms += self._random.randint(1, STEP_MS)
        return Stamped(body=body, signers=signers, record=self.record(body, *signers), stored_at_ms=self._now_ms)

    def directory(self) -> Iterator[Stamped]:
        """Yield the genesis, everybody's registration, appointments and keys, and the group of all committees."""
        yield self._genesis()
        registrar = self._signers[REGISTRAR]
        for officer, roles in [*((one, ("signatory",)) for one in DEPUTIES), *((one, ("clerk",)) for one in CLERKS)]:
            yield from self._appointed(officer, MINISTRY, *roles)
        for committee in self.committees:
            body = OrganisationRegistered(header=self.header(MINISTRY, registrar), entry=self._entry(committee))
            yield self._stamped(body, registrar)
        for committee in self._staffed:
            yield from self._appointed(OfficerId(f"worker-{committee}"), committee, "clerk", "signatory")
            yield from self._appointed(OfficerId(f"station-{committee}"), committee, "station")
        yield from self._group()

    def _genesis(self) -> Stamped:
        roots = tuple(fixed_signer(p256_key(f"root {number}")) for number in range(3))
        key = fixed_signer(p256_key(REGISTRAR))
        certificate = self._certificate(key.spki, REGISTRAR, MINISTRY)
        self._signers[REGISTRAR] = OfficerSigner(officer=REGISTRAR, certificate=sha256(certificate), signer=key)
        name = LocalName(language="uz-Latn", text="Roʻyxatga oluvchi")
        signers = (self._signers[REGISTRAR], *(_root(root) for root in roots))
        body = LedgerOpened(
            header=self.header(MINISTRY, *signers),
            name="benchmark",
            purpose="training",
            utc_offset_minutes=300,
            roots=tuple(root.spki for root in roots),
            root_threshold=2,
            trust_anchors=(self._authority.certificate,),
            rules_version=NEWEST_RULES,
            schema_digest=held_schema_digests()[NEWEST_RULES],
            checkpoint_keys=(),
            predecessor=None,
            organisation=self._entry(MINISTRY),
            registrar=FirstRegistrar(officer=REGISTRAR, names=(name,), posts=(name,), certificate=certificate),
        )
        self.identity = self.identity_of(body)
        return self._stamped(body, *signers)

    def _entry(self, organisation: OrgId) -> OrganisationEntry:
        draw = self._random
        ministry = organisation == MINISTRY
        language = _drawn(draw, LANGUAGES)
        place = f"{draw.choice(PLACES)} {self._count}"
        self._count += 1
        return OrganisationEntry(
            organisation=organisation,
            names=(LocalName(language=language, text=NAMES[language].format(place)),),
            kind="ministry" if ministry else "committee",
            parent=None if ministry else MINISTRY,
            identifiers=(Identifier(scheme="stir", value=f"{draw.randrange(10**9):09}"),),
            regions=(f"region-{draw.randint(1, 14)}",),
            postal_address=f"{draw.randint(100_000, 240_000)}, {place}, {draw.randint(1, 200)}",
            electronic_address=f"{organisation}@exat.uz",
            connection=CONNECTED,
            acknowledge_days=3,
        )

    def _appointed(self, officer: OfficerId, organisation: OrgId, *roles: str) -> Iterator[Stamped]:
        registrar = self._signers[REGISTRAR]
        name = LocalName(language="uz-Latn", text=f"{self._random.choice(PLACES)} {officer}")
        post = LocalName(language="uz-Cyrl", text="Масъул ходим")
        yield self._stamped(
            OfficerAppointed(
                header=self.header(MINISTRY, registrar),
                organisation=organisation,
                officer=officer,
                names=(name,),
                posts=(post,),
                roles=roles,
            ),
            registrar,
        )
        key = fixed_signer(p256_key(officer))
        certificate = self._certificate(key.spki, officer, organisation)
        request = make_request(self.codec, key, ledger=self.identity, officer=officer, made_at=self._now_ms)
        yield self._stamped(
            KeyEnrolled(
                header=self.header(MINISTRY, registrar),
                officer=officer,
                certificate=certificate,
                request=request.raw,
                request_algorithm=request.algorithm,
                request_signature=request.signature,
                assurance="file",
            ),
            registrar,
        )
        self._signers[officer] = OfficerSigner(officer=officer, certificate=sha256(certificate), signer=key)

    def _certificate(self, spki: bytes, officer: OfficerId, organisation: OrgId) -> bytes:
        self._count += 1
        return issue_certificate(
            self._authority,
            spki=spki,
            officer=officer,
            organisation=organisation,
            at_ms=START_MS,
            days=CERTIFICATE_DAYS,
            serial=self._count + 1,
        )

    def _group(self) -> Iterator[Stamped]:
        clerk = self._signers[CLERKS[0]]
        parts = [self.committees[i : i + PART_LIMIT] for i in range(0, len(self.committees), PART_LIMIT)]
        root = root_of(one.encode() for one in self.committees)
        for number, members in enumerate(parts, 1):
            last = number == len(parts)
            body = GroupDefined(
                header=self.header(MINISTRY, clerk),
                group=EVERYBODY,
                version=1,
                part=number,
                parts=len(parts),
                members=members,
                total=len(self.committees) if last else None,
                root=root if last else None,
            )
            yield self._stamped(body, clerk)
        self._everybody = GroupVersion(group=EVERYBODY, version=1, count=len(self.committees), root=root)

    def letters(self) -> Iterator[Stamped]:
        """Yield letters and what happens to them, for ever, to be called once the directory is there."""
        draw = self._random
        while True:
            full = len(self._due) >= PENDING_LIMIT
            if not self._due or (not full and draw.random() < 1 / EVENTS_PER_LETTER):
                yield self._dispatch()
                continue
            # Any of what is due comes next, so that most letters are new and some are old when something happens to them.
            place = int(len(self._due) * draw.random() ** 0.25)
            self._due[place], self._due[-1] = self._due[-1], self._due[place]
            said = self._say(self._due.pop())
            if said is not None:
                yield said

    def _dispatch(self) -> Stamped:
        draw = self._random
        sender = MINISTRY if draw.random() < 0.5 else self._organisation()  # noqa: PLR2004 - a share
        if sender == MINISTRY and draw.random() < CIRCULARS:
            return self.circular()
        count = min(_drawn(draw, RECIPIENTS), len(self._staffed) - 1)
        chosen: dict[OrgId, None] = {}
        while len(chosen) < count:
            one = self._organisation() if sender == MINISTRY or draw.random() < 0.7 else MINISTRY  # noqa: PLR2004 - a share
            if one != sender:
                chosen[one] = None
        return self._sent_to(sender, tuple(chosen), tuple(_addressee(one, draw) for one in chosen))

    def circular(self) -> Stamped:
        """Return a letter of the ministry to every committee, to be called once the directory is there."""
        to = Addressee(organisation=None, group=self._everybody, capacity="action", attention=None)
        return self._sent_to(MINISTRY, self._staffed[:CIRCULAR_ACTS], (to,))

    def _sent_to(self, sender: OrgId, recipients: Sequence[OrgId], to: tuple[Addressee, ...], **said: Any) -> Stamped:
        signers = self._signatories(sender)
        body = self.letter(sender, signers, to, **said)
        letter = LetterId(self.identity_of(body))
        for recipient in recipients:
            self._expect(letter, recipient, sender)
        if self._random.random() < RECALLED:
            self._due.append(_Due(act=LetterRecalled, letter=letter, recipient=sender, sender=sender))
        return self._stamped(body, *signers)

    def _expect(self, letter: LetterId, recipient: OrgId, sender: OrgId) -> None:
        draw = self._random
        acts: list[type[Body]] = []
        if draw.random() < OPENED and recipient != MINISTRY:
            acts.append(ConsignmentOpened)
        decided = draw.random()
        if decided > SILENT:
            acts.append(ReceiptRefused if decided > 1 - REFUSED else ReceiptAcknowledged)
        self._due.extend(_Due(act=act, letter=letter, recipient=recipient, sender=sender) for act in acts)

    def _say(self, due: _Due) -> Stamped | None:
        if due.act is LetterDispatched:
            return self._reply(due)
        if due.act is LetterRecalled:
            return self._recall(due)
        if due.letter in self._recalled and due.act not in {RecallAccepted, RecallDeclined}:
            return None
        by = self._signers[f"station-{due.recipient}"] if due.act is ConsignmentOpened else self._clerk(due.recipient)
        about: dict[str, Any] = {"letter": due.letter, "recipient": due.recipient, **_ABOUT.get(due.act, {})}
        if due.act is ConsignmentOpened:
            about["officer"] = OfficerId(f"worker-{due.recipient}")
        if due.act is ReceiptAcknowledged:
            self._acknowledged.setdefault(due.letter, []).append(due.recipient)
            if self._random.random() < ANSWERED:
                self._due.append(_Due(act=LetterDispatched, letter=due.letter, recipient=due.recipient, sender=due.sender))
        return self._stamped(due.act(header=self.header(due.recipient, by), **about), by)

    def _reply(self, due: _Due) -> Stamped:
        answered = References(answers=(Ref(ledger=None, identity=Digest(due.letter)),), follows=(), replaces=(), relates=())
        to = (_addressee(due.sender, self._random),)
        return self._sent_to(due.recipient, (due.sender,), to, kind="reply", references=answered)

    def _recall(self, due: _Due) -> Stamped:
        self._recalled.add(due.letter)
        for recipient in self._acknowledged.pop(due.letter, ()):
            act = RecallAccepted if self._random.random() < 0.8 else RecallDeclined  # noqa: PLR2004 - a share
            self._due.append(_Due(act=act, letter=due.letter, recipient=recipient, sender=due.sender))
        signer = self._signatories(due.sender)[0]
        body = LetterRecalled(header=self.header(due.sender, signer), letter=due.letter, reason="SENT_IN_ERROR", cover=None)
        return self._stamped(body, signer)

    def _organisation(self) -> OrgId:
        return self._random.choices(self._staffed, cum_weights=self._weights)[0]

    def _signatories(self, organisation: OrgId) -> tuple[OfficerSigner, ...]:
        if organisation != MINISTRY:
            return (self._signers[f"worker-{organisation}"],)
        count = 2 if self._random.random() < TWO_SIGN else 1
        return tuple(self._signers[one] for one in self._random.sample(DEPUTIES, count))

    def _clerk(self, organisation: OrgId) -> OfficerSigner:
        return self._signers[self._random.choice(CLERKS) if organisation == MINISTRY else f"worker-{organisation}"]

    def _file(self, role: str) -> Document:
        size = int(self._random.lognormvariate(11.5, 1.2)) + 1
        return self._document(role, min(size, 40_000_000), _drawn(self._random, MEDIA))

    def _document(self, role: str, size_bytes: int, media_type: str) -> Document:
        digest = Digest(self._random.randbytes(32))
        return Document(sha256=digest, size_bytes=size_bytes, media_type=media_type, role=role, encryption=None)


def _root(key: Signer) -> OfficerSigner:
    return OfficerSigner(officer=ROOT, certificate=sha256(key.spki), signer=key)


def _addressee(organisation: OrgId, draw: random.Random) -> Addressee:
    capacity = "action" if draw.random() < 0.85 else "information"  # noqa: PLR2004 - a share
    return Addressee(organisation=organisation, group=None, capacity=capacity, attention=None)


def _drawn(draw: random.Random, weighted: Sequence[tuple[Any, int]]) -> Any:
    return draw.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]
