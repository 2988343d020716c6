"""What stops a station with an error instead of a verdict: a place that is no ledger, rules of the future, a clock, a fault."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from adapters.errors import ClockBehindLedgerError, ForeignLedgerError, StoreUnreachableError
from adapters.follower import Follower
from adapters.ledger_memory import MemoryLedger
from adapters.store.ledger_store import LedgerStore
from adapters.verifying import Verifier
from domain.errors import NotALedgerError, UpgradeNeededError
from domain.events import RulesAdopted
from domain.header import LocalName, Seen
from domain.ids import ROOT, Digest, OrgId, sha256
from domain.reasons import Reason
from domain.rulebook import NEWEST_RULES
from tests import certificate_forge as forge
from tests.court import STEP_MS, Court
from tests.faults.provoked_keys import CHECKPOINT_KEY
from tests.fixed_exchange import (
    DAY_MS,
    HOUR_MS,
    NOT_AFTER_MS,
    REGISTRAR,
    ROOTS,
    START_MS,
    Clock,
    FixedExchange,
    Said,
    entry,
    shared_codec,
)

NEXT_RULES: Final = NEWEST_RULES + 1


@pytest.fixture(scope="module")
def exchange() -> FixedExchange:
    return FixedExchange(Clock())


def follow(*records: bytes | None, identity: Digest | None = None, clock: Clock | None = None) -> LedgerStore:
    """Follow a ledger in memory that holds these records, and return the store."""
    now_ms = clock or Clock()
    ledger = MemoryLedger(clock_ms=now_ms)
    for record in records:
        if record is None:
            ledger.append_empty()
        else:
            ledger.append(record)
    store = LedgerStore("sqlite://")
    follower = Follower(ledger=ledger, store=store, codec=shared_codec(), verifier=Verifier(1), identity=identity, now_ms=now_ms)
    follower.catch_up()
    return store


def registrar_with(exchange: FixedExchange, **changes: Any) -> dict[str, Any]:
    """Return the first registrar of the genesis, but for the changes."""
    return {"registrar": replace(exchange.opening.body.registrar, **changes)}  # type: ignore[attr-defined] # a genesis


def without_last_signature(exchange: FixedExchange) -> bytes:
    """Return the genesis with one signature too few."""
    event = exchange.event(exchange.opening)
    return exchange.codec.encode_envelope(replace(event, signatures=event.signatures[:-1]))


def with_signatures(exchange: FixedExchange, change: Callable[[Any], Any]) -> bytes:
    """Return the genesis with its first signature changed."""
    event = exchange.event(exchange.opening)
    first, *others = event.signatures
    return exchange.codec.encode_envelope(replace(event, signatures=(change(first), *others)))


def genesis_with(**changes: Any) -> Callable[[FixedExchange], Said]:
    """Return what makes a genesis of an exchange with other fields."""
    return lambda exchange: exchange.genesis(**changes)


def genesis_header(**changes: Any) -> Callable[[FixedExchange], Said]:
    """Return what makes a genesis of an exchange with another header."""
    return lambda exchange: exchange.genesis(header=changes)


def a_letter(exchange: FixedExchange) -> Said:
    """Return an event that is no genesis."""
    return exchange.letter(REGISTRAR)


def with_roots(exchange: FixedExchange, roots: tuple[str, ...]) -> Said:
    """Return a genesis of these roots."""
    said = exchange.genesis(roots=tuple(exchange.signers[root].signer.spki for root in roots), root_threshold=1)
    signers = tuple(exchange.signers[name] for name in (REGISTRAR, *roots))
    return Said(body=said.body, signers=signers)


def with_a_root_key_as_registrars(exchange: FixedExchange) -> Said:
    """Return a genesis whose registrar holds a root key."""
    key = exchange.signers["root-1"].signer
    certificate = exchange.certificate(key, REGISTRAR)
    made = exchange.genesis(**registrar_with(exchange, certificate=certificate))
    signers = (sha256(certificate), *made.body.header.signers[1:])
    body = replace(made.body, header=replace(made.body.header, signers=signers))
    return Said(body=body, signers=(exchange.signers["root-1"], *made.signers[1:]))


SEEN: Final = Seen(
    size=1,
    root=sha256(b"r"),
    verdict_root=sha256(b"v"),
    key=sha256(CHECKPOINT_KEY.ed25519),
    signature=bytes(64),
    verdict_signature=bytes(64),
)
NO_GENESIS: Final[dict[str, tuple[str, Callable[[FixedExchange], Said | bytes | None]]]] = {
    "an empty slot": ("did not store a time", lambda _: None),
    "garbage": ("not canonical", lambda _: b"garbage"),
    "another event": ("is letter.dispatched", a_letter),
    "a ledger named in its header": ("its header names", genesis_header(ledger=sha256(b"another"))),
    "a mandate": ("its header names", genesis_header(mandate=sha256(b"mandate"))),
    "a checkpoint": ("its header names", genesis_header(seen=SEEN)),
    "said for another organisation": ("not said by the first registrar", genesis_header(organisation=OrgId("other"))),
    "said by another officer": ("not said by the first registrar", genesis_header(officer="other")),
    "said too late": ("after the time until which", genesis_header(not_after=START_MS - 1)),
    "a registrar called root": (
        "can have the id root",
        lambda exchange: exchange.genesis(header={"officer": ROOT}, **registrar_with(exchange, officer=ROOT)),
    ),
    "an unknown purpose": ("purpose play is not known", genesis_with(purpose="play")),
    "one root key twice": ("Root keys are", lambda exchange: with_roots(exchange, ROOTS[:1] * 2)),
    "a threshold above the roots": ("Root keys are", genesis_with(root_threshold=4)),
    "a leaf as trust anchor": ("cannot be a trust anchor", genesis_with(trust_anchors=(forge.GOOD,))),
    "a first organisation with a parent": ("first organisation", genesis_with(organisation=entry("ministry", "other"))),
    "a first organisation that is a unit": (
        "first organisation",
        genesis_with(organisation=entry("ministry", None, kind="unit")),
    ),
    "a first organisation outside": (
        "first organisation",
        genesis_with(organisation=entry("ministry", None, kind="ministry", connection="outside")),
    ),
    "a certificate from elsewhere": ("certificate is refused", genesis_with(trust_anchors=(forge.ANCHOR,))),
    "a registrar with a root key": ("also the first registrar's key", with_a_root_key_as_registrars),
    "a signature missing": ("not signed by the first registrar's certificate", without_last_signature),
    "roots signing in another order": (
        "not signed by the first registrar's certificate",
        lambda exchange: exchange.genesis(header={"signers": tuple(reversed(exchange.opening.body.header.signers))}),
    ),
    "a signature of another algorithm": (
        "does not fit its key",
        lambda exchange: with_signatures(exchange, lambda value: replace(value, algorithm="ed25519")),
    ),
    "a signature of something else": (
        "a signature does not verify",
        lambda exchange: with_signatures(
            exchange, lambda value: replace(value, signature=exchange.signers[REGISTRAR].signer.sign(b"else"))
        ),
    ),
}
"""Why a place is no ledger, and the record at its position 0."""


@pytest.mark.parametrize("case", NO_GENESIS)
def test_a_place_without_a_valid_genesis_is_no_ledger(exchange: FixedExchange, case: str) -> None:
    why, make = NO_GENESIS[case]
    made = make(exchange)
    record = exchange.record(made) if isinstance(made, Said) else made
    with pytest.raises(NotALedgerError, match=why):
        follow(record)


def test_a_genesis_is_accepted_and_an_empty_ledger_is_waited_for(exchange: FixedExchange) -> None:
    assert follow(exchange.record(exchange.opening), identity=exchange.identity).next_position() == 1
    assert follow().next_position() == 0


def test_a_genesis_that_is_not_the_pinned_one_is_refused(exchange: FixedExchange) -> None:
    with pytest.raises(ForeignLedgerError):
        follow(exchange.record(exchange.opening), identity=sha256(b"another"))


@pytest.mark.parametrize("changes", [{"rules_version": NEXT_RULES}, {"schema_digest": sha256(b"other schemas")}], ids=str)
def test_a_genesis_under_rules_of_the_future_asks_for_an_upgrade(exchange: FixedExchange, changes: dict[str, Any]) -> None:
    with pytest.raises(UpgradeNeededError, match="UPGRADE_NEEDED"):
        follow(exchange.record(exchange.genesis(**changes)))


def test_a_first_registrar_may_not_be_named_without_a_name(exchange: FixedExchange) -> None:
    nameless: tuple[LocalName, ...] = ()
    with pytest.raises(Exception, match="names"):
        exchange.record(exchange.genesis(**registrar_with(exchange, names=nameless)))


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Court]:
    made = Court.founded(tmp_path / "court")
    yield made
    made.close()


def adopt(court: Court, effective_at: int) -> Said:
    """Return the adoption of rules that this program does not hold."""
    digest = sha256(b"the next rules")
    return court.exchange.say_as_roots(RulesAdopted, version=NEXT_RULES, schema_digest=digest, effective_at=effective_at)


def test_rules_that_are_not_held_stop_the_station_where_they_come_into_force(court: Court) -> None:
    in_force_at = court.clock() + 3 * STEP_MS
    before = court.sent()
    court.accept(adopt(court, in_force_at))
    court.append(court.exchange.record(court.exchange.letter("deputy")))
    last = court.append(b"garbage, which nobody can call garbage before he holds the rules")
    for _ in range(2):
        with pytest.raises(UpgradeNeededError, match=f"UPGRADE_NEEDED: rules {NEXT_RULES}"):
            court.station.catch_up()
        assert court.station.parts.store.next_position() == last - 1
    assert court.station.parts.store.position_of(Digest(before)) is not None
    with pytest.raises(UpgradeNeededError):
        court.station.rehearse(court.exchange.letter("deputy").body)


@pytest.mark.parametrize("batches", [(1,), (2, 3), (500,)], ids=str)
def test_what_stands_before_the_new_rules_is_stored_in_any_batches(
    court: Court, tmp_path: Path, batches: tuple[int, ...]
) -> None:
    court.sent()
    court.accept(adopt(court, court.clock() + STEP_MS))
    last = court.append(court.exchange.record(court.exchange.letter("deputy")))
    fresh = court.open_station(tmp_path / "fresh")
    store, sizes = fresh.parts.store, itertools.cycle(batches)
    while store.next_position() + (size := next(sizes)) <= last:
        fresh.parts.follower.catch_up(until=store.next_position() + size)
    with pytest.raises(UpgradeNeededError):
        fresh.catch_up()
    assert store.next_position() == last
    assert store.roots_at(last) == court.station.parts.store.roots_at(last)
    fresh.close()


def test_rules_that_come_into_force_later_leave_this_program_at_work_until_then(court: Court) -> None:
    court.accept(adopt(court, court.clock() + DAY_MS))
    court.sent()
    court.clock.at_ms += DAY_MS
    court.append(court.exchange.record(court.exchange.letter("deputy")))
    with pytest.raises(UpgradeNeededError):
        court.station.catch_up()


def test_a_production_ledger_is_told_of_new_rules_a_week_ahead(tmp_path: Path) -> None:
    court = Court.founded(tmp_path / "court", purpose="production")
    too_soon = court.exchange.record(adopt(court, court.clock() + STEP_MS + 7 * DAY_MS - 1))
    assert court.judge(too_soon).reason is Reason.RULES_TOO_SOON
    court.accept(adopt(court, court.clock() + STEP_MS + 7 * DAY_MS))
    court.close()


def test_a_record_from_the_future_pauses_the_station_and_what_stands_before_it_is_stored(court: Court) -> None:
    honest = court.append(court.exchange.record(court.exchange.letter("deputy")))
    court.clock.at_ms += HOUR_MS
    ahead = court.append(court.exchange.record(court.exchange.letter("deputy")))
    court.clock.at_ms -= HOUR_MS
    for _ in range(2):
        with pytest.raises(ClockBehindLedgerError):
            court.station.catch_up()
        assert court.station.parts.store.next_position() == honest + 1 == ahead
    court.station.catch_up(trust_times_ahead=True)
    assert court.station.parts.store.next_position() == ahead + 1


def test_what_was_judged_and_could_not_be_stored_is_judged_anew(court: Court) -> None:
    """The store is locked while a batch is to be written; nothing of that batch may be taken for known the next time."""
    letter = court.append(court.exchange.record(court.exchange.letter("deputy")))
    store = court.folder / "home" / "store.sqlite"
    with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        with pytest.raises(StoreUnreachableError, match="disk full"):
            court.station.catch_up()
        connection.execute("DROP TRIGGER full")
    court.follow()
    verdict = court.station.parts.store.verdict(letter)
    assert verdict is not None
    assert verdict.is_accepted
    assert verdict.at <= START_MS + NOT_AFTER_MS
