"""The store's indexes: which letters go to an organisation, itself or as a member of a group; and everybody's inbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, bindparam, select

from adapters.store.dialect import insert_rows
from adapters.store.tables import GROUP_MEMBERS, INBOXES, LETTER_ADDRESSEES, LETTER_GROUPS
from domain.changes import Change, Inbox
from domain.directory import OrganisationEntered
from domain.events import GroupDefined
from domain.ids import ZERO_DIGEST
from domain.letters import LetterEntered, TransferEntered
from domain.verdicts import Judged

_KEEP_INBOX: Final = (
    INBOXES.update()
    .where(INBOXES.c.position == bindparam("b_position", type_=BigInteger))
    .values(letters=bindparam("b_letters"), head=bindparam("b_head"))
)


def index_batch(connection: Connection, batch: Sequence[Judged]) -> None:
    """Index the accepted letters and parts of groups of a batch, in order."""
    named: list[tuple[Any, ...]] = []
    grouped: list[tuple[Any, ...]] = []
    members: list[tuple[Any, ...]] = []
    registered: list[tuple[Any, ...]] = []
    for judged in batch:
        if not judged.verdict.is_accepted:
            continue
        if isinstance(judged.body, GroupDefined):
            if judged.body.part == 1:
                insert_rows(connection, GROUP_MEMBERS, members)
                members = []
                _discard_unfinished(connection, judged.body)
            members.extend(_member_rows(judged.body))
        for change in judged.changes:
            named.extend(_addressed_rows(change))
            if isinstance(change, LetterEntered):
                grouped.extend((change.sender, to.group, to.version, change.position, change.letter) for to in change.groups)
            elif isinstance(change, OrganisationEntered) and change.originator_version == 1:
                registered.append((change.position, change.entry.organisation, 0, ZERO_DIGEST))
    insert_rows(connection, LETTER_ADDRESSEES, named)
    insert_rows(connection, LETTER_GROUPS, grouped)
    insert_rows(connection, GROUP_MEMBERS, members)
    insert_rows(connection, INBOXES, registered)


def _addressed_rows(change: Change) -> list[tuple[Any, ...]]:
    """Return whom a letter names, or to whom it was passed on."""
    match change:
        case LetterEntered():
            return [(one.organisation, change.position, change.letter) for one in change.named]
        case TransferEntered():
            return [(change.to.organisation, change.to.position, change.letter)]
        case _:
            return []


def keep_inboxes(connection: Connection, inboxes: Sequence[Inbox]) -> None:
    """Keep the inboxes as they were committed to last; those that got nothing since stay as they are."""
    if not inboxes:
        return
    known = {row.position: row.letters for row in connection.execute(select(INBOXES.c.position, INBOXES.c.letters))}
    moved = [
        {"b_position": one.position, "b_letters": one.letters, "b_head": one.head}
        for one in inboxes
        if known[one.position] != one.letters
    ]
    if moved:
        connection.execute(_KEEP_INBOX, moved)


def _discard_unfinished(connection: Connection, part: GroupDefined) -> None:
    """Part 1 of a version discards what an unfinished attempt at the same version has left."""
    table = GROUP_MEMBERS.c
    same = (table.owner == part.header.organisation) & (table.group == part.group) & (table.version == part.version)
    connection.execute(GROUP_MEMBERS.delete().where(same))


def _member_rows(part: GroupDefined) -> list[tuple[Any, ...]]:
    return [(member, part.header.organisation, part.group, part.version) for member in part.members]
