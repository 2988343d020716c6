"""`ortoo queue`: what is signed but not known to be on the ledger."""

from __future__ import annotations

from typing import Final

import click

from adapters.queue import Submission
from adapters.station import Station
from cli.acting import acting_station
from cli.confirm import ask
from cli.errors import LetterAmbiguousError, LetterNotFoundError
from cli.fates import Fate, conclude
from cli.labels import code_label, label
from cli.options import acting_options, command_options
from cli.references import SHORTEST_PREFIX
from cli.render import Column, purpose_lines, show_time, table_lines
from cli.session import Session
from cli.views import open_views
from domain.events import LetterDispatched
from domain.header import Ref
from domain.ids import LetterId
from domain.letters import mark_of

IDENTITY_SHOWN: Final = 12
"""Digits of an identity in a list: enough to name one, few enough to type."""


@click.group("queue")
def queue() -> None:
    """What is signed but not on the ledger yet."""


@queue.command("list")
@command_options
def list_command(session: Session) -> None:
    """List what waits, in the order in which it will be sent, with its mark and since when.

    Example:
      ortoo queue list
    """
    station = open_views(session).station
    waiting = _waiting(station)
    session.show({"waiting": [_data(station, one) for one in waiting]}, lambda: _lines(session, station, waiting))


@queue.command("send")
@command_options
def send_command(session: Session) -> None:
    """Send everything that waits, in order, and tell what became of each. What reached the ledger before is not sent again.

    Example:
      ortoo queue send
    """
    station = acting_station(session)
    waiting = _waiting(station)
    if not waiting:
        session.show({"results": []}, [label("note.nothing_waits", session.language)])
        return
    why = station.parts.submitter.send(wait_s=session.settings.submit_wait_s)
    submitter = station.parts.submitter
    fates = [Fate(about=_mark(one), act=one.act, outcome=submitter.outcome(one.intention, why)) for one in waiting]
    conclude(session, station, fates)


@queue.command("drop")
@click.argument("named", metavar="MARK|IDENTITY")
@acting_options
@command_options
def drop_command(session: Session, named: str, *, yes: bool, dry_run: bool) -> None:
    """Take something out of the queue that nobody wants to be sent any more.

    Example:
      ortoo queue drop t-7F3KQ2
    """
    station = acting_station(session)
    chosen = _chosen(_waiting(station), named)
    lines = _lines(session, station, (chosen,))
    data = {"dropped": _data(station, chosen), "dry_run": dry_run}
    if dry_run:
        session.show(data, lines)
        return
    if not yes:
        for line in lines:
            session.note(line)
        ask(session, label("prompt.drop", session.language))
    station.parts.queue.drop(chosen.identity)
    session.show(data, [f"{_mark(chosen)}  {label('note.dropped', session.language)}"])


def _waiting(station: Station) -> tuple[Submission, ...]:
    """Return what waits, after noting what another command's sending has brought to the ledger already."""
    station.parts.submitter.settle()
    return station.parts.queue.unfinished()


def _mark(one: Submission) -> str:
    return mark_of(LetterId(one.identity))


def _chosen(waiting: tuple[Submission, ...], named: str) -> Submission:
    text = named.strip()
    found = [one for one in waiting if _mark(one).lower() == text.lower() or _begins(one, text.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        candidates = [f"{one.identity.hex()[:IDENTITY_SHOWN]}  {_mark(one)}  {one.act}" for one in found]
        raise LetterAmbiguousError(f"{len(found)} things in the queue are named {named}; write more of the identity:", candidates)
    raise LetterNotFoundError(f"Nothing in the queue is named {named}. `ortoo queue list` shows what waits.")


def _begins(one: Submission, digits: str) -> bool:
    return len(digits) >= SHORTEST_PREFIX and one.identity.hex().startswith(digits)


def _letter(station: Station, one: Submission) -> LetterId | None:
    """Return the letter that it is, or that it is about; None if it is about none."""
    if one.act == LetterDispatched.TYPE:
        return LetterId(one.identity)
    event = station.parts.codec.envelope(one.record)
    found: LetterId | Ref | None = getattr(station.parts.codec.body(event.payload_type, event.payload), "letter", None)
    return None if isinstance(found, Ref) else found


def _data(station: Station, one: Submission) -> dict[str, object]:
    return {
        "mark": _mark(one),
        "identity": one.identity,
        "act": one.act,
        "letter": _letter(station, one),
        "officer": one.officer,
        "queued_at": one.queued_at,
    }


def _lines(session: Session, station: Station, waiting: tuple[Submission, ...]) -> list[str]:
    language, offset = session.language, station.exchange.utc_offset_minutes
    banner = purpose_lines(station.exchange.purpose, language)
    if not waiting:
        return [*banner, label("note.nothing_waits", language)]
    headings = ("heading.mark", "heading.act", "heading.letter", "heading.officer", "heading.queued_at", "heading.identity")
    columns = [Column(heading=label(heading, language)) for heading in headings]
    rows = [
        (
            _mark(one),
            code_label("event", one.act, language),
            (_letter(station, one) or b"").hex()[:IDENTITY_SHOWN],
            one.officer,
            show_time(one.queued_at, offset),
            one.identity.hex()[:IDENTITY_SHOWN],
        )
        for one in waiting
    ]
    return [*banner, *table_lines(columns, rows)]
