"""The judge: nine steps from a record to its verdict, the same for every reader (design.md, "The judge").

A pure function of the ledger's prefix: what is known before a position comes in as a `View`, the verdict goes out. The
steps are numbered as in the design; each rejection names its reason, and the hundreds of a reason are its step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain.catalogue import payload_type_of
from domain.changes import Change, View
from domain.codec import Codec
from domain.errors import RejectedError, UpgradeNeededError
from domain.events import Body
from domain.exchange import Exchange, exchange, rules_at
from domain.header import Header, SignatureValue
from domain.ids import ROOT, ZERO_DIGEST, Digest, sha256
from domain.keys import Key, KeyStatus, key_of_certificate
from domain.reading import Opened, Reading, require_not_genesis
from domain.reasons import Reason
from domain.registers import NumberGiven
from domain.rulebook import RULEBOOKS, knows_payload_type
from domain.rules import Case, Rule, Signers
from domain.signatures import Check, SignatureInvalidError, algorithm_of_key, verify_check
from domain.verdicts import Judged, Verdict

MOST_SIGNATORIES: Final = 8
"""As many as a header can name: two bodies' heads, their deputies and counter-signatories fit."""

Verify = Callable[[Check], None]
"""Verifies one signature: raises `SignatureInvalidError`. A station hands in one that remembers a chunk's results."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """What the judge works with: the codec, the verification of signatures, and the digests of the schema sets held."""

    codec: Codec
    schema_digests: Mapping[int, Digest]
    verify: Verify = verify_check


@dataclass(frozen=True, kw_only=True, slots=True)
class _Signer:
    """A signer's key: of an officer, or a root key (no `key`)."""

    digest: Digest
    spki: bytes
    algorithm: str
    key: Key | None


def judge(bench: Bench, view: View, reading: Reading, *, position: int, at: int) -> Judged:
    """Return the verdict on the record at `position` (from 1), with what it changes; `at` is its ledger time.

    Raises `UpgradeNeededError` if the rules in force are not held by this program; nothing else.
    """
    identity = ZERO_DIGEST
    body: Body | None = None
    try:
        rule, opened = _read(view, bench, reading, at)  # steps 1 and 2
        header = opened.body.header
        _addressed_here(view, rule, opened)  # step 3
        signers = _known_keys(view, header)  # step 4
        _signatures(bench, opened, signers)  # step 5
        identity, body = opened.identity, opened.body
        _new(view, header, identity)  # step 6
        _in_force(view, header, signers, position, at)  # step 7
        case = _case(bench, view, body, signers, position=position, at=at, identity=identity)
        changes = decide(rule, case)  # steps 8 and 9
    except RejectedError as refused:
        return _rejected(reading, refused, position=position, at=at, identity=identity, body=body)
    number = next((change.number for change in changes if isinstance(change, NumberGiven)), None)
    verdict = Verdict(
        position=position,
        at=at,
        record_hash=sha256(reading.record or b""),
        record_size_bytes=len(reading.record or b""),
        identity=identity,
        reason=Reason.ACCEPTED,
        number=number,
    )
    return Judged(verdict=verdict, record=reading.record, body=body, changes=changes)


def rehearse(bench: Bench, view: View, body: Body, *, position: int, at: int) -> tuple[Change, ...]:
    """Return what an event would change if it were the next record, before anybody signs it.

    Runs steps 2 to 4 and 6 to 9; step 5 needs signatures. Raises `RejectedError` with the verdict's reason.
    """
    rule = rule_for(view, body, at, bench.schema_digests)
    header = body.header
    _signers_fit(view, rule, header)
    signers = _known_keys(view, header)
    _new(view, header, ZERO_DIGEST)
    _in_force(view, header, signers, position, at)
    return decide(rule, _case(bench, view, body, signers, position=position, at=at, identity=ZERO_DIGEST))


def _case(  # noqa: PLR0913 - what a case is made of
    bench: Bench, view: View, body: Body, signers: tuple[_Signer, ...], *, position: int, at: int, identity: Digest
) -> Case:
    officers = tuple([ROOT if signer.key is None else signer.key.officer for signer in signers])
    return Case(view=view, codec=bench.codec, body=body, position=position, at=at, identity=identity, officers=officers)


