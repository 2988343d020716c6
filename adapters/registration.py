"""What registrars say of organisations, officers and keys, ready to be signed: one function for each act."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from adapters.key_requests import SignedRequest
from adapters.keyring import OfficerSigner
from adapters.station import Station, Utterance
from domain.events import (
    GroupDefined,
    KeyEnrolled,
    KeyResumed,
    KeyRevoked,
    KeySuspended,
    OfficerAppointed,
    OrganisationEntry,
    OrganisationRegistered,
)
from domain.header import LocalName
from domain.ids import Digest, OfficerId, OrgId, sha256
from domain.tree import root_of

PART_LIMIT: Final = 2_000
"""Members in one part of a group, so that a part fits into one record (events.md, `group.defined`)."""


def registered(station: Station, signer: OfficerSigner, speaker: OrgId, entry: OrganisationEntry) -> Utterance:
    """Return the entry of an organisation into the directory."""
    body = OrganisationRegistered(header=station.header(speaker, (signer,)), entry=entry)
    return Utterance(body=body, signers=(signer,), intention=f"{body.TYPE}:{entry.organisation}")


def appointed(  # noqa: PLR0913 - what an appointment says
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    *,
    organisation: OrgId,
    officer: OfficerId,
    names: tuple[LocalName, ...],
    posts: tuple[LocalName, ...],
    roles: tuple[str, ...],
) -> Utterance:
    """Return the appointment of an officer in an organisation."""
    body = OfficerAppointed(
        header=station.header(speaker, (signer,)),
        organisation=organisation,
        officer=officer,
        names=names,
        posts=posts,
        roles=roles,
    )
    # An officer may rightly be appointed anew, with other roles or another post.
    said = sha256(repr((names, posts, roles)).encode()).hex()[:16]
    return Utterance(body=body, signers=(signer,), intention=f"{body.TYPE}:{officer}:{organisation}:{said}")


def enrolled(
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    *,
    request: SignedRequest,
    certificate: bytes,
    assurance: str,
) -> Utterance:
    """Return the enrolment of a certificate for the officer who asked for it."""
    body = KeyEnrolled(
        header=station.header(speaker, (signer,)),
        officer=request.request.officer,
        certificate=certificate,
        request=request.raw,
        request_algorithm=request.algorithm,
        request_signature=request.signature,
        assurance=assurance,
    )
    return Utterance(body=body, signers=(signer,), intention=f"{body.TYPE}:{sha256(request.raw).hex()}")


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
    return Utterance(body=body, signers=tuple(signers), intention=f"{body.TYPE}:{key.hex()}:{header.event_id.hex()}")


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
    return Utterance(body=body, signers=tuple(signers), intention=f"{body.TYPE}:{key.hex()}:{header.event_id.hex()}")


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
