"""What an officer or his registrar says of mandates, ready to be signed."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.keyring import OfficerSigner
from adapters.station import Station, Utterance
from domain.events_mandates import MandateGranted, MandateRevoked
from domain.header import Document
from domain.ids import Digest, OfficerId, OrgId, sha256
from domain.mandates import mandates_held


@dataclass(frozen=True, kw_only=True, slots=True)
class MandateTerms:
    """Who acts for whom, where, to say what, from when to before when (milliseconds), and on the basis of which order."""

    organisation: OrgId
    officer: OfficerId
    deputy: OfficerId
    deputy_organisation: OrgId
    event_types: tuple[str, ...]
    from_at: int
    until_at: int
    basis_number: str
    basis_at: int


def mandate_granted(
    station: Station, signer: OfficerSigner, speaker: OrgId, terms: MandateTerms, *, cover: Document | None = None
) -> Utterance:
    """Return the grant of a mandate; said again it is the same, unless one of this deputy was revoked meanwhile."""
    values = {name: getattr(terms, name) for name in MandateTerms.__slots__}
    body = MandateGranted(header=station.header(speaker, (signer,)), cover=cover, **values)
    ended = sum(one.revoked_position is not None for one in mandates_held(station.view, terms.deputy))
    said = sha256(repr((terms, ended)).encode()).hex()[:16]
    return Utterance(
        body=body,
        signers=(signer,),
        intention=f"{body.TYPE}:{terms.officer}:{terms.deputy}:{said}",
        documents=(cover.sha256,) if cover is not None else (),
    )


def mandate_revoked(station: Station, signer: OfficerSigner, speaker: OrgId, *, mandate: Digest, reason: str) -> Utterance:
    """Return the end of a mandate."""
    body = MandateRevoked(header=station.header(speaker, (signer,)), mandate=mandate, reason=reason)
    return Utterance(body=body, signers=(signer,), intention=f"{body.TYPE}:{mandate.hex()}")
