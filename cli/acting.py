"""Acting: who speaks and for whom, the question before he signs, and bringing it to the ledger.

A command that signs is written so: build the utterances (`adapters.correspondence`, `adapters.registration`), hand them with a
preview to `sign_and_submit`, and tell what became of them with `cli.fates.conclude`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click

from adapters.keyring import OfficerSigner
from adapters.station import Station, Utterance
from cli.confirm import Preview, confirmed
from cli.errors import HomeError, UsageError
from cli.fates import Fate
from cli.labels import label
from cli.options import Command
from cli.progress import ProgressLine
from cli.session import Session
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


def speaking_option(command: Command) -> Command:
    """Give a command `--for ORG`; the function gets `for_`, a text or None (see `speaker_of`)."""
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


def speaker_of(session: Session, station: Station, role: Role, organisation: str | None = None) -> Speaker:
    """Return who acts with his key, for the organisation named or for his home.

    Raises `UsageError` if he has no home or not the role there, `KeyringError` if his key is not here or not in force.
    """
    who = acting_officer(session)
    spoken_for = organisation_id(organisation) if organisation is not None else home_of_officer(station, who)
    if not has_role(station.view, who, spoken_for, role):
        raise UsageError(
            f"{who} is not appointed as {role.value} in {spoken_for}, so the ledger would reject what he signs. "
            "`ortoo officer list` shows who is; name another officer with --as, or the organisation with --for."
        )
    return Speaker(signer=station.signer(who), organisation=spoken_for)


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
) -> tuple[Fate, ...] | None:
    """Rehearse what is to be said, show it, ask, sign, submit, and return the fate of each; None after a dry run.

    `said` names each utterance for people. Without `rehearsed` the ledger alone judges: for utterances of which later ones
    build on earlier ones. Raises `RejectedError` if the ledger would reject one, `NotConfirmedError`, `ConfirmationNeededError`.
    """
    for _, utterance in said:
        # What was said before gets the receipt of that time, whatever the rules would say to a second one.
        if rehearsed and station.parts.queue.find(utterance.intention) is None:
            station.rehearse(utterance.body)
    if not confirmed(session, preview, yes=yes, dry_run=dry_run):
        return None
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
