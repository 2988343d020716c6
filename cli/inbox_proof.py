"""`ortoo inbox --prove`: that nothing which was addressed to an organisation is hidden from those who look at its inbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from adapters.inboxes import InboxProof, inbox_of, inbox_proof
from cli.errors import ExitCode
from cli.labels import code_label, label
from cli.reading import show_list
from cli.render import Column, table_lines
from cli.session import Session
from cli.views import Views
from domain.ids import OrgId
from domain.inboxes import inbox_leaf
from domain.proofs import ProofInvalidError, verify_inclusion
from domain.tree import leaf_hash
from projections.inbox_pages import letters_passed_on_to, letters_to


class Completeness(StrEnum):
    """What was found of an inbox: exactly what was committed to, something else, or nothing was committed to yet."""

    WHOLE = "whole"
    DIFFERS = "differs"
    UNCOMMITTED = "uncommitted"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvenInbox:
    """An organisation's inbox held against the last commitment.

    `letters` are here and stand before `committed_size`, `committed_letters` were committed to, `later` came after. The
    commitment stands at `committed_position`; None: there is none that covers this organisation. `passed_on` came by a transfer:
    nobody committed to these for this organisation, because they were addressed to others.
    """

    organisation: OrgId
    completeness: Completeness
    letters: int
    later: int
    passed_on: int
    committed_letters: int | None
    committed_position: int | None
    committed_size: int | None
    witnessed: bool


def prove_inboxes(session: Session, views: Views, organisations: Sequence[OrgId]) -> None:
    """Show of each organisation whether its inbox is whole; a difference ends with exit code 3, a missing commitment with 4.

    The head of the chain is computed from the letters that the inbox shows, and its leaf proved to be under the root that
    stands on the ledger: who hides a letter from the view, from the store or from the chain is found out.
    """
    proven = [_prove(views, organisation) for organisation in organisations]
    show_list(session, views, proven, lambda: _table(session, proven), organisations=tuple(organisations))
    found = {one.completeness for one in proven}
    if Completeness.DIFFERS in found:
        session.note(label("note.inbox_differs", session.language))
        session.end_with(ExitCode.VERIFICATION_FAILED)
    elif Completeness.UNCOMMITTED in found:
        session.note(label("note.inbox_uncommitted", session.language))
        session.end_with(ExitCode.COULD_NOT_VERIFY)


def _prove(views: Views, organisation: OrgId) -> ProvenInbox:
    proof = inbox_proof(views.station, organisation)
    with views.reading() as connection:
        received, passed_on = letters_to(connection, organisation), letters_passed_on_to(connection, organisation)
    size = proof.size if proof else 0
    own = inbox_of(organisation, proof.inbox.position if proof else 0, (letter for letter, at in received if at < size))
    return ProvenInbox(
        organisation=organisation,
        completeness=Completeness.UNCOMMITTED if proof is None else _compare(proof, inbox_leaf(own)),
        letters=own.letters,
        later=len(received) - own.letters,
        passed_on=passed_on,
        committed_letters=proof.inbox.letters if proof else None,
        committed_position=proof.event_position if proof else None,
        committed_size=proof.size if proof else None,
        witnessed=proof is not None and views.station.witnessed_size() > proof.event_position,
    )


def _compare(proof: InboxProof, leaf: bytes) -> Completeness:
    try:
        verify_inclusion(leaf=leaf_hash(leaf), index=proof.index, size=proof.count, path=proof.path, root=proof.root)
    except ProofInvalidError:
        return Completeness.DIFFERS
    return Completeness.WHOLE


def _table(session: Session, proven: Sequence[ProvenInbox]) -> list[str]:
    language = session.language
    columns = (
        Column(heading=label("heading.organisation", language), cut=False),
        Column(heading=label("heading.inbox", language)),
        Column(heading=label("heading.letters", language), right=True, cut=False),
        Column(heading=label("heading.committed_letters", language), right=True, cut=False),
        Column(heading=label("heading.later", language), right=True, cut=False),
        Column(heading=label("heading.committed_position", language), right=True, cut=False),
    )
    rows = [
        (
            one.organisation,
            code_label("completeness", one.completeness, language),
            one.letters,
            "" if one.committed_letters is None else one.committed_letters,
            one.later,
            "" if one.committed_position is None else one.committed_position,
        )
        for one in proven
    ]
    lines = table_lines(columns, rows)
    lines += [
        label("note.passed_on_uncommitted", language, organisation=one.organisation, count=one.passed_on)
        for one in proven
        if one.passed_on
    ]
    if not all(one.witnessed for one in proven if one.committed_position is not None):
        lines.append(label("note.not_witnessed", language))
    return lines
