"""The composition root: the only place where the parts of a station are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from adapters.checkpoint_board import make_board, open_board
from adapters.checkpoint_duty import CheckpointSigning
from adapters.checkpoint_keys import CHECKPOINT_KEYS_FOLDER, OperatorKey, held_key, open_checkpoint_key
from adapters.checkpoints import NO_WITNESSES, Checkpoints, WitnessPolicy
from adapters.clock import system_clock_ms
from adapters.document_locations import document_store_for
from adapters.documents import DOCUMENT_LIMIT_BYTES
from adapters.documents_shared import StationDocuments, log_fetched_again
from adapters.errors import KeyFileError
from adapters.follower import Follower
from adapters.fork_files import FORKS_FOLDER, ForkFiles
from adapters.kafka_clients import TIMEOUT_S
from adapters.kafka_errors import KafkaCredentialsError
from adapters.kafka_security import PASSWORD_VARIABLE, PLAIN_TEXT, KafkaSecurity
from adapters.keyring import Keyring, Passphrase, Secrets
from adapters.ledger import Ledger
from adapters.ledger_deferred import DeferredLedger
from adapters.ledger_guard import LedgerGuard
from adapters.ledger_locations import open_ledger
from adapters.queue import Queue, Submission
from adapters.station import Station, StationParts
from adapters.store.holdings import StoreHoldings
from adapters.store.lease import StoreLease, Work, lease_on
from adapters.store.ledger_store import LedgerStore
from adapters.submitting import Submitter
from adapters.token_errors import PinNeededError
from adapters.trust_files import MAX_WITNESSES
from adapters.verifying import Verifier
from cli.errors import HomeError, SettingsError
from cli.labels import label
from cli.session import Session
from domain.cosignatures import parse_witness_key
from domain.exchange import Exchange
from domain.ids import Digest, OfficerId, digest_from_hex
from domain.notes import NoteInvalidError
from projections.projector import Projector
from schemas.codec import LedgerCodec

PASSPHRASE_VARIABLE = "ORTOO_PASSPHRASE"  # noqa: S105 - the name of a variable, not what it holds
PIN_VARIABLE = "ORTOO_PIN"
DOCUMENTS_FOLDER = "documents"
KEYS_FOLDER = "keys"
CHECKPOINT_KEY = OfficerId("checkpoint key")
"""Whose passphrase is asked for where checkpoints are signed; no officer can have this id, which has a space."""
QUEUE_FILE = "queue.sqlite"
STORE_FILE = "store.sqlite"
VIEWS_FILE = "views.sqlite"


def nobody_knows_a_pin(officer: OfficerId) -> bytes:
    """Say that a station was put together without anybody to ask for a PIN."""
    raise PinNeededError(officer, "nobody was named who knows its PIN")


@dataclass(frozen=True, kw_only=True, slots=True)
class StationPlan:
    """What a station needs to know to be put together: where everything lies, and how its limits are set."""

    home: Path
    location: str
    identity: Digest | None
    station: str | None
    store_url: str
    passphrase: Passphrase
    pin: Passphrase = nobody_knows_a_pin
    verify_threads: int = 2
    document_limit_bytes: int = DOCUMENT_LIMIT_BYTES
    ledger_timeout_s: float = TIMEOUT_S
    documents_timeout_s: float = TIMEOUT_S
    security: KafkaSecurity = PLAIN_TEXT
    country: str | None = None
    witness_policy: WitnessPolicy = NO_WITNESSES
    now_ms: Callable[[], int] = system_clock_ms
    fetched_again: Callable[[Digest], None] = log_fetched_again


def open_station(session: Session) -> Station:
    """Return the station of a session's home; use it as `session.keep(open_station)`.

    No broker or database is asked for the ledger before it is needed. Raises `HomeError` if the home has joined no ledger yet.
    """
    return _station_of(session, TIMEOUT_S)


def open_reading_station(session: Session) -> Station:
    """Return the station for a command that reads: it does not wait for a ledger longer than reading commands may."""
    return _station_of(session, session.settings.catch_up_s)


def open_projector(session: Session) -> Projector:
    """Return what brings the views of a session's reading station up to date; use it as `session.keep(open_projector)`."""
    return projector_of(session, session.keep(open_reading_station))


