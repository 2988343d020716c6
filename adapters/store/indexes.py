"""The store's indexes of addressees: which letters go to an organisation, itself or as a member of a group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from adapters.store.dialect import insert_rows
from adapters.store.tables import GROUP_MEMBERS, LETTER_ADDRESSEES, LETTER_GROUPS
from domain.events import GroupDefined
from domain.letters import LetterEntered
from domain.verdicts import Judged


def index_batch(connection: Connection, batch: Sequence[Judged]) -> None:
    """Index the accepted letters and parts of groups of a batch, in order."""
    named: list[tuple[Any, ...]] = []
    grouped: list[tuple[Any, ...]] = []
    members: list[tuple[Any, ...]] = []
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
            if isinstance(change, LetterEntered):
                named.extend((one.organisation, change.position, change.letter) for one in change.named)
                grouped.extend((change.sender, to.group, to.version, change.position, change.letter) for to in change.groups)
    insert_rows(connection, LETTER_ADDRESSEES, named)
    insert_rows(connection, LETTER_GROUPS, grouped)
    insert_rows(connection, GROUP_MEMBERS, members)


def _discard_unfinished(connection: Connection, part: GroupDefined) -> None:
    """Part 1 of a version discards what an unfinished attempt at the same version has left."""
    table = GROUP_MEMBERS.c
    same = (table.owner == part.header.organisation) & (table.group == part.group) & (table.version == part.version)
    connection.execute(GROUP_MEMBERS.delete().where(same))


def _member_rows(part: GroupDefined) -> list[tuple[Any, ...]]:
    return [(member, part.header.organisation, part.group, part.version) for member in part.members]
