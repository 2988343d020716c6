"""What became of what was signed: told to people and programs, with the exit code that says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.station import Station
from adapters.submitting import Deposited, Outcome
from cli.errors import ExitCode, outcome_of, reason_of
from cli.labels import label
from cli.languages import Language
from cli.local_names import acting_words
from cli.render import Column, pair_lines, show_time, table_lines
from cli.session import Session
from cli.standing_in import standing_in_data
from domain.errors import RejectedError
from domain.events import LetterDispatched
from domain.reasons import step_of
from domain.registers import printed
from domain.verdicts import Number, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """One thing that was to be said: what it is about, which act, and its outcome; or the error that kept it unsigned.

    `more` are further fields for programs.
    """

    about: str
    act: str
    outcome: Outcome | Exception
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a command that did this alone."""
        if isinstance(self.outcome, Exception):
            return outcome_of(self.outcome).exit_code
        if isinstance(self.outcome, Deposited):
            return ExitCode.DONE if self.outcome.verdict.is_accepted else ExitCode.REJECTED
        return ExitCode.QUEUED


def conclude(session: Session, station: Station, fates: Sequence[Fate], **more: Any) -> None:
    """Tell the fates, and end the command with the exit code they have in common, 8 if they differ.

    One fate alone is told as the command's answer, and its rejection is raised as an error; several are told as a table.
    `more` are further fields for programs. Raises `RejectedError` or the error of the one fate.
    """
    if len(fates) == 1:
        _conclude_one(session, station, fates[0], more)
        return
    data = {**more, "results": [fate_data(station, fate) for fate in fates]}
    session.show(data, lambda: _fate_table(session.language, station, fates))
    codes = {fate.exit_code for fate in fates}
    if codes - {ExitCode.DONE}:
        session.end_with(codes.pop() if len(codes) == 1 else ExitCode.PARTLY_DONE)


def fate_data(station: Station, fate: Fate) -> dict[str, Any]:
    """Return a fate as documented fields: codes and numbers, never words."""
    outcome = fate.outcome
    data: dict[str, Any] = {"about": fate.about, "act": fate.act, **fate.more}
    if isinstance(outcome, Deposited):
        verdict = outcome.verdict
        data |= {
            "outcome": "accepted" if verdict.is_accepted else "rejected",
            "identity": outcome.identity,
            "position": verdict.position,
            "at": verdict.at,
            "number": number_data(station, verdict),
            "witnessed": is_witnessed(station, verdict.position),
        }
        return data if verdict.is_accepted else data | _reason_data(verdict.reason, verdict.because)
    if isinstance(outcome, Exception):
        reason = reason_of(outcome)
        data |= {"outcome": "refused_here", "error": outcome_of(outcome).code}
        return data if reason is None else data | _reason_data(reason, getattr(outcome, "because", None))
    return data | {"outcome": "queued", "identity": outcome.identity}


def fate_words(language: Language, station: Station, fate: Fate) -> str:
    """Return a fate in one line for people, without what it is about."""
    outcome = fate.outcome
    if isinstance(outcome, Exception):
        reason = reason_of(outcome)
        because = getattr(outcome, "because", None)
        return str(outcome) if reason is None else _rejection(language, station, reason, because)
    if not isinstance(outcome, Deposited):
        return label("note.queued", language)
    verdict = outcome.verdict
    if not verdict.is_accepted:
        return _rejection(language, station, verdict.reason, verdict.because)
    words = [label("note.done", language), label("note.deposited", language, position=verdict.position)]
    if verdict.number is not None:
        words.insert(1, f"№ {printed_number(station, verdict, verdict.number)}")
    return ", ".join(words)


def is_witnessed(station: Station, position: int) -> bool:
    """Tell whether enough witnesses have cosigned a checkpoint that covers a position: only then is a deposit final."""
    return position < station.witnessed_size()


def awaited_lines(language: Language, station: Station, fates: Sequence[Fate]) -> list[str]:
    """Return the line that says so if something of this is on the ledger and not yet witnessed; no line if nothing is."""
    deposits = [fate.outcome.verdict for fate in fates if isinstance(fate.outcome, Deposited)]
    awaited = any(verdict.is_accepted and not is_witnessed(station, verdict.position) for verdict in deposits)
    return [label("note.not_witnessed", language)] if awaited else []


