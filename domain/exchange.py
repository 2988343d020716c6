"""The exchange as a whole: its roots, trust anchors, checkpoint keys and rules. One aggregate, `exchange`.

Only the root keys change it. The genesis makes it (domain.genesis).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Final, cast

from domain.certificates import CertificateRefusedError, parse_anchor
from domain.changes import Change, State, View
from domain.errors import DomainError, RejectedError
from domain.events import (
    Body,
    CheckpointKey,
    CheckpointKeyAdded,
    CheckpointKeyRetired,
    RootChanged,
    RulesAdopted,
    TrustAnchorAdded,
    TrustAnchorWithdrawn,
)
from domain.ids import ROOT, Digest, OrgId, sha256
from domain.reasons import Reason
from domain.rules import Case, Precondition, Rule, Signers, forbids, requires, stamp
from domain.signatures import SignatureInvalidError, algorithm_of_key

EXCHANGE_ID: Final = "exchange"
TRAINING: Final = "training"
PURPOSES: Final = frozenset({TRAINING, "pilot", "production"})
MAX_ROOTS: Final = 7
"""More offline keys than that are not kept apart in practice; with a registrar they fill the eight signers."""
RULES_NOTICE_MS: Final = 7 * 24 * 3600 * 1000
"""New rules are announced a week ahead, so that every station can be upgraded before they come into force."""
WITHDRAWAL_REASONS: Final = frozenset({"COMPROMISED", "REPLACED", "CEASED", "OTHER"})


@dataclass(frozen=True, kw_only=True, slots=True)
class RootKey:
    """A root key: SHA-256 of its SubjectPublicKeyInfo, and the SubjectPublicKeyInfo itself (DER)."""

    digest: Digest
    spki: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Anchor:
    """A trust anchor: SHA-256 of the certificate, and the certificate (DER)."""

    digest: Digest
    certificate: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class AdoptedRules:
    """A version of the rules that the roots adopted, and from which ledger time it is in force."""

    version: int
    schema_digest: Digest
    effective_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange(State):
    """What the roots decided: who they are, whom they trust, which rules hold."""

    identity: Digest
    name: str
    purpose: str
    utc_offset_minutes: int
    roots: tuple[RootKey, ...]
    former_roots: tuple[RootKey, ...]
    threshold: int
    anchors: tuple[Anchor, ...]
    checkpoint_keys: tuple[CheckpointKey, ...]
    rules: tuple[AdoptedRules, ...]
    first_organisation: OrgId

    def root_key(self, digest: Digest) -> RootKey | None:
        """Return the root key of this digest, in force or not; None if the roots never named it."""
        return next((key for key in (*self.roots, *self.former_roots) if key.digest == digest), None)

    def is_root_in_force(self, digest: Digest) -> bool:
        """Tell whether this root key is one of those in force now."""
        return any(key.digest == digest for key in self.roots)

    def rules_in_force(self, at_ms: int) -> AdoptedRules:
        """Return the newest rules that a ledger time has reached; versions were adopted in their order."""
        return next(adopted for adopted in reversed(self.rules) if adopted.effective_at <= at_ms)


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesPlace(State):
    """Where the roots adopted a version of the rules."""

    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ExchangeOpened(Change):
    """The genesis made the exchange."""

    TOPIC: ClassVar[str] = "exchange.opened.v1"
    identity: Digest
    name: str
    purpose: str
    utc_offset_minutes: int
    roots: tuple[RootKey, ...]
    threshold: int
    anchors: tuple[Anchor, ...]
    checkpoint_keys: tuple[CheckpointKey, ...]
    rules: AdoptedRules
    first_organisation: OrgId

    def mutate(self, aggregate: None) -> Exchange:  # noqa: ARG002 - the first change has nothing before it
        """Return the exchange as the genesis made it."""
        return Exchange(
            id=self.originator_id,
            version=self.originator_version,
            identity=self.identity,
            name=self.name,
            purpose=self.purpose,
            utc_offset_minutes=self.utc_offset_minutes,
            roots=self.roots,
            former_roots=(),
            threshold=self.threshold,
            anchors=self.anchors,
            checkpoint_keys=self.checkpoint_keys,
            rules=(self.rules,),
            first_organisation=self.first_organisation,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RootsReplaced(Change):
    """The roots named other roots."""

    TOPIC: ClassVar[str] = "exchange.roots_replaced.v1"
    roots: tuple[RootKey, ...]
    threshold: int

    def mutate(self, aggregate: Exchange) -> Exchange:
        """Return the exchange with the new roots in force; the old ones stay known."""
        new = {key.digest for key in self.roots}
        former = tuple(key for key in (*aggregate.former_roots, *aggregate.roots) if key.digest not in new)
        return replace(
            aggregate, version=self.originator_version, roots=self.roots, former_roots=former, threshold=self.threshold
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class AnchorsChanged(Change):
    """A trust anchor was added or withdrawn; these are in force now."""

    TOPIC: ClassVar[str] = "exchange.anchors_changed.v1"
    anchors: tuple[Anchor, ...]

    def mutate(self, aggregate: Exchange) -> Exchange:
        """Return the exchange with these anchors."""
        return replace(aggregate, version=self.originator_version, anchors=self.anchors)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointKeysChanged(Change):
    """A checkpoint key was added or retired; these are in force now."""

    TOPIC: ClassVar[str] = "exchange.checkpoint_keys_changed.v1"
    checkpoint_keys: tuple[CheckpointKey, ...]

    def mutate(self, aggregate: Exchange) -> Exchange:
        """Return the exchange with these checkpoint keys."""
        return replace(aggregate, version=self.originator_version, checkpoint_keys=self.checkpoint_keys)


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesAnnounced(Change):
    """The roots adopted the next rules."""

    TOPIC: ClassVar[str] = "exchange.rules_announced.v1"
    rules: AdoptedRules

    def mutate(self, aggregate: Exchange) -> Exchange:
        """Return the exchange with one more adopted version."""
        return replace(aggregate, version=self.originator_version, rules=(*aggregate.rules, self.rules))


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesPlaced(Change):
    """The roots adopted a version of the rules at a position."""

    TOPIC: ClassVar[str] = "rules.placed.v1"
    position: int

    def mutate(self, aggregate: None) -> RulesPlace:  # noqa: ARG002 - the first and only change
        """Return the place."""
        return RulesPlace(id=self.originator_id, version=self.originator_version, position=self.position)


def rules_key(version: int) -> str:
    """Return the id of the aggregate that tells where a version of the rules was adopted."""
    return f"rules:{version}"


def rules_at(view: View, at_ms: int) -> AdoptedRules:
    """Return the rules by which a record of a ledger time is judged.

    They come into force at the first record after their adoption whose time reaches them, and stay, though ledger time may
    be put back behind that by a clock that was wrong.
    """
    for adopted in reversed(exchange(view).rules):
        if adopted.effective_at <= at_ms:
            return adopted
        place = cast("RulesPlace", view.get(rules_key(adopted.version)))
        if view.latest_time(place.position) >= adopted.effective_at:
            return adopted
    msg = "the rules of the genesis are in force from time 0"
    raise AssertionError(msg)


def exchange(view: View) -> Exchange:
    """Return the exchange; only the genesis is judged without one."""
    return cast("Exchange", view.get(EXCHANGE_ID))


def root_keys(spkis: tuple[bytes, ...]) -> tuple[RootKey, ...]:
    """Return root keys named by their digests."""
    return tuple(RootKey(digest=sha256(spki), spki=spki) for spki in spkis)


def anchors_of(certificates: tuple[bytes, ...]) -> tuple[Anchor, ...]:
    """Return trust anchors named by their digests."""
    return tuple(Anchor(digest=sha256(certificate), certificate=certificate) for certificate in certificates)


def mandate_is_empty(case: Case) -> bool:
    """The header names no mandate: these rules have none yet."""
    return case.body.header.mandate is None


def roots_speak(case: Case) -> None:
    """The root keys sign, and each is in force."""
    header = case.body.header
    if header.officer != ROOT:
        raise RejectedError(Reason.ROOTS_NEEDED)
    if not all(exchange(case.view).is_root_in_force(signer) for signer in header.signers):
        raise RejectedError(Reason.ROOT_NOT_IN_FORCE)


MANDATE_EMPTY: Final = requires(Reason.NOT_IN_THESE_RULES, mandate_is_empty)
ROOTS_SIGN: Final = forbids((Reason.ROOTS_NEEDED, Reason.ROOT_NOT_IN_FORCE), roots_speak)
ROOT_AUTHORITY: Final[tuple[Precondition, ...]] = (MANDATE_EMPTY, ROOTS_SIGN)


def roots_are_fit(case: Case) -> bool:
    """The root keys are one to seven different supported keys, the threshold between one and their number."""
    spkis, threshold = case.body.roots, case.body.root_threshold
    try:
        for spki in spkis:
            algorithm_of_key(spki)
    except SignatureInvalidError:
        return False
    return len(set(spkis)) == len(spkis) <= MAX_ROOTS and 1 <= threshold <= len(spkis)


def _anchor_is_fit(case: Case) -> bool:
    """The certificate can be a trust anchor."""
    return is_fit_anchor(case.body.certificate)


def is_fit_anchor(certificate: bytes) -> bool:
    """Tell whether a certificate can be a trust anchor at all (its validity is judged when it is used)."""
    try:
        parse_anchor(certificate)
    except (CertificateRefusedError, DomainError):
        return False
    return True


def _anchor_is_new(case: Case) -> bool:
    """The trust anchor is not in force already."""
    return sha256(case.body.certificate) not in {anchor.digest for anchor in exchange(case.view).anchors}


def _anchor_is_known(case: Case) -> bool:
    """The trust anchor is in force."""
    return case.body.anchor in {anchor.digest for anchor in exchange(case.view).anchors}


def _withdrawal_reason_is_known(case: Case) -> bool:
    """The reason is a code of these rules."""
    return case.body.reason in WITHDRAWAL_REASONS


def _checkpoint_key_is_new(case: Case) -> bool:
    """The checkpoint key is not in force already."""
    return case.body.key.ed25519 not in {key.ed25519 for key in exchange(case.view).checkpoint_keys}


def _checkpoint_key_is_known(case: Case) -> bool:
    """The checkpoint key (SHA-256 of its Ed25519 key) is in force."""
    return case.body.key in {sha256(key.ed25519) for key in exchange(case.view).checkpoint_keys}


def _version_is_next(case: Case) -> bool:
    """The version is the newest adopted one plus one."""
    return bool(case.body.version == exchange(case.view).rules[-1].version + 1)


def _notice_is_given(case: Case) -> bool:
    """The rules come into force seven days on or later; on a training ledger, not before this record."""
    notice = 0 if exchange(case.view).purpose == TRAINING else RULES_NOTICE_MS
    return bool(case.body.effective_at >= case.at + notice)


def _replace_roots(case: Case) -> tuple[Change, ...]:
    now = exchange(case.view)
    keys = root_keys(case.body.roots)
    return (RootsReplaced(**stamp(case, now.id, now), roots=keys, threshold=case.body.root_threshold),)


def _add_anchor(case: Case) -> tuple[Change, ...]:
    now = exchange(case.view)
    return (AnchorsChanged(**stamp(case, now.id, now), anchors=(*now.anchors, *anchors_of((case.body.certificate,)))),)


def _withdraw_anchor(case: Case) -> tuple[Change, ...]:
    now = exchange(case.view)
    kept = tuple(anchor for anchor in now.anchors if anchor.digest != case.body.anchor)
    return (AnchorsChanged(**stamp(case, now.id, now), anchors=kept),)


def _add_checkpoint_key(case: Case) -> tuple[Change, ...]:
    now = exchange(case.view)
    return (CheckpointKeysChanged(**stamp(case, now.id, now), checkpoint_keys=(*now.checkpoint_keys, case.body.key)),)


def _retire_checkpoint_key(case: Case) -> tuple[Change, ...]:
    now = exchange(case.view)
    kept = tuple(key for key in now.checkpoint_keys if sha256(key.ed25519) != case.body.key)
    return (CheckpointKeysChanged(**stamp(case, now.id, now), checkpoint_keys=kept),)


def _adopt_rules(case: Case) -> tuple[Change, ...]:
    now, body = exchange(case.view), case.body
    rules = AdoptedRules(version=body.version, schema_digest=body.schema_digest, effective_at=body.effective_at)
    placed = RulesPlaced(**stamp(case, rules_key(body.version), None), position=case.position)
    return (RulesAnnounced(**stamp(case, now.id, now), rules=rules), placed)


def _roots_rule(event: type[Body], changes: Callable[[Case], tuple[Change, ...]], *preconditions: Precondition) -> Rule:
    return Rule(event=event, signers=Signers.ROOTS, authority=ROOT_AUTHORITY, preconditions=preconditions, changes=changes)


_REASON_KNOWN: Final = requires(Reason.CODE_UNKNOWN, _withdrawal_reason_is_known)

RULES: Final[tuple[Rule, ...]] = (
    _roots_rule(RootChanged, _replace_roots, requires(Reason.ROOTS_WRONG, roots_are_fit)),
    _roots_rule(
        TrustAnchorAdded,
        _add_anchor,
        requires(Reason.ANCHOR_UNFIT, _anchor_is_fit),
        requires(Reason.ANCHOR_ALREADY_IN_FORCE, _anchor_is_new),
    ),
    _roots_rule(
        TrustAnchorWithdrawn,
        _withdraw_anchor,
        _REASON_KNOWN,
        requires(Reason.ANCHOR_UNKNOWN, _anchor_is_known),
    ),
    _roots_rule(
        CheckpointKeyAdded,
        _add_checkpoint_key,
        requires(Reason.CHECKPOINT_KEY_ALREADY_IN_FORCE, _checkpoint_key_is_new),
    ),
    _roots_rule(
        CheckpointKeyRetired,
        _retire_checkpoint_key,
        _REASON_KNOWN,
        requires(Reason.CHECKPOINT_KEY_UNKNOWN, _checkpoint_key_is_known),
    ),
    _roots_rule(
        RulesAdopted,
        _adopt_rules,
        requires(Reason.RULES_VERSION_WRONG, _version_is_next),
        requires(Reason.RULES_TOO_SOON, _notice_is_given),
    ),
)
