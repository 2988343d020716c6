"""The trust file: what somebody takes with him who verifies without an exchange at hand (formats.md, "Verification", step 1).

It says which ledger is meant, whose checkpoints count and how many witnesses, which authorities issued certificates, and until
when all that may be relied upon. People read it as JSON; its layout is the only one that a value has, and the ledger's roots
sign that layout without the signatures. It comes to a verifier by a way of its own, never in what he is to verify.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from adapters.errors import AdapterError
from adapters.signers import Signer
from domain.certificates import CertificateRefusedError, parse_anchor
from domain.changes import EPOCH, moment
from domain.cosignatures import WitnessKey, parse_witness_key
from domain.errors import DomainError
from domain.events import CheckpointKey
from domain.exchange import MAX_ROOTS, Anchor, RootKey
from domain.ids import Digest, digest_from_hex, sha256
from domain.notes import parse_base64
from domain.signatures import SignatureInvalidError, algorithm_of_key, ed25519_spki, pae, verify_signature

FORMAT: Final = "ortoo-trust"
TRUST_PAYLOAD_TYPE: Final = "application/vnd.ortoo.trust.v1+json"
"""Under which the roots sign: no signature over an event or a request is one over a trust file."""
TRUST_FILE_LIMIT_BYTES: Final = 1024 * 1024
MAX_CHECKPOINT_KEYS: Final = 8
MAX_WITNESSES: Final = 30
"""No note holds more lines than that beside the operator's."""
MAX_ANCHORS: Final = 64
NAME_LIMIT: Final = 1_000
_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""What no text of a ledger holds (formats.md, canonical Avro); whatever else a name holds, its ledger has a trust file."""
_ML_DSA_44_KEY_SIZE_BYTES: Final = 1312
_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_MILLISECOND: Final = timedelta(milliseconds=1)


class TrustFileError(AdapterError):
    """A file is no trust file, or a root's signature on it is wrong."""


class TrustUnreadableError(TrustFileError):
    """A trust file cannot be read from where it should be."""


class TrustUnsignedError(TrustFileError):
    """Too few of the roots have signed a trust file, so it says nothing yet."""


class TrustExpiredError(TrustFileError):
    """A trust file is past the time until which it may be relied upon."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustedAnchor:
    """An authority whose certificates were admitted at enrolment; until which ledger time, if it was withdrawn since."""

    anchor: Anchor
    withdrawn_at_ms: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RootSignature:
    """One root's signature over a trust file."""

    root: Digest
    algorithm: str
    signature: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """What a verifier relies upon; nobody has checked the signatures on it before `verify_trust` has.

    `version` grows by one with every file that the roots sign, `quorum` is how many of `witnesses` must have cosigned a
    checkpoint (0: none is asked for), and `anchors` are all that the ledger ever named, those withdrawn since included.
    """

    version: int
    identity: Digest
    name: str
    valid_until_ms: int
    roots: tuple[RootKey, ...]
    threshold: int
    checkpoint_keys: tuple[CheckpointKey, ...]
    witnesses: tuple[WitnessKey, ...]
    quorum: int
    anchors: tuple[TrustedAnchor, ...]
    signatures: tuple[RootSignature, ...] = ()

    @property
    def missing_signatures(self) -> int:
        """How many more roots must sign."""
        return max(0, self.threshold - len(self.signatures))


def encode_trust(trust: Trust) -> bytes:
    """Return the one layout of a trust file, signatures and all."""
    return _laid_out({**_unsigned(trust), "signatures": [_signature_shown(one) for one in trust.signatures]})


def trust_message(trust: Trust) -> bytes:
    """Return what each root signs: the layout without signatures, in the pre-authentication encoding."""
    return pae(TRUST_PAYLOAD_TYPE, _laid_out(_unsigned(trust)))


def parse_trust(raw: bytes) -> Trust:
    """Return the trust file that these bytes are, checked for sense but not for signatures; raise `TrustFileError`."""
    if len(raw) > TRUST_FILE_LIMIT_BYTES:
        raise TrustFileError(f"A trust file has at most {TRUST_FILE_LIMIT_BYTES:,} bytes; nothing was read of this one.")
    try:
        trust = _trust_of(json.loads(raw.decode("utf-8")))
        again = encode_trust(trust)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, DomainError) as error:
        why = " ".join(str(error).split())[:200]
        raise TrustFileError(f"This is no trust file of this program ({why}). Ask for the file again.") from error
    if again != raw:
        raise TrustFileError("This trust file is not laid out as the roots signed it; somebody changed it. Ask for it again.")
    return trust


