"""Figures of a pilot from the ledger alone: who acknowledged, how soon, who is silent; each defined in one sentence.

What is counted are consignments: one letter with one of its recipients. Everything is told as of the last position that the
views show, with its ledger time for the present, so any two stations that have read as far have the same figures. All
arithmetic is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, select

from domain.consignments import ConsignmentState
from domain.ids import LetterId, OrgId
from domain.letters import ACTION
from projections.directory_tables import MEMBERS, REGIONS
from projections.filters import Filters, letter_conditions
from projections.inbox import CONSIGNMENTS, OUTSIDE
from projections.letters import ADDRESSED_GROUPS, LETTERS
from projections.moved_terms import ACKNOWLEDGE_DUE, with_moved

PER_MILLE: Final = 1000
MEDIAN: Final = 50
NINETIETH: Final = 90


class Standing(StrEnum):
    """Where a consignment stands for the figures: each has exactly one of these."""

    IN_TIME = "in_time"
    LATE = "late"
    LATE_SYNCED = "late_synced"
    REFUSED = "refused"
    SILENT = "silent"
    WAITING = "waiting"
    WITHOUT_TERM = "without_term"
    RECALLED = "recalled"
    TRANSFERRED = "transferred"
    SUPERSEDED = "superseded"
    OUTSIDE = "outside"


RECEIVED: Final = (Standing.IN_TIME, Standing.LATE, Standing.LATE_SYNCED)
APART: Final = frozenset({Standing.RECALLED, Standing.TRANSFERRED, Standing.SUPERSEDED, Standing.OUTSIDE})
"""What nobody is asked to acknowledge, or nobody could: it is in no share."""

DEFINITIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "asked": "Consignments for action (or, of the line of copies, for information) but for those that are recalled, "
        "transferred, superseded or outside: the whole of which shares are parts.",
        "acknowledged": "Consignments whose receipt was accepted and not withdrawn, be it in time, late or late-synced, "
        "whatever the sender did to the letter afterwards.",
        "share_per_mille": "Acknowledged in thousandths of those asked, rounded down, so that the whole is only shown for the "
        "whole; null if nobody was asked.",
        "in_time": "Acknowledged at a ledger time not after the due time (the signed time to acknowledge, moved by declared "
        "outages), or where there is none.",
        "late": "Acknowledged at a ledger time after the due time, by a receipt that claims no earlier signature.",
        "late_synced": "Acknowledged at a ledger time after the due time, by a receipt that claims to have been signed not "
        "after it: a claim of the signer, which moves it out of `late` and changes nothing else.",
        "refused": "Consignments whose refusal was accepted.",
        "silent": "Consignments for action that are open at a ledger time after their due time, of a recipient who is connected "
        "and a letter that is neither recalled nor superseded.",
        "waiting": "Consignments as the silent ones whose due time has not passed.",
        "without_term": "Open consignments whose silence is not counted: of letters without a time to acknowledge, or for "
        "information.",
        "recalled": "Consignments that were recalled before their recipient decided.",
        "transferred": "Consignments that their recipient passed on without deciding; the competent body's own counts.",
        "superseded": "Open consignments of a letter that its sender superseded.",
        "outside": "Open consignments of recipients outside the exchange, who cannot sign a receipt.",
        "median_ms": "The 50th percentile, by nearest rank, of the milliseconds of ledger time from dispatch (of what was passed "
        "on: from then) to receipt of all that is acknowledged; null if nothing is.",
        "ninetieth_ms": "The 90th percentile of the same: of n values in ascending order the one at place n · 90 / 100, rounded "
        "up; no value is ever made up between two.",
        "silent_organisations": "Organisations of which at least one consignment is silent, each once.",
    }
)
"""What each figure is, in one sentence; the reference prints them, and a test holds them against `Figures`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """The figures of some consignments, each as `DEFINITIONS` says."""

    asked: int
    acknowledged: int
    share_per_mille: int | None
    in_time: int
    late: int
    late_synced: int
    refused: int
    silent: int
    waiting: int
    without_term: int
    recalled: int
    transferred: int
    superseded: int
    outside: int
    median_ms: int | None
    ninetieth_ms: int | None
    silent_organisations: tuple[OrgId, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The figures for action of one region, group version (`owner/group/version`) or month (`2026-11`).

    It is empty for recipients without a region, and for those who were addressed by name and not by a group.
    """

    part: str
    figures: Figures


@dataclass(frozen=True, kw_only=True, slots=True)
class SilentOrganisation:
    """An organisation that owes receipts: of how many letters, since when the oldest is due (ms UTC), and where it lies."""

    organisation: OrgId
    letters: int
    due_since: int
    regions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PilotFigures:
    """All figures of the chosen letters; `percentiles_ms` are those from the 1st to the 100th, for action.

    A recipient who lies in several regions, or is in several groups of one letter, counts in each of those parts.
    """

    letters: int
    action: Figures
    information: Figures
    percentiles_ms: tuple[int, ...]
    regions: tuple[Part, ...]
    groups: tuple[Part, ...]
    months: tuple[Part, ...]
    silent: tuple[SilentOrganisation, ...]


def percentile(ascending: Sequence[int], percent: int) -> int | None:
    """Return the percentile by nearest rank: of n values the one at place n · percent / 100, rounded up; None if n is 0."""
    if not ascending:
        return None
    return ascending[max(1, -(-len(ascending) * percent // 100)) - 1]


def pilot_figures(
    connection: Connection, filters: Filters, *, now: int, offset_minutes: int, letter: LetterId | None = None
) -> PilotFigures:
    """Return the figures of the letters that filters choose (sender and time of dispatch count) or of one letter.

    `now` is the ledger time of the last position shown; months are those of the ledger's offset from UTC.
    """
    conditions = letter_conditions(filters)
    if letter is not None:
        conditions.append(LETTERS.c.letter == letter)
    outside = frozenset(connection.execute(select(OUTSIDE.c.organisation)).scalars())
    parts = _Parts(_regions(connection), _groups(connection), offset_minutes)
    chosen = with_moved(select(*_FIELDS).select_from(_JOINED)).where(*conditions)
    count = _Count(parts)
    for row in connection.execute(chosen.order_by(CONSIGNMENTS.c.position, CONSIGNMENTS.c.recipient)):
        count.add(row, _standing(row, outside, now))
    return count.result()


_C: Final = CONSIGNMENTS.c
_JOINED: Final = CONSIGNMENTS.join(LETTERS, LETTERS.c.letter == _C.letter)
_FIELDS: Final = (
    _C.letter,
    _C.recipient,
    _C.at,
    _C.sender,
    _C.capacity,
    _C.state,
    _C.received_at,
    _C.received_signed_at,
    _C.refusal_reason,
    LETTERS.c.superseded_by,
    LETTERS.c.at.label("sent_at"),
    ACKNOWLEDGE_DUE.label("due"),
)


def _standing(row: Any, outside: frozenset[str], now: int) -> Standing:
    # Who is not asked to act owes nothing by any time.
    due = row.due if row.capacity == ACTION else None
    if row.state == ConsignmentState.REFUSED.value:
        return Standing.REFUSED
    if row.state == ConsignmentState.OPEN.value:
        return _open(row, outside, due, now)
    return _received(row, due) if row.received_at is not None else Standing(row.state)


def _received(row: Any, due: int | None) -> Standing:
    if due is None or row.received_at <= due:
        return Standing.IN_TIME
    return Standing.LATE_SYNCED if row.received_signed_at <= due else Standing.LATE


def _open(row: Any, outside: frozenset[str], due: int | None, now: int) -> Standing:
    if row.superseded_by is not None:
        return Standing.SUPERSEDED
    if row.recipient in outside:
        return Standing.OUTSIDE
    if due is None:
        return Standing.WITHOUT_TERM
    return Standing.SILENT if now > due else Standing.WAITING


@dataclass(slots=True)
class _Tally:
    """Consignments counted so far."""

    by_standing: dict[Standing, int] = field(default_factory=lambda: dict.fromkeys(Standing, 0))
    durations: list[int] = field(default_factory=list)
    silent: set[OrgId] = field(default_factory=set)

    def add(self, row: Any, standing: Standing) -> None:
        self.by_standing[standing] += 1
        if standing in RECEIVED:
            self.durations.append(row.received_at - row.at)
        elif standing is Standing.SILENT:
            self.silent.add(OrgId(row.recipient))

    def figures(self) -> Figures:
        self.durations.sort()
        counted = self.by_standing
        asked = sum(count for standing, count in counted.items() if standing not in APART)
        acknowledged = len(self.durations)
        return Figures(
            asked=asked,
            acknowledged=acknowledged,
            share_per_mille=acknowledged * PER_MILLE // asked if asked else None,
            **{standing.value: count for standing, count in counted.items()},
            median_ms=percentile(self.durations, MEDIAN),
            ninetieth_ms=percentile(self.durations, NINETIETH),
            silent_organisations=tuple(sorted(self.silent)),
        )


class _Parts:
    """In which regions, groups and months a consignment counts."""

    def __init__(
        self,
        regions: Mapping[str, tuple[str, ...]],
        groups: Mapping[bytes, tuple[tuple[str, frozenset[str]], ...]],
        offset_minutes: int,
    ) -> None:
        self.regions = regions
        self._groups = groups
        self._zone = timezone(timedelta(minutes=offset_minutes))

    def regions_of(self, row: Any) -> Sequence[str]:
        return self.regions.get(row.recipient, ("",))

    def groups_of(self, row: Any) -> Sequence[str]:
        addressed = self._groups.get(bytes(row.letter), ())
        return [name for name, members in addressed if row.recipient in members] or ("",)

    def months_of(self, row: Any) -> Sequence[str]:
        sent = datetime.fromtimestamp(row.sent_at // PER_MILLE, UTC).astimezone(self._zone)
        return (f"{sent:%Y-%m}",)


class _Count:
    """Counts consignments as a whole and by their parts."""

    def __init__(self, parts: _Parts) -> None:
        self._parts = parts
        self._letters: set[bytes] = set()
        self._action, self._information = _Tally(), _Tally()
        self._owed: dict[OrgId, list[int]] = {}
        self._by: tuple[tuple[Callable[[Any], Sequence[str]], dict[str, _Tally]], ...] = (
            (parts.regions_of, {}),
            (parts.groups_of, {}),
            (parts.months_of, {}),
        )

    def add(self, row: Any, standing: Standing) -> None:
        self._letters.add(row.letter)
        if row.capacity != ACTION:
            self._information.add(row, standing)
            return
        self._action.add(row, standing)
        for keys_of, tallies in self._by:
            for key in keys_of(row):
                tallies.setdefault(key, _Tally()).add(row, standing)
        if standing is Standing.SILENT:
            self._owed.setdefault(OrgId(row.recipient), []).append(row.due)

    def result(self) -> PilotFigures:
        regions, groups, months = (_parts_of(tallies) for _, tallies in self._by)
        action = self._action.figures()
        ascending = self._action.durations
        return PilotFigures(
            letters=len(self._letters),
            action=action,
            information=self._information.figures(),
            percentiles_ms=tuple(value for one in range(1, 101) if (value := percentile(ascending, one)) is not None),
            regions=regions,
            groups=groups,
            months=months,
            silent=tuple(
                SilentOrganisation(
                    organisation=one, letters=len(due), due_since=min(due), regions=self._parts.regions.get(one, ())
                )
                for one, due in sorted(self._owed.items())
            ),
        )


def _parts_of(tallies: Mapping[str, _Tally]) -> tuple[Part, ...]:
    return tuple(Part(part=key, figures=tally.figures()) for key, tally in sorted(tallies.items()))


def _regions(connection: Connection) -> dict[str, tuple[str, ...]]:
    rows = connection.execute(select(REGIONS).order_by(REGIONS.c.organisation, REGIONS.c.region))
    return _collected((row.organisation, row.region) for row in rows)


def _groups(connection: Connection) -> dict[bytes, tuple[tuple[str, frozenset[str]], ...]]:
    """Return for each letter to groups the names and members of these."""
    joined = ADDRESSED_GROUPS.join(LETTERS, LETTERS.c.letter == ADDRESSED_GROUPS.c.letter)
    rows = connection.execute(select(ADDRESSED_GROUPS, LETTERS.c.sender).select_from(joined)).all()
    members = {key: _members(connection, *key) for key in {(row.sender, row.group, row.version) for row in rows}}
    return _collected(
        (bytes(row.letter), (f"{row.sender}/{row.group}/{row.version}", members[row.sender, row.group, row.version]))
        for row in rows
    )


def _members(connection: Connection, owner: str, group: str, version: int) -> frozenset[str]:
    here = (MEMBERS.c.owner == owner) & (MEMBERS.c.group == group) & (MEMBERS.c.version == version)
    return frozenset(connection.execute(select(MEMBERS.c.organisation).where(here)).scalars())


def _collected(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, tuple[Any, ...]]:
    found: dict[Any, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}