def projector_of(session: Session, station: Station) -> Projector:
    """Return the projector of a station into the views of a session's home."""
    url = session.settings.store_url or f"sqlite:///{session.home / VIEWS_FILE}"
    return Projector(url, station.parts.store, station.parts.codec, station.view, station.parts.documents)


def open_lease(session: Session) -> StoreLease:
    """Return the lease on the store of a session's home, which must be there; use it as `session.keep(open_lease)`."""
    return lease_on(session.settings.store_url or default_store_url(session.home), session.now_ms)


def open_signing_lease(session: Session) -> StoreLease:
    """Return the lease for signing checkpoints; use it as `session.keep(open_signing_lease)`."""
    return lease_on(session.settings.store_url or default_store_url(session.home), session.now_ms, Work.CHECKPOINTS)


def checkpoint_signer(session: Session, exchange: Exchange) -> OperatorKey | None:
    """Return the newest checkpoint key in force that lies in a session's home, opened; None if none does.

    Raises `KeyFileError` if it cannot be opened.
    """
    folder = checkpoint_keys_folder(session.home)
    key = held_key(folder, exchange.checkpoint_keys)
    if key is None:
        return None
    return open_checkpoint_key(folder, key, lambda: passphrase_source(session)(CHECKPOINT_KEY))


def checkpoint_signing(session: Session) -> CheckpointSigning:
    """Return how the running station of a session's home signs checkpoints."""
    return CheckpointSigning(
        open_key=lambda exchange: checkpoint_signer(session, exchange),
        witnesses=tuple((session.settings.witnesses or "").split()),
        every_s=session.settings.checkpoint_every_s,
        lease=session.keep(open_signing_lease),
    )


def checkpoint_keys_folder(home: Path) -> Path:
    """Return where the operator's keys for checkpoints lie in a home."""
    return home / KEYS_FOLDER / CHECKPOINT_KEYS_FOLDER


def passing_projector(station: Station) -> Projector:
    """Return a projector into a database in memory: for views as of an earlier position, gone with the command."""
    return Projector("sqlite://", station.parts.store, station.parts.codec, station.view, station.parts.documents)


def _station_of(session: Session, ledger_timeout_s: float) -> Station:
    settings, home = session.settings, session.home
    if settings.location is None or settings.ledger is None:
        raise HomeError(
            f"{home} has not joined a ledger yet. Make one with `ortoo ledger create`, or join one with "
            "`ortoo ledger join LOCATION --identity HEX`."
        )
    return build_station(
        StationPlan(
            home=home,
            location=settings.location,
            identity=digest_from_hex(settings.ledger),
            station=settings.station,
            store_url=settings.store_url or default_store_url(home),
            passphrase=passphrase_source(session),
            pin=pin_source(session),
            verify_threads=settings.verify_threads,
            country=settings.country,
            document_limit_bytes=settings.document_limit_bytes,
            ledger_timeout_s=ledger_timeout_s,
            security=kafka_security(session),
            witness_policy=witness_policy(session),
            now_ms=session.now_ms,
            fetched_again=lambda digest: session.note(
                f"This station's copy of document {digest.hex()[:16]}… was damaged; it was moved aside and fetched again."
            ),
        )
    )


