"""Checkpoints and bundles of the corpus, and what every verifier must conclude of them: made by `tests.vectors.ledgers.corpus`.

Everything is fixed but the operator's ML-DSA-44 signatures, which have randomness in them: one that was made once is kept in
`signatures.jsonl` and used again wherever the same is signed.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from adapters.documents import DocumentStore
from adapters.documents_folder import FolderDocuments
from adapters.evidence_export import Sources, write_bundle
from adapters.evidence_facts import Terms
from adapters.evidence_verification import verify_bundle
from adapters.trust_files import Trust, TrustedAnchor, encode_trust, parse_trust, sign_trust
from domain.checkpoint_signatures import verify_pair
from domain.checkpoints import CheckpointPair, encode_pair, parse_pair
from domain.cosignatures import QuorumMissingError, require_pair_quorum
from domain.errors import DomainError
from domain.events import CheckpointKeyAdded, LetterSuperseded, ReceiptAcknowledged
from domain.ids import Digest, LetterId, OrgId, sha256
from domain.reasons import Reason
from tests.audited_exchange import signed_checkpoints
from tests.bundled_evidence import bundle_of, changed, files_in
from tests.checkpoint_keys import SeededOperator, SeededWitness
from tests.court import Court
from tests.faults.provoked_letters import refers
from tests.fixed_exchange import DAY_MS, ROOTS, THRESHOLD, Said, shared_codec

NAME: Final = "evidence"
TRUST: Final = "trust.json"
CHECKPOINTS: Final = "checkpoints.jsonl"
BUNDLES: Final = "bundles.jsonl"
SIGNATURES: Final = "signatures.jsonl"
WITNESSES: Final = tuple(SeededWitness(seed) for seed in (42, 43, 44))
QUORUM: Final = 2
MINUTE_MS: Final = 60_000
TOLD: Final = ("acting_for", "for_officer", "addressed", "marks")
"""What a verifier tells of an event beside its verdict."""
LATER_MS: Final = 400 * DAY_MS
"""When every certificate of the ledger has expired."""


class KeptOperator(SeededOperator):
    """The operator of the corpus, whose ML-DSA-44 signatures are made once for each message, and kept."""

    def __init__(self, file: Path) -> None:
        super().__init__(41)
        lines = file.read_text("ascii").splitlines() if file.exists() else ()
        self._kept = {line["message_sha256"]: base64.b64decode(line["signature"]) for line in map(json.loads, lines)}
        self.used: dict[str, bytes] = {}

    def sign_ml_dsa_44(self, message: bytes) -> bytes:
        name = sha256(message).hex()
        signature = self._kept.get(name)
        if signature is None or not self._verifies(signature, message):
            signature = super().sign_ml_dsa_44(message)
        self.used[name] = signature
        return signature

    def _verifies(self, signature: bytes, message: bytes) -> bool:
        try:
            MLDSA44PublicKey.from_public_bytes(self.public.ml_dsa_44).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def signatures(self) -> str:
        """Return the signatures that were needed, one a line."""
        lines = ({"message_sha256": name, "signature": _base64(self.used[name])} for name in sorted(self.used))
        return "".join(_line(**line) for line in lines)


class Places:
    """What is said on a ledger of evidence, by name, and where each thing stands."""

    def __init__(self, court: Court) -> None:
        """Begin with the operator's key."""
        self.court = court
        self.positions: dict[str, int] = {}
        self.say("checkpoint key", court.exchange.say_as_roots(CheckpointKeyAdded, key=SeededOperator(41).public))

    def say(self, name: str, said: Said, reason: Reason = Reason.ACCEPTED) -> LetterId:
        """Have something judged so, and return its identity."""
        self.positions[name] = self.court.ledger.end()
        assert self.court.judge(self.court.exchange.record(said)).reason is reason, name
        return LetterId(self.court.exchange.identity_of(said))


def evidencing(court: Court) -> None:
    """Tell what bundles are made of: letters sent, acknowledged, superseded and refused."""
    placed(court)


def placed(court: Court) -> dict[str, int]:
    """Tell what bundles are made of, and return where each thing stands."""
    exchange, places = court.exchange, Places(court)
    letter = places.say("letter", exchange.letter("deputy", "head", to=("mfy-001", "mfy-002")))
    places.say("receipt", exchange.say(ReceiptAcknowledged, "secretary", letter=letter, recipient=OrgId("mfy-001")))
    old = places.say("superseded", exchange.letter("head", to=("mfy-003",)))
    new = places.say("replacement", exchange.letter("head", to=("mfy-003",), **refers(replaces=old)))
    places.say("supersession", exchange.say(LetterSuperseded, "head", letter=old, by=new, cover=None))
    places.say("rejected", exchange.letter("clerk"), Reason.ROLE_MISSING)
    return places.positions


