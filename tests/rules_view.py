"""The rules without a ledger: all states in memory, a small country to begin with, and cases to put before the rules.

`MemoryView` keeps the contract of `domain.changes.View` and refuses a change that does not follow the last one of its
aggregate, as the store does. Only authority and preconditions run here; steps 1 to 7 are the judge's.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Final

import pytest

from domain.changes import Change, Inbox, Original, Recorded, State, moment
from domain.codec import Codec
from domain.directory import CONNECTED, Organisation
from domain.directory_rules import appoint, enter_organisation
from domain.errors import RejectedError
from domain.events import Body, OfficerAppointed, OrganisationEntry
from domain.exchange import EXCHANGE_ID, AdoptedRules, ExchangeOpened, root_keys
from domain.header import Header, LocalName
from domain.ids import ROOT, ZERO_DIGEST, Digest, EventId, LetterId, OfficerId, OrgId, sha256
from domain.inboxes import extended
from domain.keys import CertificateAdmitted, EnrolledCertificate, KeyAdmitted, certificate_id, key_id, key_of_certificate
from domain.reasons import Reason
from domain.rules import Case, Rule
from schemas.codec import LedgerCodec

NOW_MS: Final = 1_764_000_000_000
"""24 November 2025, 16:00 UTC: ledger time of a case unless it says otherwise."""
UTC_OFFSET_MINUTES: Final = 300
POSITION: Final = 1000
MINISTRY: Final = OrgId("ministry")
REGISTRAR: Final = OfficerId("registrar")
ROOT_SPKIS: Final = (b"first root key", b"second root key")


class MemoryView:
    """Everything that is known before one position, in dictionaries that a test may fill as it likes."""

    def __init__(self) -> None:
        self.states: dict[str, State] = {}
        self.originals: dict[tuple[OfficerId, EventId], Original] = {}
        self.letters: dict[OrgId, list[LetterId]] = {}
        self.roots: dict[int, tuple[Digest, Digest]] = {}
        self.events: dict[Digest, Recorded] = {}
        self.dispatched: list[tuple[int, LetterId]] = []
        self.times: dict[int, int] = {}

    def get(self, aggregate_id: str) -> State | None:
        """Return the state of an aggregate, None if nothing has happened to it."""
        return self.states.get(aggregate_id)

    def original(self, officer: OfficerId, event_id: EventId) -> Original | None:
        """Return the event that consumed this (officer, event id), None if it is new."""
        return self.originals.get((officer, event_id))

    def roots_at(self, size: int) -> tuple[Digest, Digest]:
        """Return the roots that a test gave for this size."""
        return self.roots[size]

    def letters_addressed_to(self, organisation: OrgId) -> Iterable[LetterId]:
        """Yield the letters that a test addressed to the organisation, in their order."""
        return iter(self.letters.get(organisation, ()))

    def latest_time(self, after: int) -> int:
        """Return the time at which a test lets all records stand."""
        return NOW_MS if self.states and after < POSITION else -1

    def time_at(self, position: int) -> int:
        """Return the time that a test gave to a position, else the one at which it lets all records stand."""
        return self.times.get(position, NOW_MS)

    def event(self, identity: Digest) -> Recorded | None:
        """Return the event that a test recorded under this identity."""
        return self.events.get(identity)

    def inboxes_at(self, size: int) -> tuple[Inbox, ...]:
        """Return the inboxes over the letters that a test dispatched, made from the beginning every time."""
        organisations = (state for state in self.states.values() if isinstance(state, Organisation))
        begun = [
            Inbox(organisation=one.entry.organisation, position=one.registered_position, letters=0, head=ZERO_DIGEST)
            for one in organisations
            if one.registered_position < size
        ]
        letters = (letter for position, letter in self.dispatched if position < size)
        return extended(self, sorted(begun, key=lambda one: one.position), letters)

    def apply(self, changes: Iterable[Change]) -> None:
        """Fold changes into the states; each must be the next one of its aggregate, stamped with ledger time."""
        for change in changes:
            now = self.states.get(change.originator_id)
            assert change.originator_version == (now.version if now else 0) + 1, change
            after: State = change.mutate(now)
            assert (after.id, after.version) == (change.originator_id, change.originator_version), change
            self.states[change.originator_id] = after


def certificate_of(officer: str) -> Digest:
    """Return the digest under which these tests enrol an officer's certificate."""
    return sha256(f"certificate of {officer}".encode())


def header(officer: str = REGISTRAR, organisation: str = MINISTRY, *, mandate: Digest | None = None) -> Header:
    """Return the header of an event that one officer says for an organisation."""
    return Header(
        ledger=ZERO_DIGEST,
        event_id=EventId(bytes(16)),
        organisation=OrgId(organisation),
        officer=OfficerId(officer),
        mandate=mandate,
        signers=(certificate_of(officer),),
        signed_at=NOW_MS,
        not_after=NOW_MS + 1,
        seen=None,
    )


def roots_header(spkis: tuple[bytes, ...] = ROOT_SPKIS) -> Header:
    """Return the header of an event that root keys say."""
    signers = tuple(key.digest for key in root_keys(spkis))
    return Header(
        ledger=ZERO_DIGEST,
        event_id=EventId(bytes(16)),
        organisation=OrgId(""),
        officer=ROOT,
        mandate=None,
        signers=signers,
        signed_at=NOW_MS,
        not_after=NOW_MS + 1,
        seen=None,
    )


