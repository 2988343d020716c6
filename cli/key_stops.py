"""`ortoo key suspend`, `resume`, `revoke`: by a registrar, by the root keys, or by the officer of the key he signs with."""

from __future__ import annotations

from typing import Any, Final

import click

from adapters.keyring import OfficerSigner
from adapters.registration import resumed, stopped
from adapters.station import Station
from cli.acting import acting_officer, acting_station, for_option, home_of_officer
from cli.confirm import Preview
from cli.directory_reading import reading_directory
from cli.errors import UsageError
from cli.labels import code_label, label
from cli.options import Command, acting_options, command_options
from cli.references import SHORTEST_PREFIX
from cli.session import Session
from cli.voices import Voice, root_option, say_one, voice_of
from domain.enrolment import COMPROMISED, KEY_REASONS, RESUME_REASONS
from domain.events import KeyRevoked, KeySuspended
from domain.ids import OfficerId, OrgId, officer_id, organisation_id, sha256
from domain.keys import KeyStatus
from projections.directory_queries import KeyRow, keys

_IN_FORCE: Final = frozenset({KeyStatus.ACTIVE.value})
_SUSPENDED: Final = frozenset({KeyStatus.SUSPENDED.value})


def _stop_options(command: Command) -> Command:
    """Give a command what a suspension or a revocation says."""
    for decorate in (
        click.option(
            "--since",
            type=click.IntRange(0),
            metavar="POSITION",
            help="With COMPROMISED: its events from there on are contested (default: all of them).",
        ),
        click.option("--reason", type=click.Choice(sorted(KEY_REASONS)), required=True),
        click.option("--key", "prefix", metavar="HEX", help="Which of his keys: how its digest begins (`ortoo key list`)."),
        click.argument("officer"),
    ):
        command = decorate(command)
    return command


@click.command("suspend")
@_stop_options
@root_option
@for_option
@acting_options
@command_options
def suspend(session: Session, /, **given: Any) -> None:
    """Take a key out of force until it is resumed.

    Example:
      ortoo key suspend mfy-001.secretary --reason LOST
    """
    _stop(session, KeySuspended, _IN_FORCE, **given)


@click.command("revoke")
@_stop_options
@root_option
@for_option
@acting_options
@command_options
def revoke(session: Session, /, **given: Any) -> None:
    """Take a key out of force for ever; after a compromise, say from which position on its events are contested.

    Contested events keep their verdicts and numbers; they are marked.

    Example:
      ortoo key revoke mfy-001.secretary --reason COMPROMISED --since 812
    """
    _stop(session, KeyRevoked, _IN_FORCE | _SUSPENDED, **given)


@click.command("resume")
@click.argument("officer")
@click.option("--key", "prefix", metavar="HEX", help="Which of his keys: how its digest begins (`ortoo key list`).")
@click.option("--reason", type=click.Choice(sorted(RESUME_REASONS)), required=True)
@root_option
@for_option
@acting_options
@command_options
def resume(  # noqa: PLR0913 - what the command line says
    session: Session,
    /,
    *,
    officer: str,
    prefix: str | None,
    reason: str,
    roots: tuple[str, ...],
    for_: str | None,
    yes: bool,
    dry_run: bool,
) -> None:
    """Put a suspended key in force again.

    Example:
      ortoo key resume mfy-001.secretary --reason FOUND
    """
    station, who = acting_station(session), officer_id(officer)
    voice = voice_of(session, station, roots=roots, organisation=for_)
    row = _chosen(session, who, prefix, _SUSPENDED)
    said = resumed(station, _signers(voice), voice.organisation, officer=who, key=row.key, reason=reason)
    language = session.language
    says = (
        (label("heading.officer", language), who),
        (label("heading.key", language), row.key.hex()[:16]),
        (label("heading.reason", language), code_label("resume_reason", reason, language)),
    )
    data = {"officer": who, "key": row.key, "reason": reason}
    preview = Preview(act=said.body.TYPE, says=(*voice.says(language), *says), data=data)
    say_one(session, station, (f"{who}  {row.key.hex()[:16]}", said), preview, yes=yes, dry_run=dry_run)


def _stop(  # noqa: PLR0913 - what the command line says
    session: Session,
    kind: type[KeySuspended] | type[KeyRevoked],
    statuses: frozenset[str],
    *,
    officer: str,
    prefix: str | None,
    reason: str,
    since: int | None,
    roots: tuple[str, ...],
    for_: str | None,
    yes: bool,
    dry_run: bool,
) -> None:
    station, who = acting_station(session), officer_id(officer)
    if not roots and acting_officer(session) == who:
        voice = _himself(station, who, for_)
        own = voice.signers.signer if isinstance(voice.signers, OfficerSigner) else None
        prefix = prefix or (sha256(own.spki).hex() if own else None)
    else:
        voice = voice_of(session, station, roots=roots, organisation=for_)
    row = _chosen(session, who, prefix, statuses)
    said = stopped(station, _signers(voice), voice.organisation, kind, officer=who, key=row.key, reason=reason, since=since)
    language = session.language
    contested = row.enrolled_position if since is None else since
    says = (
        (label("heading.officer", language), who),
        (label("heading.key", language), row.key.hex()[:16]),
        (label("heading.reason", language), code_label("key_reason", reason, language)),
        (label("heading.contested_from", language), contested if reason == COMPROMISED else "-"),
    )
    data = {"officer": who, "key": row.key, "reason": reason, "since": since}
    preview = Preview(act=said.body.TYPE, says=(*voice.says(language), *says), data=data)
    say_one(session, station, (f"{who}  {row.key.hex()[:16]}", said), preview, yes=yes, dry_run=dry_run)


def _himself(station: Station, who: OfficerId, organisation: str | None) -> Voice:
    """Return an officer who speaks of his own key; he needs no role for it."""
    spoken_for: OrgId = home_of_officer(station, who) if organisation is None else organisation_id(organisation)
    return Voice(signers=station.signer(who), organisation=spoken_for)


def _signers(voice: Voice) -> tuple[OfficerSigner, ...]:
    return (voice.signers,) if isinstance(voice.signers, OfficerSigner) else voice.signers


def _chosen(session: Session, who: OfficerId, prefix: str | None, statuses: frozenset[str]) -> KeyRow:
    """Return the one key of an officer that is meant; raise `UsageError` if it is not known which, with those there are."""
    with reading_directory(session) as reading:
        known = keys(reading, officer=who)
    if prefix is not None and len(prefix) < SHORTEST_PREFIX:
        raise UsageError(f"--key {prefix} is too short: give {SHORTEST_PREFIX} or more digits of the key's digest.")
    found = [row for row in known if row.key.hex().startswith((prefix or "").lower())]
    # With a key named, its status is the ledger's to judge, which says by which event it is so.
    fit = found if prefix is not None else [row for row in found if row.status in statuses]
    if len(fit) == 1:
        return fit[0]
    listed = "".join(f"\n  {row.key.hex()[:16]}  {row.status}" for row in known) or "\n  (none)"
    raise UsageError(f"It is not known which key of {who} is meant. Name it with --key; he has these:{listed}")
