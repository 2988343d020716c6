"""A letter on its way to being signed: frozen or about to be, who of its signatories is here, who is still to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.correspondence import countersigned, require_signatures
from adapters.keyring import OfficerSigner
from adapters.travelling_drafts import TravellingDraft
from cli.acting import speaker_of
from cli.confirm import confirmed
from cli.dispatching import PreparedLetter, cover_in, keep_in
from cli.errors import UsageError
from cli.labels import label
from cli.letter_freezing import (
    GivenDraft,
    certificate_of,
    certificate_of_his,
    officers_named,
    prepared_letter,
    require_own_mandate,
)
from cli.letter_preview import letter_preview
from cli.session import Session
from cli.views import Views
from domain.directory import Role
from domain.events import LetterDispatched
from domain.ids import Digest, officer_id


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterToSign:
    """A letter, prepared or frozen; who signs it now with which certificate (None: nobody here), and who is still to sign then.

    `folder` is where a prepared letter will be frozen.
    """

    letter: PreparedLetter | TravellingDraft
    folder: Path | None
    signer: OfficerSigner | None
    certificate: Digest | None
    missing: tuple[str, ...]


def letter_to_sign(
    session: Session, views: Views, given: GivenDraft, *, speaks_for: str | None = None, signatories: Sequence[str] = ()
) -> LetterToSign:
    """Return the letter that a draft is or becomes, with the signatures that it has verified.

    Raises `DraftError` with all that is wrong with a draft, `SignatureInvalidError`, and `UsageError` if the officer who acts
    is not among its signatories.
    """
    if given.frozen is not None:
        return _frozen(session, views, given, given.frozen, signatories)
    assert given.folder is not None  # noqa: S101 - a draft that is no file is a folder
    speaker = speaker_of(session, views.station, Role.SIGNATORY, speaks_for, act=LetterDispatched.TYPE)
    names = tuple(officer_id(name) for name in signatories) or (speaker.officer,)
    if speaker.officer not in names:
        raise UsageError(f"{speaker.officer} acts and is not among the signatories named: {', '.join(names)}. Name him too.")
    if speaker.signer.mandate is not None and names[0] != speaker.officer:
        raise UsageError(f"{speaker.officer} acts under a mandate, which speaks for the first signatory only. Name him first.")
    persons = [speaker.signer if name == speaker.officer else certificate_of(views, name) for name in names]
    return LetterToSign(
        letter=prepared_letter(session, views, given.folder, speaker.organisation, persons),
        folder=given.folder,
        signer=speaker.signer,
        certificate=speaker.signer.certificate,
        missing=tuple(name for name in names if name != speaker.officer),
    )


def signed_letter(session: Session, views: Views, pending: LetterToSign, *, yes: bool, dry_run: bool) -> TravellingDraft | None:
    """Show a letter, ask, freeze it if it is not yet, and return it with the signature that is made here; None: a dry run.

    Raises `RejectedError` if the ledger would reject the letter, `NotConfirmedError`, `ConfirmationNeededError`.
    """
    letter = pending.letter
    preview = letter_preview(views, session.language, letter.body, cover_in(letter))
    if pending.signer is None:
        preview = replace(preview, opening="prompt.about_to_send")
    if not confirmed(session, preview, yes=yes, dry_run=dry_run):
        return None
    if isinstance(letter, PreparedLetter):
        assert pending.folder is not None  # noqa: S101 - only a draft's folder is prepared
        letter = keep_in(pending.folder, letter)
    if pending.signer is not None and pending.certificate is not None:
        letter = countersigned(letter, pending.signer, pending.certificate)
    return letter


def _frozen(
    session: Session, views: Views, given: GivenDraft, letter: TravellingDraft, signatories: Sequence[str]
) -> LetterToSign:
    station, who = views.station, session.settings.officer
    if given.folder is not None:
        session.note(label("note.frozen", session.language, file=letter.path))
    require_signatures(station, letter)
    require_own_mandate(session, station, letter)
    everybody = officers_named(station, letter.body.header.signers)
    if signatories and set(signatories) != set(everybody):
        raise UsageError(
            f"{letter.path.name} names as its signatories {', '.join(everybody)}; that is fixed. For others make another draft."
        )
    missing = officers_named(station, letter.missing_signers)
    if who is None or who not in missing:
        return LetterToSign(letter=letter, folder=given.folder, signer=None, certificate=None, missing=missing)
    signer = station.signer(officer_id(who))
    certificate = certificate_of_his(station, letter.body, signer)
    if certificate is None:
        raise UsageError(f"{letter.path.name} names another key of {who} than the one at this station. Sign where that key is.")
    others = tuple(name for name in missing if name != who)
    return LetterToSign(letter=letter, folder=given.folder, signer=signer, certificate=certificate, missing=others)
