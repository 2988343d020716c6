"""Outages: times during which organisations could not work, and how they move due times.

A due time that an outage touches moves so far that the recipient has as much time outside outages as the sender gave him.
The signed instant stays what it is; what it is compared with moves. Whom a region touches is what the directory says before
the record that compares. Aggregate `outages`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Final, cast

from domain import directory, senders
from domain.authority import registrar_above
from domain.calendars import DAY_MS, first_organisation, is_in_order
from domain.changes import Change, State, View
from domain.consignments import ConsignmentState, effective
from domain.events import AcknowledgementMissed
from domain.events_office import OutageDeclared
from domain.ids import OrgId
from domain.letters import ACTION, all_recipients
from domain.reasons import Reason
from domain.rules import Case, Rule, Signers, requires, stamp
from domain.senders import COVER_IS_PLAIN, named_letter

OUTAGES_ID: Final = "outages"
OUTAGE_REASONS: Final = frozenset({"POWER", "NETWORK", "LEDGER", "STATION", "DISASTER", "OTHER"})
OUTAGE_LIMIT_MS: Final = 90 * DAY_MS
"""An outage neither began longer ago than that nor ends later: nobody excuses last year's silence, or next year's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outage:
    """A declared outage: from when until when (ledger time, ms), and whom it touches; both empty: everybody."""

    from_at: int
    until_at: int
    organisations: tuple[OrgId, ...]
    regions: tuple[str, ...]
    position: int

    def touches(self, organisation: OrgId, regions: Iterable[str]) -> bool:
        """Tell whether it touches an organisation that lies in some regions."""
        if not self.organisations and not self.regions:
            return True
        return organisation in self.organisations or not set(self.regions).isdisjoint(regions)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outages(State):
    """Every outage that was declared, in the order of the ledger."""

    outages: tuple[Outage, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class OutageEntered(Change):
    """An outage was declared."""

    TOPIC: ClassVar[str] = "outages.entered.v1"
    outage: Outage

    def mutate(self, aggregate: Outages | None) -> Outages:
        """Return the outages with this one."""
        if aggregate is not None:
            return replace(aggregate, version=self.originator_version, outages=(*aggregate.outages, self.outage))
        return Outages(id=self.originator_id, version=self.originator_version, outages=(self.outage,))


def outages(view: View) -> tuple[Outage, ...]:
    """Return every outage that was declared."""
    found = cast("Outages | None", view.get(OUTAGES_ID))
    return found.outages if found else ()


def moved(due: int, sent_at: int, touching: Iterable[Outage]) -> int:
    """Return when a term is over of whoever these outages touch: it is never earlier than `due`, in whatever order they come.

    The time between dispatch and the moved instant that lies in no outage is as long as the signed term. Times in milliseconds.
    """
    until = sent_at
    for outage in sorted(touching, key=lambda one: one.from_at):
        begins = max(outage.from_at, until)
        if begins >= due:
            # Those that come later begin later; what is left of a longer one was counted with it.
            break
        if outage.until_at > begins:
            due += outage.until_at - begins
            until = outage.until_at
    return due


def _overlapping(view: View, due: int, sent_at: int) -> tuple[Outage, ...]:
    """Return the outages that could move a term for somebody."""
    declared = outages(view)
    latest = moved(due, sent_at, declared)
    return tuple(one for one in declared if one.from_at < latest and one.until_at > sent_at)


def regions_of(view: View, organisation: OrgId) -> tuple[str, ...]:
    """Return the regions of an organisation as the directory has them."""
    found = directory.organisation(view, organisation)
    return found.entry.regions if found else ()


def _term_has_passed_for_the_silent(case: Case) -> bool:
    """The time to acknowledge has passed at this record's ledger time, moved by outages for each connected one who is silent."""
    sent = named_letter(case)
    due = sent.acknowledge_by
    if due is None or case.at <= due:
        return False
    sent_at = case.view.time_at(sent.position)
    overlapping = _overlapping(case.view, due, sent_at)
    return not overlapping or not any(
        case.at <= moved(due, sent_at, [one for one in overlapping if one.touches(to, regions_of(case.view, to))])
        and effective(case.view, sent.letter, to) is ConsignmentState.OPEN
        for to in _connected_for_action(case)
    )


def _connected_for_action(case: Case) -> Iterable[OrgId]:
    outside = directory.marks(case.view).outside
    everybody = all_recipients(case.view, named_letter(case))
    return (one.organisation for one in everybody if one.capacity == ACTION and one.organisation not in outside)


def _reason_is_known(case: Case) -> bool:
    """The reason is a code of these rules."""
    return case.body.reason in OUTAGE_REASONS


def _times_fit(case: Case) -> bool:
    """It ends after it begins, began at most 90 days before this record's ledger time, and ends at most 90 days after it."""
    body = case.body
    return bool(case.at - OUTAGE_LIMIT_MS <= body.from_at < body.until_at <= case.at + OUTAGE_LIMIT_MS)


def _whom_is_in_order(case: Case) -> bool:
    """Organisations and regions are sorted, each once."""
    return is_in_order(case.body.organisations) and is_in_order(case.body.regions)


def _organisations_are_known(case: Case) -> bool:
    """Each organisation is registered."""
    return all(directory.organisation(case.view, one) is not None for one in case.body.organisations)


def _declare(case: Case) -> tuple[Change, ...]:
    body = case.body
    outage = Outage(
        from_at=body.from_at,
        until_at=body.until_at,
        organisations=body.organisations,
        regions=body.regions,
        position=case.position,
    )
    return (OutageEntered(**stamp(case, OUTAGES_ID, case.view.get(OUTAGES_ID)), outage=outage),)


_MISSED_BEFORE: Final = next(rule for rule in senders.RULES if rule.event is AcknowledgementMissed)
_TERM_PASSED: Final = requires(Reason.NOT_YET_DUE, _term_has_passed_for_the_silent)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=OutageDeclared,
        signers=Signers.ONE,
        authority=registrar_above(first_organisation),
        preconditions=(
            requires(Reason.CODE_UNKNOWN, _reason_is_known),
            COVER_IS_PLAIN,
            requires(Reason.OUTAGE_TIMES_WRONG, _times_fit),
            requires(Reason.OUTAGE_NOT_SORTED, _whom_is_in_order),
            requires(Reason.ORGANISATION_NOT_FOUND, _organisations_are_known),
        ),
        changes=_declare,
    ),
    replace(
        _MISSED_BEFORE,
        preconditions=tuple(_TERM_PASSED if Reason.NOT_YET_DUE in one.reasons else one for one in _MISSED_BEFORE.preconditions),
    ),
)
"""Declaring one, and `acknowledgement.missed` as under rules 2 but for the time that it compares with."""