def number_data(station: Station, verdict: Verdict) -> dict[str, Any] | None:
    """Return the registration number that a verdict gave, as fields; None if it gave none."""
    number = verdict.number
    if number is None:
        return None
    return {
        "organisation": number.organisation,
        "register": number.register,
        "year": number.year,
        "serial": number.serial,
        "printed": printed_number(station, verdict, number),
    }


def printed_number(station: Station, verdict: Verdict, number: Number) -> str:
    """Return a registration number as its organisation prints it."""
    record = station.parts.store.record(verdict.position)
    case_index = None
    if record is not None:
        event = station.parts.codec.envelope(record)
        body = station.parts.codec.body(event.payload_type, event.payload)
        case_index = body.case_index if isinstance(body, LetterDispatched) else None
    return printed(station.view, number, case_index)


def decider(language: Language, station: Station, position: int | None) -> str:
    """Return who decided before, and when, in one line: the officer, organisation and time of the event at a position."""
    entry = station.parts.store.entry(position) if position is not None else None
    if entry is None or entry.record is None:
        return ""
    event = station.parts.codec.envelope(entry.record)
    header = station.parts.codec.body(event.payload_type, event.payload).header
    who = acting_words(language, header.officer, standing_in_data(station.view, header.mandate)["acting_for"])
    return f"{who} ({header.organisation or 'root'}), {show_time(entry.verdict.at, station.exchange.utc_offset_minutes)}"


def _conclude_one(session: Session, station: Station, fate: Fate, more: dict[str, Any]) -> None:
    outcome, language = fate.outcome, session.language
    if isinstance(outcome, Exception):
        if reason_of(outcome) is not None:
            _note_decider(session, station, getattr(outcome, "because", None))
        raise outcome
    if isinstance(outcome, Deposited) and not outcome.verdict.is_accepted:
        _note_decider(session, station, outcome.verdict.because)
        raise RejectedError(outcome.verdict.reason, outcome.detail, because=outcome.verdict.because)
    session.show({**more, **fate_data(station, fate)}, lambda: _one_lines(language, station, fate))
    if fate.exit_code is not ExitCode.DONE:
        session.note(getattr(outcome, "why", ""))
        session.end_with(fate.exit_code)


def _one_lines(language: Language, station: Station, fate: Fate) -> list[str]:
    lines = [f"{fate.about}  {fate_words(language, station, fate)}".strip()]
    if isinstance(fate.outcome, Deposited):
        offset = station.exchange.utc_offset_minutes
        pairs = (
            (label("heading.ledger_time", language), show_time(fate.outcome.verdict.at, offset)),
            (label("heading.identity", language), fate.outcome.identity.hex()),
        )
        lines += [f"  {line}" for line in pair_lines(pairs)]
        lines += [f"  {line}" for line in awaited_lines(language, station, [fate])]
    return lines


def _fate_table(language: Language, station: Station, fates: Sequence[Fate]) -> list[str]:
    columns = (Column(heading=label("heading.letter", language)), Column(heading=label("heading.verdict", language)))
    rows = [(fate.about, fate_words(language, station, fate)) for fate in fates]
    return [*table_lines(columns, rows), *awaited_lines(language, station, fates)]


def _rejection(language: Language, station: Station, reason: Any, because: int | None) -> str:
    who = decider(language, station, because)
    decided = f" ({label('note.decided_by', language, officer=who, position=because)})" if who else ""
    return f"{label('error.rejected', language)} {reason.name}: {label('reason.' + reason.name, language)}{decided}"


def _note_decider(session: Session, station: Station, because: int | None) -> None:
    if who := decider(session.language, station, because):
        session.note(label("note.decided_by", session.language, officer=who, position=because))


def _reason_data(reason: Any, because: int | None) -> dict[str, Any]:
    return {"reason": reason.name, "reason_code": int(reason), "step": step_of(reason), "because": because}
