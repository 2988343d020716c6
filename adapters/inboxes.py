"""What a station of the first organisation says of all inboxes, and what proves to a committee that its own is whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adapters.keyring import OfficerSigner
from adapters.station import Station, Utterance
from adapters.submitting import SUBMIT_WAIT_S, Outcome
from domain.changes import Inbox
from domain.directory import Role, has_role
from domain.events_proof import InboxCommitted
from domain.exchange import rules_at
from domain.ids import ZERO_DIGEST, Digest, LetterId, OfficerId, OrgId
from domain.inboxes import chained, commitment, inbox_leaf
from domain.proofs import inclusion_path
from domain.rulebook import RULEBOOKS
from domain.tree import Frontier, leaf_hash, root_of


def commit_inboxes(station: Station, officer: OfficerId, *, size: int) -> Outcome | None:
    """Commit to everybody's inbox over the records before `size`, and return what became of it; None if there is no need.

    There is none where the officer is no station of the first organisation, the rules in force do not know of inboxes, or
    nothing was addressed to anybody since the last time. Raises what `Station.signer` and `Station.submit` raise.
    """
    now = station.exchange
    knows = InboxCommitted in RULEBOOKS[rules_at(station.view, station.rehearsal_time).version]
    if not knows or not has_role(station.view, officer, now.first_organisation, Role.STATION):
        return None
    said = inboxes_committed(station, station.signer(officer), size=size)
    return None if said is None else station.submit([said], wait_s=SUBMIT_WAIT_S)[0]


def inboxes_committed(station: Station, signer: OfficerSigner, *, size: int) -> Utterance | None:
    """Return the commitment to everybody's inbox over the records before `size`; None if the last one says the same.

    The signer is a station of the first organisation, and `size` is not beyond what this station has read. Records that come
    between this and its own position change nothing in it, so no other station can spoil it.
    """
    last = commitment(station.view)
    if last is not None and size <= last.size:
        return None
    inboxes = station.view.inboxes_at(size)
    count, root = len(inboxes), root_of(map(inbox_leaf, inboxes))
    if last is not None and (last.count, last.root) == (count, root):
        return None
    header = station.header(station.exchange.first_organisation, (signer,))
    body = InboxCommitted(header=header, size=size, count=count, root=root)
    return Utterance(body=body, signers=(signer,), intention=f"{body.TYPE}:{size}")


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxProof:
    """An organisation's inbox in the last commitment: its leaf's index and data, and the path to the root committed to.

    `event_position` is where the commitment stands.
    """

    inbox: Inbox
    index: int
    path: tuple[Digest, ...]
    size: int
    count: int
    root: Digest
    event_position: int


def inbox_proof(station: Station, organisation: OrgId) -> InboxProof | None:
    """Return what the last commitment says of an organisation's inbox; None if there is none that covers it."""
    committed = commitment(station.view)
    if committed is None:
        return None
    inboxes = tuple(one for one in station.parts.store.inboxes() if one.position < committed.size)
    index = next((i for i, one in enumerate(inboxes) if one.organisation == organisation), None)
    if index is None:
        return None
    return InboxProof(
        inbox=inboxes[index],
        index=index,
        path=_path(inboxes, index),
        size=committed.size,
        count=committed.count,
        root=committed.root,
        event_position=committed.position,
    )


def inbox_of(organisation: OrgId, position: int, letters: Iterable[LetterId]) -> Inbox:
    """Return the inbox of an organisation that received these letters, in ledger order, and no others."""
    head, count = ZERO_DIGEST, 0
    for letter in letters:
        head, count = chained(head, letter), count + 1
    return Inbox(organisation=organisation, position=position, letters=count, head=head)


def _path(inboxes: Sequence[Inbox], index: int) -> tuple[Digest, ...]:
    _, completed = Frontier().extend(leaf_hash(inbox_leaf(one)) for one in inboxes)
    nodes = {(level, place): digest for level, place, digest in completed}
    return inclusion_path(index, len(inboxes), lambda level, place: nodes[level, place])
