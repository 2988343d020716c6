"""The batch door of the store: one transaction for everything, equal after any replay, safe among several processes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Table, func, select

from adapters.errors import (
    StoreDamagedError,
    StoreForeignError,
    StoreMovedError,
    StoreOutdatedError,
    StoreUnreachableError,
)
from adapters.store.ledger_store import LedgerStore
from adapters.store.snapshots import SNAPSHOT_EVERY
from adapters.store.tables import CHANGES, METADATA, RECORDS, SNAPSHOTS
from adapters.store.tiles import Log
from domain.errors import UnknownChangeError
from domain.ids import ZERO_DIGEST, Digest, EventId, LetterId, OfficerId
from domain.inboxes import INBOXES_ID, Commitment
from domain.letters import LetterEntered, tally_key
from domain.notes import MAX_SIZE
from domain.proofs import verify_consistency, verify_inclusion
from domain.reasons import Reason
from domain.tree import EMPTY_ROOT, TreeError, leaf_hash, root_of
from domain.verdicts import Judged
from tests.addressed import inboxes_of
from tests.judged_history import COMMITTEES, History, some_history
from tests.vectors.ledgers.corpus import FOLDER, concluded_text, follow_into, slots_of

Open = Callable[[], LedgerStore]


@pytest.fixture(scope="module")
def history() -> History:
    return some_history()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


@pytest.fixture
def open_store(url: str) -> Iterator[Open]:
    """Open the same store as often as a test wants."""
    opened: list[LedgerStore] = []

    def open_it() -> LedgerStore:
        opened.append(LedgerStore(url))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture(params=["file", "memory", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LedgerStore]:
    urls = {"file": f"sqlite:///{tmp_path / 'store.sqlite'}", "memory": "sqlite://"}
    store = LedgerStore(urls.get(request.param) or str(request.getfixturevalue("postgres_url")))
    yield store
    store.close()


def write_all(store: LedgerStore, judged: Sequence[Judged], size: int) -> None:
    for start in range(0, len(judged), size):
        store.write(judged[start : start + size])


def roots(judged: Sequence[Judged]) -> tuple[Digest, Digest]:
    return root_of(one.record or b"" for one in judged), root_of(one.verdict.leaf() for one in judged)


def count(store: LedgerStore, table: Table) -> int:
    with store._database.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_new_store_is_empty(store: LedgerStore) -> None:
    assert store.next_position() == 0
    assert store.last_verdict() is None
    assert store.entry(0) is None
    assert store.state("organisation:ministry") is None
    assert store.roots_at(0) == (EMPTY_ROOT, EMPTY_ROOT)
    store.write(())
    assert store.next_position() == 0


@pytest.mark.parametrize("size", [1, 2, 7, 64, 500])
def test_any_size_of_batches_gives_equal_dumps_and_roots(store: LedgerStore, history: History, size: int) -> None:
    write_all(store, history.judged, size)
    with_one = LedgerStore("sqlite://")
    with_one.write(history.judged)
    assert store.canonical_dump() == with_one.canonical_dump()
    assert store.roots_at(history.position) == roots(history.judged)
    with_one.close()


def test_roots_at_any_earlier_size_are_those_of_the_prefix(store: LedgerStore, history: History) -> None:
    store.write(history.judged)
    for size in range(0, history.position + 1, 13):
        assert store.roots_at(size) == roots(history.judged[:size])
    with pytest.raises(KeyError):
        store.node(Log.RECORDS, 0, history.position)


@pytest.mark.parametrize("log", Log)
def test_proofs_of_both_logs_verify_at_any_sizes(store: LedgerStore, history: History, log: Log) -> None:
    write_all(store, history.judged, 7)
    leaves = [leaf_hash((one.record or b"", one.verdict.leaf())[log]) for one in history.judged]
    for size in range(1, history.position + 1, 19):
        root, last = store.roots_at(size)[log], store.roots_at(history.position)[log]
        path = store.inclusion(log, size // 2, size)
        verify_inclusion(leaf=leaves[size // 2], index=size // 2, size=size, path=path, root=root)
        path = store.consistency(log, size, history.position)
        verify_consistency(first=size, first_root=root, second=history.position, second_root=last, path=path)


def test_there_are_no_proofs_of_what_is_not_stored(store: LedgerStore, history: History) -> None:
    store.write(history.judged)
    size = history.position
    for missing in (size + 1, 2 * size, MAX_SIZE):
        with pytest.raises(KeyError):
            store.inclusion(Log.RECORDS, 0, missing)
        with pytest.raises(KeyError):
            store.consistency(Log.VERDICTS, 1, missing)
        with pytest.raises(KeyError):
            store.roots_at(missing)
    with pytest.raises(TreeError):
        store.inclusion(Log.RECORDS, size, size)


def test_states_are_those_of_folding_everything_whatever_was_snapshotted(store: LedgerStore, history: History) -> None:
    write_all(store, history.judged, 50)
    changed = {change.originator_id for judged in history.judged for change in judged.changes}
    assert {one: store.state(one) for one in changed} == {one: history.view.get(one) for one in changed}
    # All at once, and one to which nothing has happened is left out.
    assert store.states([*changed, "letter:none"]) == {one: history.view.get(one) for one in changed}


def test_no_state_is_folded_from_many_changes(store: LedgerStore, history: History) -> None:
    write_all(store, history.judged, 50)
    with store._database.reading() as connection:
        newest = dict(connection.execute(select(SNAPSHOTS.c.originator_id, SNAPSHOTS.c.originator_version)).all())
        last = func.max(CHANGES.c.originator_version)
        versions = connection.execute(select(CHANGES.c.originator_id, last).group_by(CHANGES.c.originator_id)).all()
    assert newest
    assert all(version - newest.get(aggregate_id, 0) < SNAPSHOT_EVERY for aggregate_id, version in versions)
    # One each: a directory of 10,000 would otherwise be kept 150 times.
    assert count(store, SNAPSHOTS) == len(newest)


def test_states_handed_over_make_the_same_snapshots_as_states_folded(store: LedgerStore, history: History) -> None:
    every = tuple(state for state in history.view.states.values() if state.version > 1)
    store.write(history.judged, every)
    folded = LedgerStore("sqlite://")
    folded.write(history.judged)

    def snapshots(of: LedgerStore) -> list[tuple[object, ...]]:
        with of._database.reading() as connection:
            return [tuple(row) for row in connection.execute(select(SNAPSHOTS).order_by(*SNAPSHOTS.primary_key))]

    assert snapshots(store) == snapshots(folded) != []
    folded.close()


def test_what_was_written_is_read_back_after_reopening(open_store: Open, history: History) -> None:
    writer = open_store()
    write_all(writer, history.judged, 100)
    writer.close()
    store = open_store()
    assert store.next_position() == history.position
    assert store.last_verdict() == history.judged[-1].verdict
    for judged, entry in zip(history.judged, store.each_entry(), strict=True):
        assert entry.verdict == judged.verdict
        assert entry.detail == judged.detail
        assert entry.record == (judged.record if judged.verdict.is_authentic else None)
    assert store.trees()[0].root() == roots(history.judged)[0]


def test_only_what_is_authentic_keeps_its_bytes(store: LedgerStore, history: History) -> None:
    store.write(history.judged)
    kept = {judged.verdict.position: store.record(judged.verdict.position) for judged in history.judged}
    assert kept[0] == b"record 0"
    assert kept[1] is None
    assert store.entry(1) is not None
    assert store.verdict(1) == history.judged[1].verdict
    assert store.record(history.position) is None


def test_entries_are_read_in_pages(store: LedgerStore, history: History) -> None:
    store.write(history.judged)
    assert [entry.verdict.position for entry in store.entries(5, 3)] == [5, 6, 7]
    assert [entry.verdict.position for entry in store.entries(5, 30, until=7)] == [5, 6]
    assert [entry.verdict.position for entry in store.each_entry(history.position - 2)] == [
        history.position - 2,
        history.position - 1,
    ]
    assert store.entries(history.position, 10) == ()


def test_an_identity_is_found_where_it_stands_first(store: LedgerStore, history: History) -> None:
    store.write(history.judged)
    repeated = next(one.verdict for one in history.judged if one.verdict.reason is Reason.DUPLICATE)
    assert repeated.original == 0
    assert store.position_of(repeated.identity) == 0
    assert store.position_of(ZERO_DIGEST) is None
    assert store.position_of(Digest(b"x" * 32)) is None


def test_a_ledger_with_everything_that_rules_2_accept_comes_out_alike_in_every_database(store: LedgerStore) -> None:
    folder = FOLDER / "settlements"
    slots = slots_of((folder / "records.jsonl").read_text("ascii"))
    follow_into(store, slots, batch=7)
    assert concluded_text(store) == (folder / "expected.jsonl").read_text("ascii")
    committed = store.state(INBOXES_ID)
    assert isinstance(committed, Commitment)
    verdicts = [entry.verdict for entry in store.each_entry(until=committed.size)]
    inboxes = [(one.organisation, one.letters, one.head) for one in store.inboxes()]
    assert inboxes == inboxes_of(slots[: committed.size], verdicts)
    assert store.latest_time(0) == max(entry.verdict.at for entry in store.each_entry())
    assert store.latest_time(len(slots)) == -1


def test_a_time_names_the_last_position_that_is_not_later(store: LedgerStore, history: History) -> None:
    store.write(history.judged)
    assert store.position_at(history.judged[5].verdict.at) == 5
    assert store.position_at(history.judged[5].verdict.at + 1) == 5
    assert store.position_at(0) is None


def test_the_first_authentic_event_keeps_its_officer_and_event_id(store: LedgerStore, history: History) -> None:
    store.write(history.judged)
    original = store.original(OfficerId("clerk"), EventId(bytes(16)))
    assert original is not None
    assert (original.position, original.identity) == (0, history.judged[0].verdict.identity)
    assert store.original(OfficerId("somebody"), EventId(bytes(16))) is None
    sayings = [(OfficerId(who), EventId(bytes(16))) for who in ("somebody", "clerk")]
    assert store.originals(sayings) == {sayings[1]: original}


def letters_of(history: History) -> list[LetterId]:
    return [change.letter for one in history.judged for change in one.changes if isinstance(change, LetterEntered)]


@pytest.mark.parametrize(
    ("committee", "expected"),
    [(0, (0,)), (1, ()), (2, (0, 1, 2)), (3, (1, 2)), (7, (1, 2)), (8, ())],
    ids=["named", "only in the unfinished version", "named and in the group", "in the group", "its last member", "nowhere"],
)
@pytest.mark.parametrize("size", [1, 500])
def test_letters_are_found_by_addressee_once_each_in_order(
    store: LedgerStore,
    history: History,
    committee: int,
    expected: tuple[int, ...],
    size: int,
) -> None:
    write_all(store, history.judged, size)
    letters = letters_of(history)
    assert list(store.letters_addressed_to(COMMITTEES[committee])) == [letters[index] for index in expected]


def test_letters_are_found_across_pages(store: LedgerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History()
    sent = [history.letter(COMMITTEES[0]) for _ in range(7)]
    store.write(history.judged)
    monkeypatch.setattr("adapters.store.ledger_store.LETTERS_AT_ONCE", 3)
    assert list(store.letters_addressed_to(COMMITTEES[0])) == sent


def test_a_batch_that_does_not_begin_where_the_store_ends_is_refused(open_store: Open, history: History) -> None:
    one, other = open_store(), open_store()
    one.write(history.judged[:10])
    with pytest.raises(StoreMovedError):
        other.write(history.judged[:10])
    with pytest.raises(StoreMovedError):
        other.write(history.judged[11:20])
    with pytest.raises(ValueError, match="no gaps"):
        other.write((history.judged[10], history.judged[12]))
    other.write(history.judged[10:])
    assert one.next_position() == other.next_position() == history.position
    assert one.roots_at(history.position) == roots(history.judged)


def test_a_reader_sees_what_another_has_written_meanwhile(open_store: Open, history: History) -> None:
    reader, writer = open_store(), open_store()
    circular = letters_of(history)[1]
    assert reader.state(tally_key(circular)) is None
    writer.write(history.judged)
    assert reader.next_position() == history.position
    assert reader.state(tally_key(circular)) == history.view.get(tally_key(circular))


def test_a_batch_that_fails_leaves_nothing(open_store: Open, history: History) -> None:
    store = open_store()
    store.write(history.judged[:20])
    before = store.canonical_dump()
    with store._database.writing() as connection:
        # What stands in the way of the batch's last table, so that everything else was written before.
        connection.exec_driver_sql("ALTER TABLE letter_groups RENAME TO elsewhere")
    with pytest.raises(StoreUnreachableError):
        store.write(history.judged[20:])
    with store._database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO letter_groups")
    assert store.canonical_dump() == before
    store.write(history.judged[20:])
    assert store.roots_at(history.position) == roots(history.judged)


def test_what_is_pinned_stays(store: LedgerStore) -> None:
    assert store.fact("ledger_identity") is None
    store.pin("ledger_identity", "aa")
    store.pin("ledger_identity", "aa")
    with pytest.raises(StoreForeignError, match="its ledger_identity is aa, not bb"):
        store.pin("ledger_identity", "bb")
    assert store.fact("ledger_identity") == "aa"


def test_facts_and_snapshots_do_not_show_in_the_dump(store: LedgerStore) -> None:
    before = store.canonical_dump()
    store.pin("anything", "here")
    assert store.canonical_dump() == before


def test_a_changed_byte_shows_in_the_dump(store: LedgerStore, history: History) -> None:
    store.write(history.judged)
    before = store.canonical_dump()
    with store._database.writing() as connection:
        connection.execute(RECORDS.update().where(RECORDS.c.position == 3).values(detail="."))
    assert store.canonical_dump() != before


def test_a_store_of_another_layout_is_refused(open_store: Open) -> None:
    store = open_store()
    with store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE facts SET value = '0' WHERE name = 'layout'")
    with pytest.raises(StoreOutdatedError, match="layout 0"):
        open_store()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.pdf"
    path.write_bytes(b"%PDF-1.7" * 200)
    with pytest.raises(StoreUnreachableError, match=r"letter\.pdf"):
        LedgerStore(f"sqlite:///{path}")
    with pytest.raises(StoreUnreachableError):
        LedgerStore(f"sqlite:///{tmp_path / 'nowhere' / 'store.sqlite'}")


def test_a_change_of_a_newer_program_is_told(store: LedgerStore, history: History) -> None:
    store.write(history.judged)
    circular = tally_key(letters_of(history)[0])
    with store._database.writing() as connection:
        connection.execute(CHANGES.update().where(CHANGES.c.originator_id == circular).values(topic="os.system"))
    with pytest.raises(UnknownChangeError, match=r"os\.system"):
        store.state(circular)


def test_damaged_bytes_are_told(store: LedgerStore, history: History) -> None:
    store.write(history.judged)
    circular = tally_key(letters_of(history)[0])
    with store._database.writing() as connection:
        connection.execute(CHANGES.update().where(CHANGES.c.originator_id == circular).values(state=b"\x02"))
    with pytest.raises(StoreDamagedError):
        store.state(circular)


def test_a_commit_reaches_the_disk_before_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = LedgerStore(f"sqlite:///{path}")
    with store._database.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        # And nobody else can write meanwhile, from the first moment on.
        other = sqlite3.connect(path, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
    store.close()


def test_every_table_says_what_it_is_for() -> None:
    assert all(table.comment for table in METADATA.sorted_tables)


def test_closing_twice_is_harmless(store: LedgerStore) -> None:
    store.close()
    store.close()
