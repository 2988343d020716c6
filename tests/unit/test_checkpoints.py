"""Checkpoints of a station: signed, published, read by others, told in what they say; forks found and proven."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.checkpoint_board import board_file, make_board, open_board
from adapters.checkpoint_errors import (
    CheckpointBehindError,
    CheckpointBusyError,
    CheckpointContradictsError,
    CheckpointSigningError,
    CheckpointUnpublishedError,
)
from adapters.checkpoint_signing import SignedPair, sign_checkpoints
from adapters.checkpoints import WitnessPolicy
from adapters.errors import LedgerExistsError, LedgerUnreachableError
from adapters.keyring import OfficerSigner
from adapters.ledger_locations import SqliteLocation, parse_location
from adapters.ledger_memory import MemoryLedger
from adapters.registration import checkpoint_key_added, checkpoint_key_retired, registered
from adapters.station import Station
from adapters.store.checkpoints import Kept
from adapters.store.lease import Work, lease_on
from domain.checkpoint_signatures import seen_of, verify_pair
from domain.checkpoints import CheckpointPair, encode_pair, parse_pair
from domain.forks import parse_fork, verify_fork
from domain.header import Seen
from domain.ids import ROOT, sha256
from domain.reasons import Reason
from tests.checkpoint_keys import SeededOperator, SeededWitness, signed_pair
from tests.exchanges import MINISTRY, REGISTRAR, TestExchange, entry_of, tell

OPERATOR, STRANGER = SeededOperator(1), SeededOperator(2)
WITNESSES = tuple(SeededWitness(seed) for seed in (11, 12))
POLICY = WitnessPolicy(witnesses=tuple(witness.key for witness in WITNESSES), quorum=2)
OTHER_ROOTS = (sha256(b"other records"), sha256(b"other verdicts"))


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[TestExchange]:
    with contextlib.closing(
        TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}", checkpoint_keys=(OPERATOR.public,))
    ) as made:
        yield made


def grow(exchange: TestExchange, station: Station, *names: str) -> None:
    exchange.add_organisations(station, names)


def sign(station: Station, key: SeededOperator = OPERATOR, witnesses: tuple[str, ...] = ()) -> SignedPair:
    with contextlib.closing(lease_on("sqlite://", station.parts.now_ms)) as lease:
        return sign_checkpoints(station, key, witnesses, lease)


def pair_of(station: Station, size: int | None = None, **changes: object) -> CheckpointPair:
    """Return a pair that the operator signs over a station's history, with changes."""
    size = station.parts.store.next_position() if size is None else size
    exchange = station.exchange
    roots: object = changes.pop("roots", None) or station.parts.store.roots_at(size)
    given: dict[str, object] = {"name": exchange.name, "identity": exchange.identity, "operator": OPERATOR, **changes}
    return signed_pair(size=size, roots=roots, **given)  # type: ignore[arg-type] # a table of arguments


def publish(exchange: TestExchange, *records: bytes) -> None:
    """Write to the board as anybody could who may."""
    with contextlib.suppress(LedgerExistsError):
        make_board(exchange.location)
    with contextlib.closing(open_board(exchange.location)) as board:
        for record in records:
            board.append(record)


def test_what_one_station_signs_the_others_verify_and_tell_in_what_they_say(exchange: TestExchange) -> None:
    operator, reader = exchange.station("operator"), exchange.station("reader")
    assert reader.header(MINISTRY, (exchange.signer(REGISTRAR),)).seen is None
    grow(exchange, operator, "a", "b")
    signed = sign(operator).pair
    assert signed.size == 3
    reader.catch_up()
    seen = reader.header(MINISTRY, (exchange.signer(REGISTRAR),)).seen
    verified = verify_pair(signed, reader.exchange.name, exchange.identity, (OPERATOR.public,))
    assert seen == seen_of(verified)
    said = registered(reader, exchange.signer(REGISTRAR), MINISTRY, entry_of("c"))
    assert said.body.header.seen == seen
    (outcome,) = tell(reader, [said])
    assert outcome.verdict.position == 3
    assert reader.witnessed_size() == 0


