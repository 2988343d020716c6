"""Attacks on a ledger, on those who sign for it, and on what people are shown of it: an audit finds each."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import BigInteger, Integer, Table

from adapters.audit import Evidence, FullAudit
from adapters.audit_findings import Findings, Gravity
from adapters.audit_replay import Replay
from adapters.ledger import Slot
from adapters.ledger_memory import MemoryLedger
from adapters.ledger_sqlite import SqliteLedger
from adapters.store.tables import DUMPED as STORED
from adapters.store.topics import change_mapper
from adapters.trust_files import read_trust
from domain.changes import moment
from domain.checkpoints import CheckpointPair, encode_pair
from domain.ids import Digest, sha256
from domain.tree import root_of
from projections.projector import DUMPED as VIEWS
from tests.audited_exchange import WITNESSES, Audited, audited_exchange, codes, ortoo_run, write_board
from tests.checkpoint_keys import SeededOperator
from tests.eventful_exchange import Telling, eventful_exchange
from tests.eventful_office import eventful_office
from tests.homes import Answer
from tests.hunt.changed_ledgers import Changer, Watch

HOUR_MS: Final = 3_600_000
LONGER: Final = min(5, int(os.environ.get("HUNT", "1")))
"""How many times as many changes are tried: `make hunt` has time."""
CHANGES: Final = 10_000 * LONGER
"""Of each ledger."""
AUDITED: Final = 2 * LONGER
"""So many of each kind are also audited as a whole, each a ledger of its own."""
SEED: Final = 5
SHOWN: Final = tuple(table for projection in VIEWS for table in projection.tables)
EMPTY: Final = frozenset({"tiles", "directory_identifiers", "directory_settlements"})
"""Tables without a row on these ledgers: 256 records fill the first tile, nobody has identifiers, nothing is settled."""
TOLD: Final = pytest.mark.parametrize("told", [eventful_exchange, eventful_office])
"""A ledger of what letters meet on their way, and one of what rules 3 brought."""


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    with audited_exchange(tmp_path_factory.mktemp("audited")) as made:
        yield made


def findings_of(audited: Audited, slots: Sequence[Slot], held: bytes, folder: Path) -> Findings:
    """Return what a whole audit finds in a changed ledger, by an auditor who holds a checkpoint."""
    ledger, findings, clock = MemoryLedger(), Findings(), audited.eventful.clock
    ledger._slots = [replace(slot, position=position) for position, slot in enumerate(slots)]
    evidence = Evidence(trust=read_trust(audited.trust), held={"kept": held}, published=())
    replay = Replay(ledger, folder, identity=evidence.trust.identity, threads=1, now_ms=clock)
    with contextlib.closing(replay):
        FullAudit(ledger, replay, evidence, findings.report).run(None, clock())
    return findings


@pytest.mark.slow
@TOLD
def test_no_change_of_a_ledger_below_a_checkpoint_stays_hidden(
    told: Telling, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with audited_exchange(tmp_path, told) as audited:
        found = change_again_and_again(audited)
    record_property(f"changes of a ledger below a checkpoint ({told.__name__})", found)


def change_again_and_again(audited: Audited) -> str:
    """Change a ledger below a checkpoint in many ways, require that each change is detected, and return what was tried."""
    slots, size = audited.slots(), audited.end - 5
    verdicts = [entry.verdict for entry in audited.eventful.station.parts.store.each_entry()]
    watch, changer = Watch(slots, verdicts, size), Changer(slots, size, SEED)
    assert (watch.head.records, watch.head.verdicts) == audited.roots_at(size)
    held = encode_pair(audited.pair(size))
    found: Counter[str] = Counter()
    audits, harmless, tried = 0, 0, set[int]()
    for kind in itertools.cycle(changer.kinds):
        changed = changer.changed(kind)
        if (key := hash(changed.slots)) in tried:
            continue
        tried.add(key)
        if watch.contradiction(changed) is None:
            # A time that was stored and that nobody reads: the ledger's time, and so everything, is as it was.
            assert kind == "re-time"
            assert watch.keeps_every_time(changed)
            harmless += 1
            continue
        found[kind] += 1
        if found[kind] <= AUDITED:
            audits += 1
            whole = findings_of(audited, changed.slots, held, audited.folder / str(audits))
            assert whole.gravity is Gravity.WRONG, (kind, changed.first, whole.listed)
        if found.total() == CHANGES:
            break
    assert set(found) == set(changer.kinds)
    told = ", ".join(f"{kind} {count:,}" for kind, count in found.items())
    return (
        f"{found.total():,} different ones detected ({told}), {audits} of them audited as a whole; "
        f"{harmless:,} changed stored times that nobody reads"
    )


def forged(audited: Audited, name: str, change: Callable[[list[Slot]], Sequence[Slot]]) -> tuple[Path, tuple[Digest, Digest]]:
    """Return another history of the same ledger in a file, and the roots at its end as every reader of it computes them."""
    file = audited.copy(name, change)
    with contextlib.closing(SqliteLedger(file)) as ledger:
        exchange, clock = audited.eventful.exchange, audited.eventful.clock
        replay = Replay(ledger, audited.folder / f"{name}.forger", identity=exchange.identity, threads=1, now_ms=clock)
        with contextlib.closing(replay):
            assert replay.run(ledger.end(), lambda *_: None)
            return file, replay.roots_at(ledger.end())


def without_letter(audited: Audited) -> Callable[[list[Slot]], Sequence[Slot]]:
    """Return the change of an operator who hides a letter, and everything that was said of it, from somebody."""
    position = audited.eventful.position("answered")
    return lambda slots: [*slots[:position], *slots[position + 1 :]]


def test_a_letter_hidden_from_an_auditor_who_holds_a_checkpoint_is_found(audited: Audited) -> None:
    kept, position = audited.kept(audited.pair()), audited.eventful.position("answered")
    below = audited.kept(audited.pair(position), "below.checkpoint")
    hidden, _ = forged(audited, "hidden.sqlite", without_letter(audited))
    filled = audited.copy("filled.sqlite", lambda slots: [*without_letter(audited)(slots), slots[-1]])
    assert codes(audited.audit(hidden, "--checkpoint", kept, "--checkpoint", below), "wrong") == ["TOO_SHORT"]
    answer = audited.audit(filled, "--checkpoint", kept, "--checkpoint", below)
    assert (answer.code, codes(answer, "wrong"), answer.data["findings"][0]["position"]) == (3, ["RECORDS_DIFFER"], position)


def test_a_fork_shown_to_two_auditors_is_proven_as_soon_as_they_compare(audited: Audited) -> None:
    hidden, roots = forged(audited, "second.sqlite", without_letter(audited))
    end = audited.end - 1
    first, second = audited.kept(audited.pair(), "first.kept"), audited.kept(audited.pair(end, roots=roots), "second.kept")
    # Each of them sees nothing wrong: the operator signed, and let the same witnesses cosign, what each was shown.
    assert audited.audit(None, "--checkpoint", first).code == 0
    assert audited.audit(hidden, "--checkpoint", second).code == 0
    evidence = audited.folder / "evidence.fork"
    both = audited.audit(None, "--checkpoint", first, "--checkpoint", second, "--evidence", str(evidence))
    assert (both.code, codes(both, "wrong")) == (3, ["RECORDS_DIFFER"])
    proof = ortoo_run("audit", "fork", str(evidence), *audited.trusting, "--json")
    assert (proof.code, proof.data["operator"], proof.data["claimed_size"]) == (0, True, end)


def test_two_checkpoints_of_one_size_with_other_roots_are_a_fork_whatever_the_ledger_says(audited: Audited) -> None:
    _, roots = forged(audited, "third.sqlite", lambda slots: [*without_letter(audited)(slots), slots[-1]])
    first, second = audited.kept(audited.pair(), "first.kept"), audited.kept(audited.pair(roots=roots), "second.kept")
    evidence = audited.folder / "one-size.fork"
    words = ("--checkpoint", first, "--checkpoint", second, "--evidence", str(evidence))
    assert codes(audited.audit(None, *words), "wrong") == ["FORK", "RECORDS_DIFFER"]
    # The two pairs say enough: no ledger is needed to prove it, nor that this one can be read.
    evidence.unlink()
    third = audited.copy("no-ledger.sqlite", lambda slots: [replace(slots[0], record=b"noise"), *slots[1:]])
    assert codes(audited.audit(third, *words), "wrong") == ["NOT_A_LEDGER", "FORK"]
    assert ortoo_run("audit", "fork", str(evidence), *audited.trusting).code == 0


def test_a_stolen_checkpoint_key_makes_nothing_final(audited: Audited) -> None:
    folder = audited.folder / "stolen"
    folder.mkdir()
    hidden, roots = forged(audited, "stolen/ledger.sqlite", without_letter(audited))
    write_board(hidden, encode_pair(audited.pair(audited.end - 1, roots=roots, witnesses=())))
    answer = audited.audit(hidden)
    assert (answer.code, codes(answer, "unverified"), answer.data["final"]) == (4, ["NOTHING_FINAL"], 0)
    assert answer.data["checkpoints"] == 1
    fast = audited.audit(hidden, "--trust-checkpoints")
    assert (fast.code, codes(fast)[0]) == (4, "NO_COSIGNED_CHECKPOINT")


def test_a_witness_that_was_rolled_back_is_not_a_quorum(audited: Audited) -> None:
    hidden, roots = forged(audited, "rolled.sqlite", without_letter(audited))
    pair = audited.pair(audited.end - 1, roots=roots, witnesses=WITNESSES[:1])
    answer = audited.audit(hidden, "--checkpoint", audited.kept(pair, "rolled.kept"))
    assert (answer.code, codes(answer), answer.data["final"]) == (4, ["NOTHING_FINAL"], 0)
    twice = CheckpointPair(
        records=replace(pair.records, lines=(*pair.records.lines, *WITNESSES[1].cosigned(pair.records).lines[-1:])),
        verdicts=pair.verdicts,
    )
    half = audited.audit(hidden, "--checkpoint", audited.kept(twice, "half.kept"))
    assert (half.code, codes(half)) == (4, ["NOTHING_FINAL"])


def test_a_forged_line_of_a_witness_counts_for_nothing(audited: Audited) -> None:
    pair = audited.pair(witnesses=WITNESSES[:1])
    notes = []
    for note in (pair.records, pair.verdicts):
        true = WITNESSES[1].cosigned(note).lines[-1]
        false = true.signature[:-1] + bytes([true.signature[-1] ^ 1])
        notes.append(replace(note, lines=(*note.lines, replace(true, signature=false))))
    forged_pair = CheckpointPair(records=notes[0], verdicts=notes[1])
    answer = audited.audit(None, "--checkpoint", audited.kept(forged_pair, "forged.kept"))
    assert (answer.code, codes(answer)) == (4, ["NOTHING_FINAL"])


def test_ledger_times_that_witnesses_contradict_are_listed(audited: Audited) -> None:
    first = audited.slots()[0].stored_at_ms
    assert first is not None
    early = audited.kept(audited.pair(60, at_ms=first - HOUR_MS), "early.kept")
    answer = audited.audit(None, "--checkpoint", early)
    assert answer.code == 4
    assert codes(answer, "unverified") == ["TIME_LATER"]
    late = audited.kept(audited.pair(60, at_ms=first + 2 * HOUR_MS), "late.kept")
    answer = audited.audit(None, "--checkpoint", late)
    assert ("TIME_EARLIER", 60) in [(one["code"], one["position"]) for one in answer.data["findings"]]


def test_an_event_that_operator_and_witnesses_accepted_without_a_signature_is_found_by_a_sample(audited: Audited) -> None:
    position = audited.eventful.position("answered")
    store = audited.home_copied("colluding") / "store.sqlite"
    slots = audited.slots()
    record = slots[position].record
    assert record is not None
    changed = record[:-2] + bytes([record[-2] ^ 1]) + record[-1:]
    ledger = audited.copy(
        "colluding.sqlite", lambda _: [*slots[:position], replace(slots[position], record=changed), *slots[position + 1 :]]
    )
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        values = (changed, sha256(changed), position)
        connection.execute("UPDATE records SET record = ?, record_hash = ? WHERE position = ?", values)
    verdicts = [
        replace(one.verdict, record_hash=sha256(changed)) if one.verdict.position == position else one.verdict
        for one in audited.eventful.station.parts.store.each_entry()
    ]
    records = root_of((changed if slot.position == position else slot.record) or b"" for slot in slots)
    pair = audited.pair(roots=(records, root_of(verdict.leaf() for verdict in verdicts)))
    words = ("--checkpoint", audited.kept(pair, "colluding.kept"), "--store", f"sqlite:///{store}")
    answer = audited.audit(ledger, *words, "--trust-checkpoints", "--sample", "1000")
    assert [(one["code"], one["position"]) for one in answer.data["findings"]] == [("SIGNATURE_WRONG", position)]
    assert codes(audited.audit(ledger, *words), "wrong")[0] == "STORE_DIFFERS"
    # The honest store's verdicts are not those that were signed, and an audit by hashes notices.
    words = ("--checkpoint", audited.kept(pair, "colluding.kept"), "--store", f"sqlite:///{audited.store}")
    assert codes(audited.audit(ledger, *words, "--trust-checkpoints")) == ["STORE_DIFFERS"]


def edit(file: Path, tables: Sequence[Table]) -> set[tuple[str, str]]:
    """Change every column of some row, take another away and put one in, in each table; return which differences to expect."""
    expected = set()
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        for table in tables:
            keys = [column.name for column in table.primary_key.columns]
            others = [column for column in table.columns if column.name not in keys]
            order = ", ".join(f'"{key}"' for key in keys)
            rows = connection.execute(f'SELECT {order} FROM "{table.name}" ORDER BY {order}').fetchall()
            where = " AND ".join(f'"{key}" = ?' for key in keys)
            spared = max(1, len(rows) - 1)
            for number, column in enumerate(others if rows else ()):
                value = f'coalesce("{column.name}", 0) + 1' if isinstance(column.type, Integer | BigInteger) else "x'00ff'"
                connection.execute(f'UPDATE "{table.name}" SET "{column.name}" = {value} WHERE {where}', rows[number % spared])
                expected.add((table.name, column.name))
            if len(rows) > spared:
                connection.execute(f'DELETE FROM "{table.name}" WHERE {where}', rows[-1])
                expected.add((table.name, "missing"))
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            filled = [9_999 if isinstance(column.type, Integer | BigInteger) else b"\xff" for column in table.columns]
            connection.execute(f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join("?" * len(filled))})', filled)
            expected.add((table.name, "extra"))
    return expected


def differences(answer: Answer, code: str) -> set[tuple[str, str]]:
    """Return the differences of rows that an audit found: table, and column or `missing` or `extra`."""
    found = set()
    for one in answer.data["findings"]:
        match = re.fullmatch(r"(\w+) .*: (?:(missing|extra)|changed \((.*)\))", one["what"], re.DOTALL)
        if one["code"] == code and match:
            found |= {(match[1], name) for name in (match[2] or match[3]).split(", ")}
    return found


def edited_store(audited: Audited) -> set[tuple[str, str]]:
    """Edit every table of a store, require that an audit finds each difference, and return them."""
    store = audited.home_copied("edited-store") / "store.sqlite"
    expected = edit(store, STORED)
    answer = audited.audit(None, "--checkpoint", audited.kept(audited.pair()), "--store", f"sqlite:///{store}")
    assert answer.code == 3
    assert differences(answer, "STORE_DIFFERS") == expected
    return expected


def edited_views(audited: Audited) -> set[tuple[str, str]]:
    """Edit every table of the views, require that an audit finds each difference, and return them."""
    folder = audited.home_copied("edited-views")
    expected = edit(folder / "views.sqlite", SHOWN)
    answer = audited.audit(None, "--checkpoint", audited.kept(audited.pair()), "--store", f"sqlite:///{folder / 'store.sqlite'}")
    assert (answer.code, set(codes(answer))) == (3, {"VIEWS_DIFFER"})
    assert differences(answer, "VIEWS_DIFFER") == expected
    return expected


def test_every_row_of_a_store_or_a_view_that_its_operator_edited_is_found(
    audited: Audited, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    found = edited_store(audited) | edited_views(audited)
    with audited_exchange(tmp_path, eventful_office) as office:
        found |= edited_store(office) | edited_views(office)
    columns = {(table.name, one.name) for table in (*STORED, *SHOWN) for one in table.columns if not one.primary_key}
    assert {table for table, _ in columns - found} == EMPTY
    record_property("differences of stores and views found", len(found))


def test_a_snapshot_that_makes_a_station_judge_otherwise_is_found(audited: Audited) -> None:
    store = audited.home_copied("edited-snapshot") / "store.sqlite"
    now = audited.eventful.station.exchange
    topic, raw = change_mapper().encode_state(replace(now, threshold=1), moment(audited.eventful.clock()))
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("INSERT INTO snapshots VALUES (?, ?, ?, ?)", (now.id, now.version, topic, raw))
        connection.execute("INSERT INTO snapshots VALUES ('letter:nobody', 1, 'letter.v1', x'00')")
    answer = audited.audit(None, "--store", f"sqlite:///{store}")
    assert {one["what"] for one in answer.data["findings"] if one["code"] == "STORE_DIFFERS"} == {
        "snapshots exchange: changed",
        "snapshots letter:nobody: extra",
    }


def test_a_checkpoint_that_a_station_cannot_have_verified_is_found_in_its_store(audited: Audited) -> None:
    store = audited.home_copied("edited-checkpoint") / "store.sqlite"
    _, roots = forged(audited, "fourth.sqlite", lambda slots: [*without_letter(audited)(slots), slots[-1]])
    pairs = {"newest": audited.pair(roots=roots), "witnessed": audited.pair(operator=SeededOperator(9))}
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        for kept, pair in pairs.items():
            connection.execute("INSERT INTO checkpoints VALUES (?, ?, ?)", (kept, pair.size, encode_pair(pair)))
    answer = audited.audit(None, "--store", f"sqlite:///{store}")
    found = [one["what"] for one in answer.data["findings"] if one["code"] == "STORE_DIFFERS"]
    assert [what.partition(":")[0] for what in found] == ["checkpoints newest", "checkpoints witnessed"]


@pytest.mark.parametrize("file", ["store.sqlite", "views.sqlite"])
def test_what_cannot_be_read_of_a_station_was_not_audited(audited: Audited, file: str) -> None:
    folder = audited.home_copied(f"damaged-{file}")
    (folder / file).write_bytes(b"SQLite format 3\x00" + bytes(4_000))
    answer = audited.audit(None, "--checkpoint", audited.kept(audited.pair()), "--store", f"sqlite:///{folder / 'store.sqlite'}")
    assert (answer.code, codes(answer)) == (4, [f"{file.partition('.')[0].upper()}_UNREADABLE"])
    assert "views" not in answer.data["checked"]


def test_a_store_without_its_records_was_not_audited(audited: Audited) -> None:
    store = audited.home_copied("no-records") / "store.sqlite"
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("DROP TABLE records")
    words = ("--checkpoint", audited.kept(audited.pair()), "--store", f"sqlite:///{store}")
    answer = audited.audit(None, *words)
    assert (answer.code, codes(answer)) == (4, ["STORE_UNREADABLE"])
    fast = audited.audit(None, *words, "--trust-checkpoints")
    assert "verdicts" in fast.data["not_checked"]


def test_a_database_that_is_no_store_is_left_as_it_is(audited: Audited) -> None:
    copy = audited.copy("taken-for-a-store.sqlite")
    before = copy.read_bytes()
    words = ("--checkpoint", audited.kept(audited.pair()), "--store", f"sqlite:///{copy}")
    answer = audited.audit(None, *words)
    assert (answer.code, codes(answer)) == (4, ["STORE_UNREADABLE"])
    assert copy.read_bytes() == before


def test_another_ledger_is_not_audited_in_the_place_of_the_one_that_is_meant(audited: Audited, tmp_path: Path) -> None:
    with audited_exchange(tmp_path) as other:
        answer = audited.audit(other.ledger)
        assert (answer.code, codes(answer)[0]) == (3, "OTHER_LEDGER")
        fast = audited.audit(other.ledger, "--trust-checkpoints", "--checkpoint", audited.kept(audited.pair()))
        assert "OTHER_LEDGER" in codes(fast, "wrong")
        store = audited.audit(None, "--store", f"sqlite:///{other.store}")
        assert "STORE_FOREIGN" in codes(store, "wrong")


def test_a_row_written_far_behind_the_end_keeps_no_auditor_walking(audited: Audited) -> None:
    kept, file = audited.kept(audited.pair()), audited.copy("far.sqlite")
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO ledger_slots VALUES (9000000000000000000, 0, x'00')")
    for words in ((), ("--trust-checkpoints",)):
        answer = audited.audit(file, "--checkpoint", kept, *words)
        assert (answer.code, answer.data["audited"]) == (3, audited.end)
        assert "HISTORY_CHANGED" in codes(answer, "wrong")


def test_a_file_that_holds_values_of_other_types_is_read_to_its_end(audited: Audited) -> None:
    kept = audited.kept(audited.pair())
    file = audited.copy("types.sqlite")
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DROP TRIGGER ledger_slots_no_update")
        for position, value in {9: "'text'", 12: "12", 20: "3.5", 22: "record || x'00'"}.items():
            connection.execute(f"UPDATE ledger_slots SET record = {value} WHERE position = {position}")
        for position, value in {30: "'noon'", 31: "-1", 32: str(2**63 - 1), 33: "x'ff'"}.items():
            connection.execute(f"UPDATE ledger_slots SET stored_at_ms = {value} WHERE position = {position}")
    answer = audited.audit(file, "--checkpoint", kept)
    assert (answer.code, codes(answer, "wrong"), answer.data["audited"]) == (3, ["RECORDS_DIFFER"], audited.end)
