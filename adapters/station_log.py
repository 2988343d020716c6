"""The log of a running station: one event a line, with codes and fields, as JSON or in a person's words.

What libraries log and warn of goes the same way, so that no line is of another form. Times are those of this machine, UTC.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, Final

import structlog
from structlog.typing import Processor

from adapters.station_reports import ALARMS, Duty, DutyReport

NOTE: Final = "note"
"""The event of what a person is told and no report says."""
LIBRARY: Final = "library"
"""The event of what a library logged."""

_FIRST: Final = ("time", "level", "event")

Fields = MutableMapping[str, Any]
CodeOf = Callable[[Exception], str]


class StationLog:
    """Writes reports of a station as lines; what it writes is JSON unless `render` makes something else of the fields."""

    def __init__(
        self, write: Callable[[str], None], code_of: CodeOf, redacted: Callable[[str], str], render: Processor | None = None
    ) -> None:
        """Write each line with `write`; `code_of` gives an error's stable code, `redacted` takes secrets out of a text."""
        self._code_of = code_of
        self._log = event_lines(write, redacted, render)

    def report(self, report: DutyReport) -> None:
        """Write a report: an alarm as a warning, what ended the station as an error."""
        fields = fields_of(report, self._code_of)
        if report.duty is Duty.STOPPED and report.error is not None:
            self._log.error(report.duty.value, **fields)
        elif report.duty in ALARMS:
            self._log.warning(report.duty.value, **fields)
        else:
            self._log.info(report.duty.value, **fields)

    def note(self, text: str) -> None:
        """Write what a person is told."""
        self._log.info(NOTE, message=text)

    @contextlib.contextmanager
    def with_libraries(self) -> Iterator[None]:
        """Write for the time of the block also what libraries log, from warnings on."""
        handler = _Forwarding(lambda record: self._log.warning(LIBRARY, logger=record.name, message=record.getMessage()))
        root = logging.getLogger()
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)


def event_lines(write: Callable[[str], None], redacted: Callable[[str], str], render: Processor | None = None) -> Any:
    """Return what writes an event with its fields as one line: JSON, unless `render` makes something else of them."""
    processors: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        lambda _logger, _name, fields: {name: _without_secrets(fields[name], redacted) for name in _in_order(fields)},
        render or structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    return structlog.wrap_logger(_Lines(write), processors=processors, wrapper_class=structlog.BoundLogger)


def fields_of(report: DutyReport, code_of: CodeOf) -> dict[str, Any]:
    """Return the fields of a report that it has: numbers and codes, and a `message` for people where there is more to say."""
    fields: dict[str, Any] = {
        "letter": None if report.letter is None else report.letter.hex(),
        "request": None if report.request is None else report.request.hex(),
        "stage": report.stage,
        "position": report.position,
        "count": report.count,
        "address": report.address,
        "reason": None if report.reason is None else report.reason.name,
        "code": None if report.error is None else code_of(report.error),
        "findings": [{"code": one.code, "severity": one.severity.value, "setting": one.setting} for one in report.findings],
        "message": _message(report),
    }
    if report.holder is not None:
        fields |= {"process": report.holder.process, "machine": report.holder.machine, "since": report.holder.since}
    return {name: value for name, value in fields.items() if value not in (None, "", [])}


def _message(report: DutyReport) -> str:
    if report.findings:
        return "".join(f"\n- {one.what} ({one.remedy})" for one in report.findings)
    return str(report.error) if report.error is not None else report.why


def _in_order(fields: Fields) -> list[str]:
    return [*_FIRST, *(name for name in fields if name not in _FIRST)]


def _without_secrets(value: Any, redacted: Callable[[str], str]) -> Any:
    return redacted(value) if isinstance(value, str) else value


class _Lines:
    """What structlog writes to: every level is a line."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.info = self.warning = self.error = write


class _Forwarding(logging.Handler):
    """Gives what libraries log to somebody else."""

    def __init__(self, write: Callable[[logging.LogRecord], None]) -> None:
        super().__init__(logging.WARNING)
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        self._write(record)