def test_only_a_quorum_of_the_readers_own_witnesses_makes_a_pair_witnessed(exchange: TestExchange) -> None:
    reader = exchange.station("reader", policy=POLICY)
    grow(exchange, reader, "a", "b", "c")
    stranger = SeededWitness(13)
    for size, witnesses, covered in ((1, WITNESSES, 1), (2, (WITNESSES[0], stranger), 1), (3, WITNESSES, 3), (4, (), 3)):
        publish(exchange, encode_pair(pair_of(reader, size, witnesses=witnesses)))
        reader.catch_up()
        assert reader.witnessed_size() == covered
    assert reader.parts.checkpoints.newest(reader.exchange) is not None
    assert exchange.station("trusts nobody").witnessed_size() == 0


def test_a_pair_that_comes_again_with_more_cosignatures_takes_the_place_of_the_first(exchange: TestExchange) -> None:
    reader = exchange.station("reader", policy=POLICY)
    half, whole = (pair_of(reader, 1, witnesses=WITNESSES[:count]) for count in (1, 2))
    publish(exchange, encode_pair(half), encode_pair(whole), encode_pair(half))
    reader.catch_up()
    assert reader.witnessed_size() == 1
    publish(exchange, encode_pair(half))
    reader.catch_up()
    assert reader.witnessed_size() == 1


NOTHING: dict[str, Callable[[Station], bytes]] = {
    "an empty record": lambda _: b"",
    "noise": lambda _: bytes(range(256)),
    "a stranger's pair over this history": lambda station: encode_pair(pair_of(station, operator=STRANGER)),
    "a stranger's pair over another": lambda station: encode_pair(pair_of(station, operator=STRANGER, roots=OTHER_ROOTS)),
    "a stranger's pair of a size not reached": lambda station: encode_pair(
        pair_of(station, 1, operator=STRANGER, roots=OTHER_ROOTS)
    ),
    "a pair of another ledger": lambda station: encode_pair(pair_of(station, identity=sha256(b"other"), roots=OTHER_ROOTS)),
    "a pair of an empty ledger": lambda station: encode_pair(pair_of(station, 0)),
    "a pair without the lattice lines": lambda station: encode_pair(_elliptic_only(pair_of(station))),
    "another history without the lattice lines": lambda station: encode_pair(_elliptic_only(pair_of(station, roots=OTHER_ROOTS))),
}


def _elliptic_only(pair: CheckpointPair) -> CheckpointPair:
    records, verdicts = (replace(note, lines=note.lines[:1]) for note in (pair.records, pair.verdicts))
    return CheckpointPair(records=records, verdicts=verdicts)


def test_what_the_operator_did_not_sign_counts_for_nothing_and_holds_up_nobody(exchange: TestExchange) -> None:
    reader = exchange.station("reader")
    grow(exchange, reader, "a")
    publish(exchange, *(make(reader) for make in NOTHING.values()))
    reader.catch_up()
    assert reader.parts.checkpoints.newest(reader.exchange) is None
    assert reader.parts.checkpoints.forks() == ()
    assert reader.parts.store.checkpoints.reached(Kept.BOARD) == len(NOTHING)
    sign(reader)
    assert reader.parts.store.checkpoints.reached(Kept.BOARD) == len(NOTHING) + 1
    assert reader.parts.checkpoints.newest(reader.exchange) is not None


def test_a_pair_over_another_history_is_a_fork_that_anybody_can_verify(exchange: TestExchange) -> None:
    reader = exchange.station("reader")
    grow(exchange, reader, "a", "b", "c")
    honest = pair_of(reader, 3)
    publish(exchange, encode_pair(honest), encode_pair(pair_of(reader, 2, roots=OTHER_ROOTS)))
    reader.catch_up()
    evidence = [parse_fork(file.read_bytes()) for file in reader.parts.checkpoints.forks()]
    assert len(evidence) == 2
    for fork in evidence:
        claimed, held = verify_fork(fork)
        assert (claimed.size, held.size) == (2, 3)
        assert claimed.root in OTHER_ROOTS
        assert fork.claimed_key == fork.held_key == OPERATOR.public.ed25519
    newest = reader.parts.checkpoints.newest(reader.exchange)
    assert newest is not None
    assert newest.pair == honest
    with pytest.raises(CheckpointContradictsError, match="this key has signed another history"):
        sign(reader)


