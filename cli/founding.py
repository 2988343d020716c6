"""Making a ledger: its keys, its place and its first record, in an order in which a crash leaves nothing that misleads.

1. Everything is made and judged in memory, as every reader will judge it; nothing is written if it would not be a ledger.
2. A note in the home says what is about to be made, and what to do if it stays half made.
3. The place; then the keys, so that no record is signed by a key that a crash could lose; then the record; it is read back.
4. The settings, and the note goes. A home that has settings belongs to a ledger that is whole.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from adapters.authority_files import authority_paths, write_authority
from adapters.certificate_authority import CERTIFICATE_DAYS, Authority, create_authority, issue_certificate, new_serial
from adapters.checkpoint_board import make_board
from adapters.checkpoint_keys import OperatorKey, draw_checkpoint_key, write_checkpoint_key
from adapters.clock import system_clock_ms
from adapters.errors import AdapterError, LedgerUnsafeError
from adapters.follower import held_schema_digests
from adapters.founding import Founding, Genesis, found
from adapters.kafka_security import PLAIN_TEXT, KafkaSecurity
from adapters.kafka_topics import create_documents_topic
from adapters.key_files import PrivateKey, write_key
from adapters.ledger import Finding, Severity
from adapters.ledger_kafka import KafkaLedger
from adapters.ledger_locations import KafkaLocation, SqliteLocation, create_ledger, open_ledger, parse_location
from adapters.signers import signer_of
from adapters.store.dialect import holds_password
from adapters.store.ledger_store import LedgerStore
from adapters.view import StoreView
from cli.errors import CliError, FoundingStoppedError, HomeError, UsageError
from cli.passphrases import NewPassphrase
from cli.settings import read_settings, write_atomically, write_settings
from cli.wiring import KEYS_FOLDER, checkpoint_keys_folder, cloud_event_headers
from domain.errors import DomainError
from domain.events import FirstRegistrar, LedgerOpened, OrganisationEntry
from domain.exchange import MAX_ROOTS
from domain.genesis import judge_genesis
from domain.header import LocalName
from domain.ids import Digest, OfficerId
from domain.judge import Bench
from domain.reading import read_record
from schemas.codec import LedgerCodec
from schemas.errors import MalformedError

AUTHORITY_FOLDER: Final = "authority"
ROOTS_FOLDER: Final = "roots"
NOTE_FILE: Final = "founding.txt"


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstOfficer:
    """The first registrar, as the directory is to name him."""

    officer: OfficerId
    names: tuple[LocalName, ...]
    posts: tuple[LocalName, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundingPlan:
    """What the founders decide, and where everything is to lie.

    `root_passphrases` are one for each root key, so that their holders need not share one. `anchors` are the certificates
    (DER) of outside authorities; the exchange's own is added. With `makes_checkpoint_key` the home gets a key that signs
    checkpoints, and the ledger names it. `replication` counts for Kafka only. Without `store_url` the store is a file in the
    home.
    """

    home: Path
    location: str
    name: str
    purpose: str
    utc_offset_minutes: int
    organisation: OrganisationEntry
    registrar: FirstOfficer
    passphrase: NewPassphrase
    root_passphrases: tuple[NewPassphrase, ...]
    root_threshold: int
    roots_folder: Path
    anchors: tuple[bytes, ...] = ()
    makes_checkpoint_key: bool = True
    station: str | None = None
    replication: int = 1
    security: KafkaSecurity = PLAIN_TEXT
    store_url: str | None = None

    @property
    def root_files(self) -> tuple[Path, ...]:
        """Where the root keys are to lie."""
        return tuple(self.roots_folder / f"root-{number}.pem" for number in range(1, len(self.root_passphrases) + 1))

    @property
    def registrar_file(self) -> Path:
        """Where the first registrar's key is to lie."""
        return self.home / KEYS_FOLDER / f"{self.registrar.officer}.pem"

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that is to be made, beside the place itself."""
        return (*self.root_files, *authority_paths(self.home / AUTHORITY_FOLDER), self.registrar_file)


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundedLedger:
    """A ledger that was made: its identity for everybody to pin, its place, the root keys' files, and what warns."""

    identity: Digest
    location: str
    root_files: tuple[Path, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Made:
    """Everything of a ledger, in memory."""

    roots: tuple[PrivateKey, ...]
    registrar: PrivateKey
    authority: Authority
    checkpoint_key: OperatorKey | None
    genesis: Genesis


def found_ledger(plan: FoundingPlan, *, now_ms: Callable[[], int] = system_clock_ms) -> FoundedLedger:
    """Make a ledger and the home of its first registrar.

    Raises `UsageError` and `HomeError` before anything was made; what the place raises if nothing was made there;
    `FoundingStoppedError` if it stopped half-way.
    """
    check_founding(plan, at_ms=now_ms())
    location = absolute_location(plan.location)
    made = _make(plan, now_ms())
    note = _note(plan, location, made.genesis.identity)
    write_atomically(plan.home / NOTE_FILE, note)
    try:
        create_ledger(location, replication=plan.replication, security=plan.security)
    except AdapterError:
        (plan.home / NOTE_FILE).unlink()
        raise
    try:
        findings = _fill(plan, location, made)
        settings = {"location": location, "ledger": made.genesis.identity.hex(), "station": plan.station}
        write_settings(plan.home, settings | {"officer": plan.registrar.officer, **store_settings(plan.store_url)})
        (plan.home / NOTE_FILE).unlink()
    except (AdapterError, CliError, DomainError, OSError) as error:
        raise FoundingStoppedError(f"The ledger was not finished: {error}\n{note}") from error
    return FoundedLedger(identity=made.genesis.identity, location=location, root_files=plan.root_files, findings=findings)


def check_founding(plan: FoundingPlan, *, at_ms: int) -> None:
    """Raise whatever would stop a founding and is known before anything is made; nothing is written."""
    roots = len(plan.root_passphrases)
    if not 1 <= plan.root_threshold <= roots <= MAX_ROOTS:
        raise UsageError(
            f"{plan.root_threshold} of {roots} root keys cannot be: there are 1 to {MAX_ROOTS}, and the threshold is at most "
            "their number. Change --roots or --threshold."
        )
    require_fresh_home(plan.home)
    for file in plan.files:
        if file.exists():
            raise HomeError(f"No ledger was made: {file} is there already and stays as it is. Move it away, or use another home.")
    _make(plan, at_ms)


def require_fresh_home(home: Path) -> None:
    """Raise `HomeError` if a home belongs to a ledger already, or a ledger was half made there."""
    settings = read_settings(home, {})
    if settings.location is not None or settings.ledger is not None:
        raise HomeError(
            f"{home} belongs to the ledger {settings.ledger} at {settings.location} already. Use another home: --home FOLDER."
        )
    if (home / NOTE_FILE).exists():
        raise HomeError((home / NOTE_FILE).read_text(encoding="utf-8"))


def make_station_topic(
    location: str, station: str, *, replication: int | None = None, security: KafkaSecurity = PLAIN_TEXT
) -> str | None:
    """Make the topic for a station's documents beside a ledger on Kafka, and return its name; None where none is needed.

    It gets as many replicas as its ledger has, unless told otherwise.
    """
    place = parse_location(location)
    if not isinstance(place, KafkaLocation):
        return None
    with contextlib.closing(open_ledger(location, security=security)) as ledger:
        # Asking for it also keeps anybody from making a topic beside a ledger that is not there.
        replicas = ledger.facts().replicas if isinstance(ledger, KafkaLedger) else 1
    wanted = replication or replicas
    return create_documents_topic(place.bootstrap, place.topic, station, replication=wanted, security=security)


def store_settings(store_url: str | None) -> dict[str, str]:
    """Return what stands in the settings of a home for the database that it was given: nothing of one with a password."""
    return {} if store_url is None or holds_password(store_url) else {"store_url": store_url}


def absolute_location(text: str) -> str:
    """Return a location that names the same place from every folder; raise `LocationError` if the text names none."""
    place = parse_location(text)
    return str(SqliteLocation(path=place.path.absolute()) if isinstance(place, SqliteLocation) else place)


def _make(plan: FoundingPlan, at_ms: int) -> _Made:
    roots = tuple(ec.generate_private_key(ec.SECP256R1()) for _ in plan.root_passphrases)
    registrar = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    authority = create_authority(key, name=f"{plan.name} enrolment", at_ms=at_ms, serial=new_serial())
    certificate = issue_certificate(
        authority,
        spki=signer_of(registrar).spki,
        officer=plan.registrar.officer,
        organisation=plan.organisation.organisation,
        at_ms=at_ms,
        days=CERTIFICATE_DAYS,
        serial=new_serial(),
    )
    checkpoint_key = draw_checkpoint_key() if plan.makes_checkpoint_key else None
    founding = Founding(
        name=plan.name,
        purpose=plan.purpose,
        utc_offset_minutes=plan.utc_offset_minutes,
        roots=tuple(signer_of(root).spki for root in roots),
        root_threshold=plan.root_threshold,
        trust_anchors=(authority.certificate, *plan.anchors),
        organisation=plan.organisation,
        registrar=FirstRegistrar(
            officer=plan.registrar.officer,
            names=plan.registrar.names,
            posts=plan.registrar.posts,
            certificate=certificate,
        ),
        checkpoint_keys=() if checkpoint_key is None else (checkpoint_key.public,),
    )
    signers = [signer_of(root) for root in roots]
    try:
        genesis = found(LedgerCodec(), founding, registrar=signer_of(registrar), roots=signers, now_ms=at_ms)
    except MalformedError as error:
        raise UsageError(f"No ledger was made: {error}. Change what was given for it.") from error
    _judge(genesis.record, at_ms)
    return _Made(roots=roots, registrar=registrar, authority=authority, checkpoint_key=checkpoint_key, genesis=genesis)


def _fill(plan: FoundingPlan, location: str, made: _Made) -> tuple[Finding, ...]:
    """Write the keys, then the first record into an empty place; return what warns about the place."""
    for file, root, passphrase in zip(plan.root_files, made.roots, plan.root_passphrases, strict=True):
        write_key(file, root, passphrase.secret, passphrase.stretching)
    secret, stretching = plan.passphrase.secret, plan.passphrase.stretching
    write_authority(plan.home / AUTHORITY_FOLDER, made.authority, secret, stretching)
    write_key(plan.registrar_file, made.registrar, secret, stretching)
    if made.checkpoint_key is not None:
        write_checkpoint_key(checkpoint_keys_folder(plan.home), made.checkpoint_key, secret, stretching)
    make_board(location, replication=plan.replication, security=plan.security)
    if plan.station is not None:
        make_station_topic(location, plan.station, replication=plan.replication, security=plan.security)
    genesis = made.genesis
    with contextlib.closing(open_ledger(location, security=plan.security)) as ledger:
        findings = ledger.check()
        if any(finding.severity is Severity.FORBIDS for finding in findings):
            raise LedgerUnsafeError(location, findings)
        ledger.append(genesis.record, headers=cloud_event_headers(genesis.identity, genesis.identity, LedgerOpened.TYPE))
        first = ledger.read(0, 1)[0]
    if first.record != genesis.record:
        raise CliError(f"somebody else wrote into {location} first. Delete it, see who may write there, and begin again.")
    # The place's clock counts from here on: one that is far behind ours makes a ledger that nobody opens.
    _judge(first.record, first.stored_at_ms)
    return findings


def _judge(record: bytes | None, stored_at_ms: int | None) -> None:
    """Judge a genesis as every reader will; raise `NotALedgerError` if it is none."""
    codec = LedgerCodec()
    with contextlib.closing(LedgerStore("sqlite://")) as nothing_read_yet:
        bench = Bench(codec=codec, schema_digests=held_schema_digests())
        judge_genesis(bench, StoreView(nothing_read_yet), read_record(record, codec), stored_at_ms)


def _note(plan: FoundingPlan, location: str, identity: Digest) -> str:
    files = "".join(f"\n  {file}" for file in (*plan.files, checkpoint_keys_folder(plan.home)))
    return (
        f"A ledger was being made in this home and is half made.\n"
        f"  place     {location}\n"
        f"  identity  {identity.hex()}\n"
        f"If the place holds its first record, this finishes what was begun:\n"
        f"  ortoo ledger join {location} --identity {identity.hex()} --home {plan.home}\n"
        f"If it does not, nothing that counts was made: delete the place, then those of these files that exist, and begin "
        f"again:{files}\n  {plan.home / NOTE_FILE}\n"
    )
