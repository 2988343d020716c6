"""Inboxes: what was addressed to each organisation, committed to in one root, so that no letter can be hidden from anybody.

For each organisation a chain runs over the accepted letters that it received, in ledger order: every recipient counts, named
or in a group, for action or information, connected or outside. The leaves stand in the order of registration, and their
root is an event of a station of the first organisation (`inbox.committed`), which every reader computes for himself.
Aggregate `inboxes` keeps what was committed last.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Final, cast

from domain.authority import role
from domain.changes import Change, Inbox, State, View
from domain.directory import Role
from domain.errors import RejectedError
from domain.events_proof import InboxCommitted
from domain.exchange import exchange
from domain.ids import Digest, LetterId, OrgId
from domain.letters import letter, recipients
from domain.reasons import Reason
from domain.rules import Case, Precondition, Rule, Signers, forbids, requires, stamp
from domain.tree import root_of

INBOXES_ID: Final = "inboxes"
_LENGTH: Final = struct.Struct(">I")
_LETTERS: Final = struct.Struct(">Q")


@dataclass(frozen=True, kw_only=True, slots=True)
class Commitment(State):
    """The inboxes as they were committed to last: over the records before `size`, by the event at `position`."""

    size: int
    count: int
    root: Digest
    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxesCommitted(Change):
    """The inboxes were committed to."""

    TOPIC: ClassVar[str] = "inboxes.committed.v1"
    size: int
    count: int
    root: Digest
    position: int

    def mutate(self, aggregate: Commitment | None) -> Commitment:  # noqa: ARG002 - it replaces what was
        """Return the commitment."""
        return Commitment(
            id=self.originator_id,
            version=self.originator_version,
            size=self.size,
            count=self.count,
            root=self.root,
            position=self.position,
        )


def commitment(view: View) -> Commitment | None:
    """Return what was committed to last, None if nothing was yet."""
    return cast("Commitment | None", view.get(INBOXES_ID))


def committed_size(view: View) -> int:
    """Return the size that the inboxes were committed to for last, 0 if they never were."""
    found = commitment(view)
    return found.size if found else 0


def extended(view: View, begun: Iterable[Inbox], dispatches: Iterable[LetterId]) -> tuple[Inbox, ...]:
    """Return inboxes after further accepted letters, which come in ledger order."""
    inboxes = tuple(begun)
    heads = {one.organisation: one.head for one in inboxes}
    counts = {one.organisation: one.letters for one in inboxes}
    for letter_id in dispatches:
        for recipient in _received(view, letter_id):
            heads[recipient] = chained(heads[recipient], letter_id)
            counts[recipient] += 1
    return tuple(
        one if counts[one.organisation] == one.letters else _with(one, counts[one.organisation], heads[one.organisation])
        for one in inboxes
    )


def chained(head: Digest, letter_id: LetterId) -> Digest:
    """Return the head of a chain after one more letter."""
    return Digest(hashlib.sha256(head + letter_id).digest())


def inbox_leaf(inbox: Inbox) -> bytes:
    """Return the data of an inbox's leaf: `u32 length ‖ id ‖ u64 letters ‖ head` (formats.md)."""
    name = inbox.organisation.encode("ascii")
    return _LENGTH.pack(len(name)) + name + _LETTERS.pack(inbox.letters) + inbox.head


def _received(view: View, letter_id: LetterId) -> Iterator[OrgId]:
    sent = letter(view, letter_id)
    return (one.organisation for one in recipients(view, sent)) if sent else iter(())


def _with(inbox: Inbox, letters: int, head: Digest) -> Inbox:
    return replace(inbox, letters=letters, head=head)


def speaks_for_the_first(case: Case) -> bool:
    """The station speaks for the first organisation."""
    return bool(case.body.header.organisation == exchange(case.view).first_organisation)


FIRST_STATION: Final[tuple[Precondition, ...]] = (
    *role(Role.STATION),
    requires(Reason.FIRST_ORGANISATION_NEEDED, speaks_for_the_first),
)


def _size_is_next(case: Case) -> bool:
    """The size is not beyond this position, and larger than the one committed to last."""
    return bool(committed_size(case.view) < case.body.size <= case.position)


def _inboxes_agree(case: Case) -> None:
    """Count and root are those of all organisations registered before that size, over all letters accepted before it."""
    own = case.view.inboxes_at(case.body.size)
    if (case.body.count, case.body.root) != (len(own), root_of(map(inbox_leaf, own))):
        raise RejectedError(Reason.INBOX_MISMATCH, f"{len(own)} organisations at size {case.body.size}")


def _commit(case: Case) -> tuple[Change, ...]:
    body = case.body
    committed = stamp(case, INBOXES_ID, commitment(case.view))
    return (InboxesCommitted(**committed, size=body.size, count=body.count, root=body.root, position=case.position),)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=InboxCommitted,
        signers=Signers.ONE,
        authority=FIRST_STATION,
        preconditions=(
            requires(Reason.SIZE_NOT_NEXT, _size_is_next),
            forbids((Reason.INBOX_MISMATCH,), _inboxes_agree),
        ),
        changes=_commit,
    ),
)
