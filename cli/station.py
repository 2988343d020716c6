"""`ortoo station`: follow the ledger all the time; how the station stands is in `cli.station_status`."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from contextlib import ExitStack
from typing import Any, Final

import click
import structlog

from adapters.checkpoint_duty import CheckpointDuty
from adapters.station import Station
from adapters.station_duties import StationDuties
from adapters.station_log import LIBRARY, NOTE, StationLog
from adapters.station_metrics import StationMetrics, serving
from adapters.station_reports import Duty, DutyReport
from cli.errors import ExitCode, outcome_of, redacted
from cli.labels import label
from cli.options import command_options, log_option
from cli.render import show_time
from cli.session import Session
from cli.signals import told_to_stop
from cli.station_status import holder_words, status_command
from cli.wiring import checkpoint_signing, open_lease, open_station, projector_of
from domain.ids import officer_id
from projections.station_work import StationWork

MARK_SHOWN: Final = 16


@click.group("station")
def station() -> None:
    """Follow the ledger all the time."""


station.add_command(status_command)


@station.command("run")
@click.option("--once", is_flag=True, help="Do everything once, then stop; whether another one runs is no matter.")
@click.option("--trust-ledger-time", is_flag=True, help="Go on where records are stamped ahead of this machine's clock.")
@log_option
@click.option("--metrics", metavar="HOST:PORT", help="Answer monitors there: /health, /metrics (metrics_address).")
@command_options
def run_command(session: Session, *, once: bool, trust_ledger_time: bool, as_json: bool, metrics: str | None) -> None:
    """Follow the ledger until interrupted, and do what a station owes.

    It brings the views up, sends the queue, records terms that passed in silence, and fetches the documents of letters to the
    organisations that it serves; if record_fetched is true, it says on the ledger that they are here. Where a checkpoint key
    in force lies in its home, it signs checkpoints. It stops where the ledger contradicts what was read before. A ledger or a
    database that does not answer is waited for. Of several on one store one works; the others wait until that one ends, and go
    on from there.

    Example:
      ortoo station run
      ortoo station run --metrics 9464 --log json
      ortoo station run --once
    """
    running = session.keep(open_station)
    own = None if session.settings.station is None else officer_id(session.settings.station)
    telling = _Telling(session, running, as_json=as_json)
    duties = StationDuties(
        running,
        StationWork(session.keep(lambda _: projector_of(session, running))),
        own,
        telling.report,
        watch=telling.metrics,
        checkpoints=CheckpointDuty(running, checkpoint_signing(session), own, telling.report),
        trust_ledger_time=trust_ledger_time,
        record_fetched=session.settings.record_fetched,
    )
    with telling.log.with_libraries():
        reached = duties.round() if once else _run_until_told(session, duties, telling, metrics)
    session.show({"position": duties.position}, [label("duty.stopped", session.language, position=duties.position)])
    if not reached:
        session.end_with(ExitCode.UNREACHABLE)


def _run_until_told(session: Session, duties: StationDuties, telling: _Telling, metrics: str | None) -> bool:
    address = metrics or session.settings.metrics_address
    with ExitStack() as stack:
        if address is not None:
            found = stack.enter_context(serving(telling.metrics, address))
            telling.report(DutyReport(duty=Duty.SERVING, address=found))
        duties.run(stack.enter_context(told_to_stop()), session.keep(open_lease))
    return True


class _Telling:
    """Who is told of a station that runs: a person or a log collector, and monitors."""

    def __init__(self, session: Session, running: Station, *, as_json: bool) -> None:
        def code_of(error: Exception) -> str:
            return outcome_of(error).code

        self._session = session
        self._running = running
        self._offset_minutes: int | None = None
        self.metrics = StationMetrics(code_of, session.now_ms)
        write: Callable[[str], None] = lambda line: click.echo(line, err=True)  # noqa: E731 - as short as a name for it
        self.log = StationLog(write, code_of, redacted, None if as_json else self._words)
        # From here on no line on standard error is of another form, whoever writes it.
        if as_json:
            session.note_with(self.log.note)

    def report(self, report: DutyReport) -> None:
        """Tell a report to everybody."""
        if report.duty is Duty.PROJECTED and self._offset_minutes is None and report.position != -1:
            # The ledger's own offset stands in its first record, and this is a moment at which the store answers.
            self._offset_minutes = self._running.exchange.utc_offset_minutes
        self.log.report(report)
        self.metrics.report(report)

    def _words(self, _logger: Any, _level: str, fields: MutableMapping[str, Any]) -> str:
        """Return an event as a person reads it; that the station stopped is told where it ends."""
        event, language = fields["event"], self._session.language
        if event == Duty.STOPPED:
            raise structlog.DropEvent
        why = fields.get("message", "")
        if event in {NOTE, LIBRARY}:
            words = why
        elif event == Duty.STANDING_BY:
            words = label("duty.standing_by", language, holder=holder_words(fields, self._offset_minutes or 0, language))
        else:
            reason = fields.get("reason")
            values = {
                "letter": fields.get("letter", "")[:MARK_SHOWN],
                "request": fields.get("request", "")[:MARK_SHOWN],
                "why": label(f"reason.{reason}", language) if reason else why,
            }
            words = label(f"duty.{event}", language, **{**fields, **values, "event": event})
        return f"{show_time(self._session.now_ms(), self._offset_minutes or 0)}  {words}"
