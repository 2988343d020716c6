"""The log of a running station: one event a line, codes and numbers for programs, no secrets."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from adapters.errors import LedgerUnreachableError
from adapters.ledger import Finding, Severity
from adapters.station_log import StationLog, fields_of
from adapters.station_reports import Duty, DutyReport
from adapters.store.lease import Holder
from cli.errors import outcome_of, redacted
from domain.ids import LetterId
from domain.reasons import Reason

LETTER = LetterId(b"\x01" * 32)
UNREACHABLE = LedgerUnreachableError("postgresql://ortoo:Tr0ub4dor@there/db\ndoes not answer (password=Tr0ub4dor)")
WARNS = Finding(code="SINGLE_REPLICA", severity=Severity.WARNS, setting="replication factor", what="it is 1", remedy="mend it")


def code_of(error: Exception) -> str:
    return outcome_of(error).code


class Written:
    """A log and the lines that it wrote."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.log = StationLog(self.lines.append, code_of, redacted)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What a program reads."""
        return [json.loads(line) for line in self.lines]


@pytest.mark.parametrize(
    ("report", "level", "fields"),
    [
        (DutyReport(duty=Duty.PROJECTED, position=0), "info", {"position": 0}),
        (DutyReport(duty=Duty.MISSED, letter=LETTER, position=7), "info", {"letter": "01" * 32, "position": 7}),
        (DutyReport(duty=Duty.REFUSED, letter=LETTER, reason=Reason.NOT_YET_DUE), "warning", {"reason": "NOT_YET_DUE"}),
        (DutyReport(duty=Duty.UNREACHABLE, error=UNREACHABLE), "warning", {"code": "LEDGER_UNREACHABLE"}),
        (DutyReport(duty=Duty.STOPPED, position=3), "info", {"position": 3}),
        (DutyReport(duty=Duty.STOPPED, error=UNREACHABLE), "error", {"code": "LEDGER_UNREACHABLE"}),
        (DutyReport(duty=Duty.SERVING, address="127.0.0.1:1"), "info", {"address": "127.0.0.1:1"}),
        (
            DutyReport(duty=Duty.STANDING_BY, holder=Holder(process=4, machine="there", since=5)),
            "info",
            {"process": 4, "machine": "there", "since": 5},
        ),
        (
            DutyReport(duty=Duty.WARNING, findings=(WARNS,)),
            "warning",
            {"findings": [{"code": "SINGLE_REPLICA", "severity": "warns", "setting": "replication factor"}]},
        ),
    ],
)
def test_a_report_is_one_line_with_codes_and_numbers(report: DutyReport, level: str, fields: dict[str, Any]) -> None:
    written = Written()
    written.log.report(report)
    (event,) = written.events
    assert list(event)[:3] == ["time", "level", "event"]
    assert (event["level"], event["event"]) == (level, report.duty.value)
    assert {name: event.get(name) for name in fields} == fields
    assert "\n" not in written.lines[0]


def test_no_secret_and_no_empty_field_is_written() -> None:
    written = Written()
    written.log.report(DutyReport(duty=Duty.UNREACHABLE, error=UNREACHABLE))
    written.log.note("passphrase: Tr0ub4dor")
    assert "Tr0ub4dor" not in "".join(written.lines)
    assert fields_of(DutyReport(duty=Duty.LEASE_TAKEN), code_of) == {}


def test_what_a_library_warns_of_is_an_event_too() -> None:
    written = Written()
    library = logging.getLogger("some.library")
    with written.log.with_libraries():
        library.info("of no interest")
        library.warning("broken %s", "pipe")
    library.warning("not ours any more")
    (event,) = written.events
    assert (event["event"], event["logger"], event["message"]) == ("library", "some.library", "broken pipe")