def test_a_checkpoint_over_more_than_the_ledger_has_keeps_the_signer_from_signing(exchange: TestExchange) -> None:
    station = exchange.station("operator")
    publish(exchange, encode_pair(pair_of(station, 9, roots=OTHER_ROOTS)))
    with pytest.raises(CheckpointContradictsError, match="over 9 records was published"):
        sign(station)
    assert station.parts.checkpoints.unsettled == 9


def test_a_signature_over_nothing_is_no_fork(exchange: TestExchange) -> None:
    reader = exchange.station("reader")
    sign(reader)
    name, identity = reader.exchange.name, exchange.identity
    empty = signed_pair(name, identity, 0, OTHER_ROOTS, OPERATOR)
    seen = Seen(
        size=0,
        root=OTHER_ROOTS[0],
        verdict_root=OTHER_ROOTS[1],
        key=sha256(OPERATOR.public.ed25519),
        signature=empty.records.lines[0].signature,
        verdict_signature=empty.verdicts.lines[0].signature,
    )
    said = registered(reader, exchange.signer(REGISTRAR), MINISTRY, entry_of("a"))
    reader.submit([replace(said, body=replace(said.body, header=replace(said.body.header, seen=seen)))])
    assert reader.parts.store.reasons(1, 2) == {Reason.SEEN_OTHER_HISTORY: 1}
    reader.catch_up()
    assert reader.parts.checkpoints.forks() == ()


def test_a_key_that_follows_one_that_was_stolen_signs_on(exchange: TestExchange) -> None:
    station = exchange.station("operator")
    publish(exchange, encode_pair(pair_of(station, 1)), encode_pair(pair_of(station, 1, roots=OTHER_ROOTS)))
    roots = tuple(OfficerSigner(officer=ROOT, certificate=sha256(one.spki), signer=one) for one in exchange.roots[:2])
    tell(station, [checkpoint_key_added(station, roots, key=STRANGER.public)])
    with pytest.raises(CheckpointContradictsError, match="this key has signed another history"):
        sign(station)
    retired = sha256(OPERATOR.public.ed25519)
    tell(station, [checkpoint_key_retired(station, roots, key=retired, reason="COMPROMISED")])
    assert sign(station, STRANGER).pair.size == 3
    assert len(station.parts.checkpoints.forks()) == 2


def test_a_fork_is_proven_as_soon_as_this_history_has_a_pair_that_reaches_so_far(exchange: TestExchange) -> None:
    reader = exchange.station("reader")
    publish(exchange, encode_pair(pair_of(reader, 1)), encode_pair(pair_of(reader, 4, roots=OTHER_ROOTS)))
    reader.catch_up()
    assert reader.parts.store.checkpoints.reached(Kept.BOARD) == 1
    grow(exchange, reader, "a", "b", "c", "d")
    publish(exchange, encode_pair(pair_of(reader, 3)))
    reader.catch_up()
    assert reader.parts.checkpoints.forks() == ()
    publish(exchange, encode_pair(pair_of(reader, 5)))
    reader.catch_up()
    assert [verify_fork(parse_fork(file.read_bytes()))[0].size for file in reader.parts.checkpoints.forks()] == [4, 4]
    reader.catch_up()
    assert reader.parts.store.checkpoints.reached(Kept.BOARD) == 4


