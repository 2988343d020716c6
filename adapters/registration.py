"""What registrars, clerks and the root keys say of the directory, ready to be signed: one function for each act.

An intention names what is wanted, and from which state on: wanting it twice before the ledger answered is one submission,
wanting it again after things have changed is another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from adapters.key_requests import SignedRequest
from adapters.keyring import OfficerSigner
from adapters.station import Station, Utterance
from domain import directory
from domain.events import (
    Body,
    CheckpointKey,
    CheckpointKeyAdded,
    CheckpointKeyRetired,
    GroupDefined,
    KeyEnrolled,
    KeyResumed,
    KeyRevoked,
    KeySuspended,
    OfficerAppointed,
    OfficerRelieved,
    OrganisationChanged,
    OrganisationClosed,
    OrganisationEntry,
    OrganisationRegistered,
    RegisterDefined,
    RootChanged,
    RulesAdopted,
    TrustAnchorAdded,
    TrustAnchorWithdrawn,
)
from domain.events_proof import EventReaffirmed, EventRepudiated
from domain.header import LocalName
from domain.ids import Digest, OfficerId, OrgId, sha256
from domain.keys import key as key_in
from domain.registers import DIRECTIONS, registers_id
from domain.tree import root_of

PART_LIMIT: Final = 2_000
"""Members in one part of a group, so that a part fits into one record (events.md, `group.defined`)."""
Speakers = OfficerSigner | tuple[OfficerSigner, ...]
"""One officer, or the root keys together, who speak for no organisation ("")."""


def registered(station: Station, signer: OfficerSigner, speaker: OrgId, entry: OrganisationEntry) -> Utterance:
    """Return the entry of an organisation into the directory."""
    body = OrganisationRegistered(header=station.header(speaker, (signer,)), entry=entry)
    return Utterance(body=body, signers=(signer,), intention=f"{body.TYPE}:{entry.organisation}")


def changed(station: Station, signer: OfficerSigner, speaker: OrgId, entry: OrganisationEntry) -> Utterance:
    """Return the replacement of what the directory says of an organisation."""
    body = OrganisationChanged(header=station.header(speaker, (signer,)), entry=entry)
    now = directory.organisation(station.view, entry.organisation)
    said = f"{now.version if now else 0}:{_said(entry)}"
    return Utterance(body=body, signers=(signer,), intention=f"{body.TYPE}:{entry.organisation}:{said}")


def closed(station: Station, signer: OfficerSigner, speaker: OrgId, *, organisation: OrgId, successor: OrgId | None) -> Utterance:
    """Return the closing of an organisation."""
    body = OrganisationClosed(header=station.header(speaker, (signer,)), organisation=organisation, successor=successor)
    return Utterance(body=body, signers=(signer,), intention=f"{body.TYPE}:{organisation}:{successor or ''}")


def appointed(  # noqa: PLR0913 - what an appointment says
    station: Station,
    signer: Speakers,
    speaker: OrgId | str,
    *,
    organisation: OrgId,
    officer: OfficerId,
    names: tuple[LocalName, ...],
    posts: tuple[LocalName, ...],
    roles: tuple[str, ...],
) -> Utterance:
    """Return the appointment of an officer in an organisation."""
    signers = _together(signer)
    body = OfficerAppointed(
        header=station.header(speaker, signers),
        organisation=organisation,
        officer=officer,
        names=names,
        posts=posts,
        roles=roles,
    )
    # An officer may rightly be appointed anew: with other roles or another post, or after he was relieved.
    said = f"{_appointment_version(station, officer, organisation)}:{_said(names, posts, roles)}"
    return Utterance(body=body, signers=signers, intention=f"{body.TYPE}:{officer}:{organisation}:{said}")


def relieved(station: Station, signer: Speakers, speaker: OrgId | str, *, organisation: OrgId, officer: OfficerId) -> Utterance:
    """Return the end of an officer's appointment in an organisation."""
    signers = _together(signer)
    body = OfficerRelieved(header=station.header(speaker, signers), organisation=organisation, officer=officer)
    version = _appointment_version(station, officer, organisation)
    return Utterance(body=body, signers=signers, intention=f"{body.TYPE}:{officer}:{organisation}:{version}")


