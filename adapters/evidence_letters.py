"""What belongs to the bundle of a letter, and how it is shown that an organisation was addressed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise

from adapters.evidence_approvals import approvals_named, request_of
from adapters.evidence_bundle import Proven
from domain.events import GroupDefined, GroupVersion, LetterDispatched
from domain.events_office import ConsignmentTransferred, LetterReceivedOutside
from domain.ids import OrgId
from domain.reasons import Reason
from domain.tree import Frontier, leaf_hash

NAMED = "named"
IN_GROUP = "group"
PASSED_ON = "passed_on"
ENTERED = "entered"
NOT_SHOWN = "not_shown"


def letter_of(events: Iterable[Proven]) -> Proven | None:
    """Return the letter that a letter's bundle is about: its first dispatch, or entry of a letter from outside; None without.

    Answers come later than what they answer.
    """
    letters = [one for one in events if isinstance(one.opened.body, LetterDispatched | LetterReceivedOutside)]
    return min(letters, key=lambda one: one.position, default=None)


def concerns(one: Proven, sent: Proven) -> bool:
    """Tell whether an event belongs to a letter: the letter, its group, its approvals, what was done with it, an answer to it."""
    body, about = one.opened.body, sent.opened.body
    if one is sent:
        return True
    if isinstance(body, LetterDispatched):
        return sent.opened.identity in {ref.identity for ref in body.references.answers if ref.ledger is None}
    if isinstance(about, LetterDispatched):
        if isinstance(body, GroupDefined):
            own = body.header.organisation == about.header.organisation
            return own and any((group.group, group.version) == (body.group, body.version) for group in _groups(about))
        approval = request_of(body, one.opened.identity)
        if approval is not None:
            return approval in approvals_named(about) and one.position < sent.position
    return bool(getattr(body, "letter", None) == sent.opened.identity)


def addressed_in(events: Iterable[Proven], sent: Proven) -> Mapping[OrgId, str]:
    """Return every organisation that the bundle shows to be addressed: named in the letter, or in a group whose parts are there.

    A group is shown by parts that follow each other to the last one and lead to the count and root which the letter names.
    Whoever got it by a transfer from one of these is shown too. A letter from outside is for whoever entered it.
    """
    dispatch = sent.opened.body
    if isinstance(dispatch, LetterReceivedOutside):
        return {dispatch.header.organisation: ENTERED}
    assert isinstance(dispatch, LetterDispatched)  # noqa: S101 - what `letter_of` returns
    shown: dict[OrgId, str] = {}
    ordered = sorted(events, key=lambda one: one.position)
    whole = _whole_groups(ordered, dispatch)
    for group in _groups(dispatch):
        if group in whole:
            shown |= dict.fromkeys(whole[group], IN_GROUP)
    shown |= {one.organisation: NAMED for one in dispatch.addressees if one.organisation is not None}
    # Whoever writes to a group of which he is a member does not write to himself.
    shown.pop(dispatch.header.organisation, None)
    for one in ordered:
        body = one.opened.body
        if isinstance(body, ConsignmentTransferred) and _is_transfer_of(one, sent) and body.recipient in shown:
            shown.setdefault(body.to, PASSED_ON)
    return shown


def _is_transfer_of(one: Proven, sent: Proven) -> bool:
    return one.leaf.reason is Reason.ACCEPTED and getattr(one.opened.body, "letter", None) == sent.opened.identity


def _groups(dispatch: LetterDispatched) -> tuple[GroupVersion, ...]:
    """Return the groups that a letter names, each once: it is not known to be one that the ledger accepted."""
    return tuple(dict.fromkeys(addressee.group for addressee in dispatch.addressees if addressee.group is not None))


def _whole_groups(events: Iterable[Proven], dispatch: LetterDispatched) -> Mapping[GroupVersion, tuple[OrgId, ...]]:
    """Return the members of every version that a letter names and whose accepted parts are whole, as its root says."""
    parts: dict[tuple[OrgId, int], list[GroupDefined]] = {(group.group, group.version): [] for group in _groups(dispatch)}
    for one in events:
        body = one.opened.body
        if isinstance(body, GroupDefined) and one.leaf.reason is Reason.ACCEPTED and (body.group, body.version) in parts:
            parts[body.group, body.version].append(body)
    return dict(found for (name, version), held in parts.items() if held and (found := _whole(name, version, held)) is not None)


def _whole(name: OrgId, version: int, held: Sequence[GroupDefined]) -> tuple[GroupVersion, tuple[OrgId, ...]] | None:
    """Return what these parts of a group's version are together, None if they are not whole."""
    parts = sorted(held, key=lambda one: one.part)
    members = tuple(chain.from_iterable(one.members for one in parts))
    is_whole = [one.part for one in parts] == list(range(1, parts[-1].parts + 1))
    if not is_whole or not all(one < following for one, following in pairwise(members)):
        return None
    tree, _ = Frontier().extend(leaf_hash(member.encode("ascii")) for member in members)
    return GroupVersion(group=name, version=version, count=tree.size, root=tree.root()), members
