"""The bodies of the events of the rest of a letter's life, of paper, of calendars and of outages. Rules 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.events import Body
from domain.header import Document, Ref
from domain.ids import Digest, LetterId, OrgId


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiptWithdrawn(Body):
    """The recipient takes its acknowledgement back; the number stays, voided."""

    TYPE: ClassVar[str] = "receipt.withdrawn"
    letter: LetterId
    recipient: OrgId
    reason: str
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsignmentTransferred(Body):
    """The recipient passes the letter on to the competent body, where a new consignment starts."""

    TYPE: ClassVar[str] = "consignment.transferred"
    letter: LetterId
    recipient: OrgId
    to: OrgId
    reason: str
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsignmentClosed(Body):
    """The recipient has done what the letter asked for: `how`, by which letter or event, under which case index."""

    TYPE: ClassVar[str] = "consignment.closed"
    letter: LetterId
    recipient: OrgId
    how: str
    by: Ref | None
    case_index: str | None
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsignmentFetched(Body):
    """A station of the recipient tells that it holds every document of the letter."""

    TYPE: ClassVar[str] = "consignment.fetched"
    letter: LetterId
    recipient: OrgId


@dataclass(frozen=True, kw_only=True, slots=True)
class ReminderSent(Body):
    """The sender reminds those who are `silent` or `unanswered`, of all regions or of some. It changes no due time."""

    TYPE: ClassVar[str] = "reminder.sent"
    letter: LetterId
    whom: str
    regions: tuple[str, ...]
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterReceivedOutside(Body):
    """A clerk enters a letter that came on paper or by e-mail; the sender's signature is not in the system.

    Correspondent, his number and the place of the original stand in the cover.
    """

    TYPE: ClassVar[str] = "letter.received_outside"
    kind: str
    language: str
    channel: str
    written_at: int | None
    arrived_at: int
    cover: Document
    documents: tuple[Document, ...]
    references: tuple[Ref, ...]
    case_index: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsignmentDeliveredOutside(Body):
    """The sender tells how and when a body outside the exchange got the letter."""

    TYPE: ClassVar[str] = "consignment.delivered_outside"
    letter: LetterId
    recipient: OrgId
    channel: str
    delivered_at: int
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistrationCorrected(Body):
    """A clerk corrects what a register says beside a number; the number and the first entry stay visible."""

    TYPE: ClassVar[str] = "registration.corrected"
    entry: Digest
    case_index: str | None
    reason: str
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistrationVoided(Body):
    """A clerk voids a number, which counts all the same."""

    TYPE: ClassVar[str] = "registration.voided"
    entry: Digest
    reason: str
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarAdopted(Body):
    """The working calendar of a country for a year: weekly days of rest (1 Monday to 7), holidays, working days moved there.

    Days are counted from 1970-01-01 (0).
    """

    TYPE: ClassVar[str] = "calendar.adopted"
    country: str
    year: int
    version: int
    rest_weekdays: tuple[int, ...]
    holidays: tuple[int, ...]
    working_days: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class OutageDeclared(Body):
    """A time during which some organisations, some regions, or (both empty) all could not work: due times move by it."""

    TYPE: ClassVar[str] = "outage.declared"
    from_at: int
    until_at: int
    organisations: tuple[OrgId, ...]
    regions: tuple[str, ...]
    reason: str
    cover: Document | None
