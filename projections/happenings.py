"""What projections are fed: every position with its verdict and, if the event is authentic, what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy import Connection, Table

from adapters.store.entries import Entry
from domain.changes import View
from domain.codec import Codec
from domain.directory import organisation
from domain.events import Body
from domain.ids import LetterId, OrgId
from domain.letters import Recipient, letter, recipients
from domain.verdicts import Verdict

REMEMBERED_RECIPIENTS: Final = 40_000
"""Two letters of the largest size: several projections ask for the same recipients, and a batch may hold many such letters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One position: its verdict, the body if the event is authentic, and what tells people more of a rejection."""

    verdict: Verdict
    body: Body | None
    detail: str

    @property
    def position(self) -> int:
        """Where it stands."""
        return self.verdict.position

    @property
    def at(self) -> int:
        """Its ledger time in milliseconds."""
        return self.verdict.at

    @property
    def accepted(self) -> Body | None:
        """The body if the event was accepted, else None: what is rejected changes no view but the archive."""
        return self.body if self.verdict.is_accepted else None


class Batch:
    """Consecutive positions, and a view of the ledger that may be further on than they are.

    So only what can never change afterwards is asked of the view: who received a letter, how a number prints, what a
    letter is, and since when somebody is closed.
    """

    def __init__(self, happenings: Sequence[Happening], view: View) -> None:
        """Take the happenings in the order of the ledger."""
        self.happenings = tuple(happenings)
        self.view = view
        self._recipients: dict[LetterId, tuple[Recipient, ...]] = {}
        self._remembered = 0

    def recipients(self, letter_id: LetterId) -> tuple[Recipient, ...]:
        """Return everybody to whom an accepted letter went."""
        found = self._recipients.get(letter_id)
        if found is None:
            sent = letter(self.view, letter_id)
            found = tuple(recipients(self.view, sent)) if sent else ()
            if self._remembered + len(found) <= REMEMBERED_RECIPIENTS:
                self._recipients[letter_id] = found
                self._remembered += len(found)
        return found

    def acted_for(self, organisation_id: OrgId, position: int) -> Iterator[OrgId]:
        """Yield for whom an organisation's officers acted at a position: itself, and everyone it had succeeded by then."""
        pending = [organisation_id]
        while pending:
            one = pending.pop()
            yield one
            found = organisation(self.view, one)
            for predecessor in found.predecessors if found else ():
                before = organisation(self.view, predecessor)
                if before is not None and before.closed_position is not None and before.closed_position < position:
                    pending.append(predecessor)


class Projection(Protocol):
    """A view of the ledger: tables, and how each batch changes them."""

    @property
    def name(self) -> str:
        """Its name, in commands and in the table of positions."""

    @property
    def version(self) -> int:
        """Raised whenever the same ledger would give other rows; a view of another version is rebuilt."""

    @property
    def tables(self) -> tuple[Table, ...]:
        """Its own tables, in the order in which they are dumped."""

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write what a batch changes."""


def happening_of(entry: Entry, codec: Codec) -> Happening:
    """Return a stored entry as a happening; the record of an authentic event can be read, or it would not be authentic."""
    if entry.record is None:
        return Happening(verdict=entry.verdict, body=None, detail=entry.detail)
    event = codec.envelope(entry.record)
    return Happening(verdict=entry.verdict, body=codec.body(event.payload_type, event.payload), detail=entry.detail)
