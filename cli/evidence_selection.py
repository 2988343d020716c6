"""Which events a letter's bundle takes, and what else of a station goes into making it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from sqlalchemy import Connection

from adapters.correspondence import entered_body
from adapters.evidence_approvals import APPROVAL_EVENTS, approvals_named, request_of
from adapters.evidence_export import Sources
from adapters.station import Station
from adapters.trust_files import TrustedAnchor
from cli.errors import UsageError
from domain.approvals import request
from domain.changes import View
from domain.checkpoints import CheckpointPair
from domain.directory import organisation
from domain.events import (
    Body,
    GroupDefined,
    GroupVersion,
    LedgerOpened,
    RootChanged,
    TrustAnchorAdded,
    TrustAnchorWithdrawn,
)
from domain.events_office import ConsignmentTransferred, LetterReceivedOutside
from domain.exchange import anchors_of
from domain.groups import is_member
from domain.ids import Digest, LetterId, OrgId
from domain.ledger_time import MS_PER_S
from domain.letters import capacity_of, letter
from projections.evidence_queries import (
    positions_about_letter,
    positions_of_answers,
    positions_of_groups,
    positions_of_transfers,
    positions_of_types,
)
from projections.exchange_queries import exchange_positions


def letter_positions(station: Station, connection: Connection, sent: LetterId, recipient: OrgId | None) -> tuple[int, ...]:
    """Return where everything stands that a letter's bundle takes: of one recipient's timeline, or of everybody's.

    Raises `LetterNotHeldError` for a letter that is not known here, `UsageError` if the letter did not go to the recipient.
    """
    dispatch = entered_body(station, sent)
    if isinstance(dispatch, LetterReceivedOutside):
        return _outside_positions(station, connection, sent, dispatch, recipient)
    known = letter(station.view, sent)
    if recipient is not None and (known is None or capacity_of(station.view, known, recipient) is None):
        raise UsageError(f"{recipient} is no recipient of this letter. `ortoo letter show` lists who is.")
    first, transfers = (recipient, ()) if recipient is None else _way_to(station, connection, sent, recipient)
    addressed = [one.group for one in dispatch.addressees if one.group is not None]
    owner, view = dispatch.header.organisation, station.view
    shown = [one for one in addressed if first is None or is_member(view, owner, one.group, one.version, first)]
    senders = None if recipient is None else frozenset(_speakers_for(view, recipient))
    about = positions_about_letter(connection, sent, recipient)
    groups = _group_positions(station, connection, owner, shown, before=min(about)) if shown else ()
    approvals = _approval_positions(station, connection, approvals_named(dispatch), before=min(about))
    return tuple(sorted({*groups, *approvals, *transfers, *about, *positions_of_answers(connection, sent, senders)}))


def _outside_positions(
    station: Station, connection: Connection, sent: LetterId, entered: LetterReceivedOutside, recipient: OrgId | None
) -> tuple[int, ...]:
    """Return where a letter from outside was entered and closed, and where the letters stand that answer it."""
    if recipient not in {None, entered.header.organisation}:
        raise UsageError(f"{recipient} is no recipient of this letter from outside: {entered.header.organisation} entered it.")
    position = station.parts.store.position_of(Digest(sent))
    assert position is not None  # noqa: S101 - its body was read there
    closed, answers = positions_about_letter(connection, sent, recipient), positions_of_answers(connection, sent, None)
    return tuple(sorted({position, *closed, *answers}))


def _way_to(station: Station, connection: Connection, sent: LetterId, recipient: OrgId) -> tuple[OrgId, tuple[int, ...]]:
    """Return to whom a letter was addressed that came to a recipient, and where it was passed on between them, last first."""
    first, way = recipient, []
    for position in reversed(positions_of_transfers(connection, sent)):
        body = _body(station, position)
        if isinstance(body, ConsignmentTransferred) and body.to == first:
            first = body.recipient
            way.append(position)
    return first, tuple(way)


def sources_of(station: Station, connection: Connection, pair: CheckpointPair) -> Sources:
    """Return what bundles are made of at a station, to rest on a pair of checkpoints."""
    said = [(position, _body(station, position)) for position in exchange_positions(connection)]
    return Sources(
        store=station.parts.store,
        view=station.view,
        documents=station.parts.documents,
        codec=station.parts.codec,
        pair=pair,
        anchors=tuple(one.anchor.certificate for one in anchors_named(station, connection)),
        root_changes=tuple(position for position, body in said if isinstance(body, RootChanged)),
    )


def anchors_named(station: Station, connection: Connection) -> tuple[TrustedAnchor, ...]:
    """Return every authority that the ledger ever named, in order, and when it was withdrawn, rounded up to a second."""
    genesis = _body(station, 0)
    assert isinstance(genesis, LedgerOpened)  # noqa: S101 - there is no ledger without one
    named = {one.digest: TrustedAnchor(anchor=one, withdrawn_at_ms=None) for one in anchors_of(genesis.trust_anchors)}
    for position in exchange_positions(connection):
        body, verdict = _body(station, position), station.parts.store.verdict(position)
        if isinstance(body, TrustAnchorAdded):
            (anchor,) = anchors_of((body.certificate,))
            named[anchor.digest] = TrustedAnchor(anchor=anchor, withdrawn_at_ms=None)
        if isinstance(body, TrustAnchorWithdrawn) and verdict is not None:
            named[body.anchor] = replace(named[body.anchor], withdrawn_at_ms=-(-verdict.at // MS_PER_S) * MS_PER_S)
    return tuple(named.values())


def _speakers_for(view: View, recipient: OrgId) -> Iterator[OrgId]:
    """Yield who may answer for a recipient: itself, and whoever succeeded it."""
    one: OrgId | None = recipient
    while one is not None:
        yield one
        found = organisation(view, one)
        one = found.successor if found else None


def _group_positions(
    station: Station, connection: Connection, owner: OrgId, wanted: list[GroupVersion], *, before: int
) -> tuple[int, ...]:
    """Return where the parts of these versions stand; part 1 discards what was begun before under the same version."""
    versions = {(one.group, one.version) for one in wanted}
    parts: dict[tuple[OrgId, int], list[int]] = {}
    for position in positions_of_groups(connection, owner, before):
        body = _body(station, position)
        if isinstance(body, GroupDefined) and (key := (body.group, body.version)) in versions:
            parts[key] = [position] if body.part == 1 else [*parts[key], position]
    return tuple(position for positions in parts.values() for position in positions)


def _approval_positions(station: Station, connection: Connection, named: Collection[Digest], *, before: int) -> tuple[int, ...]:
    """Return where everything stands that was said on these requests for approval before the letter."""
    begun = [asked.position for asked in (request(station.view, one) for one in named) if asked is not None]
    types = [event.TYPE for event in APPROVAL_EVENTS]
    found = positions_of_types(connection, types, min(begun), before) if begun else ()
    verdicts = ((position, station.parts.store.verdict(position)) for position in found)
    return tuple(
        position
        for position, verdict in verdicts
        if verdict is not None and request_of(_body(station, position), verdict.identity) in named
    )


def _body(station: Station, position: int) -> Body:
    """Return what the authentic event at a position says."""
    record = station.parts.store.record(position)
    assert record is not None  # noqa: S101 - the views name positions of accepted events only
    event = station.parts.codec.envelope(record)
    return station.parts.codec.body(event.payload_type, event.payload)