def entry(
    organisation: str,
    parent: str | None = MINISTRY,
    *,
    kind: str = "committee",
    connection: str = CONNECTED,
) -> OrganisationEntry:
    """Return what the directory could say of an organisation."""
    return OrganisationEntry(
        organisation=OrgId(organisation),
        names=(LocalName(language="en", text=organisation),),
        kind=kind,
        parent=None if parent is None else OrgId(parent),
        identifiers=(),
        regions=(),
        postal_address="",
        electronic_address="",
        connection=connection,
        acknowledge_days=3,
    )


def appointment(said_by: Header, officer: str, organisation: str, *roles: str) -> OfficerAppointed:
    """Return the event that appoints an officer in an organisation with roles."""
    return OfficerAppointed(
        header=said_by,
        organisation=OrgId(organisation),
        officer=OfficerId(officer),
        names=(LocalName(language="en", text=officer),),
        posts=(),
        roles=roles,
    )


def case(view: MemoryView, body: Body, *, at: int = NOW_MS, position: int = POSITION) -> Case:
    """Return the case of a body before the rules."""
    return Case(
        view=view,
        codec=_codec(),
        body=body,
        position=position,
        at=at,
        identity=ZERO_DIGEST,
        officers=_officers(view, body.header),
    )


def _officers(view: MemoryView, said_by: Header) -> tuple[OfficerId, ...]:
    if said_by.officer == ROOT:
        return (ROOT,)
    keys = [key_of_certificate(view, signer) for signer in said_by.signers]
    return tuple(key.officer for key in keys if key is not None)


def decide(rules: tuple[Rule, ...], before: Case) -> tuple[Change, ...]:
    """Return what follows from a case by the rule for its type; raise `RejectedError` as steps 8 and 9 would."""
    rule = next(one for one in rules if one.event is type(before.body))
    for precondition in (*rule.authority, *rule.preconditions):
        try:
            precondition.check(before)
        except RejectedError as error:
            if error.reason not in precondition.reasons:
                pytest.fail(f"{precondition.sentence!r} gives {error.reason.name}, which the docs will not list for it")
            raise
    return rule.changes(before)


def outcome(rules: tuple[Rule, ...], before: Case) -> Reason:
    """Return the reason of a case's verdict, and fold what follows into the view if it is accepted."""
    try:
        changes = decide(rules, before)
    except RejectedError as error:
        return error.reason
    assert isinstance(before.view, MemoryView)
    before.view.apply(changes)
    return Reason.ACCEPTED


def opened_view() -> MemoryView:
    """Return the view after a genesis: the exchange, the ministry, and its registrar with a key."""
    view = MemoryView()
    opened = ExchangeOpened(
        originator_id=EXCHANGE_ID,
        originator_version=1,
        timestamp=moment(NOW_MS),
        identity=ZERO_DIGEST,
        name="test",
        purpose="training",
        utc_offset_minutes=UTC_OFFSET_MINUTES,
        roots=root_keys(ROOT_SPKIS),
        threshold=len(ROOT_SPKIS),
        anchors=(),
        checkpoint_keys=(),
        rules=AdoptedRules(version=1, schema_digest=ZERO_DIGEST, effective_at=0),
        first_organisation=MINISTRY,
    )
    view.apply((opened,))
    add_organisation(view, MINISTRY, None, kind="ministry")
    add_officer(view, REGISTRAR, MINISTRY, "registrar")
    return view


def add_organisation(
    view: MemoryView,
    organisation: str,
    parent: str | None = MINISTRY,
    *,
    kind: str = "committee",
    connection: str = CONNECTED,
) -> None:
    """Register an organisation without asking anybody."""
    view.apply(enter_organisation(_silent(view), entry(organisation, parent, kind=kind, connection=connection)))


def add_officer(view: MemoryView, officer: str, organisation: str, *roles: str) -> None:
    """Appoint an officer and enrol a key of his without asking anybody."""
    body = appointment(header(), officer, organisation, *roles)
    view.apply(appoint(_silent(view), body.organisation, body, roles))
    add_key(view, officer)


def add_key(view: MemoryView, officer: str) -> None:
    """Enrol the officer's one key of these tests, if it is not enrolled yet. It signs nothing: steps 5 and 7 do not run."""
    spki, certificate = f"key of {officer}".encode(), certificate_of(officer)
    if view.get(certificate_id(certificate)):
        return
    enrolled = EnrolledCertificate(
        digest=certificate,
        not_before_ms=0,
        not_after_ms=2 * NOW_MS,
        position=0,
        assurance="file",
    )
    admitted = KeyAdmitted(
        originator_id=key_id(sha256(spki)),
        originator_version=1,
        timestamp=moment(NOW_MS),
        digest=sha256(spki),
        spki=spki,
        algorithm="ed25519",
        officer=OfficerId(officer),
        certificate=enrolled,
    )
    found = CertificateAdmitted(
        originator_id=certificate_id(certificate),
        originator_version=1,
        timestamp=moment(NOW_MS),
        key=sha256(spki),
    )
    view.apply((admitted, found))


def _silent(view: MemoryView) -> Case:
    return Case(view=view, codec=_codec(), body=None, position=0, at=NOW_MS, identity=ZERO_DIGEST, officers=())


@functools.cache
def _codec() -> Codec:
    return LedgerCodec()