@dataclass(frozen=True, kw_only=True, slots=True)
class Binder:
    """Who makes bundles of a ledger of evidence, to rest on a pair of checkpoints: all that its letters name is at hand."""

    court: Court
    places: Mapping[str, int]
    operator: SeededOperator
    pair: CheckpointPair
    documents: DocumentStore

    def made(self, *names: str, on: CheckpointPair | None = None, store: DocumentStore | None = None) -> bytes:
        """Return a bundle of what happened under these names: one event, or a letter with what was done about it."""
        station = self.court.station
        sources = Sources(
            store=station.parts.store,
            view=station.view,
            documents=store or self.documents,
            codec=shared_codec(),
            pair=on or self.pair,
            anchors=tuple(one.certificate for one in station.exchange.anchors),
            root_changes=(),
        )
        target = io.BytesIO()
        write_bundle(target, sources, sorted(self.places[name] for name in names), single=len(names) == 1)
        return target.getvalue()


Bundles = Callable[[Binder], Iterator[tuple[str, bytes]]]
"""Yields bundles by name; the first is also verified when its certificates have expired."""


def evidence_files(
    court: Court, places: Mapping[str, int], folder: Path, *, bundles_of: Bundles, texts: Iterable[str], told: bool
) -> dict[str, bytes]:
    """Return the files of a ledger of evidence by name, beside its records and what is expected of them.

    `texts` are those of the documents; `told` says whether expectations tell of each event for whom it was said.
    """
    operator = KeptOperator(folder / SIGNATURES)
    trust = _trust(court, operator)
    pair = _pair(court, operator)
    documents = FolderDocuments(court.folder / "kept")
    for text in texts:
        documents.put(text.encode())
    checkpoints = "".join(
        _line(checkpoint=name, pair=_base64(encode_pair(one)), verdict=checkpoint_verdict(one, trust, _roots(court)))
        for name, one in _pairs(court, operator, pair)
    )
    binder = Binder(court=court, places=places, operator=operator, pair=pair, documents=documents)
    bundles = dict(bundles_of(binder))
    now_ms = court.clock() + DAY_MS
    terms = [(name, now_ms) for name in bundles] + [(next(iter(bundles)), now_ms + LATER_MS)]
    verdicts = "".join(_bundle_line(name, bundles[name], trust, at, told=told) for name, at in terms)
    return {
        TRUST: encode_trust(trust),
        CHECKPOINTS: checkpoints.encode("ascii"),
        BUNDLES: verdicts.encode("ascii"),
        SIGNATURES: operator.signatures().encode("ascii"),
        **{_file(name): bundle for name, bundle in bundles.items()},
    }


def checkpoint_verdict(pair: CheckpointPair, trust: Trust, roots_at: Callable[[int], tuple[Digest, Digest]]) -> str:
    """Return `invalid`, `quorum_missing`, `other_history` or `valid`, the first that holds: for who has ledger and trust file."""
    try:
        verify_pair(pair, trust.name, trust.identity, trust.checkpoint_keys)
        require_pair_quorum(pair, trust.witnesses, trust.quorum)
    except QuorumMissingError:
        return "quorum_missing"
    except DomainError:
        return "invalid"
    return "valid" if roots_at(pair.size) == pair.roots else "other_history"


def bundle_verdict(bundle: bytes, trust: bytes, now_ms: int, *, told: bool = False) -> dict[str, Any]:
    """Return what a verifier concludes of a bundle at a time: the verdict on the whole, and on each event by position.

    With `told` also for whom each event was said, how its recipient was addressed, and whose signature is not in the system.
    """
    report = verify_bundle(io.BytesIO(bundle), parse_trust(trust), Terms(now_ms=now_ms), shared_codec())
    events = {str(one.facts.position): one.verdict.code.value for one in report.events}
    concluded = {"verdict": report.verdict.code.value, "events": events}
    if not told:
        return concluded
    said = {str(one.facts.position): {name: getattr(one.facts, name) for name in TOLD} for one in report.events}
    return {**concluded, "told": json.loads(json.dumps(said))}


def _bundle_line(name: str, bundle: bytes, trust: Trust, now_ms: int, *, told: bool) -> str:
    return _line(bundle=_file(name), now_ms=now_ms, **bundle_verdict(bundle, encode_trust(trust), now_ms, told=told))


