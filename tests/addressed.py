"""What was addressed to everybody, found out the long way: from records and verdicts alone, without the program's own state."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Protocol

from domain.events import (
    GroupDefined,
    LedgerOpened,
    LetterDispatched,
    OrganisationClosed,
    OrganisationRegistered,
)
from domain.ids import ZERO_DIGEST, Digest, OrgId
from domain.verdicts import Verdict
from tests.fixed_exchange import shared_codec


class Slot(Protocol):
    """A position of a ledger."""

    @property
    def record(self) -> bytes | None:
        """The record, None for an empty slot."""


class Addressed:
    """Reads accepted events one after the other."""

    def __init__(self) -> None:
        self.inboxes: dict[OrgId, tuple[int, Digest]] = {}
        self.closed: set[OrgId] = set()
        self.groups: dict[tuple[OrgId, OrgId, int], list[OrgId]] = {}

    def read(self, identity: Digest, record: bytes) -> None:
        """Take note of an accepted event."""
        event = shared_codec().envelope(record)
        match shared_codec().body(event.payload_type, event.payload):
            case LedgerOpened() as body:
                self.inboxes[body.organisation.organisation] = (0, ZERO_DIGEST)
            case OrganisationRegistered() as body:
                self.inboxes[body.entry.organisation] = (0, ZERO_DIGEST)
            case OrganisationClosed() as body:
                self.closed.add(body.organisation)
            case GroupDefined() as body:
                group = (body.header.organisation, body.group, body.version)
                before = self.groups.get(group, []) if body.part > 1 else []
                self.groups[group] = [*before, *body.members]
            case LetterDispatched() as body:
                self.deliver(identity, body)
            case _:
                pass

    def deliver(self, identity: Digest, body: LetterDispatched) -> None:
        """Put a letter into the inboxes of all its recipients."""
        sender = body.header.organisation
        everybody = {one.organisation for one in body.addressees if one.organisation is not None}
        for one in body.addressees:
            if one.group is not None:
                everybody |= set(self.groups[sender, one.group.group, one.group.version]) - self.closed
        for recipient in everybody - {sender}:
            letters, head = self.inboxes[recipient]
            self.inboxes[recipient] = (letters + 1, Digest(hashlib.sha256(head + identity).digest()))


def inboxes_of(slots: Iterable[Slot], verdicts: Iterable[Verdict]) -> list[tuple[OrgId, int, Digest]]:
    """Return every organisation in the order of registration, how many letters it received, and the head of its chain."""
    addressed = Addressed()
    for slot, verdict in zip(slots, verdicts, strict=True):
        if verdict.is_accepted and slot.record is not None:
            addressed.read(verdict.identity, slot.record)
    return [(organisation, *inbox) for organisation, inbox in addressed.inboxes.items()]
