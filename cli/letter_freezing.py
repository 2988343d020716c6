"""From what a DRAFT argument names to a letter whose bytes are fixed, and whose signatures it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select

from adapters.drafts import load_draft
from adapters.keyring import OfficerSigner
from adapters.station import Station
from adapters.travelling_drafts import SUFFIX, TravellingDraft, read_travelling_draft
from cli.acting import acting_officer
from cli.approval_naming import named_request
from cli.dispatching import PreparedLetter, frozen_in, prepare
from cli.draft_checks import require_sendable
from cli.errors import UsageError
from cli.naming import named_letter
from cli.session import Session
from cli.standing_in import MANDATE_SHOWN, named_mandate
from cli.views import Views
from domain.events import LetterDispatched
from domain.ids import Digest, LetterId, OfficerId, OrgId
from domain.keys import KeyStatus, key_of_certificate
from projections.directory_tables import APPOINTMENTS, CERTIFICATES, KEYS


@dataclass(frozen=True, kw_only=True, slots=True)
class Signatory:
    """An officer who is to sign, the digest of the certificate under which he does, and the mandate under which he acts."""

    officer: OfficerId
    certificate: Digest
    mandate: Digest | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenDraft:
    """What a DRAFT argument names: a draft's folder (None: a travelling file), and the letter that it was frozen into, if any."""

    folder: Path | None
    frozen: TravellingDraft | None


def given_draft(session: Session, path: Path) -> GivenDraft:
    """Return the draft at a path; raise `UsageError` if it is none, `TravellingDraftError` if its file is not whole."""
    limit_bytes = session.settings.document_limit_bytes
    if path.is_dir():
        return GivenDraft(folder=path, frozen=frozen_in(path, limit_bytes=limit_bytes))
    if path.suffix == SUFFIX:
        return GivenDraft(folder=None, frozen=read_travelling_draft(path, limit_bytes=limit_bytes))
    raise UsageError(
        f"{path} is no draft: name a folder that `ortoo letter draft` made, or a file letter-….ortoo-draft that is being signed."
    )


def prepared_letter(
    session: Session, views: Views, folder: Path, sender: OrgId, signatories: Sequence[Signatory | OfficerSigner]
) -> PreparedLetter:
    """Return the letter that a draft's folder would become; raise `DraftError` with all that is wrong with it."""
    draft, station = load_draft(folder), views.station

    def resolve(text: str) -> LetterId:
        return named_letter(session, views, text, sender).letter

    require_sendable(draft, views, sender, resolve)
    draft = replace(draft, approvals=tuple(named_request(views, text).request.hex() for text in draft.approvals))
    limit_bytes = session.settings.document_limit_bytes
    return prepare(draft, station, header=station.header(sender, signatories), resolve=resolve, limit_bytes=limit_bytes)


def certificate_of(views: Views, officer: OfficerId) -> Signatory:
    """Return the newest certificate in force of an officer, whose key may be anywhere; raise `UsageError` if there is none."""
    at = views.station.rehearsal_time
    chosen = (
        select(CERTIFICATES.c.certificate)
        .join(KEYS, KEYS.c.key == CERTIFICATES.c.key)
        .where((KEYS.c.officer == officer) & (KEYS.c.status == KeyStatus.ACTIVE.value))
        .where((CERTIFICATES.c.not_before <= at) & (CERTIFICATES.c.not_after >= at))
        .order_by(CERTIFICATES.c.position.desc())
        .limit(1)
    )
    with views.reading() as connection:
        found = connection.execute(chosen).scalar()
    if found is None:
        raise UsageError(f"{officer} cannot sign: no certificate of his is in force on this ledger. `ortoo key list` shows them.")
    return Signatory(officer=officer, certificate=Digest(bytes(found)))


def with_mandate(session: Session, views: Views, signatories: Sequence[Signatory]) -> list[Signatory]:
    """Return who is to sign, the first of them under the mandate that `--mandate` names, if it names one of his."""
    first, *others = signatories
    named = named_mandate(session, views.station, first.officer)
    return [first if named is None else replace(first, mandate=named.mandate), *others]


def require_own_mandate(session: Session, station: Station, letter: TravellingDraft) -> None:
    """Raise `UsageError` if `--mandate` names another mandate than a frozen letter does, whose every byte is fixed."""
    if session.chosen.get("mandate") is None:
        return
    named, fixed = named_mandate(session, station, acting_officer(session)), letter.body.header.mandate
    if named is not None and named.mandate != fixed:
        says = "no mandate" if fixed is None else f"the mandate {fixed.hex()[:MANDATE_SHOWN]}"
        raise UsageError(
            f"{letter.path.name} names {says}; that is fixed since its first signature. Leave --mandate out to sign or send it "
            "as it is. For a letter under a mandate make another draft, which the deputy signs first, with --mandate."
        )


def some_signatory(views: Views, organisation: OrgId) -> OfficerId | None:
    """Return an officer who is signatory of an organisation, the first by id; None if there is none."""
    chosen = select(APPOINTMENTS.c.officer, APPOINTMENTS.c.roles).where(APPOINTMENTS.c.organisation == organisation)
    with views.reading() as connection:
        rows = connection.execute(chosen.order_by(APPOINTMENTS.c.officer)).all()
    return next((OfficerId(row.officer) for row in rows if "signatory" in row.roles.split()), None)


def officers_named(station: Station, signers: Sequence[Digest]) -> tuple[str, ...]:
    """Return whose certificates these are; one that the ledger does not know is told by its digest."""
    known = ((signer, key_of_certificate(station.view, signer)) for signer in signers)
    return tuple(key.officer if key else f"certificate {signer.hex()[:16]}…" for signer, key in known)


def certificate_of_his(station: Station, body: LetterDispatched, signer: OfficerSigner) -> Digest | None:
    """Return the certificate that a letter names of an officer's key, None if the key is not among its signers."""
    for certificate in body.header.signers:
        known = key_of_certificate(station.view, certificate)
        if known is not None and known.spki == signer.signer.spki:
            return certificate
    return None
