"""Joining a ledger that exists: its identity is pinned, its first record read, its place checked; then the home belongs to it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adapters.clock import system_clock_ms
from adapters.errors import LedgerMissingError, LedgerUnsafeError
from adapters.kafka_security import PLAIN_TEXT, KafkaSecurity
from adapters.kafka_topics import check_documents_topic, documents_topic_command
from adapters.ledger import Finding, Severity
from adapters.ledger_locations import KafkaLocation, parse_location
from cli.errors import HomeError
from cli.founding import NOTE_FILE, absolute_location, store_settings
from cli.settings import read_settings, write_settings
from cli.wiring import StationPlan, build_station, default_store_url
from domain.exchange import Exchange
from domain.ids import Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class JoinedLedger:
    """A ledger that a home belongs to now: what its first record says, its place, and what warns."""

    exchange: Exchange
    location: str
    findings: tuple[Finding, ...]


def join_ledger(  # noqa: PLR0913 - which ledger, and what the home needs to open it
    home: Path,
    location: str,
    identity: Digest,
    *,
    station: str | None = None,
    store_url: str | None = None,
    security: KafkaSecurity = PLAIN_TEXT,
    now_ms: Callable[[], int] = system_clock_ms,
) -> JoinedLedger:
    """Let a home belong to the ledger with this identity; doing it again changes nothing but the station.

    `store_url` is written into its settings, unless it holds a password.
    Raises `HomeError` if it belongs to another ledger, `ForeignLedgerError` if the place holds one of another identity,
    `NotALedgerError` if it holds none, `LedgerUnsafeError`, and what the place raises. Then the settings are as before.
    """
    location = absolute_location(location)
    _require_no_other(home, identity)
    findings = check_station_topic(location, station, security)
    plan = StationPlan(
        home=home,
        location=location,
        identity=identity,
        station=station,
        store_url=store_url or default_store_url(home),
        passphrase=lambda _: b"",
        now_ms=now_ms,
        security=security,
    )
    with contextlib.closing(build_station(plan)) as opened:
        if opened.parts.follower.catch_up(until=1) == 0:
            raise LedgerMissingError(
                f"{location} is empty: nothing was joined. Whoever makes the ledger has not finished, or the place is another."
            )
        joined = JoinedLedger(exchange=opened.exchange, location=location, findings=(*opened.parts.ledger.warnings, *findings))
    write_settings(home, {"location": location, "ledger": identity.hex(), "station": station, **store_settings(store_url)})
    (home / NOTE_FILE).unlink(missing_ok=True)
    return joined


def check_station_topic(location: str, station: str | None, security: KafkaSecurity = PLAIN_TEXT) -> tuple[Finding, ...]:
    """Return what warns about the topic for a station's documents; none where there is no station, or no Kafka.

    Raises `LedgerMissingError` with the command that makes it, `LedgerUnsafeError` if it could lose documents.
    """
    place = parse_location(location)
    if station is None or not isinstance(place, KafkaLocation):
        return ()
    try:
        findings = check_documents_topic(place.bootstrap, place.topic, station, security=security)
    except LedgerMissingError as error:
        raise LedgerMissingError(
            f"The station {station} has no topic for its documents beside {location}, so it could not send any. Make it with "
            f"`ortoo ledger create --at {location} --station {station}`, or ask the operator to run\n"
            f"  {documents_topic_command(place.bootstrap, place.topic, station)}\n"
            "To read only, join without --station."
        ) from error
    if any(finding.severity is Severity.FORBIDS for finding in findings):
        raise LedgerUnsafeError(location, findings)
    return findings


def _require_no_other(home: Path, identity: Digest) -> None:
    held = read_settings(home, {}).ledger
    if held is not None and held != identity.hex():
        raise HomeError(f"{home} belongs to the ledger {held} already. Use another home: --home FOLDER.")
