"""What belongs to the bundle of a letter, and how it is shown that an organisation was addressed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise

from adapters.evidence_bundle import Proven
from domain.events import GroupDefined, GroupVersion, LetterDispatched
from domain.ids import OrgId
from domain.reasons import Reason
from domain.tree import Frontier, leaf_hash

NAMED = "named"
IN_GROUP = "group"
NOT_SHOWN = "not_shown"


def letter_of(events: Iterable[Proven]) -> Proven | None:
    """Return the dispatch that a letter's bundle is about: its first, because answers come later; None if it has none."""
    dispatches = [one for one in events if isinstance(one.opened.body, LetterDispatched)]
    return min(dispatches, key=lambda one: one.position, default=None)


def concerns(one: Proven, sent: Proven) -> bool:
    """Tell whether an event belongs to a letter: the letter, its group, what was done to it or with it, an answer to it."""
    body, dispatch = one.opened.body, sent.opened.body
    assert isinstance(dispatch, LetterDispatched)  # noqa: S101 - what `letter_of` returns
    if isinstance(body, LetterDispatched):
        answers = {ref.identity for ref in body.references.answers if ref.ledger is None}
        return one is sent or sent.opened.identity in answers
    if isinstance(body, GroupDefined):
        own = body.header.organisation == dispatch.header.organisation
        return own and any((group.group, group.version) == (body.group, body.version) for group in _groups(dispatch))
    return bool(getattr(body, "letter", None) == sent.opened.identity)


def addressed_in(events: Iterable[Proven], sent: Proven) -> Mapping[OrgId, str]:
    """Return every organisation that the bundle shows to be addressed: named in the letter, or in a group whose parts are there.

    A group is shown by parts that follow each other to the last one and lead to the count and root which the letter names.
    """
    dispatch = sent.opened.body
    assert isinstance(dispatch, LetterDispatched)  # noqa: S101 - what `letter_of` returns
    shown: dict[OrgId, str] = {}
    for group in _groups(dispatch):
        accepted = (one.opened.body for one in events if one.leaf.reason is Reason.ACCEPTED)
        shown |= dict.fromkeys(_members(group, [body for body in accepted if isinstance(body, GroupDefined)]), IN_GROUP)
    shown |= {one.organisation: NAMED for one in dispatch.addressees if one.organisation is not None}
    # Whoever writes to a group of which he is a member does not write to himself.
    shown.pop(dispatch.header.organisation, None)
    return shown


def _groups(dispatch: LetterDispatched) -> list[GroupVersion]:
    return [addressee.group for addressee in dispatch.addressees if addressee.group is not None]


def _members(group: GroupVersion, defined: Sequence[GroupDefined]) -> tuple[OrgId, ...]:
    """Return the members of a group's version if the parts are whole, none otherwise."""
    parts = sorted((one for one in defined if (one.group, one.version) == (group.group, group.version)), key=lambda one: one.part)
    whole = [one.part for one in parts] == list(range(1, len(parts) + 1)) and len(parts) == (parts[-1].parts if parts else -1)
    members = tuple(chain.from_iterable(one.members for one in parts))
    tree, _ = Frontier().extend(leaf_hash(member.encode("ascii")) for member in members)
    sorted_once = all(one < following for one, following in pairwise(members))
    return members if whole and sorted_once and (tree.size, tree.root()) == (group.count, group.root) else ()