def witness_policy(session: Session) -> WitnessPolicy:
    """Return whom a session's home believes as witnesses; raise `SettingsError` if its settings name no such keys."""
    settings = session.settings
    try:
        witnesses = tuple(parse_witness_key(key) for key in (settings.witness_keys or "").split())
    except NoteInvalidError as error:
        raise SettingsError(
            f"The setting witness_keys cannot be used: {error}. Take what `ortoo witness show` prints."
        ) from error
    if len(witnesses) > MAX_WITNESSES:
        raise SettingsError(
            f"The setting witness_keys names {len(witnesses)} witnesses, and no checkpoint has room for the lines of more than "
            f"{MAX_WITNESSES}. Name fewer."
        )
    if settings.witness_quorum > len(witnesses):
        raise SettingsError(
            f"The setting witness_quorum is {settings.witness_quorum}, and witness_keys names {len(witnesses)} of them: so many "
            "can never cosign. Name more of them, or ask for fewer."
        )
    return WitnessPolicy(witnesses=witnesses, quorum=settings.witness_quorum)


def default_store_url(home: Path) -> str:
    """Return where the store lies unless a setting says otherwise."""
    return f"sqlite:///{home / STORE_FILE}"


def passphrase_source(session: Session) -> Passphrase:
    """Return who is asked for the passphrase of a key: the environment, a file, or the person at the terminal."""

    def ask(officer: OfficerId) -> bytes:
        given = given_passphrase(session)
        if given is not None:
            return given
        if not session.asks:
            raise KeyFileError(
                f"The key of {officer} was not opened: nobody is at a terminal to give its passphrase. Put it into a file "
                f"and name that as passphrase_file, or set {PASSPHRASE_VARIABLE}."
            )
        return str(click.prompt(f"Passphrase of {officer}", hide_input=True, err=True)).encode()

    return ask


def pin_source(session: Session) -> Passphrase:
    """Return who is asked for the PIN of a token: the environment, a file, or the person at the terminal."""

    def ask(officer: OfficerId) -> bytes:
        pin = _given_pin(session, officer)
        if pin is None and session.asks:
            pin = str(click.prompt(f"{label('prompt.pin', session.language)} ({officer})", hide_input=True, err=True)).encode()
        if not pin:
            raise PinNeededError(officer, "nobody is at a terminal to give its PIN" if pin is None else "its PIN is empty")
        return pin

    return ask


def secrets_of(session: Session) -> Secrets:
    """Return who is asked for what opens the keys of a session's home."""
    return Secrets(passphrase=passphrase_source(session), pin=pin_source(session))


def _given_pin(session: Session, officer: OfficerId) -> bytes | None:
    given, file = session.environment.get(PIN_VARIABLE), session.settings.pin_file
    try:
        if given is not None or file is None:
            return None if given is None else given.encode()
        raw = Path(file).expanduser().read_bytes().split(b"\n", 1)[0].rstrip(b"\r")
        return raw.decode("utf-8").encode()
    except OSError as error:
        raise PinNeededError(officer, f"pin_file {file} cannot be read ({error.strerror})") from error
    except UnicodeError as error:
        raise PinNeededError(officer, "its PIN is no text in UTF-8") from error


def given_passphrase(session: Session) -> bytes | None:
    """Return the passphrase that the environment or a file gives, None if a person is to be asked; raise `KeyFileError`."""
    given = session.environment.get(PASSPHRASE_VARIABLE)
    if given is not None:
        return given.encode()
    file = session.settings.passphrase_file
    return None if file is None else _first_line(Path(file).expanduser())


def _first_line(path: Path) -> bytes:
    try:
        return path.read_bytes().split(b"\n", 1)[0].rstrip(b"\r")
    except OSError as error:
        raise KeyFileError(f"The passphrase file {path} cannot be read ({error.strerror}). Check the setting.") from error