def read_trust(path: Path) -> Trust:
    """Return the trust file at a path as `parse_trust` does, its errors with the path; `TrustUnreadableError` if unreadable."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(TRUST_FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise TrustUnreadableError(f"The trust file {path} cannot be read ({error.strerror}). Check the path.") from error
    try:
        return parse_trust(raw)
    except TrustFileError as error:
        raise TrustFileError(f"Nothing in {path} was relied upon. {error}") from error


def sign_trust(trust: Trust, signer: Signer) -> Trust:
    """Return a trust file with one more root's signature (in the place of an older one of the same root).

    Raises `TrustFileError` if the key is none of its roots.
    """
    digest = sha256(signer.spki)
    if digest not in {root.digest for root in trust.roots}:
        raise TrustFileError(f"Nothing was signed: {digest.hex()} is none of the roots that the trust file names.")
    made = RootSignature(root=digest, algorithm=signer.algorithm, signature=signer.sign(trust_message(trust)))
    known = {one.root: one for one in (*trust.signatures, made)}
    return replace(trust, signatures=tuple(known[root.digest] for root in trust.roots if root.digest in known))


def verify_trust(trust: Trust, now_ms: int) -> None:
    """Verify that enough of its own roots signed a trust file and that its time has not passed.

    That these are the roots of the ledger which somebody means, this cannot check: that is what the way is for by which the
    file came. Raises `TrustFileError`, `TrustUnsignedError`, `TrustExpiredError`.
    """
    message, keys = trust_message(trust), {root.digest: root.spki for root in trust.roots}
    for one in trust.signatures:
        try:
            verify_signature(algorithm=one.algorithm, spki=keys[one.root], signature=one.signature, message=message)
        except SignatureInvalidError as error:
            raise TrustFileError(f"The trust file's signature by root {one.root.hex()[:16]}… is wrong: {error}.") from error
    if trust.missing_signatures:
        raise TrustUnsignedError(
            f"Nothing was verified: {len(trust.signatures)} of {len(trust.roots)} roots have signed the trust file, and "
            f"{trust.threshold} must. Have it signed with `ortoo trust sign`."
        )
    if now_ms > trust.valid_until_ms:
        raise TrustExpiredError(
            f"Nothing was verified: the trust file was to be relied upon until {_time_shown(trust.valid_until_ms)}. "
            "Ask whoever runs the exchange for a newer one."
        )


def _laid_out(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def _unsigned(trust: Trust) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": trust.version,
        "ledger": trust.identity.hex(),
        "name": trust.name,
        "valid_until": _time_shown(trust.valid_until_ms),
        "threshold": trust.threshold,
        "roots": [{"sha256": one.digest.hex(), "key": _base64(one.spki)} for one in trust.roots],
        "quorum": trust.quorum,
        "witnesses": [one.encoded() for one in trust.witnesses],
        "checkpoint_keys": [
            {"ed25519": _base64(ed25519_spki(one.ed25519)), "ml_dsa_44": _base64(one.ml_dsa_44)} for one in trust.checkpoint_keys
        ],
        "anchors": [_anchor_shown(one) for one in trust.anchors],
    }


def _anchor_shown(one: TrustedAnchor) -> dict[str, Any]:
    withdrawn = None if one.withdrawn_at_ms is None else _time_shown(one.withdrawn_at_ms)
    return {"sha256": one.anchor.digest.hex(), "withdrawn_at": withdrawn, "certificate": _base64(one.anchor.certificate)}


def _signature_shown(one: RootSignature) -> dict[str, str]:
    return {"root": one.root.hex(), "algorithm": one.algorithm, "signature": _base64(one.signature)}


def _trust_of(value: Any) -> Trust:
    """Return what JSON says; anything that is not exactly as written is noticed when it is written again."""
    roots = tuple(RootKey(digest=sha256(spki), spki=spki) for spki in (parse_base64(one["key"]) for one in value["roots"]))
    trust = Trust(
        version=_number(value["version"], 1),
        identity=digest_from_hex(value["ledger"]),
        name=_name(value["name"]),
        valid_until_ms=_time_of(value["valid_until"]),
        roots=roots,
        threshold=_number(value["threshold"], 1),
        checkpoint_keys=tuple(_checkpoint_key(one) for one in value["checkpoint_keys"]),
        witnesses=tuple(parse_witness_key(one) for one in value["witnesses"]),
        quorum=_number(value["quorum"], 0),
        anchors=tuple(_anchor(one) for one in value["anchors"]),
        signatures=tuple(_signature(one) for one in value["signatures"]),
    )
    _require_sense(trust)
    return trust


def _require_sense(trust: Trust) -> None:
    for root in trust.roots:
        algorithm_of_key(root.spki)
    signed = [one.root for one in trust.signatures]
    in_order = [root.digest for root in trust.roots if root.digest in signed]
    operators = {one.ed25519 for one in trust.checkpoint_keys}
    rules = (
        (0 < len(trust.roots) <= MAX_ROOTS and trust.threshold <= len(trust.roots), "roots and threshold do not agree"),
        (_distinct([one.digest for one in trust.roots]), "a root is named twice"),
        (trust.quorum <= len(trust.witnesses) <= MAX_WITNESSES, "quorum and witnesses do not agree"),
        # One key under two names would be two of a quorum.
        (_distinct([one.ed25519 for one in trust.witnesses]), "a witness's key is named twice"),
        (_distinct([one.name for one in trust.witnesses]), "a witness's name is given twice"),
        (operators.isdisjoint(one.ed25519 for one in trust.witnesses), "the operator's own key is named as a witness's"),
        (len(trust.checkpoint_keys) <= MAX_CHECKPOINT_KEYS, "it names too many checkpoint keys"),
        (_distinct([one.ed25519 for one in trust.checkpoint_keys]), "a checkpoint key is named twice"),
        (len(trust.anchors) <= MAX_ANCHORS, "it names too many anchors"),
        (_distinct([one.anchor.digest for one in trust.anchors]), "an anchor is named twice"),
        (signed == in_order, "its signatures are not one for a root, in the order of the roots"),
    )
    for holds, otherwise in rules:
        if not holds:
            raise ValueError(otherwise)


def _distinct(values: list[Any]) -> bool:
    return len(set(values)) == len(values)


def _checkpoint_key(value: Mapping[str, Any]) -> CheckpointKey:
    # The key's own 32 bytes stand at the end of its SubjectPublicKeyInfo; another beginning does not come out again.
    return CheckpointKey(
        ed25519=Digest(parse_base64(value["ed25519"])[-32:]),
        ml_dsa_44=parse_base64(value["ml_dsa_44"], _ML_DSA_44_KEY_SIZE_BYTES),
    )


def _anchor(value: Mapping[str, Any]) -> TrustedAnchor:
    certificate, withdrawn = parse_base64(value["certificate"]), value["withdrawn_at"]
    try:
        parse_anchor(certificate)
    except CertificateRefusedError as error:
        msg = f"an anchor is none: {error}"
        raise ValueError(msg) from error
    return TrustedAnchor(
        anchor=Anchor(digest=sha256(certificate), certificate=certificate),
        withdrawn_at_ms=None if withdrawn is None else _time_of(withdrawn),
    )


def _signature(value: Mapping[str, Any]) -> RootSignature:
    algorithm = value["algorithm"]
    if not isinstance(algorithm, str):
        raise TypeError(algorithm)
    return RootSignature(root=digest_from_hex(value["root"]), algorithm=algorithm, signature=parse_base64(value["signature"]))


def _number(value: Any, least: int) -> int:
    if type(value) is not int or not least <= value < 2**31:
        msg = f"{str(value)[:40]} is not a number from {least} on"
        raise ValueError(msg)
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or len(value) > NAME_LIMIT or _FORBIDDEN.search(value):
        msg = "the ledger's name is not a text that can be shown"
        raise ValueError(msg)
    return value


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _time_shown(at_ms: int) -> str:
    return moment(at_ms).strftime(_TIME_FORMAT)


def _time_of(text: str) -> int:
    return (datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=UTC) - EPOCH) // _MILLISECOND
