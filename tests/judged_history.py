"""A history as the judge hands it to the store, made without one: real changes, every kind of verdict, no signatures.

The store asks of an event its header, of a part of a group its members, and nothing else; what is signed and whether it
is right is the judge's business, which other tests put to the proof.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from domain.changes import Change, moment
from domain.events import Body, GroupDefined
from domain.groups import RULES
from domain.ids import ZERO_DIGEST, Digest, EventId, LetterId, OrgId, sha256
from domain.letters import (
    ACTION,
    GroupAddressed,
    LetterEntered,
    Recipient,
    Tallied,
    TallyBegun,
    letter_key,
    tally_key,
)
from domain.reasons import Reason
from domain.registers import NumberGiven, register_id
from domain.tree import root_of
from domain.verdicts import Judged, Number, RegisterKind, Verdict
from tests.rules_view import (
    MINISTRY,
    MemoryView,
    add_officer,
    add_organisation,
    appointment,
    case,
    decide,
    header,
    opened_view,
)

START_MS: Final = 1_764_000_000_000
COMMITTEES: Final = tuple(OrgId(f"mfy-{number:03}") for number in range(1, 13))
GROUP: Final = OrgId("all")


class History:
    """Writes a history position by position."""

    def __init__(self) -> None:
        self.view: MemoryView = opened_view()
        self.judged: list[Judged] = []
        add_officer(self.view, "clerk", MINISTRY, "clerk")
        for committee in COMMITTEES:
            add_organisation(self.view, committee)

    @property
    def position(self) -> int:
        return len(self.judged)

    @property
    def at(self) -> int:
        return START_MS + 1_000 * self.position

    def accept(self, *changes: Change, body: Body | None = None, number: Number | None = None) -> Digest:
        """Write an accepted event and return its identity."""
        self.view.apply(changes)
        return self._write(Reason.ACCEPTED, body=body or self._event(), changes=changes, number=number)

    def reject(self, reason: Reason = Reason.NOT_A_RECIPIENT) -> Digest:
        """Write an authentic event that was rejected."""
        return self._write(reason, body=self._event(), detail="somebody else's letter")

    def repeat(self, original: int) -> None:
        """Write an event of an earlier position once more."""
        before = self.judged[original]
        self._write(Reason.DUPLICATE, body=before.body, record=before.record, original=original)

    def garbage(self) -> None:
        """Write what is no event."""
        self._write(Reason.MALFORMED, record=b"garbage %d" % self.position)

    def empty(self) -> None:
        """Leave a slot without a record."""
        verdict = Verdict(
            position=self.position,
            at=self.at,
            record_hash=sha256(b""),
            record_size_bytes=0,
            identity=ZERO_DIGEST,
            reason=Reason.NO_RECORD,
        )
        self.judged.append(Judged(verdict=verdict, record=None))

    def part(self, members: tuple[OrgId, ...], part: int, parts: int, everybody: tuple[OrgId, ...] = ()) -> None:
        """Write a part of the next version of the ministry's group; the last one names `everybody`."""
        body = GroupDefined(
            header=dataclasses.replace(header("clerk"), event_id=self._event_id()),
            group=GROUP,
            version=1,
            part=part,
            parts=parts,
            members=members,
            total=len(everybody) if everybody else None,
            root=root_of(one.encode() for one in everybody) if everybody else None,
        )
        self.accept(*decide(RULES, case(self.view, body, at=self.at)), body=body)

    def letter(self, *named: OrgId, group: bool = False) -> LetterId:
        """Write a letter of the ministry to named organisations, or to its group, or both."""
        letter = LetterId(sha256(b"letter %d" % self.position))
        entered = LetterEntered(
            originator_id=letter_key(letter),
            originator_version=1,
            timestamp=moment(self.at),
            letter=letter,
            position=self.position,
            sender=MINISTRY,
            named=tuple(Recipient(organisation=one, capacity=ACTION, attention=None) for one in named),
            groups=(GroupAddressed(group=GROUP, version=1, capacity=ACTION),) if group else (),
            acknowledge_by=None,
            replaces=(),
        )
        begun = TallyBegun(
            originator_id=tally_key(letter),
            originator_version=1,
            timestamp=moment(self.at),
            recipients=1_000,
            for_action=1_000,
        )
        given = self._given()
        self.accept(entered, begun, given, number=given.number)
        return letter

    def acknowledge(self, letter: LetterId) -> None:
        """Write that one more recipient has acknowledged a letter."""
        now = self.view.get(tally_key(letter))
        assert now is not None
        moved = Tallied(
            originator_id=now.id,
            originator_version=now.version + 1,
            timestamp=moment(self.at),
            before="open",
            after="acknowledged",
            for_action=True,
        )
        self.accept(moved)

    def _given(self) -> NumberGiven:
        register = register_id(MINISTRY, RegisterKind.OUTGOING, 2025)
        before = self.view.get(register)
        serial = before.version + 1 if before else 1
        number = Number(organisation=MINISTRY, register=RegisterKind.OUTGOING, year=2025, serial=serial)
        return NumberGiven(
            originator_id=register,
            originator_version=serial,
            timestamp=moment(self.at),
            number=number,
            format="{serial}",
        )

    def _event_id(self) -> EventId:
        return EventId(self.position.to_bytes(16, "big"))

    def _event(self) -> Body:
        said_by = dataclasses.replace(header("clerk"), event_id=self._event_id())
        return appointment(said_by, "somebody", MINISTRY)

    def _write(
        self,
        reason: Reason,
        *,
        body: Body | None = None,
        record: bytes | None = None,
        changes: tuple[Change, ...] = (),
        number: Number | None = None,
        original: int = 0,
        detail: str = "",
    ) -> Digest:
        written = record if record is not None else b"record %d" % self.position
        identity = sha256(b"identity of " + written) if body is not None else ZERO_DIGEST
        verdict = Verdict(
            position=self.position,
            at=self.at,
            record_hash=sha256(written),
            record_size_bytes=len(written),
            identity=identity,
            reason=reason,
            original=original,
            number=number,
            because=self.position - 1 if reason is Reason.NOT_A_RECIPIENT else None,
        )
        self.judged.append(Judged(verdict=verdict, record=written, body=body, changes=changes, detail=detail))
        return identity


def some_history(acknowledgements: int = 150) -> History:
    """Return a history with every kind of verdict, a group defined twice over, and a circular with many receipts."""
    history = History()
    history.reject()
    history.garbage()
    history.part(COMMITTEES[:6], 1, 2)
    history.empty()
    # The version is begun anew with other members: who was in the unfinished one only is in no group.
    history.part(COMMITTEES[2:4], 1, 2)
    history.part(COMMITTEES[4:8], 2, 2, everybody=COMMITTEES[2:8])
    first = history.letter(COMMITTEES[0], COMMITTEES[2])
    history.repeat(0)
    circular = history.letter(COMMITTEES[2], group=True)
    for count in range(acknowledgements):
        history.acknowledge(circular)
        if count % 40 == 0:
            history.garbage()
            history.acknowledge(first)
            history.repeat(history.position - 1)
    history.letter(group=True)
    return history
