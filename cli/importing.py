"""`import` of organisations and officers: the whole file is checked, the plan shown and asked for, then all of it is said.

Nothing is said twice: what the directory has already is left out, so a file that was imported before submits nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from adapters.registration import appointed, changed, registered
from adapters.station import Station, Utterance
from adapters.submitting import Deposited
from cli.acting import Speaker, acting_station, speaker_of, submit
from cli.confirm import Preview, confirmed
from cli.directory_reading import name_in
from cli.errors import ExitCode, ImportRefusedError
from cli.fates import Fate, awaited_lines, fate_data, fate_words
from cli.import_fields import AppointmentEntry
from cli.imports import (
    OfficerRow,
    OrganisationRow,
    Plan,
    parse_officers,
    parse_organisations,
    plan_officers,
    plan_organisations,
    read_import_file,
)
from cli.labels import label
from cli.session import Session
from domain.directory import Role, appointment, organisation
from domain.errors import RejectedError
from domain.events import OfficerAppointed, OrganisationEntry, OrganisationRegistered
from domain.ids import OfficerId, OrgId

Row = TypeVar("Row", bound=OrganisationRow | OfficerRow)
ROWS_SHOWN: Final = 20
"""So many rows of a plan are shown before the question; more is not read, and the file itself is there."""


def import_organisations(session: Session, file: Path, for_: str | None, *, yes: bool, dry_run: bool) -> None:
    """Import a file of organisations; raise `ImportRefusedError` with every bad row if there is one."""
    name, rows = file.name, parse_organisations(file.name, read_import_file(file))
    station = acting_station(session)
    speaker = speaker_of(session, station, Role.REGISTRAR, for_)
    known = _known_organisations(station, rows)
    plan = plan_organisations(name, rows, known)

    def say(row: OrganisationRow) -> Utterance:
        act = changed if row.entry.organisation in known else registered
        return act(station, speaker.signer, speaker.organisation, row.entry)

    def about(row: OrganisationRow) -> str:
        return f"{row.entry.organisation}  {name_in(row.entry.names, session.language)}"

    said = [(row, about(row), say(row)) for row in (*plan.add, *plan.change)]
    # A parent that the same file registers is not there yet; the ledger judges those below it.
    judged_now = [(row, one) for row, _, one in said if row.entry.parent is None or row.entry.parent in known]
    _refuse_rejected(name, station, judged_now)
    _carry_out(session, station, speaker, plan, said, OrganisationRegistered.TYPE, yes=yes, dry_run=dry_run)


def import_officers(session: Session, file: Path, for_: str | None, *, yes: bool, dry_run: bool) -> None:
    """Import a file of appointments; raise `ImportRefusedError` with every bad row if there is one."""
    name, rows = file.name, parse_officers(file.name, read_import_file(file))
    station = acting_station(session)
    speaker = speaker_of(session, station, Role.REGISTRAR, for_)
    named = {row.entry.organisation for row in rows}
    there = frozenset(one for one in named if organisation(station.view, one) is not None)
    plan = plan_officers(name, rows, _known_appointments(station, rows), there)

    def say(row: OfficerRow) -> Utterance:
        entry = row.entry
        return appointed(
            station,
            speaker.signer,
            speaker.organisation,
            organisation=entry.organisation,
            officer=entry.officer,
            names=entry.names,
            posts=entry.posts,
            roles=entry.roles,
        )

    def about(row: OfficerRow) -> str:
        return f"{row.entry.officer}  {row.entry.organisation}  {' '.join(row.entry.roles)}"

    said = [(row, about(row), say(row)) for row in (*plan.add, *plan.change)]
    _refuse_rejected(name, station, [(row, one) for row, _, one in said])
    _carry_out(session, station, speaker, plan, said, OfficerAppointed.TYPE, yes=yes, dry_run=dry_run)


def _known_organisations(station: Station, rows: Iterable[OrganisationRow]) -> dict[OrgId, OrganisationEntry]:
    named = {row.entry.organisation for row in rows} | {row.entry.parent for row in rows if row.entry.parent}
    found = {one: organisation(station.view, one) for one in named}
    return {one: known.entry for one, known in found.items() if known is not None}


def _known_appointments(station: Station, rows: Iterable[OfficerRow]) -> dict[tuple[OfficerId, OrgId], AppointmentEntry]:
    known = {}
    for row in rows:
        now = appointment(station.view, row.entry.officer, row.entry.organisation)
        if now is not None and now.roles:
            known[now.officer, now.organisation] = AppointmentEntry(
                organisation=now.organisation, officer=now.officer, names=now.names, posts=now.posts, roles=now.roles
            )
    return known


def _refuse_rejected(name: str, station: Station, judged: Sequence[tuple[Row, Utterance]]) -> None:
    """Raise `ImportRefusedError` with every row that the ledger would reject as it is now."""
    problems = []
    for row, said in judged:
        try:
            station.rehearse(said.body)
        except RejectedError as error:
            problems.append(f"line {row.line}: {error}")
    if problems:
        raise ImportRefusedError(name, problems)


def _carry_out(  # noqa: PLR0913 - what is said, and the two options of every command that signs
    session: Session,
    station: Station,
    speaker: Speaker,
    plan: Plan[Row],
    said: Sequence[tuple[Row, str, Utterance]],
    act: str,
    *,
    yes: bool,
    dry_run: bool,
) -> None:
    counts = {"add": len(plan.add), "change": len(plan.change), "same": len(plan.same)}
    summary = label("prompt.plan", session.language, **counts)
    if not said:
        session.show({"plan": counts, "results": []}, [summary, label("note.everything_same", session.language)])
        return
    shown = [about for _, about, _ in said[:ROWS_SHOWN]]
    if len(said) > ROWS_SHOWN:
        shown.append(f"… +{len(said) - ROWS_SHOWN}")
    says = (
        (label("heading.signed_by", session.language), speaker.officer),
        (label("heading.speaks_for", session.language), speaker.organisation),
        (label("heading.count", session.language), summary),
    )
    preview = Preview(act=act, says=says, lines=("", *shown), data={"plan": counts, "rows": [about for _, about, _ in said]})
    if confirmed(session, preview, yes=yes, dry_run=dry_run):
        fates = submit(session, station, [(about, one) for _, about, one in said])
        _tell(session, station, fates, {"plan": counts}, summary)


def _tell(session: Session, station: Station, fates: Sequence[Fate], more: dict[str, Any], summary: str) -> None:
    """Tell how many were accepted, and each one that was not; end with the exit code they have in common, 8 if they differ."""
    other = [fate for fate in fates if fate.exit_code is not ExitCode.DONE]
    lines = [summary, label("note.imported", session.language, done=len(fates) - len(other), total=len(fates))]
    lines += [f"{fate.about}  {fate_words(session.language, station, fate)}" for fate in other]
    lines += awaited_lines(session.language, station, fates)
    last = [fate.outcome.verdict.position for fate in fates if isinstance(fate.outcome, Deposited)]
    data = {**more, "accepted": len(fates) - len(other), "last_position": max(last, default=None)}
    session.show({**data, "results": [fate_data(station, fate) for fate in other]}, lines)
    codes = {fate.exit_code for fate in fates}
    if other:
        session.end_with(codes.pop() if len(codes) == 1 else ExitCode.PARTLY_DONE)
