"""Acts about letters that are on the ledger: each letter and recipient on its own, asked about once, told one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from adapters.correspondence import LetterNotHeldError, act_intention, decision_intention, letter_body
from adapters.documents import DocumentError
from adapters.station import Station, Utterance
from adapters.submitting import Outcome, Queued
from cli.acting import Speaker, acting_officer, speaker_of, speaking_for, submit
from cli.confirm import Preview, confirmed
from cli.errors import ExitCode
from cli.fates import Fate, conclude, fate_words
from cli.labels import label
from cli.letter_preview import is_temporary, letter_words
from cli.local_names import organisation_words
from cli.naming import named_letter
from cli.progress import ProgressLine
from cli.session import Session
from cli.views import Views
from domain.consignments import ConsignmentState, effective
from domain.directory import Role, last_successor, speaks_for
from domain.errors import RejectedError
from domain.ids import LetterId, OrgId
from domain.letters import capacity_of, letter
from domain.outside_letters import outside_letter

SENDER: Final = OrgId("")
"""Stands for the recipient where the letter's sender speaks."""
SOFT: Final = (RejectedError, DocumentError, LetterNotHeldError)
"""What keeps one letter from being decided, and not the others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Matter:
    """A letter to be acted on: for which recipient (empty: for its sender), and the organisation that speaks."""

    letter: LetterId
    recipient: OrgId
    speaker: OrgId


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """What is to be said of each matter: its type, the role that it needs, how it is made, and what a person sees before.

    `says` are further names and values of the preview, `data` the same for programs. `documents` are covers to be stored.
    `from_outside`: it can be said of a letter that came from outside too.
    """

    type: str
    role: Role
    make: Callable[[Speaker, Matter], Utterance]
    says: tuple[tuple[str, object], ...] = ()
    data: tuple[tuple[str, Any], ...] = ()
    note: str = ""
    documents: tuple[bytes, ...] = ()
    from_outside: bool = False


def received(session: Session, views: Views, text: str, for_: str | None, waiting: frozenset[ConsignmentState]) -> list[Matter]:
    """Return what a LETTER argument means to a recipient: his consignment, or those of all whom he succeeded and that wait.

    Where none waits the first is returned, so that the ledger's rule tells why.
    """
    view = views.station.view
    home = speaking_for(session, views.station, for_)
    named = named_letter(session, views, text, home)
    if named.recipient is not None:
        speaker = home if for_ is not None else last_successor(view, named.recipient)
        return [Matter(letter=named.letter, recipient=named.recipient, speaker=speaker)]
    entered = outside_letter(view, named.letter)
    if entered is not None:
        return [Matter(letter=named.letter, recipient=entered.organisation, speaker=home)]
    sent = letter(view, named.letter)
    ours = [one for one in speaks_for(view, home) if sent is not None and capacity_of(view, sent, one) is not None] or [home]
    open_ones = [one for one in ours if sent is not None and effective(view, named.letter, one) in waiting]
    return [Matter(letter=named.letter, recipient=one, speaker=home) for one in open_ones or ours[:1]]


def own_letter(session: Session, views: Views, text: str, for_: str | None) -> Matter:
    """Return what a LETTER argument means to its sender."""
    home = speaking_for(session, views.station, for_)
    return Matter(letter=named_letter(session, views, text, home).letter, recipient=SENDER, speaker=home)


def act_on(session: Session, views: Views, matters: Sequence[Matter], act: Act, *, yes: bool, dry_run: bool) -> None:
    """Say an act of each matter, and tell what became of each.

    What was said from here before is not said again. What cannot be said is told beside the preview and with the fates; the
    rest is signed once the person agrees to exactly those that the preview lists. Raises `LetterNotHeldError` for a letter from
    outside of which this cannot be said.
    """
    station = views.station
    matters = tuple(dict.fromkeys(matters))
    for matter in matters if not act.from_outside else ():
        if outside_letter(station.view, matter.letter) is not None:
            letter_body(station, matter.letter)  # It says why not, and what can be done.
    speakers = {one.speaker: speaker_of(session, station, act.role, one.speaker, act=act.type) for one in matters}
    fates = _said_before(session, views, matters, act, dry_run=dry_run)
    if fates:
        session.note(label("note.sent_before", session.language))
    ready, impossible = _ready(views, [one for one in matters if one not in fates], act, speakers)
    fates |= impossible
    if ready:
        for fate in impossible.values():
            session.note(f"{fate.about}  {fate_words(session.language, station, fate)}")
        if not confirmed(session, _preview(session, views, act, tuple(ready), speakers), yes=yes, dry_run=dry_run):
            if impossible:
                session.end_with(ExitCode.PARTLY_DONE)
            return
        fates |= _sign(session, views, act, ready)
    conclude(session, station, [fates[one] for one in matters])


def _ready(
    views: Views, matters: Sequence[Matter], act: Act, speakers: dict[OrgId, Speaker]
) -> tuple[dict[Matter, Utterance], dict[Matter, Fate]]:
    """Return what can be said of each matter, judged here, and the fates of those of which it cannot."""
    ready: dict[Matter, Utterance] = {}
    impossible: dict[Matter, Fate] = {}
    with ProgressLine("looking at each letter") as progress:
        for number, matter in enumerate(matters, 1):
            try:
                utterance = act.make(speakers[matter.speaker], matter)
                said = views.station.parts.queue.find(utterance.intention)
                # What he said before gets the receipt of that time, whatever the rules would say to a second one.
                if said is None or said.officer != utterance.body.header.officer:
                    views.station.rehearse(utterance.body)
            except SOFT as error:
                impossible[matter] = _fate(views, matter, act, error)
            else:
                ready[matter] = utterance
            progress(number, len(matters))
    return ready, impossible


def _said_before(session: Session, views: Views, matters: Sequence[Matter], act: Act, *, dry_run: bool) -> dict[Matter, Fate]:
    """Return the fates of what this station has signed already: of the same officer if it is done, of anybody if it waits."""
    station, who = views.station, acting_officer(session)
    queue = station.parts.queue
    waiting = {one.intention: one for one in queue.unfinished()}
    found: dict[Matter, str] = {}
    for matter in matters:
        base = act_intention(act.type, matter.letter, matter.recipient)
        intention = next((one for one in waiting if one == base or _says_again(one, base)), None)
        said = decision_intention(station, act.type, matter.letter, matter.recipient) if matter.recipient else base
        done = queue.find(said)
        if intention is not None or (done is not None and done.officer == who):
            found[matter] = intention or said
    why = "it waits in the queue"
    if not dry_run and any(intention in waiting for intention in found.values()):
        why = station.parts.submitter.send(wait_s=session.settings.submit_wait_s)
    return {matter: _fate(views, matter, act, _outcome(station, intention, why)) for matter, intention in found.items()}


def _says_again(intention: str, base: str) -> bool:
    """Tell whether an intention is the same act once more; one that says more (whom a reminder is for) stands for itself."""
    return intention.startswith(f"{base}:") and ":" not in intention.removeprefix(f"{base}:")


def _outcome(station: Station, intention: str, why: str) -> Outcome:
    outcome = station.parts.submitter.outcome(intention, why)
    return replace(outcome, why=why) if isinstance(outcome, Queued) else outcome


def _sign(session: Session, views: Views, act: Act, ready: dict[Matter, Utterance]) -> dict[Matter, Fate]:
    for raw in act.documents:
        views.station.parts.documents.own.put(raw)
    said = [(_about(views, matter), utterance) for matter, utterance in ready.items()]
    fates = submit(session, views.station, said)
    return {matter: _fate(views, matter, act, fate.outcome) for matter, fate in zip(ready, fates, strict=True)}


def _about(views: Views, matter: Matter) -> str:
    words = letter_words(views, matter.letter)
    return f"{words} → {matter.recipient}" if matter.recipient else words


def _fate(views: Views, matter: Matter, act: Act, outcome: Outcome | Exception) -> Fate:
    more = {"letter": matter.letter, "recipient": matter.recipient or None}
    return Fate(about=_about(views, matter), act=act.type, outcome=outcome, more=more)


def _preview(session: Session, views: Views, act: Act, matters: Sequence[Matter], speakers: dict[OrgId, Speaker]) -> Preview:
    language, station = session.language, views.station
    involved = [speakers[one] for one in dict.fromkeys(matter.speaker for matter in matters)]
    who = involved[0]
    temporary = f" · {label('assurance.temporary', language)}" if is_temporary(station, who.signer.certificate) else ""
    organisations = [organisation_words(station.view, one.organisation, language) for one in involved]
    says = (
        (label("heading.signed_by", language), who.words(station, language) + temporary),
        (label("heading.speaks_for", language), "\n".join(organisations)),
        *((name, value) for name, value in act.says if value),
        (label("heading.letter", language), "\n".join(_about(views, matter) for matter in matters)),
        (label("heading.count", language), len(matters)),
    )
    letters = [{"letter": one.letter, "recipient": one.recipient or None, "organisation": one.speaker} for one in matters]
    data = {**who.data(station), "letters": letters, **dict(act.data)}
    return Preview(act=act.type, says=says, lines=("", act.note) if act.note else (), data=data)
