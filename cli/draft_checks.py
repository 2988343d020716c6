"""What the ledger knows against a draft: addressees, terms and references that do not hold, all of them at once.

Also whether a word names an organisation or one of the sender's groups, and what is near a word that names neither.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from adapters.draft_reading import DraftProblem
from adapters.drafts import Draft, DraftError
from adapters.due_times import DueTimeError
from adapters.working_terms import due_of
from cli.dispatching import Resolve
from cli.errors import AddresseeError, LetterAmbiguousError, LetterNotFoundError, ReferenceFormError
from cli.views import Views
from domain.changes import View
from domain.directory import organisation
from domain.dispatch import OPEN_ACCESS
from domain.errors import RejectedError
from domain.groups import group_of
from domain.ids import OrgId
from domain.reasons import Reason
from projections.directory_tables import GROUPS, NAMES, ORGANISATIONS

NEAR_LIMIT: Final = 5
"""More suggestions than that are a list to search, which `ortoo org list` is better at."""
ORGANISATION: Final = "org"
GROUP: Final = "group"


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressed:
    """Addressees as a draft names them: organisations, and groups of the sender."""

    organisations: tuple[str, ...]
    groups: tuple[str, ...]


def addressed(views: Views, sender: OrgId, words: Sequence[str]) -> Addressed:
    """Return which of the words are organisations and which are groups; `org:` or `group:` before one decides it.

    Raises `AddresseeError` with every word that is neither, or both.
    """
    kinds = {word: _kinds(views.station.view, sender, word) for word in words}
    problems = [_wrong_word(views, sender, word, found) for word, found in kinds.items() if len(found) != 1]
    if problems:
        raise AddresseeError("\n".join(problems))
    return Addressed(
        organisations=tuple(_id_in(word) for word, found in kinds.items() if found == [ORGANISATION]),
        groups=tuple(_id_in(word) for word, found in kinds.items() if found == [GROUP]),
    )


def near(views: Views, sender: OrgId, word: str) -> str:
    """Return what may have been meant by a word that names nobody, as the end of a sentence; "" if nothing is near."""
    with views.reading() as connection:
        ids = list(connection.execute(select(ORGANISATIONS.c.organisation)).scalars())
        ids += connection.execute(select(GROUPS.c.group).where(GROUPS.c.owner == sender).distinct()).scalars()
        named = connection.execute(select(NAMES.c.organisation).where(NAMES.c.text.icontains(word, autoescape=True))).scalars()
        found = dict.fromkeys((*difflib.get_close_matches(word, ids, NEAR_LIMIT), *sorted(set(named))))
    return f" Near to it: {', '.join(list(found)[:NEAR_LIMIT])}." if found else ""


def require_sendable(draft: Draft, views: Views, sender: OrgId, resolve: Resolve) -> None:
    """Raise `DraftError` with everything that does not hold in a draft, `RejectedError` if not everybody may read the letter."""
    problems = (*_addressees(draft, views, sender), *_terms(draft, views), *_references(draft, resolve))
    if problems:
        raise DraftError(tuple(DraftProblem(where=where, why=why) for where, why in problems))
    if draft.access != OPEN_ACCESS:
        detail = f"the letter is marked {draft.access}, and everybody on this ledger could read it; it was not sent"
        raise RejectedError(Reason.NOT_IN_THESE_RULES, detail)


def _kinds(view: View, sender: OrgId, word: str) -> list[str]:
    kind, name = word.rpartition(":")[0], OrgId(_id_in(word))
    known = {ORGANISATION: organisation(view, name) is not None, GROUP: _has_group(view, sender, name)}
    return [one for one, is_known in known.items() if is_known and kind in {"", one}]


def _id_in(word: str) -> str:
    return word.rpartition(":")[2]


def _has_group(view: View, owner: OrgId, group: OrgId) -> bool:
    found = group_of(view, owner, group)
    return found is not None and found.complete_version > 0


def _wrong_word(views: Views, sender: OrgId, word: str, found: Sequence[str]) -> str:
    if found:
        return f"{word!r} is an organisation and also a group of {sender}: write org:{word} or group:{word}."
    return f"{word!r} is neither an organisation nor a complete group of {sender}.{near(views, sender, _id_in(word))}"


def _addressees(draft: Draft, views: Views, sender: OrgId) -> Iterator[tuple[str, str]]:
    for where, named in (("to", draft.to), ("copy", draft.copy)):
        for one in named:
            why = _unfit(views, sender, one)
            if why is not None:
                yield where, why
    for where, groups in (("groups", draft.groups), ("copy_groups", draft.copy_groups)):
        for one in groups:
            if not _has_group(views.station.view, sender, one):
                yield where, f"{sender} has no complete group {one}.{near(views, sender, one)}"


def _unfit(views: Views, sender: OrgId, one: OrgId) -> str | None:
    known = organisation(views.station.view, one)
    if known is None:
        return f"{one} is not in the directory.{near(views, sender, one)}"
    if known.is_unit:
        return f"{one} is a unit; address {known.entry.parent}, of which it is a part"
    if known.closed_position is not None:
        return f"{one} is closed" + (f"; address its successor {known.successor}" if known.successor else "")
    return None


def _terms(draft: Draft, views: Views) -> Iterator[tuple[str, str]]:
    for where, text in (("acknowledge_by", draft.acknowledge_by), ("reply_by", draft.reply_by)):
        if text is not None:
            try:
                due_of(views.station, text)
            except DueTimeError as error:
                yield where, str(error)


def _references(draft: Draft, resolve: Callable[[str], object]) -> Iterator[tuple[str, str]]:
    for where in ("answers", "follows", "replaces", "relates"):
        for text in getattr(draft, where):
            try:
                resolve(text)
            except (LetterNotFoundError, LetterAmbiguousError, ReferenceFormError) as error:
                yield where, str(error)
