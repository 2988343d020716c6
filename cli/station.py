"""`ortoo station`: follow the ledger all the time, and say how this station stands."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import click

from adapters.errors import LedgerError
from adapters.ledger import Finding
from adapters.station import Station
from adapters.station_duties import DutyReport, StationDuties
from cli.errors import ExitCode
from cli.labels import code_label, label
from cli.ledger_findings import finding_data, finding_lines
from cli.options import command_options
from cli.reading import now_of, scope_data
from cli.render import pair_lines, show_time
from cli.session import Session
from cli.views import Views, banner, open_views
from cli.wiring import open_station, projector_of
from domain.ids import OfficerId, officer_id
from domain.keys import KeyStatus
from projections.archive_pages import TimeJump, time_jumps
from projections.directory_queries import KeyRow, keys
from projections.letter_pages import EXPIRED
from projections.station_work import StationWork

MARK_SHOWN: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class _LedgerSeen:
    """What the ledger itself says: its end, what is not as it should be; or why it says nothing."""

    end: int | None
    warnings: tuple[Finding, ...]
    why: str = ""


@click.group("station")
def station() -> None:
    """Follow the ledger all the time."""


@station.command("run")
@click.option("--once", is_flag=True, help="Do everything once, then stop.")
@click.option("--trust-ledger-time", is_flag=True, help="Go on where records are stamped ahead of this machine's clock.")
@command_options
def run_command(session: Session, *, once: bool, trust_ledger_time: bool) -> None:
    """Follow the ledger until interrupted, and do what a station owes.

    It brings the views up, sends the queue, records terms that passed in silence, and fetches the documents of letters to the
    organisations that it serves. It stops where the ledger contradicts what was read before.

    Example:
      ortoo station run
      ortoo station run --once
    """
    running = session.keep(open_station)
    work = StationWork(session.keep(lambda _: projector_of(session, running)))
    own = session.settings.station
    duties = StationDuties(
        running,
        work,
        officer_id(own) if own is not None else None,
        lambda report: session.note(_report_words(session, running, report)),
        trust_ledger_time=trust_ledger_time,
    )
    reached = duties.round() if once else _run_until_told(duties)
    position = running.parts.store.next_position() - 1
    session.show({"position": position}, [label("duty.stopped", session.language, position=position)])
    if not reached:
        session.end_with(ExitCode.UNREACHABLE)


@station.command("status")
@command_options
def status_command(session: Session) -> None:
    """Say how this station stands: the ledger, how far it was read, both roots, alarms, queue and keys.

    Example:
      ortoo station status
    """
    views = open_views(session)
    seen = _ledger_seen(views.station)
    with views.reading() as connection:
        jumps = time_jumps(connection)
        enrolled = {who: keys(connection, officer=who) for who in views.station.parts.keyring.officers()}
    data = _status_data(session, views, seen, jumps, enrolled)
    session.show(data, lambda: [*banner(session, views), *pair_lines(_status_pairs(session, views, data, seen.warnings))])


def _run_until_told(duties: StationDuties) -> bool:
    with _told_to_stop() as stopped:
        duties.run(stopped)
    return True


@contextmanager
def _told_to_stop() -> Iterator[Callable[[float], bool]]:
    """Give what waits so many seconds and says whether the process was told to end meanwhile (SIGTERM, SIGINT)."""
    told = threading.Event()
    before = {one: signal.signal(one, lambda *_: told.set()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told.wait
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _report_words(session: Session, running: Station, report: DutyReport) -> str:
    letter = "" if report.letter is None else report.letter.hex()[:MARK_SHOWN]
    values = {"letter": letter, "position": report.position, "count": report.count, "why": report.why}
    words = label(f"duty.{report.duty.value}", session.language, **values)
    offset = running.exchange.utc_offset_minutes if running.parts.store.next_position() else 0
    return f"{show_time(session.now_ms(), offset)}  {words}"


def _ledger_seen(running: Station) -> _LedgerSeen:
    try:
        return _LedgerSeen(end=running.parts.ledger.end(), warnings=running.parts.ledger.warnings)
    except LedgerError as error:
        return _LedgerSeen(end=None, warnings=(), why=str(error))


def _status_data(
    session: Session,
    views: Views,
    seen: _LedgerSeen,
    jumps: tuple[TimeJump, ...],
    enrolled: dict[OfficerId, tuple[KeyRow, ...]],
) -> dict[str, Any]:
    store, now = views.station.parts.store, now_of(session, views)
    size = store.next_position()
    record_root, verdict_root = store.roots_at(size)
    return {
        **scope_data(views),
        "station": session.settings.station,
        "location": session.settings.location,
        "reachable": seen.end is not None,
        "why": seen.why,
        "end": seen.end,
        "next_position": size,
        "behind": None if seen.end is None else max(0, seen.end - size),
        "record_root": record_root,
        "verdict_root": verdict_root,
        "warnings": finding_data(seen.warnings),
        "alarms": jumps,
        "queue": len(views.station.parts.queue.unfinished()),
        "keys": [_key_data(who, row, now) for who, rows in enrolled.items() for row in rows or (None,)],
    }


def _key_data(who: OfficerId, row: KeyRow | None, now: int) -> dict[str, Any]:
    """Return a key of an officer who has a key file here, as the ledger has it; None: it has none of his."""
    if row is None:
        return {"officer": who, "key": None, "state": None, "valid_until": None}
    valid_until = max(certificate.not_after for certificate in row.certificates)
    state = EXPIRED if row.status == KeyStatus.ACTIVE and valid_until < now else row.status
    return {"officer": who, "key": row.key, "state": state, "valid_until": valid_until}


def _status_pairs(
    session: Session, views: Views, data: dict[str, Any], findings: tuple[Finding, ...]
) -> list[tuple[str, object]]:
    language, offset = session.language, views.offset_minutes
    jumps = [label("duty.time_jump", language, position=jump.position) for jump in data["alarms"]]
    warnings = finding_lines(findings, language)
    reachable = label(f"yes_no.{'yes' if data['reachable'] else 'no'}", language)
    pairs: list[tuple[str, object]] = [
        (label("heading.station", language), data["station"] or ""),
        (label("heading.ledger", language), f"{views.exchange.name}, {data['location']}"),
        (label("heading.identity", language), data["ledger"].hex()),
        (label("heading.reachable", language), f"{reachable}\n{data['why']}".rstrip()),
        (label("heading.next_position", language), data["next_position"]),
        (label("heading.behind", language), "" if data["behind"] is None else data["behind"]),
        (label("heading.ledger_time", language), show_time(data["at"], offset)),
        (label("heading.record_root", language), data["record_root"].hex()),
        (label("heading.verdict_root", language), data["verdict_root"].hex()),
        (label("heading.warnings", language), "\n".join(warnings)),
        (label("heading.alarms", language), "\n".join(jumps)),
        (label("heading.queue", language), data["queue"]),
        (label("heading.keys", language), "\n".join(_key_words(session, key, offset) for key in data["keys"])),
    ]
    return [(heading, value) for heading, value in pairs if value != ""]


def _key_words(session: Session, key: dict[str, Any], offset_minutes: int) -> str:
    language = session.language
    if key["key"] is None:
        return f"{key['officer']}: {label('note.not_enrolled', language)}"
    until = f"{label('heading.valid_until', language)} {show_time(key['valid_until'], offset_minutes)}"
    return f"{key['officer']}: {code_label('key_state', key['state'], language)}, {until}"
