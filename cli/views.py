"""What reading commands read from: the views as they are now, or with `--as-of` as they stood, and how far they reach."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.errors import AdapterError, ClockBehindLedgerError
from adapters.station import Behind, Freshness, Station
from cli.acting import acting_station, require_genesis, tell_forks
from cli.as_of import AsOfPosition, parse_as_of
from cli.labels import label
from cli.progress import ProgressLine
from cli.render import as_of_line, purpose_lines
from cli.session import Session
from cli.wiring import open_projector, open_reading_station, passing_projector, projector_of
from domain.exchange import Exchange
from projections.errors import AsOfError
from projections.projector import Projector

COVERS_AS_OF = 20_000
"""As many covers are read for a view as of an earlier position as a country's ledger has letters in a busy hour: seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Views:
    """The views of one command: made by `open_views`, read through `reading`.

    `position` is the next one that they do not show, `at` the ledger time of the last that they show; `error` is what kept
    the ledger from being read to its end.
    """

    station: Station
    projector: Projector
    position: int
    at: int
    as_of: bool
    error: AdapterError | None = None

    @property
    def exchange(self) -> Exchange:
        """The exchange's name, purpose, offset and keys."""
        return self.station.exchange

    @property
    def offset_minutes(self) -> int:
        """The ledger's offset from UTC in minutes, in which all times are shown."""
        return self.exchange.utc_offset_minutes

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose statements all see the same state of the views."""
        with self.projector.database.reading() as connection:
            yield connection


def open_views(
    session: Session, as_of: str | None = None, *, tolerated: tuple[type[AdapterError], ...] = (ClockBehindLedgerError,)
) -> Views:
    """Return the views, after following the ledger for as long as reading commands may; `as_of` as people write it.

    Where the answer does not reach the ledger's end, that is said on standard error. Raises `HomeError` before anything was
    read of the ledger, `UsageError` for an `as_of` that is none, `AsOfError` for one before the ledger or beyond its end, and
    what keeps the ledger from being read unless it is `tolerated`: then what was judged before is shown.
    """
    station = session.keep(open_reading_station)
    until = time.monotonic() + session.settings.catch_up_s
    freshness = _freshness(session, station, tolerated)
    require_genesis(session, station)
    tell_forks(session, station)
    if as_of is not None:
        return _views_as_of(session, station, as_of, elsewhere=_is_reachable(freshness))
    projector = session.keep(open_projector)
    position = projector.catch_up(proceed=lambda: time.monotonic() < until, elsewhere=_is_reachable(freshness))
    verdict = station.parts.store.verdict(position - 1) if position else None
    at = verdict.at if verdict else 0
    behind = freshness.behind or (Behind.UNREAD if position < freshness.position else None)
    if behind is not None:
        why = label("note.unreachable" if behind is Behind.UNREACHABLE else "note.behind", session.language)
        session.note(as_of_line(position - 1, at, station.exchange.utc_offset_minutes, why, session.language))
    return Views(station=station, projector=projector, position=position, at=at, as_of=False, error=freshness.error)


def acting_views(session: Session) -> Views:
    """Return the views of a command that signs: of the station that will sign, read up to the ledger's end if that answers.

    A command opens one station, this or that of `open_views`. Raises `HomeError` as `acting_station` does.
    """
    station = acting_station(session)
    projector = session.keep(lambda _: projector_of(session, station))
    with ProgressLine("bringing the views up to date") as progress:
        position = projector.catch_up(progress)
    return Views(station=station, projector=projector, position=position, at=station.last_time, as_of=False)


def _freshness(session: Session, station: Station, tolerated: tuple[type[AdapterError], ...]) -> Freshness:
    """Follow the ledger as long as reading commands may."""
    try:
        return station.catch_up(budget_s=session.settings.catch_up_s)
    except tolerated as error:
        session.note(str(error))
        position = station.parts.store.next_position()
        return Freshness(position=position, at=station.last_time, behind=Behind.UNREAD, error=error)


def _is_reachable(freshness: Freshness) -> bool:
    """Tell whether covers may be asked for elsewhere: they lie where the ledger lies, so nobody would answer there either."""
    return freshness.behind is not Behind.UNREACHABLE


def banner(session: Session, views: Views) -> list[str]:
    """Return the first line of a list that is not of a production ledger; no line if it is."""
    return purpose_lines(views.exchange.purpose, session.language)


def _views_as_of(session: Session, station: Station, as_of: str, *, elsewhere: bool) -> Views:
    store = station.parts.store
    offset = station.exchange.utc_offset_minutes
    chosen = parse_as_of(as_of, offset)
    last = chosen.position if isinstance(chosen, AsOfPosition) else store.position_at(chosen.at_ms)
    verdict = store.verdict(last) if last is not None else None
    if last is None or verdict is None:
        raise AsOfError(
            f"There is nothing to show as of {as_of}: this station holds positions 0 to {store.next_position() - 1}. "
            "Name one of these, or a time after the ledger was opened."
        )
    projector = session.keep(lambda _: passing_projector(station))
    with ProgressLine("replaying the ledger") as progress:
        projector.catch_up(progress, until=last + 1, covers=COVERS_AS_OF, elsewhere=elsewhere)
    session.note(as_of_line(last, verdict.at, offset, "", session.language))
    return Views(station=station, projector=projector, position=last + 1, at=verdict.at, as_of=True)
