"""Finding the letter that a LETTER argument means, among the views and in the queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adapters.queue import Queue
from cli.references import Named, NumberWanted, Speaker, parse_reference, resolve
from cli.session import Session
from cli.views import Views
from domain.directory import officer
from domain.events import LetterDispatched
from domain.ids import LetterId, OfficerId, OrgId
from domain.letters import mark_of
from domain.registers import year_of
from projections import letter_index


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewsIndex:
    """A `LetterIndex` over the views, and over the letters that are signed but not on the ledger yet."""

    views: Views
    queue: Queue

    def letters_with_prefix(self, prefix: str, limit: int) -> Sequence[LetterId]:
        """Return at most `limit` letters whose identity begins with these hexadecimal digits."""
        with self.views.reading() as connection:
            found = letter_index.letters_with_prefix(connection, prefix, limit)
        return _distinct(found, (one for one in self._queued() if one.hex().startswith(prefix)))[:limit]

    def letters_with_mark(self, mark: str) -> Sequence[LetterId]:
        """Return the letters that bear a temporary mark."""
        with self.views.reading() as connection:
            found = letter_index.letters_with_mark(connection, mark)
        return _distinct(found, (one for one in self._queued() if mark_of(one) == mark))

    def letters_with_number(self, wanted: NumberWanted) -> Sequence[LetterId]:
        """Return the letters that bear a number: one, or none."""
        with self.views.reading() as connection:
            found = letter_index.letters_with_number(connection, wanted.organisation, wanted.register, wanted.year, wanted.serial)
        return tuple(letter for letter, _ in found)

    def describe(self, letter: LetterId) -> str:
        """Return a letter in one line."""
        with self.views.reading() as connection:
            return letter_index.described(connection, letter) or mark_of(letter)

    def _queued(self) -> Sequence[LetterId]:
        waiting = self.queue.unfinished()
        return tuple(LetterId(one.identity) for one in waiting if one.act == LetterDispatched.TYPE)


def named_letter(session: Session, views: Views, text: str, organisation: OrgId | None = None) -> Named:
    """Return the letter that a LETTER argument means; numbers are of `organisation`'s registers, or of the officer's home.

    Raises `ReferenceFormError`, `LetterNotFoundError`, `LetterAmbiguousError`.
    """
    index = ViewsIndex(views=views, queue=views.station.parts.queue)
    year = year_of(max(views.at, 0), views.offset_minutes)
    speaker = Speaker(organisation=organisation or home_if_known(session, views), year=year)
    return resolve(parse_reference(text), index, speaker, session.home)


def home_if_known(session: Session, views: Views) -> OrgId | None:
    """Return the home of the officer who acts, None if nobody was named or he was never appointed."""
    who = session.settings.officer
    known = officer(views.station.view, OfficerId(who)) if who is not None else None
    return known.home if known is not None else None


def _distinct(first: Sequence[LetterId], more: Iterable[LetterId]) -> tuple[LetterId, ...]:
    return tuple(dict.fromkeys((*first, *more)))