def kafka_security(session: Session) -> KafkaSecurity:
    """Return how this home logs in to Kafka; a password is read when a client is opened, and not before."""
    settings = session.settings

    def password() -> str | None:
        given = session.environment.get(PASSWORD_VARIABLE)
        file = settings.kafka_password_file
        if given is not None or file is None:
            return given
        try:
            return Path(file).expanduser().read_text("utf-8").split("\n", 1)[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as error:
            why = f"{file} cannot be read ({error.strerror if isinstance(error, OSError) else 'it is no text in UTF-8'})"
            raise KafkaCredentialsError("kafka_password_file", why) from error

    return KafkaSecurity(
        login=settings.kafka_security,
        ca_file=_path(settings.kafka_ca_file),
        certificate_file=_path(settings.kafka_certificate_file),
        key_file=_path(settings.kafka_key_file),
        username=settings.kafka_username,
        password=password,
    )


def _path(setting: str | None) -> Path | None:
    return None if setting is None else Path(setting).expanduser()


def build_station(plan: StationPlan, *, ledger: Ledger | None = None) -> Station:
    """Put a station together; `ledger` is one that is open already (None: the one at the plan's location, when needed)."""
    plan.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = LedgerStore(plan.store_url)
    deferred = DeferredLedger(
        lambda: (
            ledger or open_ledger(plan.location, timeout_s=plan.ledger_timeout_s, clock_ms=plan.now_ms, security=plan.security)
        )
    )
    guarded = LedgerGuard(deferred, StoreHoldings(store))
    codec = LedgerCodec()
    follower = Follower(
        ledger=guarded,
        store=store,
        codec=codec,
        verifier=Verifier(plan.verify_threads),
        identity=plan.identity,
        now_ms=plan.now_ms,
    )
    documents = document_store_for(
        plan.location,
        plan.home / DOCUMENTS_FOLDER,
        plan.station,
        limit_bytes=plan.document_limit_bytes,
        fetched_again=plan.fetched_again,
        timeout_s=plan.documents_timeout_s,
        security=plan.security,
    )
    queue = Queue(plan.home / QUEUE_FILE)
    submitter = Submitter(
        ledger=guarded,
        store=store,
        follower=follower,
        queue=queue,
        publish=_publisher(documents, deferred),
        headers=_cloud_events(plan.identity),
    )
    parts = StationParts(
        ledger=guarded,
        store=store,
        follower=follower,
        queue=queue,
        submitter=submitter,
        keyring=Keyring(plan.home / KEYS_FOLDER, Secrets(passphrase=plan.passphrase, pin=plan.pin)),
        documents=documents,
        checkpoints=Checkpoints(
            board=DeferredLedger(
                lambda: open_board(plan.location, timeout_s=plan.ledger_timeout_s, clock_ms=plan.now_ms, security=plan.security)
            ),
            make_board=lambda: make_board(plan.location, security=plan.security),
            store=store,
            codec=codec,
            policy=plan.witness_policy,
            forks=ForkFiles(plan.home / FORKS_FOLDER),
        ),
        codec=codec,
        now_ms=plan.now_ms,
        country=plan.country,
    )
    return Station(parts)


def _publisher(
    documents: StationDocuments, ledger: DeferredLedger
) -> Callable[[tuple[Digest, ...]], tuple[tuple[str, bytes], ...]]:
    def publish(digests: tuple[Digest, ...]) -> tuple[tuple[str, bytes], ...]:
        # Who has just waited for the ledger in vain does not wait for the documents' place, the same brokers, once more.
        ledger.require_not_away()
        for digest in digests:
            with documents.own.open(digest) as reader:
                documents.put(reader)
        return documents.headers_for(digests)

    return publish


def _cloud_events(identity: Digest | None) -> Callable[[Submission], tuple[tuple[str, bytes], ...]]:
    """Return the CloudEvents attributes (version 1.0.2, Kafka protocol binding) of a record, which nothing trusts."""

    def headers(submission: Submission) -> tuple[tuple[str, bytes], ...]:
        return cloud_event_headers(identity, submission.identity, submission.act)

    return headers


def cloud_event_headers(ledger: Digest | None, event: Digest, act: str) -> tuple[tuple[str, bytes], ...]:
    """Return the CloudEvents attributes of the record of an event (named by its identity) on a ledger."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", event.hex().encode()),
        ("ce_source", (ledger.hex() if ledger else "").encode()),
        ("ce_type", act.encode()),
        ("content-type", b"application/vnd.ortoo.signed_event.v1+avro"),
    )