def test_the_seen_of_a_refused_event_is_evidence_if_the_operator_signed_it(exchange: TestExchange) -> None:
    reader = exchange.station("reader")
    grow(exchange, reader, "a", "b")
    sign(reader)
    for operator, count in ((STRANGER, 0), (OPERATOR, 2)):
        name, identity = reader.exchange.name, exchange.identity
        forked = signed_pair(name, identity, 2, OTHER_ROOTS, operator)
        seen = seen_of(verify_pair(forked, name, identity, (operator.public,)))
        said = registered(reader, exchange.signer(REGISTRAR), MINISTRY, entry_of(f"c{count}"))
        lying = replace(said, body=replace(said.body, header=replace(said.body.header, seen=seen)), intention=f"lie {count}")
        (outcome,) = reader.submit([lying])
        assert getattr(outcome, "verdict").reason is Reason.SEEN_OTHER_HISTORY  # noqa: B009 - the union's other kind has none
        reader.catch_up()
        assert len(reader.parts.checkpoints.forks()) == count
    heads = [verify_fork(parse_fork(file.read_bytes())) for file in reader.parts.checkpoints.forks()]
    assert {claimed.root for claimed, _ in heads} == set(OTHER_ROOTS)


def test_an_event_that_has_seen_more_than_there_is_raises_the_alarm_and_keeps_nobody_from_signing(
    exchange: TestExchange,
) -> None:
    reader = exchange.station("reader")
    sign(reader)
    name, identity = reader.exchange.name, exchange.identity
    seen = seen_of(verify_pair(signed_pair(name, identity, 50, OTHER_ROOTS, OPERATOR), name, identity, (OPERATOR.public,)))
    said = registered(reader, exchange.signer(REGISTRAR), MINISTRY, entry_of("a"))
    reader.submit([replace(said, body=replace(said.body, header=replace(said.body.header, seen=seen)))])
    reader.catch_up()
    checkpoints = reader.parts.checkpoints
    assert (checkpoints.other_history, checkpoints.unsettled, checkpoints.forks()) == (50, None, ())
    assert sign(reader).pair.size == 2


