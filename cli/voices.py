"""Who speaks in matters of the directory: a registrar with his key, or the root keys together, brought from where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from adapters.keyring import OfficerSigner
from adapters.registration import Speakers
from adapters.signers import open_signer
from adapters.station import Station, Utterance
from cli.acting import sign_and_submit, speaker_of
from cli.confirm import Preview
from cli.errors import UsageError
from cli.fates import conclude
from cli.labels import label
from cli.languages import Language
from cli.options import Command
from cli.session import Session
from cli.wiring import passphrase_source
from domain.directory import Role
from domain.ids import ROOT, OfficerId, OrgId, sha256


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """Who signs, and the organisation for which he speaks: empty for the root keys."""

    signers: Speakers
    organisation: OrgId | str

    def says(self, language: Language) -> tuple[tuple[str, object], ...]:
        """Return who speaks, for a preview."""
        if isinstance(self.signers, OfficerSigner):
            who, whom = self.signers.officer, self.organisation
            return ((label("heading.signed_by", language), who), (label("heading.speaks_for", language), whom))
        named = "\n".join(signer.certificate.hex()[:16] for signer in self.signers)
        return ((label("heading.roots", language), named),)


def root_option(command: Command) -> Command:
    """Give a command `--root FILE`; the function gets `roots`, a tuple of texts (see `voice_of`)."""
    option = click.option(
        "--root",
        "roots",
        metavar="FILE",
        type=click.Path(),
        multiple=True,
        help="A root key that signs, once for each that the threshold asks for; needed for registrars of the first organisation.",
    )
    return option(command)


def voice_of(session: Session, station: Station, *, roots: Sequence[str], organisation: str | None) -> Voice:
    """Return who speaks: the root keys if any are named, else the officer who acts, as a registrar.

    Raises what `root_signers` and `speaker_of` raise.
    """
    if roots:
        return Voice(signers=root_signers(session, station, roots), organisation="")
    speaker = speaker_of(session, station, Role.REGISTRAR, organisation)
    return Voice(signers=speaker.signer, organisation=speaker.organisation)


def root_signers(session: Session, station: Station, files: Sequence[str]) -> tuple[OfficerSigner, ...]:
    """Return the root keys in files, ready to sign; raise `UsageError` if these are not exactly as many roots as must sign."""
    exchange = station.exchange
    ask = passphrase_source(session)
    signers = []
    for file in map(Path, dict.fromkeys(files)):
        name = OfficerId(file.name)
        signer = open_signer(file.expanduser().absolute().as_uri(), lambda name=name: ask(name))  # type: ignore[misc] # bound now
        digest = sha256(signer.spki)
        if not exchange.is_root_in_force(digest):
            raise UsageError(f"{file} is no root key in force of this ledger. `ortoo ledger show` names those that are.")
        signers.append(OfficerSigner(officer=ROOT, certificate=digest, signer=signer))
    if len(signers) != exchange.threshold:
        raise UsageError(
            f"{len(signers)} root key(s) were named, and exactly {exchange.threshold} must sign: give --root FILE that often."
        )
    return tuple(signers)


def say_one(  # noqa: PLR0913 - what is said, what is shown, and the two options of every command that signs
    session: Session,
    station: Station,
    said: tuple[str, Utterance],
    preview: Preview,
    *,
    yes: bool,
    dry_run: bool,
    documents: Sequence[bytes] = (),
) -> None:
    """Rehearse, show, ask, sign, submit and tell one thing; `said` names it for people, `documents` are covers to be stored."""
    fates = sign_and_submit(session, station, [said], preview, yes=yes, dry_run=dry_run, documents=documents)
    if fates is not None:
        conclude(session, station, fates)
