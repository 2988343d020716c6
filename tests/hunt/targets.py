"""What is hunted: the codec with each of its schemas, the judge on a ledger where much has happened, and `proof_targets`.

No input may raise anything but the error that says it is refused, take long or much memory, or be taken wrongly.
"""

from __future__ import annotations

import contextlib
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from adapters.covers import Cover, CoverError, CoverText, DocumentName, decode_cover, encode_cover
from adapters.follower import Follower
from adapters.keyring import OfficerSigner
from adapters.ledger import Slot
from adapters.ledger_memory import MemoryLedger
from adapters.store.ledger_store import LedgerStore
from adapters.submitting import sign_payload
from adapters.verifying import Verifier
from domain.catalogue import payload_type_of
from domain.errors import RejectedError
from domain.events import Body
from domain.header import SignatureValue, SignedEvent
from domain.ids import Digest, EventId, sha256
from domain.judge import judge
from domain.reading import read_record
from domain.reasons import Reason
from domain.signatures import pae
from domain.verdicts import Judged
from schemas.codec import ENVELOPE, KEY_REQUEST
from schemas.errors import MalformedError
from tests.battle import fought
from tests.fixed_exchange import Clock, FixedExchange, edwards_key, fixed_signer, shared_codec
from tests.hostile_records import KINDS
from tests.hunt.codec_reference import require_agreement
from tests.hunt.mutations import Mutator, leaves_of
from tests.hunt.proof_targets import BundleTarget, ProofTarget, TrustTarget
from tests.hunt.strict_avro import require_canonical
from tests.property.strategies import stock_of
from tests.vectors.ledgers.corpus import FOLDER, RECORDS, slots_of
from tests.vectors.ledgers.story import golden_ledger

TOLD_BEFORE: Final = 9
"""So much of the stock's story stands on the judge's ledger: definitions, letters, the first receipts."""
STEP_MS: Final = 1_000
NEWER: Final = ("settlements", "office")
"""The ledgers of the corpus that hold, accepted, what later rules added to the first."""
Attempt = Callable[[], str]
"""Puts one input to the test; returns what became of it, raises if that may not be."""


@dataclass(kw_only=True, slots=True)
class Tally:
    """What a hunt has seen."""

    seed: int
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    slowest_s: float = 0.0
    grown_kib: int = 0


class CodecTarget:
    """Envelopes, bodies of every type, requests for enrolment and covers."""

    def __init__(self, mutator: Mutator) -> None:
        self.mutator = mutator
        self.codec = shared_codec()
        newer = [slot for name in NEWER for slot in slots_of((FOLDER / name / RECORDS).read_text("ascii"))]
        told = [*(slot.record for slot in golden_ledger()), *(slot.record for slot in newer)]
        self.envelopes = [record for record in told if record and len(record) > 100]
        opened = [one for one in (read_record(record, self.codec).opened for record in self.envelopes) if one is not None]
        self.bodies = [(one.event.payload_type, one.event.payload) for one in opened]
        self.payloads = [payload for _, payload in self.bodies]
        exchange = FixedExchange(Clock())
        keys = [exchange.signers[name].signer for name in ("registrar", "root-2")]
        self.requests = [exchange.request(key, officer).raw for key in keys for officer in ("registrar", "x" * 40)]
        named = tuple(DocumentName(sha256=sha256(bytes([i])), name=f"Хат №{i}.pdf") for i in range(9))
        texts = (CoverText(about="remark", text="Ўзбекистон"), CoverText(about="refusal", text="x" * 500))
        self.covers = [
            encode_cover(Cover(subject=subject, names=names, texts=texts[:count]), salt=bytes(range(16)))
            for subject, names, count in (("Хат", (), 0), ("", named[:1], 1), ("ʻ" * 99, named, 2))
        ]

    def attempts(self) -> Iterator[tuple[bytes, Attempt]]:
        """Yield inputs, each with what tries it."""
        while True:
            body_type, payload = self.mutator.random.choice(self.bodies)
            for raw, attempt in (
                (self.mutator.changed(self.mutator.random.choice(self.envelopes), self.envelopes), self._envelope),
                (self.mutator.changed(payload, self.payloads), lambda raw, name=body_type: self._body(name, raw)),
                (self.mutator.changed(payload, (payload,)), lambda raw, name=body_type: self._body(name, raw)),
                (self.mutator.changed(self.mutator.random.choice(self.requests), self.requests), self._request),
                (self.mutator.changed(self.mutator.random.choice(self.covers), self.covers), self._cover),
            ):
                yield raw, lambda attempt=attempt, raw=raw: attempt(raw)  # type: ignore[misc] # mypy knows no defaults here

    def _envelope(self, raw: bytes) -> str:
        require_agreement(self.codec._envelope, raw)
        try:
            event = self.codec.envelope(raw)
        except RejectedError as refused:
            return f"envelope {refused.reason.name}"
        assert self.codec.encode_envelope(event) == raw
        require_canonical(ENVELOPE, raw)
        return f"envelope read; {self._body(event.payload_type, event.payload)}"

    def _body(self, payload_type: str, raw: bytes) -> str:
        if payload_type in self.codec._bodies:
            require_agreement(self.codec._bodies[payload_type], raw)
        try:
            body = self.codec.body(payload_type, raw)
        except RejectedError as refused:
            return f"body {refused.reason.name}"
        assert self.codec.encode_body(body) == raw
        assert payload_type == payload_type_of(type(body))
        require_canonical(f"{body.TYPE}.v{body.VERSION}", raw)
        return "body read"

    def _request(self, raw: bytes) -> str:
        require_agreement(self.codec._key_request, raw)
        try:
            request = self.codec.key_request(raw)
        except RejectedError as refused:
            return f"request {refused.reason.name}"
        assert self.codec.encode_key_request(request) == raw
        require_canonical(KEY_REQUEST, raw)
        return "request read"

    def _cover(self, raw: bytes) -> str:
        try:
            cover = decode_cover(raw)
        except CoverError:
            return "cover refused"
        assert encode_cover(cover, salt=raw[10:26]) == raw
        require_canonical("cover.v1", raw)
        return "cover read"