def decide(rule: Rule, case: Case) -> tuple[Change, ...]:
    """Return what an event changes; raise `RejectedError` if it may not (step 8) or does not fit (step 9)."""
    for precondition in rule.authority:  # step 8
        precondition.check(case)
    for precondition in rule.preconditions:  # step 9
        precondition.check(case)
    return rule.changes(case)


def rule_for(view: View, body: Body, at: int, schema_digests: Mapping[int, Digest]) -> Rule:
    """Return the rule in force for a type of event; raise `RejectedError` (TYPE_UNKNOWN) or `UpgradeNeededError`."""
    rule = rules_in_force(view, at, schema_digests).get(type(body))
    if rule is None:
        raise _type_unknown(payload_type_of(type(body)))
    return rule


def _type_unknown(payload_type: str) -> RejectedError:
    return RejectedError(Reason.TYPE_UNKNOWN, f"no event of these rules has the payload type {payload_type}")


def rules_in_force(view: View, at: int, schema_digests: Mapping[int, Digest]) -> Mapping[type[Body], Rule]:
    """Return the rules in force for a record; raise `UpgradeNeededError` if this program does not hold them."""
    adopted = rules_at(view, at)
    version = adopted.version
    if version not in RULEBOOKS or schema_digests.get(version) != adopted.schema_digest:
        held = ", ".join(str(known) for known in RULEBOOKS)
        msg = (
            f"UPGRADE_NEEDED: rules {version} of this ledger (schema set {adopted.schema_digest.hex()[:16]}…) came into force, "
            f"and this program holds rules {held}; nothing is judged from here on. Install the version that holds them."
        )
        raise UpgradeNeededError(msg)
    return RULEBOOKS[version]


def _read(view: View, bench: Bench, reading: Reading, at: int) -> tuple[Rule, Opened]:
    rules = rules_in_force(view, at, bench.schema_digests)
    if reading.refused is not None:
        # What later rules know is nothing to these, however wrong its body is: a program that holds only these says so too.
        if reading.payload_type is not None and not knows_payload_type(rules, reading.payload_type):
            raise _type_unknown(reading.payload_type)
        raise reading.refused
    require_not_genesis(reading)
    if reading.opened is None:
        raise RejectedError(Reason.MALFORMED)
    return rule_for(view, reading.opened.body, at, bench.schema_digests), reading.opened


def _addressed_here(view: View, rule: Rule, opened: Opened) -> None:
    header = opened.body.header
    if header.ledger == exchange(view).identity and len(opened.event.signatures) != len(header.signers):
        raise RejectedError(Reason.SIGNATURES_NOT_ONE_EACH)
    _signers_fit(view, rule, header)


def _signers_fit(view: View, rule: Rule, header: Header) -> None:
    now = exchange(view)
    if header.ledger != now.identity:
        raise RejectedError(Reason.OTHER_LEDGER, f"signed for {header.ledger.hex()}")
    if len(set(header.signers)) != len(header.signers):
        raise RejectedError(Reason.SIGNERS_REPEATED)
    least, most = _signer_count(rule.signers, header, now)
    if not least <= len(header.signers) <= most:
        raise RejectedError(Reason.SIGNERS_COUNT_WRONG, f"{len(header.signers)} signers, {rule.signers.value} needed")


def _signer_count(signers: Signers, header: Header, now: Exchange) -> tuple[int, int]:
    if signers is Signers.ONE_TO_EIGHT:
        return 1, MOST_SIGNATORIES
    if signers is Signers.ROOTS or (signers is Signers.ONE_OR_ROOTS and header.officer == ROOT):
        return now.threshold, now.threshold
    return 1, 1


def _known_keys(view: View, header: Header) -> tuple[_Signer, ...]:
    signers = tuple(_known_key(view, digest) for digest in header.signers)
    by_roots = all(signer.key is None for signer in signers)
    speaks_as_root = header.officer == ROOT and not header.organisation
    if by_roots != speaks_as_root or (header.officer == ROOT) != speaks_as_root:
        raise RejectedError(Reason.ROOT_MISUSED)
    if by_roots:
        return signers
    officers = [signer.key.officer if signer.key else ROOT for signer in signers]
    if ROOT in officers:
        raise RejectedError(Reason.ROOT_MISUSED)
    if len(set(officers)) != len(officers):
        raise RejectedError(Reason.SIGNERS_SAME_OFFICER)
    if officers[0] != header.officer:
        raise RejectedError(Reason.OFFICER_NOT_SIGNER, f"the key is {officers[0]}'s, the event speaks for {header.officer}")
    return signers


