"""Acting: who speaks and for whom, the question before he signs, and bringing it to the ledger.

A command that signs is written so: build the utterances (`adapters.correspondence`, `adapters.registration`), hand them with a
preview to `sign_and_submit`, and tell what became of them with `cli.fates.conclude`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import click

from adapters.keyring import OfficerSigner
from adapters.station import Station, Utterance
from cli.confirm import Preview, ask, confirmed
from cli.errors import HomeError, UsageError
from cli.fates import Fate
from cli.labels import label
from cli.languages import Language
from cli.options import Command, choose
from cli.progress import ProgressLine
from cli.session import Session
from cli.standing_in import fitting_mandates, named_mandate, offer, signer_words, standing_in_data
from cli.wiring import open_station
from domain.directory import Role, has_role, officer
from domain.exchange import EXCHANGE_ID
from domain.ids import OfficerId, OrgId, officer_id, organisation_id

SUBMITTED_AT_ONCE = 500
"""Events signed and sent in one go: a batch of the store, so that progress is seen and an interruption loses little."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Speaker:
    """An officer whose key is open at this station, and the organisation for which he speaks."""

    signer: OfficerSigner
    organisation: OrgId

    @property
    def officer(self) -> OfficerId:
        """Who he is."""
        return self.signer.officer

    def words(self, station: Station, language: Language) -> str:
        """Return who he is in words, with name and post, and for whom he acts if he does under a mandate."""
        return signer_words(station.view, language, self.officer, self.organisation, self.signer.mandate)

    def data(self, station: Station) -> dict[str, Any]:
        """Return who he is as fields, with the mandate and for whom he acts (null: for himself)."""
        return {"officer": self.officer, **standing_in_data(station.view, self.signer.mandate)}


def speaking_option(command: Command) -> Command:
    """Give a command `--for ORG` and `--mandate ID`; the function gets `for_`, a text or None (see `speaker_of`)."""
    option = click.option(
        "--mandate",
        metavar="ID",
        callback=choose("mandate"),
        expose_value=False,
        help="The mandate under which he acts for another (`ortoo mandate list`).",
    )
    return for_option(option(command))


def for_option(command: Command) -> Command:
    """Give a command that is never said for another `--for ORG` alone."""
    return click.option("--for", "for_", metavar="ORG", help="The organisation for which he speaks (default: his home).")(command)


def acting_station(session: Session) -> Station:
    """Return the session's station, read up to the ledger's end if that can be reached.

    Raises `HomeError` if this home has not read its ledger's beginning yet.
    """
    station = session.keep(open_station)
    with ProgressLine("reading the ledger") as progress:
        station.catch_up(progress=progress)
    require_genesis(session, station)
    tell_forks(session, station)
    return station


def require_genesis(session: Session, station: Station) -> None:
    """Raise `HomeError` unless the ledger's first record was read: without it nothing can be signed or shown."""
    if station.view.get(EXCHANGE_ID) is None:
        raise HomeError(
            f"{session.home} has not read anything of its ledger yet, and the ledger does not answer. Check its location "
            f"({session.settings.location}), then try again."
        )


def tell_forks(session: Session, station: Station) -> None:
    """Say on standard error that the operator signed another history, if there is evidence of it in this home."""
    files = station.parts.checkpoints.forks()
    if files:
        session.note(label("note.fork", session.language, folder=files[0].parent))


def acting_officer(session: Session) -> OfficerId:
    """Return who acts: `--as`, or who `ortoo identity use` named; raise `UsageError` if nobody did."""
    named = session.settings.officer
    if named is None:
        raise UsageError("It is not known who acts. Say it with --as OFFICER, or for good with `ortoo identity use OFFICER`.")
    return officer_id(named)


