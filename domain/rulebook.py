"""The rulebooks: for every type of event its rule, each written in the module of what it is about.

Rules 1 stay as they are for the records that were judged, and are still to be judged, by them; rules 2 are all of rules 1
and the events that prove the ledger to others; rules 3 are all of rules 2 and those of the office: approvals, mandates, the rest
of a letter's life, calendars.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from domain import (
    approval_requests,
    approval_rules,
    calendars,
    consignment_acts,
    contests,
    directory_rules,
    dispatch,
    enrolment,
    exchange,
    groups,
    inboxes,
    mandate_rules,
    outages,
    outside,
    receipts,
    registers,
    registrations,
    reminders,
    senders,
    timestamps,
)
from domain.catalogue import EVENT_TYPES, payload_type_of
from domain.events import Body, LedgerOpened
from domain.mandate_rules import with_mandates
from domain.rules import Rule

_RULES: Final = (
    *exchange.RULES,
    *directory_rules.RULES,
    *enrolment.RULES,
    *groups.RULES,
    *registers.RULES,
    *dispatch.RULES,
    *senders.RULES,
    *receipts.RULES,
)
_NEW_IN_RULES_2: Final = (*inboxes.RULES, *contests.RULES, *timestamps.RULES)
_NEW_IN_RULES_3: Final[tuple[Rule, ...]] = (
    *approval_requests.RULES,
    *approval_rules.RULES,
    *dispatch.RULES_3,
    *calendars.RULES,
    *outages.RULES,
    *outside.RULES,
    *mandate_rules.RULES,
    *consignment_acts.RULES,
    *reminders.RULES,
    *registrations.RULES,
)

RULES_1: Final[Mapping[type[Body], Rule]] = MappingProxyType({rule.event: rule for rule in _RULES})
"""The rules of version 1; `ledger.opened` is judged by domain.genesis."""

RULES_2: Final[Mapping[type[Body], Rule]] = MappingProxyType({**RULES_1, **{rule.event: rule for rule in _NEW_IN_RULES_2}})
"""The rules of version 2."""

RULES_3: Final[Mapping[type[Body], Rule]] = MappingProxyType(
    {event: with_mandates(rule) for event, rule in {**RULES_2, **{rule.event: rule for rule in _NEW_IN_RULES_3}}.items()},
)
"""The rules of version 3. What asks for `MANDATE_EMPTY` in its own module is said under a mandate here, if its type may be."""

RULEBOOKS: Final[Mapping[int, Mapping[type[Body], Rule]]] = MappingProxyType({1: RULES_1, 2: RULES_2, 3: RULES_3})
"""Every version of the rules that this program holds."""
NEWEST_RULES: Final = max(RULEBOOKS)
"""The newest rules that this program holds. Those behind the released ones are a draft."""
RELEASED_RULES: Final = 3
"""The newest rules that never change any more."""


def rules_for_new(purpose: str) -> int:
    """Return the rules that a ledger of a purpose is opened under, and that an older one can adopt.

    A draft may still change, and who holds the changed one judges nothing of a ledger under the other: it is for training only.
    """
    return NEWEST_RULES if purpose == exchange.TRAINING else RELEASED_RULES


_PAYLOAD_TYPES: Final = {payload_type_of(event): event for event in EVENT_TYPES}


def knows_payload_type(rules: Mapping[type[Body], Rule], payload_type: str) -> bool:
    """Tell whether rules have an event that is signed under this payload type."""
    event = _PAYLOAD_TYPES.get(payload_type)
    return event is LedgerOpened or event in rules
