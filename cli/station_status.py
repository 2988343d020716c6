"""`ortoo station status`: how this station stands, and in words what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import click

from adapters.errors import AdapterError, ClockBehindLedgerError, LedgerError, LedgerUnreachableError
from adapters.ledger import Finding
from adapters.queue import Submission
from adapters.station import Station
from adapters.store.lease import Holder
from cli.errors import outcome_of
from cli.labels import code_label, label
from cli.languages import Language
from cli.ledger_findings import finding_data
from cli.options import command_options
from cli.reading import now_of, scope_data
from cli.render import pair_lines, show_time
from cli.session import Session
from cli.station_problems import (
    Problem,
    ProblemCode,
    behind_problems,
    fork_problems,
    key_problems,
    key_state,
    ledger_problems,
    problem_data,
    problem_lines,
    queue_problems,
    valid_until,
)
from cli.views import Views, banner, open_views
from cli.wiring import open_lease
from domain.ids import OfficerId
from projections.archive_pages import TimeJump, time_jumps
from projections.directory_queries import KeyRow, keys


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """Everything that there is to see of a station."""

    end: int | None
    error: AdapterError | None
    warnings: tuple[Finding, ...]
    waiting: tuple[Submission, ...]
    jumps: tuple[TimeJump, ...]
    enrolled: Mapping[OfficerId, tuple[KeyRow, ...]]
    holder: Holder | None


@click.command("status")
@command_options
def status_command(session: Session) -> None:
    """Say how this station stands, and what is wrong with it.

    The ledger, how far it was read, both roots, alarms, queue and keys; and of everything that is not as it should be what helps.
    Where the ledger answers and cannot be read all the same (it contradicts what was read before, it is unsafe, it does not
    let this station in) the exit code says so as well.

    Example:
      ortoo station status
      ortoo station status --json
    """
    views = open_views(session, tolerated=(LedgerError, ClockBehindLedgerError))
    seen = _seen(session, views)
    problems = _problems(session, views, seen)
    data = _status_data(session, views, seen, problems)
    session.show(data, lambda: [*banner(session, views), *pair_lines(_status_pairs(session, views, data, seen, problems))])
    if views.error is not None and not isinstance(views.error, (LedgerUnreachableError, ClockBehindLedgerError)):
        session.end_with(outcome_of(views.error).exit_code)


def holder_words(holder: Mapping[str, Any], offset_minutes: int, language: Language) -> str:
    """Return who holds the lease in words; a question mark for what is not known."""
    values = {name: holder.get(name) or "?" for name in ("process", "machine")}
    return label("note.lease", language, **values, since=show_time(holder.get("since"), offset_minutes) or "?")


def _seen(session: Session, views: Views) -> _Seen:
    end, error, warnings = _ledger_seen(views.station)
    with views.reading() as connection:
        jumps = time_jumps(connection)
        enrolled = {who: keys(connection, officer=who) for who in views.station.parts.keyring.officers()}
    return _Seen(
        end=end,
        error=error or views.error,
        warnings=warnings,
        waiting=views.station.parts.queue.unfinished(),
        jumps=jumps,
        enrolled=enrolled,
        holder=session.keep(open_lease).holder(),
    )


def _ledger_seen(running: Station) -> tuple[int | None, LedgerError | None, tuple[Finding, ...]]:
    """Return the ledger's end or why it says nothing, and what warns about its place."""
    try:
        return running.parts.ledger.end(), None, running.parts.ledger.warnings
    except LedgerError as error:
        return None, error, ()


def _problems(session: Session, views: Views, seen: _Seen) -> tuple[Problem, ...]:
    now, size = now_of(session, views), views.station.parts.store.next_position()
    lacks_run = session.settings.station is not None and seen.holder is None
    return (
        *ledger_problems(seen.error, seen.warnings),
        *fork_problems(views.station.parts.checkpoints.forks(), views.station.parts.checkpoints.other_history),
        *behind_problems(None if seen.end is None else seen.end - size, views.at),
        *((Problem(code=ProblemCode.NOT_RUNNING),) if lacks_run else ()),
        *queue_problems(seen.waiting),
        *(problem for who, rows in seen.enrolled.items() for problem in key_problems(who, rows, now)),
    )


def _status_data(session: Session, views: Views, seen: _Seen, problems: tuple[Problem, ...]) -> dict[str, Any]:
    store, now = views.station.parts.store, now_of(session, views)
    size = store.next_position()
    record_root, verdict_root = store.roots_at(size)
    return {
        **scope_data(views),
        "station": session.settings.station,
        "location": session.settings.location,
        "reachable": seen.end is not None,
        "why": "" if seen.end is not None else str(seen.error),
        "end": seen.end,
        "next_position": size,
        "behind": None if seen.end is None else max(0, seen.end - size),
        "record_root": record_root,
        "verdict_root": verdict_root,
        "warnings": finding_data(seen.warnings),
        "alarms": seen.jumps,
        "queue": len(seen.waiting),
        "keys": [_key_data(who, row, now) for who, rows in seen.enrolled.items() for row in rows or (None,)],
        "lease": None if seen.holder is None else asdict(seen.holder),
        "problems": problem_data(problems),
    }


def _key_data(who: OfficerId, row: KeyRow | None, now: int) -> dict[str, Any]:
    """Return a key of an officer who has a key file here, as the ledger has it; None: it has none of his."""
    if row is None:
        return {"officer": who, "key": None, "state": None, "valid_until": None}
    return {"officer": who, "key": row.key, "state": key_state(row, now), "valid_until": valid_until(row)}


def _status_pairs(
    session: Session, views: Views, data: dict[str, Any], seen: _Seen, problems: tuple[Problem, ...]
) -> list[tuple[str, object]]:
    language, offset = session.language, views.offset_minutes
    wrong = problem_lines(problems, now_of(session, views), offset, language) or [label("note.all_well", language)]
    jumps = [label("duty.time_jump", language, position=jump.position) for jump in seen.jumps]
    lease = label("note.nobody", language) if data["lease"] is None else holder_words(data["lease"], offset, language)
    pairs: list[tuple[str, object]] = [
        (label("heading.station", language), data["station"] or ""),
        (label("heading.problems", language), "\n".join(wrong)),
        (label("heading.lease", language), lease),
        (label("heading.ledger", language), f"{views.exchange.name}, {data['location']}"),
        (label("heading.identity", language), data["ledger"].hex()),
        (label("heading.reachable", language), label(f"yes_no.{'yes' if data['reachable'] else 'no'}", language)),
        (label("heading.next_position", language), data["next_position"]),
        (label("heading.behind", language), "" if data["behind"] is None else data["behind"]),
        (label("heading.ledger_time", language), show_time(data["at"], offset)),
        (label("heading.record_root", language), data["record_root"].hex()),
        (label("heading.verdict_root", language), data["verdict_root"].hex()),
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