def _trust(court: Court, operator: SeededOperator) -> Trust:
    now = court.station.exchange
    trust = Trust(
        version=1,
        identity=now.identity,
        name=now.name,
        valid_until_ms=court.clock() // 1_000 * 1_000 + 10 * LATER_MS,
        roots=now.roots,
        threshold=now.threshold,
        checkpoint_keys=(operator.public,),
        witnesses=tuple(witness.key for witness in WITNESSES),
        quorum=QUORUM,
        anchors=tuple(TrustedAnchor(anchor=one, withdrawn_at_ms=None) for one in now.anchors),
    )
    for root in ROOTS[:THRESHOLD]:
        trust = sign_trust(trust, court.exchange.signers[root].signer)
    return trust


def _pair(court: Court, operator: SeededOperator, size: int | None = None, **changes: Any) -> CheckpointPair:
    size = court.ledger.end() if size is None else size
    now, roots = court.station.exchange, changes.pop("roots", _roots(court)(size))
    how = {"witnesses": WITNESSES[:QUORUM], **changes}
    return signed_checkpoints(now, size, roots, at_ms=court.clock() + MINUTE_MS, operator=operator, **how)


def _roots(court: Court) -> Callable[[int], tuple[Digest, Digest]]:
    return court.station.parts.store.roots_at


def _pairs(court: Court, operator: SeededOperator, pair: CheckpointPair) -> Iterator[tuple[str, CheckpointPair]]:
    size = court.ledger.end()
    yield "of the whole ledger", pair
    yield "of the genesis", _pair(court, operator, 1)
    yield "cosigned by one witness", _pair(court, operator, witnesses=WITNESSES[:1])
    yield "cosigned by strangers", _pair(court, operator, witnesses=tuple(SeededWitness(seed) for seed in (52, 53)))
    yield "of another history", _pair(court, operator, size - 1, roots=_roots(court)(size))
    yield "of another operator", _pair(court, _Other(operator))
    without_lattice = {
        name: replace(note, lines=tuple(line for line in note.lines if len(line.signature) < 1_000))
        for name, note in (("records", pair.records), ("verdicts", pair.verdicts))
    }
    yield "without the ML-DSA-44 line", CheckpointPair(**without_lattice)
    elliptic = pair.records.lines[0]
    flipped = replace(elliptic, signature=bytes([elliptic.signature[0] ^ 1]) + elliptic.signature[1:])
    yield "with a flipped bit", replace(pair, records=replace(pair.records, lines=(flipped, *pair.records.lines[1:])))


class _Other(SeededOperator):
    """A stranger with an elliptic key of his own, who has the operator's other signature."""

    def __init__(self, operator: SeededOperator) -> None:
        super().__init__(61)
        self._operator = operator

    def sign_ml_dsa_44(self, message: bytes) -> bytes:
        return self._operator.sign_ml_dsa_44(message)


def letter_texts(court: Court) -> Iterator[str]:
    """Yield the texts of all letters, and of their covers."""
    for number in range(court.exchange.count + 1):
        yield from (f"text {number}", f"cover {number}")


def bundles(binder: Binder) -> Iterator[tuple[str, bytes]]:
    """Yield the bundles of letters sent, acknowledged, superseded and refused, and what somebody made of them."""
    court, operator, made = binder.court, binder.operator, binder.made
    letter = made("letter")
    yield "letter", letter
    yield "letter-and-receipt", made("letter", "receipt")
    yield "receipt", made("receipt")
    yield "superseded", made("superseded", "supersession")
    yield "rejected", made("rejected")
    yield "documents-missing", made("letter", store=FolderDocuments(court.folder / "empty"))
    yield "one-witness", made("letter", on=_pair(court, operator, witnesses=WITNESSES[:1]))
    yield "other-operator", made("letter", on=_pair(court, _Other(operator)))
    yield "record-flipped", changed(letter, "record.bin", lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]))
    yield "verdict-changed", changed(letter, "verdict.bin", lambda raw: raw[:16] + bytes([raw[16] ^ 1]) + raw[17:])
    yield "proofs-exchanged", bundle_of(_exchanged(files_in(letter), files_in(made("receipt"))))
    yield "truncated", letter[:-1]


def _exchanged(files: dict[str, bytes], other: dict[str, bytes]) -> dict[str, bytes]:
    """Return a bundle's files with the proofs of another event."""
    return {**files, **{name: other[name] for name in ("record.proof", "verdict.proof")}}


def _file(name: str) -> str:
    return f"{name}.ortoo.zip"


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _line(**fields: Any) -> str:
    return json.dumps(fields, separators=(",", ":")) + "\n"


def pair_in(line: Mapping[str, Any]) -> CheckpointPair:
    """Return the pair that a line of `checkpoints.jsonl` holds."""
    return parse_pair(base64.b64decode(line["pair"]))
