"""Mandates in a bundle: what was accepted under one needs its grant beside it, and the grant must cover it (step 6).

That nobody had revoked it is what the ledger's verdict on the event says; the grant shows for whom it was said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from adapters.evidence_bundle import Proven
from adapters.evidence_report import Findings, Step
from domain.events_mandates import MandateGranted
from domain.ids import Digest
from domain.reasons import Reason

Grants = Mapping[Digest, Proven]
"""Verified and accepted grants by their identities."""
_DIGITS: Final = 16


def named_mandate(one: Proven) -> Digest | None:
    """Return the mandate under which an event was accepted, None if under none: of what was rejected no grant is asked."""
    return one.opened.body.header.mandate if one.leaf.reason is Reason.ACCEPTED else None


def granted(one: Proven, grants: Grants) -> MandateGranted | None:
    """Return the verified mandate under which an event was accepted, None if it is not shown or there is none."""
    named = named_mandate(one)
    found = grants.get(named) if named is not None else None
    return found.opened.body if found is not None and isinstance(found.opened.body, MandateGranted) else None


def verify_mandate(one: Proven, grants: Grants, findings: Findings) -> None:
    """Find what is wrong with, or missing for, an event that was accepted under a mandate."""
    named = named_mandate(one)
    if named is None:
        return
    grant = granted(one, grants)
    if grant is None or grants[named].position >= one.position:
        findings.missing(Step.ACCEPTANCE, one.folder, f"the earlier grant of the mandate {named.hex()[:_DIGITS]}…")
        return
    for what in _unlike(one, grant):
        findings.wrong(Step.ACCEPTANCE, one.folder, f"it was said under a mandate {what}")


def _unlike(one: Proven, grant: MandateGranted) -> Iterator[str]:
    """Yield in what an event differs from the mandate that it names."""
    body, at = one.opened.body, one.leaf.at
    if grant.deputy != body.header.officer:
        yield f"of the deputy {grant.deputy}, by {body.header.officer}"
    if grant.organisation != body.header.organisation:
        yield f"for {grant.organisation}, for {body.header.organisation}"
    if body.TYPE not in grant.event_types:
        yield f"that does not name {body.TYPE}"
    if not grant.from_at <= at < grant.until_at:
        yield "that was not in force at its ledger time"
