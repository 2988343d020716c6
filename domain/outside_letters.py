"""What is kept of the world outside the exchange: letters that came from outside, and what became of ours with bodies outside.

Aggregates: `outside_letter:<identity>` (which organisation entered a letter from outside; it never changes again) and
`outside_delivery:<letter>:<organisation>` (how and when a body outside got a letter, as its sender said last). The rules of the
events stand in `domain.outside`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

from domain.changes import Change, State, View
from domain.ids import LetterId, OrgId, kept


@dataclass(frozen=True, kw_only=True, slots=True)
class OutsideLetter(State):
    """A letter from outside: who entered it, and where."""

    organisation: OrgId
    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OutsideLetterEntered(Change):
    """A clerk entered a letter from outside."""

    TOPIC: ClassVar[str] = "outside_letter.entered.v1"
    organisation: OrgId
    position: int

    def mutate(self, aggregate: None) -> OutsideLetter:  # noqa: ARG002 - the first and only change
        """Return the letter."""
        return OutsideLetter(
            id=self.originator_id, version=self.originator_version, organisation=self.organisation, position=self.position
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class OutsideDelivery(State):
    """How and when a body outside got a letter, by what its sender said last, at `position`; `delivered_at` in ms UTC."""

    channel: str
    delivered_at: int
    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OutsideDeliveryTold(Change):
    """The sender said how and when a body outside got the letter, or corrected it."""

    TOPIC: ClassVar[str] = "outside_delivery.told.v1"
    channel: str
    delivered_at: int
    position: int

    def mutate(self, aggregate: OutsideDelivery | None) -> OutsideDelivery:  # noqa: ARG002 - what is said last counts
        """Return the delivery as it was told."""
        return OutsideDelivery(
            id=self.originator_id,
            version=self.originator_version,
            channel=self.channel,
            delivered_at=self.delivered_at,
            position=self.position,
        )


@kept
def outside_letter_key(letter_id: LetterId) -> str:
    """Return the id of the aggregate of a letter from outside."""
    return f"outside_letter:{letter_id.hex()}"


@kept
def outside_delivery_key(letter_id: LetterId, organisation: OrgId) -> str:
    """Return the id of the aggregate of a delivery outside."""
    return f"outside_delivery:{letter_id.hex()}:{organisation}"


def outside_letter(view: View, letter_id: LetterId) -> OutsideLetter | None:
    """Return a letter that came from outside and was entered, None if there is no such."""
    return cast("OutsideLetter | None", view.get(outside_letter_key(letter_id)))


def outside_delivery(view: View, letter_id: LetterId, organisation: OrgId) -> OutsideDelivery | None:
    """Return how a body outside got a letter, None if nobody said so."""
    return cast("OutsideDelivery | None", view.get(outside_delivery_key(letter_id, organisation)))
