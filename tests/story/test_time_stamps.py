"""Time stamps of outside authorities: recorded on the ledger, verified by an auditor; one that dates back is found."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.checkpoint_keys import draw_checkpoint_key, write_checkpoint_key
from adapters.key_encryption import Stretching
from adapters.station import Station
from adapters.submitting import Deposited
from adapters.timestamp_tokens import Stamped, ask_for_timestamp, read_timestamp_roots, verify_timestamp
from adapters.timestamping import message_at, timestamp_recorded
from adapters.trust_files import Trust, TrustedAnchor, encode_trust, sign_trust
from cli.settings import write_settings
from cli.wiring import checkpoint_keys_folder
from domain.events_proof import TimestampRecorded
from domain.ids import sha256
from domain.reasons import Reason
from tests.audited_exchange import FAR_MS, ortoo_run
from tests.exchanges import THRESHOLD, TestExchange
from tests.homes import PASSPHRASE, Answer, home_of
from tests.timestamp_authority import TimestampAuthority, make_authority, serving_timestamps


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[TimestampAuthority, TimestampAuthority]:
    folder = tmp_path_factory.mktemp("authorities")
    return make_authority(folder / "one"), make_authority(folder / "two")


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[TestExchange]:
    made = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}")
    made.add_officer(made.station("ministry"), "robot", "ministry", "station")
    yield made
    made.close()


def reason_of(exchange: TestExchange, station: Station, size: int, stamped: Stamped) -> Reason:
    """Record a stamp and return what the ledger says to it."""
    (outcome,) = station.submit([timestamp_recorded(station, exchange.signer("robot"), size, stamped)])
    assert isinstance(outcome, Deposited)
    return outcome.verdict.reason


def test_stamps_of_two_authorities_are_recorded(exchange: TestExchange, authorities: tuple[TimestampAuthority, ...]) -> None:
    station = exchange.station("ministry")
    roots = tuple(root for one in authorities for root in read_timestamp_roots(one.root))
    size = station.parts.store.next_position()
    for authority in authorities:
        with serving_timestamps(authority) as url:
            stamped = ask_for_timestamp(url, message_at(station, size), roots)
        assert reason_of(exchange, station, size, stamped) is Reason.ACCEPTED
    # Everybody finds the token beside the ledger, and comes to the same conclusion.
    other = exchange.station("auditor")
    other.catch_up()
    record = other.parts.store.record(size)
    assert record is not None
    event = other.parts.codec.envelope(record)
    body = other.parts.codec.body(event.payload_type, event.payload)
    assert isinstance(body, TimestampRecorded)
    with other.parts.documents.open(body.token.sha256) as reader:
        found = verify_timestamp(reader.read(), message_at(other, size), roots)
    assert (found.authority, found.stamped_at) == (body.authority, body.stamped_at)


def test_a_stamp_earlier_than_its_neighbour_is_rejected(
    exchange: TestExchange, authorities: tuple[TimestampAuthority, ...]
) -> None:
    station, (authority, _) = exchange.station("ministry"), authorities
    roots = read_timestamp_roots(authority.root)
    size = station.parts.store.next_position()
    with serving_timestamps(authority) as url:
        assert reason_of(exchange, station, size, ask_for_timestamp(url, message_at(station, size), roots)) is Reason.ACCEPTED
    earlier = datetime.now(UTC) - timedelta(seconds=30)
    with serving_timestamps(authority, at=earlier) as url:
        stamped = ask_for_timestamp(url, message_at(station, size + 1), roots)
    assert reason_of(exchange, station, size + 1, stamped) is Reason.TIMESTAMP_IMPLAUSIBLE
    ahead = datetime.now(UTC) + timedelta(hours=1)
    with serving_timestamps(authority, at=ahead) as url:
        stamped = ask_for_timestamp(url, message_at(station, size + 1), roots)
    assert reason_of(exchange, station, size + 1, stamped) is Reason.TIMESTAMP_IMPLAUSIBLE


def test_an_authority_that_dates_back_is_found_by_an_audit(
    exchange: TestExchange, authorities: tuple[TimestampAuthority, ...]
) -> None:
    station, (authority, _) = exchange.station("ministry"), authorities
    roots = read_timestamp_roots(authority.root)
    size = station.parts.store.next_position()
    assert "timestamps" in audited(exchange, authority, known=False).data["checked"]
    # The first stamp of a ledger has no neighbour that it could contradict.
    with serving_timestamps(authority, at=datetime.now(UTC) - timedelta(days=2)) as url:
        assert reason_of(exchange, station, size, ask_for_timestamp(url, message_at(station, size), roots)) is Reason.ACCEPTED
    answer = audited(exchange, authority)
    (found,) = [one for one in answer.data["findings"] if one["code"].startswith("TIMESTAMP")]
    assert (answer.code, found["code"], found["position"]) == (3, "TIMESTAMP_BACKDATED", size)
    assert "timestamps" in answer.data["checked"]
    assert "timestamps" in audited(exchange, authority, known=False).data["not_checked"]


def test_a_token_that_does_not_say_what_was_recorded_is_found_by_an_audit(
    exchange: TestExchange, authorities: tuple[TimestampAuthority, ...]
) -> None:
    station, (authority, other) = exchange.station("ministry"), authorities
    size = station.parts.store.next_position()
    token = authority.stamp(message_at(station, size - 1))
    stamp = verify_timestamp(token, message_at(station, size - 1), read_timestamp_roots(authority.root))
    stamps = [
        Stamped(token=token, stamp=stamp),  # over fewer records
        Stamped(token=authority.stamp(message_at(station, size)), stamp=replace(stamp, authority=sha256(b"another"))),
        Stamped(token=other.stamp(message_at(station, size)), stamp=replace(stamp, authority=sha256(b"unknown"))),
        Stamped(token=b"nonsense", stamp=replace(stamp, authority=sha256(b"nobody"))),
    ]
    # The ledger reads no documents: it takes the station's word, and the auditor does not.
    assert [reason_of(exchange, station, size, one) for one in stamps] == [Reason.ACCEPTED] * 4
    found = [one["code"] for one in audited(exchange, authority).data["findings"] if one["code"].startswith("TIMESTAMP")]
    assert found == ["TIMESTAMP_INVALID"] * 4


def test_a_token_that_nobody_has_is_not_verified_and_not_wrong(
    exchange: TestExchange, authorities: tuple[TimestampAuthority, ...]
) -> None:
    station, (authority, _) = exchange.station("ministry"), authorities
    size = station.parts.store.next_position()
    token = authority.stamp(message_at(station, size))
    stamp = verify_timestamp(token, message_at(station, size), read_timestamp_roots(authority.root))
    assert reason_of(exchange, station, size, Stamped(token=token, stamp=stamp)) is Reason.ACCEPTED
    shutil.rmtree(exchange.folder / "ledger.sqlite.documents")
    answer = audited(exchange, authority)
    found = [(one["code"], one["gravity"]) for one in answer.data["findings"] if one["code"].startswith("TIMESTAMP")]
    assert (answer.code, found) == (4, [("TIMESTAMP_UNVERIFIED", "unverified")])


def test_a_command_has_the_newest_checkpoint_stamped(tmp_path: Path, authorities: tuple[TimestampAuthority, ...]) -> None:
    key = draw_checkpoint_key()
    exchange = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}", checkpoint_keys=(key.public,))
    exchange.add_officer(exchange.station("ministry"), "robot", "ministry", "station")
    home = home_of(exchange, "operator", "robot", station="robot")
    write_checkpoint_key(checkpoint_keys_folder(home.folder), key, PASSPHRASE.encode(), Stretching.MACHINE)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(b"".join(one.root.read_bytes() for one in authorities))
    assert "Nobody was asked" in home.run("checkpoint", "timestamp").err
    write_settings(home.folder, {"timestamp_roots_file": str(roots), "timestamp_authorities": "http://127.0.0.1:1/"})
    assert "There is no checkpoint" in home.run("checkpoint", "timestamp").err
    size = home.done("checkpoint", "sign", "--json").data["checkpoint"]["size"]
    assert home.run("checkpoint", "timestamp").code == 6
    with serving_timestamps(authorities[0]) as one, serving_timestamps(authorities[1]) as two:
        urls = ("--authority", one, "--authority", "http://127.0.0.1:1/", "--authority", two)
        answer = home.run("checkpoint", "timestamp", *urls, "--json")
        again = home.done("checkpoint", "timestamp", "--authority", one, "--json")
    assert answer.code == 8
    outcomes = [(fate["about"], fate["outcome"], fate.get("position")) for fate in answer.data["results"]]
    assert outcomes == [(one, "accepted", size), (two, "accepted", size + 1), ("http://127.0.0.1:1/", "refused_here", None)]
    # One stamp of a size by an authority is enough.
    assert (again.data["outcome"], again.data["position"]) == ("accepted", size)
    exchange.close()


def audited(exchange: TestExchange, authority: TimestampAuthority, *, known: bool = True) -> Answer:
    """Audit the exchange's ledger as somebody who has a trust file, and knows the authority's root or does not."""
    opened = exchange.station("ministry").exchange
    trust = Trust(
        version=1,
        identity=opened.identity,
        name=opened.name,
        valid_until_ms=FAR_MS,
        roots=opened.roots,
        threshold=opened.threshold,
        checkpoint_keys=(),
        witnesses=(),
        quorum=0,
        anchors=tuple(TrustedAnchor(anchor=anchor, withdrawn_at_ms=None) for anchor in opened.anchors),
    )
    for root in exchange.roots[:THRESHOLD]:
        trust = sign_trust(trust, root)
    file = exchange.folder / "trust.json"
    file.write_bytes(encode_trust(trust))
    roots = ("--timestamp-roots", str(authority.root)) if known else ()
    return ortoo_run("audit", exchange.location, "--trust", str(file), *roots, "--json")