def speaker_of(
    session: Session, station: Station, role: Role, organisation: str | None = None, *, act: str | None = None
) -> Speaker:
    """Return who acts with his key, for the organisation named, or for his home or that of the mandate under which he acts.

    `act` is the type of event that he is to say, if it can be said under a mandate. Raises `UsageError` if he has neither the
    role there nor named a mandate, and then names those that fit; at a terminal he is asked if one does. Raises `KeyringError`
    if his key is not here or not in force.
    """
    who, whom = acting_officer(session), speaking_for(session, station, organisation)
    named = named_mandate(session, station, who)
    if named is not None:
        if named.organisation != whom:
            raise UsageError(f"The mandate is for {named.organisation}, and not for {whom}. Leave out --for, or name another.")
        return Speaker(signer=replace(station.signer(who), mandate=named.mandate), organisation=whom)
    if has_role(station.view, who, whom, role):
        return Speaker(signer=station.signer(who), organisation=whom)
    fitting = fitting_mandates(station, who, role, act)
    if session.asks and len(fitting) == 1 and fitting[0].organisation == whom:
        ask(session, label("prompt.act_for", session.language, officer=fitting[0].officer, organisation=whom))
        return Speaker(signer=replace(station.signer(who), mandate=fitting[0].mandate), organisation=whom)
    raise UsageError(
        f"{who} is not appointed as {role.value} in {whom}, so the ledger would reject what he signs. "
        "`ortoo officer list` shows who is; name another officer with --as, or the organisation with --for." + offer(who, fitting)
    )


def speaking_for(session: Session, station: Station, organisation: str | None) -> OrgId:
    """Return for which organisation who acts speaks: the one named, or that of the mandate named, or his home.

    Raises `UsageError` as `named_mandate` and `home_of_officer` do.
    """
    if organisation is not None:
        return organisation_id(organisation)
    who = acting_officer(session)
    named = named_mandate(session, station, who)
    return home_of_officer(station, who) if named is None else named.organisation


def home_of_officer(station: Station, who: OfficerId) -> OrgId:
    """Return the organisation of an officer's first appointment; raise `UsageError` if he was never appointed."""
    known = officer(station.view, who)
    if known is None:
        raise UsageError(f"{who} is no officer on this ledger. `ortoo officer list` shows who is; a registrar appoints others.")
    return known.home


def sign_and_submit(  # noqa: PLR0913 - what is said, what is shown, and the two options of every command that signs
    session: Session,
    station: Station,
    said: Sequence[tuple[str, Utterance]],
    preview: Preview,
    *,
    yes: bool,
    dry_run: bool,
    rehearsed: bool = True,
    documents: Sequence[bytes] = (),
) -> tuple[Fate, ...] | None:
    """Rehearse what is to be said, show it, ask, sign, submit, and return the fate of each; None after a dry run.

    `said` names each utterance for people. Without `rehearsed` the ledger alone judges: for utterances of which later ones
    build on earlier ones. `documents` are covers to be stored before. Raises `RejectedError` if the ledger would reject one,
    `NotConfirmedError`, `ConfirmationNeededError`.
    """
    for _, utterance in said:
        # What was said before gets the receipt of that time, whatever the rules would say to a second one.
        if rehearsed and station.parts.queue.find(utterance.intention) is None:
            station.rehearse(utterance.body)
    if not confirmed(session, preview, yes=yes, dry_run=dry_run):
        return None
    for raw in documents:
        station.parts.documents.own.put(raw)
    return submit(session, station, said)


def submit(session: Session, station: Station, said: Sequence[tuple[str, Utterance]]) -> tuple[Fate, ...]:
    """Sign and submit utterances, with progress, and return the fate of each; nobody is asked."""
    fates: list[Fate] = []
    with ProgressLine("signing and sending") as progress:
        for start in range(0, len(said), SUBMITTED_AT_ONCE):
            part = said[start : start + SUBMITTED_AT_ONCE]
            outcomes = station.submit([one for _, one in part], wait_s=session.settings.submit_wait_s)
            fates += [
                Fate(about=about, act=one.body.TYPE, outcome=outcome)
                for (about, one), outcome in zip(part, outcomes, strict=True)
            ]
            progress(len(fates), len(said))
    return tuple(fates)
