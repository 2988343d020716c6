"""Routes of approval as people write them: `--stage "quorum 2: finance, justice, officer:karimov"`, or a file with tables."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from adapters.due_times import DueTimeError, parse_due
from cli.draft_checks import near
from cli.errors import UsageError
from cli.views import Views
from domain.approval_routes import QUORUM, STAGE_RULES
from domain.directory import officer, open_organisation
from domain.errors import IdError
from domain.events_approvals import Approver, Stage
from domain.ids import OrgId, officer_id, organisation_id

OFFICER: Final = "officer:"
ORGANISATION: Final = "org:"
ROUTE_FILE_LIMIT_BYTES: Final = 1024 * 1024
"""A file over it was not written by a person."""
_STAGE: Final = re.compile(r"\s*(all|any|quorum\s+([1-9][0-9]{0,3}))\s*:(.*)", re.DOTALL)
_KEYS: Final = frozenset({"rule", "quorum", "due", "approvers"})
_FORM: Final = 'write "all: finance, justice", "any: finance, officer:karimov" or "quorum 2: finance, justice, health"'


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenStage:
    """A stage as somebody wrote it: nothing of it is looked up yet."""

    rule: str
    quorum: int | None
    due: str
    approvers: tuple[str, ...]


def written_route(stages: Sequence[str], dues: Sequence[str], file: Path | None) -> tuple[WrittenStage, ...]:
    """Return the stages that options or a file give; one due time is for every stage, several are for each in order.

    Raises `UsageError` with all that is wrong.
    """
    if bool(stages) == (file is not None):
        raise UsageError("Say the route either with --stage, once for each stage in order, or with --route FILE.")
    if file is not None:
        if dues:
            raise UsageError("With --route the due times stand in the file: leave --due out.")
        return _read(file)
    if len(dues) > 1 and len(dues) != len(stages):
        raise UsageError(f"{len(dues)} due times for {len(stages)} stages: give --due once for all, or once for each stage.")
    written = [_stage(number, text) for number, text in enumerate(stages, 1)]
    due = list(dues) if len(dues) > 1 else [*dues, *([""] if not dues else [])] * len(stages)
    return tuple(replace(one, due=when) for one, when in zip(written, due, strict=True))


def route_of(views: Views, requester: OrgId, written: Sequence[WrittenStage]) -> tuple[Stage, ...]:
    """Return a route with its approvers and times looked up; raise `UsageError` with all that does not hold."""
    problems: list[str] = []
    route = tuple(_looked_up(views, requester, number, one, problems) for number, one in enumerate(written, 1))
    if problems:
        raise UsageError("\n".join(problems))
    return route


def approver_of(views: Views, requester: OrgId, word: str) -> Approver:
    """Return whom a word names: an organisation, or after `officer:` an officer; raise `UsageError` if there is no such."""
    found = _approver(views, requester, word)
    if isinstance(found, str):
        raise UsageError(found)
    return found


def approver_words(approver: Approver) -> str:
    """Return an approver as a person types it."""
    return str(approver.organisation) if approver.organisation is not None else f"{OFFICER}{approver.officer}"


def _stage(number: int, text: str) -> WrittenStage:
    found = _STAGE.fullmatch(text)
    words = tuple(word.strip() for word in found[3].split(",")) if found else ()
    if found is None or not all(words):
        raise UsageError(f"Stage {number}, {text!r}, is no stage: {_FORM}.")
    quorum = None if found[2] is None else int(found[2])
    return WrittenStage(rule=QUORUM if quorum is not None else found[1], quorum=quorum, due="", approvers=words)


def _read(file: Path) -> tuple[WrittenStage, ...]:
    try:
        raw = file.read_bytes()[: ROUTE_FILE_LIMIT_BYTES + 1]
        if len(raw) > ROUTE_FILE_LIMIT_BYTES:
            raise UsageError(f"{file} is no route: it has more than {ROUTE_FILE_LIMIT_BYTES:,} bytes.")
        values = tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"The route {file} cannot be read ({error.strerror}). Check its name.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"The route {file} is not TOML in UTF-8: {error}.") from error
    tables = values.get("stage")
    if values.keys() != {"stage"} or not isinstance(tables, list) or not tables:
        raise UsageError(f"The route {file} must hold tables [[stage]], one for each stage in order, and nothing else.")
    problems = [problem for number, table in enumerate(tables, 1) for problem in _problems_of(number, table)]
    if problems:
        raise UsageError(f"The route {file} is not right:\n" + "\n".join(problems))
    return tuple(
        WrittenStage(rule=one["rule"], quorum=one.get("quorum"), due=str(one.get("due", "")), approvers=tuple(one["approvers"]))
        for one in tables
    )


def _problems_of(number: int, table: Any) -> Iterator[str]:
    where = f"stage {number}"
    if not isinstance(table, dict) or not table.keys() <= _KEYS:
        yield f"{where}: has only the keys rule, quorum, due and approvers"
        return
    if table.get("rule") not in STAGE_RULES:
        yield f"{where}: rule is one of {', '.join(sorted(STAGE_RULES))}"
    quorum = table.get("quorum")
    if (table.get("rule") == QUORUM) != (isinstance(quorum, int) and not isinstance(quorum, bool)):
        yield f"{where}: a quorum, a whole number, stands with the rule quorum and with no other"
    approvers = table.get("approvers")
    if not isinstance(approvers, list) or not approvers or not all(isinstance(one, str) and one.strip() for one in approvers):
        yield f'{where}: approvers is a list such as ["finance", "officer:karimov"]'


def _looked_up(views: Views, requester: OrgId, number: int, one: WrittenStage, problems: list[str]) -> Stage:
    found = [_approver(views, requester, word) for word in one.approvers]
    problems += [f"Stage {number}: {problem}" for problem in found if isinstance(problem, str)]
    due_at = None
    try:
        now_ms = views.station.rehearsal_time
        due_at = parse_due(one.due, now_ms=now_ms, utc_offset_minutes=views.offset_minutes) if one.due else None
    except DueTimeError as error:
        problems.append(f"Stage {number}: {error}")
    approvers = tuple(who for who in found if isinstance(who, Approver))
    return Stage(rule=one.rule, quorum=one.quorum, due_at=due_at, approvers=approvers)


def _approver(views: Views, requester: OrgId, word: str) -> Approver | str:
    """Return whom a word names, or what is wrong with it."""
    written, view = word.strip(), views.station.view
    try:
        if written.startswith(OFFICER):
            who = officer_id(written.removeprefix(OFFICER))
            known = officer(view, who) is not None
            return Approver(organisation=None, officer=who) if known else f"{who} was never appointed. See `ortoo officer list`."
        organisation = organisation_id(written.removeprefix(ORGANISATION))
    except IdError as error:
        return str(error)
    if open_organisation(view, organisation) is not None:
        return Approver(organisation=organisation, officer=None)
    return (
        f"{organisation} is no open organisation; an officer is written {OFFICER}{organisation}.{near(views, requester, written)}"
    )