class JudgeTarget:
    """The judge at the end of a ledger on which a battle was fought, before whom changed records come."""

    def __init__(self, mutator: Mutator) -> None:
        self.mutator = mutator
        exchange = FixedExchange(Clock())
        records = [entry.record for told in fought(exchange, KINDS) for entry in told]
        joined = (exchange.appointment("second", "mfy-001", "clerk"), exchange.enrolled("second", "mfy-001"))
        stock = stock_of(exchange, FixedExchange(Clock(), name="other"))
        records += [*map(exchange.record, joined), *stock.honest[:TOLD_BEFORE]]
        self.codec = exchange.codec
        self.keys: Mapping[Digest, OfficerSigner] = {one.certificate: one for one in exchange.signers.values()}
        self.stranger = fixed_signer(edwards_key("stranger"))
        self.at = exchange.clock() + len(records) * STEP_MS
        self.position = len(records)
        self.follower = self._followed(records, exchange.clock())
        self.bench = self.follower.bench
        opened = [one for one in (read_record(record, self.codec).opened for record in (*records, *stock.everything)) if one]
        self.bodies: Sequence[Body] = [one.body for one in opened]
        self.signed = [self.codec.encode_envelope(one.event) for one in opened]
        self.pool = list({(type(leaf), leaf): leaf for body in self.bodies for leaf in leaves_of(body)}.values())
        self.known = {one.identity for one in opened}

    def attempts(self) -> Iterator[tuple[bytes, Attempt]]:
        """Yield inputs, each with what tries it."""
        while True:
            yield self._tried(self.mutator.changed(self.mutator.random.choice(self.signed), self.signed), resigned=False)
            yield self._tried(self._other_signatures(), resigned=False)
            for _ in range(2):
                with contextlib.suppress(MalformedError):
                    yield self._tried(self._other_body(), resigned=True)
            yield self._tried(self._other_payload(), resigned=True)

    def _followed(self, records: Sequence[bytes | None], start_ms: int) -> Follower:
        ledger = MemoryLedger()
        for record in records:
            slot = Slot(position=ledger.end(), record=record, stored_at_ms=start_ms)
            ledger._slots.append(slot)
        follower = Follower(
            ledger=ledger,
            store=LedgerStore("sqlite://"),
            codec=self.codec,
            verifier=Verifier(1),
            identity=None,
            now_ms=lambda: self.at,
        )
        assert follower.catch_up() == len(records)
        return follower

    def _tried(self, raw: bytes, *, resigned: bool) -> tuple[bytes, Attempt]:
        return raw, lambda: self._judge(raw, resigned=resigned)

    def _other_signatures(self) -> bytes:
        """Return a record whose event is whole and whose signatures are not."""
        event = self.codec.envelope(self.mutator.random.choice(self.signed))
        place = self.mutator.random.randrange(len(event.signatures))
        value = event.signatures[place]
        if self.mutator.random.random() < 1 / 4:
            other = self.codec.envelope(self.mutator.random.choice(self.signed)).signatures[0]
            changed = self.mutator.random.choice((other, replace(value, algorithm=other.algorithm)))
        else:
            raw = self.mutator.changed(value.signature, (value.signature,))[:128] or b"\x00"
            changed = replace(value, signature=raw)
        signatures = (*event.signatures[:place], changed, *event.signatures[place + 1 :])
        return self.codec.encode_envelope(replace(event, signatures=signatures))

    def _other_body(self) -> bytes:
        """Return a record that says something else, signed by whom it names as far as his key is held here.

        Raises `MalformedError` if that cannot be said at all.
        """
        body = self.mutator.random.choice(self.bodies)
        event_id = EventId(self.mutator.random.choice((body.header.event_id, self.mutator.random.randbytes(16))))
        header = replace(body.header, event_id=event_id)
        varied: Body = self.mutator.varied(replace(body, header=header), self.pool)
        signers = [self._key(digest) for digest in varied.header.signers]
        return self.codec.encode_envelope(sign_payload(self.codec, varied, signers))

    def _other_payload(self) -> bytes:
        """Return a record whose payload was changed before it was signed."""
        body = self.mutator.random.choice(self.bodies)
        payload_type = payload_type_of(type(body))
        payload = self.mutator.changed(self.codec.encode_body(body), [b"\x00"])[:65_000] or b"\x00"
        message = pae(payload_type, payload)
        signers = [self._key(digest) for digest in body.header.signers]
        values = tuple(SignatureValue(algorithm=one.algorithm, signature=one.sign(message)) for one in signers)
        return self.codec.encode_envelope(SignedEvent(payload_type=payload_type, payload=payload, signatures=values))

    def _key(self, digest: Digest) -> Any:
        held = self.keys.get(digest)
        return self.stranger if held is None else held.signer

    def _judge(self, raw: bytes, *, resigned: bool) -> str:
        judged = judge(self.bench, self.follower.view, read_record(raw, self.codec), position=self.position, at=self.at)
        verdict = judged.verdict
        if verdict.is_authentic:
            assert resigned or verdict.identity in self.known, "an event that nobody signed is authentic"
            self._require_signed(raw, judged)
        if verdict.is_accepted:
            self._require_changes_fit(judged)
        return verdict.reason.name

    def _require_signed(self, raw: bytes, judged: Judged) -> None:
        """What is authentic is canonical, and signed by everybody whom it names: asked of others than the judge asks."""
        event = self.codec.envelope(raw)
        assert self.codec.encode_envelope(event) == raw
        assert judged.body is not None
        assert self.codec.encode_body(judged.body) == event.payload
        require_canonical(ENVELOPE, raw)
        require_canonical(f"{judged.body.TYPE}.v{judged.body.VERSION}", event.payload)
        message = pae(event.payload_type, event.payload)
        assert judged.verdict.identity == sha256(message)
        for digest, value in zip(judged.body.header.signers, event.signatures, strict=True):
            key = load_der_public_key(self.keys[digest].signer.spki)
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(value.signature, message, ec.ECDSA(SHA256()))
            else:
                assert isinstance(key, Ed25519PublicKey)
                key.verify(value.signature, message)

    def _require_changes_fit(self, judged: Judged) -> None:
        """What is accepted changes states as the store will change them, each from where it is."""
        assert judged.verdict.reason is Reason.ACCEPTED
        states: dict[str, Any] = {}
        for change in judged.changes:
            before = states.get(change.originator_id, self.follower.view.get(change.originator_id))
            states[change.originator_id] = change.mutate(before)


class Target(Protocol):
    """Makes inputs, each with what tries it."""

    def attempts(self) -> Iterator[tuple[bytes, Attempt]]:
        """Yield inputs without end."""


TARGETS: Final[Mapping[str, Callable[[Mutator], Target]]] = {
    "codec": CodecTarget,
    "judge": JudgeTarget,
    "proofs": ProofTarget,
    "trust": TrustTarget,
    "bundles": BundleTarget,
}


def hunt(name: str, seed: int, count: int) -> Tally:
    """Put so many inputs to a target, and return what was seen; raise `AssertionError` naming the input that got through."""
    tally = Tally(seed=seed)
    attempts = TARGETS[name](Mutator(seed)).attempts()
    began_s = time.monotonic()
    for number in range(count):
        raw, attempt = next(attempts)
        start_s, before_kib = time.process_time(), _peak_kib()
        try:
            tally.outcomes[attempt()] += 1
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}, input {number}: {error!r} for {raw.hex()}") from error
        tally.slowest_s = max(tally.slowest_s, time.process_time() - start_s)
        tally.grown_kib += _peak_kib() - before_kib
    tally.seconds = time.monotonic() - began_s
    return tally


def _peak_kib() -> int:
    """Return the most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
