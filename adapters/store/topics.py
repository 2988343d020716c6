"""The registry of everything that the store can hold: literal names, and the classes that they stand for today."""

from __future__ import annotations

import functools
from typing import Final

from adapters.store.mapper import ChangeMapper
from domain import (
    approvals,
    calendars,
    consignments,
    contests,
    directory,
    exchange,
    groups,
    inboxes,
    keys,
    letters,
    mandates,
    outages,
    outside_letters,
    registers,
    registrations,
    timestamps,
)
from domain.changes import Change, State

CHANGES: Final[tuple[type[Change], ...]] = (
    exchange.ExchangeOpened,
    exchange.RootsReplaced,
    exchange.AnchorsChanged,
    exchange.CheckpointKeysChanged,
    exchange.RulesAnnounced,
    exchange.RulesPlaced,
    directory.OrganisationEntered,
    directory.OrganisationShut,
    directory.PredecessorGained,
    directory.OfficerEntered,
    directory.Appointed,
    directory.Relieved,
    directory.DirectoryMarked,
    keys.KeyAdmitted,
    keys.CertificateAdmitted,
    keys.KeyStatusChanged,
    groups.GroupAdvanced,
    groups.GroupPartEntered,
    registers.DefinitionEntered,
    registers.NumberGiven,
    letters.LetterEntered,
    letters.TallyBegun,
    letters.Tallied,
    letters.Recalled,
    letters.Superseded,
    letters.Missed,
    consignments.Decided,
    consignments.Opened,
    inboxes.InboxesCommitted,
    contests.Settled,
    timestamps.TimestampEntered,
    calendars.CalendarEntered,
    calendars.CountryEntered,
    outages.OutageEntered,
    outside_letters.OutsideLetterEntered,
    outside_letters.OutsideDeliveryTold,
    mandates.MandateEntered,
    mandates.MandateEnded,
    mandates.DeputyNamed,
    approvals.RequestEntered,
    approvals.PlaceDecided,
    approvals.PlaceDelegated,
    approvals.PlaceReassigned,
    approvals.RequestWithdrawn,
    approvals.StageTermMissed,
    letters.TallyTransferred,
    letters.TransferEntered,
    consignments.HandlingTold,
    registrations.CorrectionEntered,
    registrations.VoidingEntered,
)
"""Every change that an accepted event can make; each names itself by its TOPIC."""

STATES: Final[dict[str, type[State]]] = {
    "exchange.v1": exchange.Exchange,
    "rules.v1": exchange.RulesPlace,
    "directory.v1": directory.Directory,
    "organisation.v1": directory.Organisation,
    "officer.v1": directory.Officer,
    "appointment.v1": directory.Appointment,
    "key.v1": keys.Key,
    "certificate.v1": keys.CertificateHolder,
    "group.v1": groups.Group,
    "group_members.v1": groups.GroupMembers,
    "registers.v1": registers.Definitions,
    "register.v1": registers.Register,
    "letter.v1": letters.Letter,
    "tally.v1": letters.Tally,
    "consignment.v1": consignments.Consignment,
    "inboxes.v1": inboxes.Commitment,
    "contest.v1": contests.Settlement,
    "timestamps.v1": timestamps.Timestamps,
    "calendar.v1": calendars.Calendar,
    "calendars.v1": calendars.Countries,
    "outages.v1": outages.Outages,
    "outside_letter.v1": outside_letters.OutsideLetter,
    "outside_delivery.v1": outside_letters.OutsideDelivery,
    "mandate.v1": mandates.Mandate,
    "deputy.v1": mandates.Deputy,
    "approval.v1": approvals.Request,
    "transfers.v1": letters.Transfers,
    "handling.v1": consignments.Handling,
    "registration.v1": registrations.Registration,
}
"""Every state that a snapshot can hold, by its literal name."""


@functools.cache
def change_mapper() -> ChangeMapper:
    """Return the mapper of everything registered here, compiled once."""
    return ChangeMapper({change.TOPIC: change for change in CHANGES}, STATES)
