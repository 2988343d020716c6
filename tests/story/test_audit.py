"""An outside auditor checks a whole ledger with nothing but its location, a trust file and what he kept himself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.audit_findings import MOST_FINDINGS, FindingCode, Findings, Gravity
from adapters.audit_replay import Replay
from adapters.ledger_sqlite import SqliteLedger
from adapters.store.tiles import Log
from adapters.trust_files import encode_trust
from domain.checkpoints import encode_pair
from domain.forks import encode_fork, fork_between
from tests.audited_exchange import OPERATOR, WITNESSES, Audited, audited_exchange, codes, ortoo_run, signed, trust_of, write_board
from tests.checkpoint_keys import SeededOperator


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    with audited_exchange(tmp_path_factory.mktemp("audited")) as made:
        yield made


def test_a_ledger_without_fault_passes_with_store_and_views(audited: Audited) -> None:
    kept = audited.kept(audited.pair())
    answer = audited.audit(None, "--checkpoint", kept, "--store", f"sqlite:///{audited.store}")
    assert (answer.code, codes(answer)) == (0, [])
    assert answer.data["checked"] == [
        *("genesis", "records", "signatures", "verdicts", "numbers", "times", "timestamps", "checkpoints", "store", "views"),
    ]
    assert {"covers", "documents"} <= set(answer.data["not_checked"])
    assert (answer.data["audited"], answer.data["covered"], answer.data["final"]) == (audited.end,) * 3
    assert answer.data["reasons"]["ACCEPTED"] > 50


def test_what_lies_above_the_newest_checkpoint_is_named_as_not_covered(audited: Audited) -> None:
    kept = audited.kept(audited.pair(40, at_ms=audited.eventful.clock()))
    answer = audited.audit(None, "--checkpoint", kept)
    assert (answer.code, answer.data["covered"], answer.data["final"]) == (0, 40, 40)
    (found,) = answer.data["findings"]
    assert (found["code"], found["gravity"], found["position"]) == ("NOT_COVERED", "noted", 40)


def test_without_a_quorum_nothing_is_final(audited: Audited) -> None:
    kept = audited.kept(audited.pair(witnesses=WITNESSES[:1]))
    answer = audited.audit(None, "--checkpoint", kept)
    assert (answer.code, codes(answer)) == (4, ["NOTHING_FINAL"])
    assert (answer.data["covered"], answer.data["final"], answer.data["final_at"]) == (audited.end, 0, None)
    words = ortoo_run("audit", f"sqlite:{audited.ledger}", *audited.trusting)
    assert "nothing is final" in words.out
    assert "NOTHING_FINAL" in words.out


def test_the_report_says_everything_in_words_and_in_a_file_for_programs(audited: Audited, tmp_path: Path) -> None:
    report, text = tmp_path / "report.json", tmp_path / "report.txt"
    words = ortoo_run("audit", f"sqlite:{audited.ledger}", *audited.trusting, "--report", str(report))
    assert words.code == 4
    for finding in json.loads(report.read_text("utf-8"))["findings"]:
        for part in ("code", "what", "matters", "remedy"):
            assert finding[part] in words.out
    again = ortoo_run("audit", "ledger", f"sqlite:{audited.ledger}", *audited.trusting, "--report", str(text))
    assert text.read_text("utf-8") == again.out


def test_an_audit_that_was_cut_off_goes_on_where_it_stopped(audited: Audited, tmp_path: Path) -> None:
    kept = audited.kept(audited.pair())
    whole = audited.audit(None, "--checkpoint", kept)
    ledger = SqliteLedger(audited.ledger)
    first = Replay(ledger, tmp_path, identity=audited.eventful.exchange.identity, threads=1, now_ms=audited.eventful.clock)
    assert first.run(30, lambda *_: None)
    first.close()
    ledger.close()
    words = ("--checkpoint", kept, "--resume", str(tmp_path), "--store", f"sqlite:///{audited.store}")
    resumed = audited.audit(None, *words)
    again = audited.audit(None, *words)
    assert (resumed.code, again.code) == (0, 0)
    assert {name: value for name, value in resumed.data.items() if name not in {"checked", "not_checked"}} == {
        name: value for name, value in whole.data.items() if name not in {"checked", "not_checked"}
    }
    assert resumed.data == again.data


def test_a_ledger_that_changed_since_the_audit_began_is_found(audited: Audited, tmp_path: Path) -> None:
    resume = ("--resume", str(tmp_path / "audit"))
    assert audited.audit(None, *resume).code == 4
    changed = audited.copy("changed.sqlite", lambda slots: [*slots[:9], replace(slots[9], record=b"else"), *slots[10:]])
    answer = audited.audit(changed, *resume)
    assert (answer.code, codes(answer, "wrong")) == (3, ["HISTORY_CHANGED"])
    assert answer.data["findings"][0]["position"] == 9
    shorter = audited.audit(audited.copy("shorter.sqlite", lambda slots: slots[:20]), *resume)
    assert codes(shorter, "wrong") == ["HISTORY_CHANGED"]


def test_every_finding_is_listed_not_the_first_only(audited: Audited) -> None:
    words = []
    for size in (10, 30, 50):
        words += ["--checkpoint", audited.kept(audited.pair(size), f"{size}.checkpoint")]
    changed = audited.copy("thrice.sqlite", lambda slots: [*slots[:20], replace(slots[20], record=b"else"), *slots[21:45]])
    answer = audited.audit(changed, *words)
    assert answer.code == 3
    found = [(one["code"], one["position"]) for one in answer.data["findings"] if one["gravity"] == "wrong"]
    assert found == [("RECORDS_DIFFER", 10), ("TOO_SHORT", 45)]
    assert answer.data["covered"] == 10


def test_published_checkpoints_count_and_noise_beside_them_does_not(audited: Audited) -> None:
    folder = audited.folder / "published"
    folder.mkdir()
    ledger = audited.copy("published/ledger.sqlite")
    board = (encode_pair(audited.pair(30)), b"noise", b"", encode_pair(audited.pair(operator=SeededOperator(9))))
    write_board(ledger, *board, encode_pair(audited.pair()))
    answer = audited.audit(ledger)
    assert (answer.code, codes(answer)) == (0, ["CHECKPOINTS_IGNORED", "NOTHING_HELD", "NOT_COVERED"])
    assert (answer.data["checkpoints"], answer.data["final"], answer.data["covered"]) == (2, audited.end, 0)


def test_a_checkpoint_of_the_auditors_own_is_wrong_or_cannot_be_verified(audited: Audited) -> None:
    pair = audited.pair()
    line = pair.records.lines[1]
    spoilt = replace(line, signature=line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    invalid = replace(pair, records=replace(pair.records, lines=(pair.records.lines[0], spoilt, *pair.records.lines[2:])))
    cases = (
        (audited.kept(invalid), 3, "CHECKPOINT_INVALID"),
        (str(audited.trust), 3, "CHECKPOINT_INVALID"),
        (audited.kept(audited.pair(operator=SeededOperator(9)), "unknown.kept"), 4, "CHECKPOINT_UNKNOWN"),
    )
    for file, code, finding in cases:
        for words in ((), ("--trust-checkpoints",)):
            answer = audited.audit(None, "--checkpoint", file, *words)
            assert (answer.code, codes(answer)[0]) == (code, finding), (file, words)


def test_a_trust_file_past_its_time_verifies_nothing(audited: Audited) -> None:
    keys = audited.eventful.exchange
    expired = signed(replace(trust_of(keys, audited.eventful.station.exchange), valid_until_ms=1_000), keys)
    file = audited.folder / "expired.json"
    file.write_bytes(encode_trust(expired))
    answer = ortoo_run("audit", f"sqlite:{audited.ledger}", "--trust", str(file), "--state", str(audited.folder), "--json")
    assert (answer.code, answer.data["error"]["code"]) == (4, "TRUST_EXPIRED")


def test_a_cosigned_checkpoint_is_trusted_for_what_it_says_and_no_more(audited: Audited) -> None:
    kept = audited.kept(audited.pair(60, at_ms=audited.eventful.clock()))
    answer = audited.audit(None, "--checkpoint", kept, "--trust-checkpoints")
    assert (answer.code, codes(answer)) == (0, ["NOT_COVERED"])
    assert answer.data["checked"] == ["genesis", "records", "checkpoints"]
    assert {"signatures", "verdicts", "numbers", "times", "store", "views"} <= set(answer.data["not_checked"])
    without = audited.audit(None, "--trust-checkpoints")
    assert (without.code, codes(without)[0]) == (4, "NO_COSIGNED_CHECKPOINT")


def test_a_sample_of_signatures_is_the_same_for_the_same_seed(audited: Audited) -> None:
    words = ("--checkpoint", audited.kept(audited.pair()), "--trust-checkpoints", "--sample", "20", "--seed", "7")
    first, second = audited.audit(None, *words), audited.audit(None, *words)
    assert first.data == second.data
    assert first.data["seed"] == 7
    assert first.data["sampled"] + codes(first).count("SIGNATURE_UNVERIFIED") == 20


def test_a_stations_verdicts_tell_which_events_of_a_sample_must_verify(audited: Audited) -> None:
    store = ("--store", f"sqlite:///{audited.store}")
    words = ("--checkpoint", audited.kept(audited.pair()), "--trust-checkpoints", "--sample", "1000", *store)
    answer = audited.audit(None, *words)
    assert (answer.code, codes(answer)) == (0, [])
    authentic = sum(entry.verdict.is_authentic for entry in audited.eventful.station.parts.store.each_entry())
    assert answer.data["sampled"] == authentic
    assert "verdicts" in answer.data["checked"]


def test_a_store_that_is_behind_is_compared_as_far_as_it_is(audited: Audited, tmp_path: Path) -> None:
    longer = audited.copy("longer.sqlite", lambda slots: [*slots, replace(slots[-1], record=b"noise")])
    kept = audited.kept(audited.pair())
    words = ("--checkpoint", kept, "--store", f"sqlite:///{audited.store}", "--resume", str(tmp_path))
    for _ in range(2):
        answer = audited.audit(longer, *words)
        assert (answer.code, codes(answer)) == (0, ["STORE_BEHIND", "NOT_COVERED"])
        assert {"store", "views"} <= set(answer.data["checked"])


@pytest.mark.parametrize(
    "words",
    [
        ("--sample", "5"),
        ("--trust-checkpoints", "--resume", "somewhere"),
        ("--trust-checkpoints", "--store", "sqlite:///store.sqlite", "--views", "sqlite:///views.sqlite"),
        ("--views", "sqlite:///views.sqlite"),
        ("--report", "{trust}"),
        ("--evidence", "{trust}"),
        ("--checkpoint", "{folder}/none"),
        ("--store", "mysql://x/y"),
    ],
    ids=lambda words: words[0] if len(words) < 3 else " ".join(words[::2]),
)
def test_what_does_not_go_together_is_refused_before_anything_is_read(audited: Audited, words: tuple[str, ...]) -> None:
    filled = [word.format(trust=audited.trust, folder=audited.folder) for word in words]
    before = audited.trust.read_bytes()
    answer = audited.audit(None, *filled)
    assert answer.code == 2, answer
    assert audited.trust.read_bytes() == before


def test_more_findings_than_a_reader_can_use_are_counted() -> None:
    findings = Findings()
    for position in range(MOST_FINDINGS + 7):
        findings.report(FindingCode.STORE_DIFFERS, position, "a row")
    assert (len(findings.listed), findings.left_out, findings.gravity) == (MOST_FINDINGS, 7, Gravity.WRONG)


def test_copies_are_compared_up_to_where_they_part_ways(audited: Audited) -> None:
    one = f"sqlite:{audited.ledger}"
    cases = {
        "bytes": lambda slots: [*slots[:9], replace(slots[9], record=b"else"), *slots[10:]],
        "time": lambda slots: [*slots[:9], replace(slots[9], stored_at_ms=1), *slots[10:]],
        "emptiness": lambda slots: [*slots[:9], replace(slots[9], record=None), *slots[10:]],
        "length": lambda slots: slots[:9],
    }
    for parting, change in cases.items():
        answer = ortoo_run("audit", "compare", one, f"sqlite:{audited.copy(f'{parting}.sqlite', change)}", "--json")
        assert answer.code == (0 if parting == "length" else 3)
        assert (answer.data["position"], answer.data["parting"]) == (9, parting)
    same = ortoo_run("audit", "compare", one, f"sqlite:{audited.copy('same.sqlite')}")
    assert (same.code, same.out) == (0, f"Both copies are the same, {audited.end} positions.\n")


def test_evidence_of_a_fork_is_verified_from_two_notes_alone(audited: Audited) -> None:
    store = audited.eventful.station.parts.store
    other, held = audited.pair(50, roots=(audited.roots_at(49)[0], audited.roots_at(50)[1])), audited.pair()
    key = OPERATOR.public.ed25519
    fork = fork_between((other.records, key), (held.records, key), lambda level, index: store.node(Log.RECORDS, level, index))
    file = audited.folder / "evidence.fork"
    file.write_bytes(encode_fork(fork))
    answer = ortoo_run("audit", "fork", str(file), *audited.trusting, "--json")
    assert (answer.code, answer.data["operator"], answer.data["claimed_size"]) == (0, True, 50)
    assert "signed two histories" in ortoo_run("audit", "fork", str(file)).out
    raw = file.read_bytes()
    for place in range(0, len(raw), 97):
        file.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        changed = ortoo_run("audit", "fork", str(file), *audited.trusting, "--json")
        assert changed.code in {1, 3, 4} or changed.data == answer.data, place
    file.write_bytes(b"")
    nothing = ortoo_run("audit", "fork", str(file))
    assert nothing.code == 3
    assert f"{file} proves no fork: " in nothing.err