def _known_key(view: View, digest: Digest) -> _Signer:
    key = key_of_certificate(view, digest)
    if key is not None:
        return _Signer(digest=digest, spki=key.spki, algorithm=key.algorithm, key=key)
    root = exchange(view).root_key(digest)
    if root is None:
        raise RejectedError(Reason.KEY_UNKNOWN, f"signer {digest.hex()}")
    return _Signer(digest=digest, spki=root.spki, algorithm=algorithm_of_key(root.spki), key=None)


def _signatures(bench: Bench, opened: Opened, signers: tuple[_Signer, ...]) -> None:
    for signer, value in zip(signers, opened.event.signatures, strict=True):
        if value.algorithm != signer.algorithm:
            raise RejectedError(Reason.ALGORITHM_MISMATCH, f"{value.algorithm} with a key for {signer.algorithm}")
        try:
            bench.verify(check_of(signer.spki, value, opened.message))
        except SignatureInvalidError as error:
            raise RejectedError(Reason.SIGNATURE_INVALID, str(error)) from error


def check_of(spki: bytes, value: SignatureValue, message: bytes) -> Check:
    """Return the verification that step 5 asks for."""
    return Check(algorithm=value.algorithm, spki=spki, signature=value.signature, message=message)


def signer_keys(view: View, opened: Opened) -> Sequence[bytes | None]:
    """Return each signer's public key as known so far (None: not known), for verifying signatures ahead of the judge."""
    keys: list[bytes | None] = []
    for digest in opened.body.header.signers:
        try:
            keys.append(_known_key(view, digest).spki)
        except RejectedError:
            keys.append(None)
    return keys


def _new(view: View, header: Header, identity: Digest) -> None:
    original = view.original(header.officer, header.event_id)
    if original is None:
        return
    reason = Reason.DUPLICATE if original.identity == identity else Reason.DUPLICATE_CONFLICT
    raise RejectedError(reason, f"the original stands at position {original.position}", because=original.position)


def _in_force(view: View, header: Header, signers: tuple[_Signer, ...], position: int, at: int) -> None:
    for signer in signers:
        if signer.key is not None:
            _key_in_force(signer.key, signer.digest, at)
    if at > header.not_after:
        raise RejectedError(Reason.NOT_AFTER_PASSED)
    seen = header.seen
    if seen is not None and not (0 < seen.size <= position and view.roots_at(seen.size) == (seen.root, seen.verdict_root)):
        raise RejectedError(Reason.SEEN_OTHER_HISTORY, f"at size {seen.size}")


def _key_in_force(key: Key, certificate_digest: Digest, at: int) -> None:
    if key.status is KeyStatus.SUSPENDED:
        raise RejectedError(Reason.KEY_SUSPENDED, because=key.status_position)
    if key.status is KeyStatus.REVOKED:
        raise RejectedError(Reason.KEY_REVOKED, because=key.status_position)
    certificate = key.certificate(certificate_digest)
    if at < certificate.not_before_ms:
        raise RejectedError(Reason.CERTIFICATE_NOT_YET_VALID)
    if at > certificate.not_after_ms:
        raise RejectedError(Reason.CERTIFICATE_EXPIRED)


def _rejected(reading: Reading, refused: RejectedError, *, position: int, at: int, identity: Digest, body: Body | None) -> Judged:
    record = reading.record or b""
    duplicate = refused.reason in {Reason.DUPLICATE, Reason.DUPLICATE_CONFLICT}
    verdict = Verdict(
        position=position,
        at=at,
        record_hash=sha256(record),
        record_size_bytes=len(record),
        identity=identity,
        reason=refused.reason,
        original=refused.because if duplicate and refused.because is not None else 0,
        because=refused.because,
    )
    return Judged(verdict=verdict, record=reading.record, body=body, detail=refused.detail)
