"""Mandates: who may say some types of events for whom, where, from when until when (rules 3).

Aggregates: `mandate:<identity>`, and `deputy:<officer>`, which names the mandates that somebody was ever given. A mandate
gives no role: under it the deputy speaks with the roles that its officer, the grantor, has at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final, cast

from domain.changes import Change, State, View
from domain.header import Header
from domain.ids import Digest, OfficerId, OrgId

MANDATE_TYPES: Final = frozenset(
    {
        "approval.given",
        "approval.reassigned",
        "approval.refused",
        "approval.requested",
        "approval.returned",
        "approval.withdrawn",
        "consignment.closed",
        "consignment.delivered_outside",
        "consignment.transferred",
        "group.defined",
        "letter.dispatched",
        "letter.recalled",
        "letter.received_outside",
        "letter.superseded",
        "recall.accepted",
        "recall.declined",
        "receipt.acknowledged",
        "receipt.refused",
        "receipt.withdrawn",
        "register.defined",
        "registration.corrected",
        "registration.voided",
        "reminder.sent",
    },
)
"""What a clerk or a signatory says. Not what registrars, stations and roots say, nor what concerns one's own keys or rights."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mandate(State):
    """A mandate of `officer`, the grantor, to `deputy`; in force at ledger times from `from_at` to before `until_at` (ms)."""

    mandate: Digest
    organisation: OrgId
    officer: OfficerId
    deputy: OfficerId
    deputy_organisation: OrgId
    event_types: tuple[str, ...]
    from_at: int
    until_at: int
    position: int
    revoked_position: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MandateEntered(Change):
    """A mandate was granted."""

    TOPIC: ClassVar[str] = "mandate.entered.v1"
    mandate: Digest
    organisation: OrgId
    officer: OfficerId
    deputy: OfficerId
    deputy_organisation: OrgId
    event_types: tuple[str, ...]
    from_at: int
    until_at: int
    position: int

    def mutate(self, aggregate: None) -> Mandate:  # noqa: ARG002 - the first change of a mandate
        """Return the mandate."""
        return Mandate(
            id=self.originator_id,
            version=self.originator_version,
            mandate=self.mandate,
            organisation=self.organisation,
            officer=self.officer,
            deputy=self.deputy,
            deputy_organisation=self.deputy_organisation,
            event_types=self.event_types,
            from_at=self.from_at,
            until_at=self.until_at,
            position=self.position,
            revoked_position=None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class MandateEnded(Change):
    """A mandate was revoked."""

    TOPIC: ClassVar[str] = "mandate.ended.v1"
    position: int

    def mutate(self, aggregate: Mandate) -> Mandate:
        """Return the mandate, revoked."""
        return replace(aggregate, version=self.originator_version, revoked_position=self.position)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deputy(State):
    """An officer to whom mandates were granted, in the order of the ledger, ended ones too."""

    mandates: tuple[Digest, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeputyNamed(Change):
    """A mandate was granted to a deputy."""

    TOPIC: ClassVar[str] = "deputy.named.v1"
    mandate: Digest

    def mutate(self, aggregate: Deputy | None) -> Deputy:
        """Return the deputy with one more mandate."""
        before = aggregate.mandates if aggregate else ()
        return Deputy(id=self.originator_id, version=self.originator_version, mandates=(*before, self.mandate))


def mandate_key(mandate_id: Digest) -> str:
    """Return the id of a mandate's aggregate."""
    return f"mandate:{mandate_id.hex()}"


def mandate(view: View, mandate_id: Digest) -> Mandate | None:
    """Return a mandate by the identity of its grant, None if none was accepted."""
    return cast("Mandate | None", view.get(mandate_key(mandate_id)))


def deputy_key(deputy: OfficerId) -> str:
    """Return the id of a deputy's aggregate."""
    return f"deputy:{deputy}"


def mandates_held(view: View, deputy: OfficerId) -> tuple[Mandate, ...]:
    """Return the mandates that were granted to an officer, in the order of the ledger, ended ones too."""
    found = cast("Deputy | None", view.get(deputy_key(deputy)))
    held = (mandate(view, one) for one in (found.mandates if found else ()))
    return tuple(one for one in held if one is not None)


def spoken_for(view: View, header: Header) -> OfficerId:
    """Return for whom the first signer speaks: the grantor of the mandate that the header names, or else himself."""
    found = None if header.mandate is None else mandate(view, header.mandate)
    return header.officer if found is None else found.officer
