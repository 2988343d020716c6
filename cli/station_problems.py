"""What is wrong with a station, each with a code for programs, and with what helps for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from adapters.errors import AdapterError, ClockBehindLedgerError, HistoryError, LedgerUnsafeError
from adapters.ledger import Finding, Severity
from adapters.queue import Submission
from cli.errors import outcome_of
from cli.labels import code_label, label
from cli.languages import Language
from cli.ledger_findings import finding_lines
from cli.render import show_time
from domain.ids import OfficerId
from domain.keys import KeyStatus
from projections.directory_queries import KeyRow
from projections.letter_pages import EXPIRED

DAY_MS: Final = 24 * 3600 * 1000
EXPIRES_SOON_MS: Final = 30 * DAY_MS
"""A new certificate takes a registrar and an officer who both are at work: a month is enough for that."""
_UNITS_S: Final = ((24 * 3600, "duration.days"), (3600, "duration.hours"), (60, "duration.minutes"), (1, "duration.seconds"))
_SHOWN: Final = ("error", "position", "count", "since", "officer", "state", "valid_until", "why")


class ProblemCode(StrEnum):
    """What may be wrong."""

    UNREACHABLE = "unreachable"
    CONTRADICTED = "contradicted"
    FORK = "fork"
    OTHER_HISTORY = "other_history"
    UNSAFE = "unsafe"
    WARNS = "warns"
    CLOCK = "clock"
    BEHIND = "behind"
    NOT_RUNNING = "not_running"
    QUEUE = "queue"
    NOT_ENROLLED = "not_enrolled"
    KEY_NOT_IN_FORCE = "key_not_in_force"
    KEY_EXPIRED = "key_expired"
    KEY_EXPIRES = "key_expires"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that is wrong; of the fields only those are set that it has. `why` is for people, `error` the code of that."""

    code: ProblemCode
    error: str | None = None
    finding: Finding | None = None
    position: int | None = None
    count: int | None = None
    since: int | None = None
    officer: str | None = None
    state: str | None = None
    valid_until: int | None = None
    why: str = ""


def problem_data(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return problems as documented fields: codes and numbers, no words."""
    return [_data_of(one) for one in problems]


def problem_lines(problems: Iterable[Problem], now: int, offset_minutes: int, language: Language) -> list[str]:
    """Return each problem in words, with what helps; one line or more."""
    lines = []
    for one in problems:
        if one.finding is not None:
            lines += finding_lines([one.finding], language)
            continue
        values = {
            **{name: getattr(one, name) for name in _SHOWN},
            "since": show_time(one.since, offset_minutes),
            "age": age_words(now - one.since, language) if one.since is not None else "",
            "valid_until": show_time(one.valid_until, offset_minutes),
            "state": code_label("key_state", one.state, language) if one.state else "",
        }
        lines += label(f"problem.{one.code.value}", language, **values).split("\n")
    return lines


def age_words(span_ms: int, language: Language) -> str:
    """Return a span of time in its largest unit of which there are two or more, such as `3 h`."""
    span_s = max(0, span_ms // 1000)
    size, key = next((unit for unit in _UNITS_S if span_s >= 2 * unit[0]), _UNITS_S[-1])
    return label(key, language, count=span_s // size)


def ledger_problems(error: AdapterError | None, warnings: Sequence[Finding]) -> Iterator[Problem]:
    """Yield what is wrong with the ledger or its place: why it cannot be read, and which settings are unsafe or warn."""
    if isinstance(error, LedgerUnsafeError):
        yield from map(_finding_problem, error.findings)
        return
    if isinstance(error, ClockBehindLedgerError):
        yield Problem(code=ProblemCode.CLOCK, position=error.position, error=outcome_of(error).code, why=str(error))
    elif error is not None:
        code = ProblemCode.CONTRADICTED if isinstance(error, HistoryError) else ProblemCode.UNREACHABLE
        yield Problem(code=code, error=outcome_of(error).code, why=str(error))
    yield from map(_finding_problem, warnings)


def fork_problems(files: Sequence[Path], other_history: int | None) -> Iterator[Problem]:
    """Yield that the operator signed another history: proven by files, or only a checkpoint that this one does not have."""
    if files:
        yield Problem(code=ProblemCode.FORK, count=len(files), why=str(files[0].parent))
    elif other_history is not None:
        yield Problem(code=ProblemCode.OTHER_HISTORY, count=other_history)


def behind_problems(count: int | None, read_to: int) -> Iterator[Problem]:
    """Yield that records were not read yet: how many, and the ledger time of the last that was."""
    if count:
        yield Problem(code=ProblemCode.BEHIND, count=count, since=read_to)


def queue_problems(waiting: Sequence[Submission]) -> Iterator[Problem]:
    """Yield that something waits in the queue, and since when the oldest does."""
    if waiting:
        yield Problem(code=ProblemCode.QUEUE, count=len(waiting), since=min(one.queued_at for one in waiting))


def key_problems(officer: OfficerId, rows: Sequence[KeyRow], now: int) -> Iterator[Problem]:
    """Yield what is wrong with the keys of an officer who has a key file here, as the ledger has them."""
    if not rows:
        yield Problem(code=ProblemCode.NOT_ENROLLED, officer=officer)
        return
    in_force = [row for row in rows if row.status == KeyStatus.ACTIVE]
    if not in_force:
        yield Problem(code=ProblemCode.KEY_NOT_IN_FORCE, officer=officer, state=rows[-1].status)
        return
    until = max(valid_until(row) for row in in_force)
    if until < now:
        yield Problem(code=ProblemCode.KEY_EXPIRED, officer=officer, valid_until=until)
    elif until < now + EXPIRES_SOON_MS:
        yield Problem(code=ProblemCode.KEY_EXPIRES, officer=officer, valid_until=until)


def valid_until(row: KeyRow) -> int:
    """Return until when the longest certificate of a key is valid (ms UTC)."""
    return max(certificate.not_after for certificate in row.certificates)


def key_state(row: KeyRow, now: int) -> str:
    """Return the state of a key as people are told it."""
    return EXPIRED if row.status == KeyStatus.ACTIVE and valid_until(row) < now else row.status


def _finding_problem(finding: Finding) -> Problem:
    code = ProblemCode.UNSAFE if finding.severity is Severity.FORBIDS else ProblemCode.WARNS
    return Problem(code=code, finding=finding)


def _data_of(problem: Problem) -> dict[str, Any]:
    found = problem.finding
    data = {"code": problem.code} | ({} if found is None else {"setting": found.setting, "finding": found.code})
    return data | {name: value for name in _SHOWN if (value := getattr(problem, name)) is not None and name != "why"}