def test_a_long_ledger_is_looked_through_piece_by_piece(exchange: TestExchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.checkpoints.LOOKED_AT_ONCE", 3)
    monkeypatch.setattr("adapters.checkpoints.LOOKED_BACK", 1)
    reader = exchange.station("reader")
    grow(exchange, reader, *"abcdefg")
    reached = []
    for _ in range(4):
        reader.parts.checkpoints.follow(reader.exchange)
        reached.append(reader.parts.store.checkpoints.reached(Kept.REFUSED))
    assert reached == [3, 6, 8, 8]


def test_only_a_key_that_the_ledger_names_signs(exchange: TestExchange) -> None:
    with pytest.raises(CheckpointSigningError, match="does not name this key"):
        sign(exchange.station("operator"), STRANGER)


class BrokenOperator(SeededOperator):
    """An operator whose device signs something else."""

    def sign_ed25519(self, message: bytes) -> bytes:
        return super().sign_ed25519(message + b"!")


def test_what_a_broken_device_signs_is_neither_kept_nor_published(exchange: TestExchange) -> None:
    station = exchange.station("operator")
    with pytest.raises(CheckpointSigningError, match="does not verify"):
        sign(station, BrokenOperator(1))
    assert station.parts.store.checkpoints.pair(Kept.SIGNED) is None
    assert sign(station).pair.size == 1


def test_one_process_signs_at_a_time(exchange: TestExchange) -> None:
    station = exchange.station("operator")
    url = f"sqlite:///{exchange.folder / 'operator' / 'store.sqlite'}"
    leases = [lease_on(url, exchange.now_ms, Work.CHECKPOINTS) for _ in range(2)]
    assert leases[0].take()
    with pytest.raises(CheckpointBusyError, match="is signing one on this store"):
        sign_checkpoints(station, OPERATOR, (), leases[1])
    for lease in leases:
        lease.close()


def test_the_same_head_may_be_signed_again_and_only_it(exchange: TestExchange) -> None:
    station = exchange.station("operator")
    first, second = sign(station).pair, sign(station).pair
    assert first.records.text == second.records.text
    other = pair_of(station, 1, roots=OTHER_ROOTS)
    station.parts.store.checkpoints.keep(Kept.SIGNED, 1, encode_pair(other))
    with pytest.raises(CheckpointContradictsError, match="do not continue those that were signed at size 1"):
        sign(station)


@pytest.mark.parametrize("which", [0, 1])
def test_a_head_that_does_not_continue_the_last_is_not_signed(exchange: TestExchange, which: int) -> None:
    station = exchange.station("operator")
    grow(exchange, station, "a", "b", "c")
    roots = list(station.parts.store.roots_at(2))
    roots[which] = OTHER_ROOTS[which]
    station.parts.store.checkpoints.keep(Kept.SIGNED, 2, encode_pair(pair_of(station, 2, roots=(roots[0], roots[1]))))
    with pytest.raises(CheckpointContradictsError, match=("records", "verdicts")[which]):
        sign(station)
    assert not board_path(exchange).exists()


def test_a_head_below_the_last_is_not_signed(exchange: TestExchange) -> None:
    station = exchange.station("operator")
    station.parts.store.checkpoints.keep(Kept.SIGNED, 9, encode_pair(pair_of(station, 9, roots=OTHER_ROOTS)))
    with pytest.raises(CheckpointContradictsError, match="9 records were signed, and only 1"):
        sign(station)


def test_where_what_was_signed_last_cannot_be_read_nothing_is_signed(exchange: TestExchange) -> None:
    station = exchange.station("operator")
    station.parts.store.checkpoints.keep(Kept.SIGNED, 1, b"no pair")
    with pytest.raises(CheckpointSigningError, match="keeps of the last one cannot be read"):
        sign(station)


def test_a_line_under_a_witnesss_name_that_is_not_his_is_not_signed_on(exchange: TestExchange) -> None:
    first = exchange.station("operator")
    grow(exchange, first, "a")
    pair = pair_of(first, witnesses=WITNESSES[:1])
    (line,) = pair.records.lines[2:]
    beside = tuple(replace(line, key_id=bytes([0, 0, 0, number])) for number in range(29))
    crowded = CheckpointPair(
        records=replace(pair.records, lines=pair.records.lines + beside),
        verdicts=replace(pair.verdicts, lines=pair.verdicts.lines + beside),
    )
    publish(exchange, encode_pair(crowded))
    signed = sign(exchange.station("rebuilt", policy=POLICY)).pair
    for note in (signed.records, signed.verdicts):
        assert [one.name for one in note.lines[2:]] == [WITNESSES[0].key.name]


def board_path(exchange: TestExchange) -> Path:
    place = parse_location(exchange.location)
    assert isinstance(place, SqliteLocation)
    return board_file(place.path)


def test_a_record_that_was_exchanged_on_the_ledger_is_not_signed_over(exchange: TestExchange) -> None:
    station = exchange.station("operator")
    grow(exchange, station, "a", "b")
    place = parse_location(exchange.location)
    assert isinstance(place, SqliteLocation)
    with contextlib.closing(sqlite3.connect(place.path)) as file:
        file.execute("DROP TRIGGER ledger_slots_no_update")
        file.execute("UPDATE ledger_slots SET record = x'00' WHERE position = 1")
        file.commit()
    with pytest.raises(CheckpointContradictsError, match="another record than the one judged at position 1"):
        sign(station)


def test_a_store_that_was_lost_finds_on_the_board_what_it_signed(exchange: TestExchange) -> None:
    first = exchange.station("operator")
    grow(exchange, first, "a")
    signed = sign(first).pair
    rebuilt = exchange.station("rebuilt")
    grow(exchange, rebuilt, "b")
    assert sign(rebuilt).pair.size == signed.size + 1
    other = pair_of(rebuilt, 9, roots=OTHER_ROOTS)
    rebuilt.parts.store.checkpoints.keep(Kept.NEWEST, 9, encode_pair(other))
    with pytest.raises(CheckpointContradictsError, match="9 records were signed"):
        sign(rebuilt)


class FullBoard(MemoryLedger):
    """A board that does not answer who publishes."""

    def append(self, record: bytes, *, headers: tuple[tuple[str, bytes], ...] = ()) -> int:
        del record, headers
        msg = "nobody answers"
        raise LedgerUnreachableError(msg)


class DeafBoard(MemoryLedger):
    """A board that does not answer."""

    def end(self) -> int:
        msg = "nobody answers"
        raise LedgerUnreachableError(msg)


def test_a_pair_that_was_not_published_is_on_the_disk_all_the_same(exchange: TestExchange) -> None:
    station = exchange.station("operator")
    board, station.parts.checkpoints.board = station.parts.checkpoints.board, FullBoard()
    with pytest.raises(CheckpointUnpublishedError, match="nobody answers"):
        sign(station)
    raw = station.parts.store.checkpoints.pair(Kept.SIGNED)
    assert raw is not None
    assert parse_pair(raw).size == 1
    station.parts.checkpoints.board = board
    grow(exchange, station, "a")
    assert sign(station).pair.size == 2


def test_nothing_is_signed_of_a_ledger_that_was_not_read_to_its_end(exchange: TestExchange) -> None:
    ledger = MemoryLedger()
    station = exchange.station("operator", ledger=ledger)
    with pytest.raises(CheckpointBehindError):
        sign(station)


def test_a_board_that_refuses_is_told_and_does_not_keep_a_station_from_reading(exchange: TestExchange) -> None:
    station = exchange.station("operator")
    sign(station)
    board_path(exchange).write_bytes(b"no database at all" * 100)
    reader = exchange.station("reader")
    assert reader.parts.checkpoints.problem is not None
    grow(exchange, reader, "a")
    assert reader.catch_up().behind is None


def test_a_board_that_was_exchanged_is_read_from_its_beginning(exchange: TestExchange) -> None:
    reader = exchange.station("reader")
    publish(exchange, b"one", b"two", b"three")
    reader.catch_up()
    assert reader.parts.store.checkpoints.reached(Kept.BOARD) == 3
    reader.close()
    for file in exchange.folder.glob("ledger.sqlite.checkpoints*"):
        file.unlink()
    again = exchange.station("reader")
    publish(exchange, encode_pair(pair_of(again)))
    again.catch_up()
    assert again.parts.store.checkpoints.reached(Kept.BOARD) == 1
    assert again.parts.checkpoints.newest(again.exchange) is not None


def test_a_board_that_somebody_filled_keeps_nobody_waiting_and_is_read_to_its_end_by_who_signs(
    exchange: TestExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.checkpoints.READ_AT_ONCE", 2)
    reader = exchange.station("reader")
    publish(exchange, *([b"noise"] * 9), encode_pair(pair_of(reader)))
    reader.parts.checkpoints.follow(reader.exchange, most=4)
    assert reader.parts.store.checkpoints.reached(Kept.BOARD) == 4
    reader.parts.checkpoints.follow(reader.exchange, lambda: False)
    assert reader.parts.store.checkpoints.reached(Kept.BOARD) == 4
    sign(reader)
    assert reader.parts.store.checkpoints.reached(Kept.BOARD) == 11


def test_a_store_that_was_lost_signs_nothing_while_the_board_does_not_answer(exchange: TestExchange) -> None:
    station = exchange.station("operator")
    station.parts.checkpoints.board = DeafBoard()
    with pytest.raises(CheckpointBehindError, match="nobody answers"):
        sign(station)


def test_what_is_kept_never_goes_back(exchange: TestExchange) -> None:
    kept = exchange.station("reader").parts.store.checkpoints
    kept.keep(Kept.NEWEST, 5, b"five")
    kept.keep(Kept.NEWEST, 4, b"four")
    assert kept.pair(Kept.NEWEST) == b"five"
    kept.keep(Kept.BOARD, 5)
    kept.keep(Kept.BOARD, 0)
    assert kept.reached(Kept.BOARD) == 0
    assert kept.reached(Kept.REFUSED) == 0
    assert kept.pair(Kept.SIGNED) is None


def test_what_is_kept_is_no_part_of_the_ledger(exchange: TestExchange) -> None:
    station = exchange.station("operator")
    before = station.parts.store.canonical_dump()
    sign(station)
    assert station.parts.store.canonical_dump() == before