def enrolled(
    station: Station,
    signer: Speakers,
    speaker: OrgId | str,
    *,
    request: SignedRequest,
    certificate: bytes,
    assurance: str,
) -> Utterance:
    """Return the enrolment of a certificate for the officer who asked for it."""
    signers = _together(signer)
    body = KeyEnrolled(
        header=station.header(speaker, signers),
        officer=request.request.officer,
        certificate=certificate,
        request=request.raw,
        request_algorithm=request.algorithm,
        request_signature=request.signature,
        assurance=assurance,
    )
    # The same request renews a certificate too, so what counts is how many there are already.
    held = key_in(station.view, sha256(request.request.public_key))
    said = f"{sha256(request.raw).hex()}:{len(held.certificates) if held else 0}"
    return Utterance(body=body, signers=signers, intention=f"{body.TYPE}:{said}")


def stopped(  # noqa: PLR0913 - what a suspension or a revocation says
    station: Station,
    signers: Sequence[OfficerSigner],
    speaker: OrgId | str,
    kind: type[KeySuspended] | type[KeyRevoked],
    *,
    officer: OfficerId,
    key: Digest,
    reason: str,
    since: int | None,
) -> Utterance:
    """Return the suspension or revocation of a key; said by the roots, `speaker` is empty."""
    header = station.header(speaker, signers)
    body = kind(header=header, officer=officer, key=key, reason=reason, since=since)
    said = f"{_key_version(station, key)}:{_said(reason, since)}"
    return Utterance(body=body, signers=tuple(signers), intention=f"{body.TYPE}:{key.hex()}:{said}")


def resumed(
    station: Station,
    signers: Sequence[OfficerSigner],
    speaker: OrgId | str,
    *,
    officer: OfficerId,
    key: Digest,
    reason: str,
) -> Utterance:
    """Return the resumption of a suspended key; said by the roots, `speaker` is empty."""
    header = station.header(speaker, signers)
    body = KeyResumed(header=header, officer=officer, key=key, reason=reason)
    said = f"{_key_version(station, key)}:{reason}"
    return Utterance(body=body, signers=tuple(signers), intention=f"{body.TYPE}:{key.hex()}:{said}")


def settled(
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    kind: type[EventReaffirmed] | type[EventRepudiated],
    *,
    event: Digest,
) -> Utterance:
    """Return an officer's word, with a newer key, that an event which is contested is his, or is not."""
    body = kind(header=station.header(speaker, (signer,)), event=event)
    # With which key belongs to it: a word given with one that is compromised later can be given again.
    intention = f"{body.TYPE}:{event.hex()}:{signer.officer}:{signer.certificate.hex()[:16]}"
    return Utterance(body=body, signers=(signer,), intention=intention)


def group_defined(
    station: Station, signer: OfficerSigner, owner: OrgId, *, group: OrgId, version: int, members: Sequence[OrgId]
) -> Iterator[Utterance]:
    """Yield the parts of a version of a group, in order; the last states count and root. `members` may come in any order."""
    ordered = sorted(set(members))
    parts = [tuple(ordered[i : i + PART_LIMIT]) for i in range(0, len(ordered), PART_LIMIT)]
    for number, part in enumerate(parts, 1):
        last = number == len(parts)
        body = GroupDefined(
            header=station.header(owner, (signer,)),
            group=group,
            version=version,
            part=number,
            parts=len(parts),
            members=part,
            total=len(ordered) if last else None,
            root=root_of(member.encode() for member in ordered) if last else None,
        )
        said = sha256(b"\n".join(member.encode() for member in ordered)).hex()[:16]
        intention = f"{body.TYPE}:{owner}:{group}:{version}:{number}:{said}"
        yield Utterance(body=body, signers=(signer,), intention=intention)


def register_defined(  # noqa: PLR0913 - what a definition says
    station: Station,
    signer: OfficerSigner,
    owner: OrgId,
    *,
    direction: str,
    year_from: int,
    format_: str,
    first_serial: int,
) -> Utterance:
    """Return how an organisation's numbers of one direction are printed from a year on, and where that year begins."""
    body = RegisterDefined(
        header=station.header(owner, (signer,)),
        direction=direction,
        year_from=year_from,
        format=format_,
        first_serial=first_serial,
    )
    now = station.view.get(registers_id(owner, DIRECTIONS[direction]))
    said = f"{now.version if now else 0}:{_said(year_from, format_, first_serial)}"
    return Utterance(body=body, signers=(signer,), intention=f"{body.TYPE}:{owner}:{direction}:{said}")


def roots_changed(station: Station, roots: tuple[OfficerSigner, ...], *, keys: tuple[bytes, ...], threshold: int) -> Utterance:
    """Return who the root keys are from now on (SubjectPublicKeyInfo, DER), and how many of them must sign."""
    body = RootChanged(header=station.header("", roots), roots=keys, root_threshold=threshold)
    return _of_roots(station, roots, body, _said(keys, threshold))


def anchor_added(station: Station, roots: tuple[OfficerSigner, ...], *, certificate: bytes) -> Utterance:
    """Return the trust in one more certification authority (its certificate, DER)."""
    body = TrustAnchorAdded(header=station.header("", roots), certificate=certificate)
    return _of_roots(station, roots, body, _said(certificate))


def anchor_withdrawn(station: Station, roots: tuple[OfficerSigner, ...], *, anchor: Digest, reason: str) -> Utterance:
    """Return the end of the trust in a certification authority, for new enrolments."""
    body = TrustAnchorWithdrawn(header=station.header("", roots), anchor=anchor, reason=reason)
    return _of_roots(station, roots, body, _said(anchor, reason))


def checkpoint_key_added(station: Station, roots: tuple[OfficerSigner, ...], *, key: CheckpointKey) -> Utterance:
    """Return the naming of one more key that signs checkpoints."""
    body = CheckpointKeyAdded(header=station.header("", roots), key=key)
    return _of_roots(station, roots, body, _said(key))


def checkpoint_key_retired(station: Station, roots: tuple[OfficerSigner, ...], *, key: Digest, reason: str) -> Utterance:
    """Return the end of a key (SHA-256 of its Ed25519 half) that signed checkpoints."""
    body = CheckpointKeyRetired(header=station.header("", roots), key=key, reason=reason)
    return _of_roots(station, roots, body, _said(key, reason))


def rules_adopted(
    station: Station, roots: tuple[OfficerSigner, ...], *, version: int, schema_digest: Digest, effective_at: int
) -> Utterance:
    """Return the adoption of the next rules, in force from a ledger time on (milliseconds)."""
    header = station.header("", roots)
    body = RulesAdopted(header=header, version=version, schema_digest=schema_digest, effective_at=effective_at)
    return _of_roots(station, roots, body, _said(version, schema_digest, effective_at))


def _of_roots(station: Station, roots: tuple[OfficerSigner, ...], body: Body, said: str) -> Utterance:
    return Utterance(body=body, signers=roots, intention=f"{body.TYPE}:{station.exchange.version}:{said}")


def _together(speakers: Speakers) -> tuple[OfficerSigner, ...]:
    return (speakers,) if isinstance(speakers, OfficerSigner) else speakers


def _appointment_version(station: Station, officer: OfficerId, organisation: OrgId) -> int:
    now = directory.appointment(station.view, officer, organisation)
    return now.version if now else 0


def _key_version(station: Station, key: Digest) -> int:
    now = key_in(station.view, key)
    return now.version if now else 0


def _said(*what: object) -> str:
    return sha256(repr(what).encode()).hex()[:16]
