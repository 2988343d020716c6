"""New rules are adopted while letters travel: every record is judged by the rules of its own time, by whatever program."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adapters.follower import held_schema_digests
from adapters.key_encryption import Stretching
from adapters.key_files import write_key
from cli.main import ortoo
from cli.session import Session
from cli.settings import write_settings
from domain.catalogue import payload_type_of
from domain.events import RulesAdopted
from domain.events_proof import InboxCommitted
from domain.exchange import RULES_NOTICE_MS
from domain.reasons import Reason
from domain.rulebook import NEWEST_RULES, RELEASED_RULES, rules_for_new
from domain.verdicts import Verdict
from tests.court import LEDGER_FILE, Court
from tests.faults.provoked_outside import sent_outside
from tests.faults.provoked_proof import committing, compromised, reaffirming, renewed
from tests.faults.provoked_records import signed
from tests.fixed_exchange import DAY_MS, HOUR_MS, THRESHOLD, Said, p256_key
from tests.homes import PASSPHRASE, Answer


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Court]:
    """A court on a ledger of rules 1."""
    made = Court.founded(tmp_path, rules=1)
    yield made
    made.close()


def adoption(court: Court, after_ms: int, version: int = 2) -> Said:
    """Return the adoption of rules, in force so long from now."""
    digest = held_schema_digests()[version]
    return court.exchange.say_as_roots(RulesAdopted, version=version, schema_digest=digest, effective_at=court.clock() + after_ms)


def judged(court: Court, said: Said) -> Verdict:
    return court.judge(court.exchange.record(said))


def test_each_record_is_judged_by_the_rules_of_its_own_time(court: Court) -> None:
    letter = court.sent("mfy-001")
    assert judged(court, committing(court)).reason is Reason.TYPE_UNKNOWN
    # Signed under rules 1 and still under way when rules 2 come into force: it is judged when it arrives, and once.
    under_way, size = committing(court), court.ledger.end()
    travelling = court.exchange.letter("deputy", to=("mfy-002",))
    court.accept(adoption(court, HOUR_MS))
    assert judged(court, committing(court)).reason is Reason.TYPE_UNKNOWN, "adopted is not in force"
    court.sent("mfy-003")
    court.clock.at_ms += HOUR_MS
    assert judged(court, travelling).reason is Reason.ACCEPTED
    assert judged(court, under_way).reason is Reason.ACCEPTED
    compromised(court)
    assert judged(court, reaffirming(court, letter, renewed(court))).reason is Reason.ACCEPTED
    state = court.station.view.get("inboxes")
    assert getattr(state, "size", None) == size


def test_rules_once_in_force_stay_though_the_ledgers_clock_goes_back(court: Court) -> None:
    court.accept(adoption(court, HOUR_MS))
    court.clock.at_ms += HOUR_MS
    assert judged(court, court.exchange.letter("clerk")).reason is Reason.ROLE_MISSING, "a rejected record reaches them too"
    court.clock.at_ms -= HOUR_MS
    court.accept(committing(court))
    court.clock.at_ms += HOUR_MS
    with contextlib.closing(court.open_station(court.folder / "another home")) as another:
        another.catch_up()
        size = court.ledger.end()
        assert another.parts.store.roots_at(size) == court.station.parts.store.roots_at(size)


def test_rules_are_not_in_force_because_a_clock_was_ahead_before_they_were_adopted(court: Court) -> None:
    court.clock.at_ms += DAY_MS
    court.sent("mfy-001")
    court.clock.at_ms -= DAY_MS
    court.accept(adoption(court, HOUR_MS))
    assert judged(court, committing(court)).reason is Reason.TYPE_UNKNOWN
    court.clock.at_ms += HOUR_MS
    court.accept(committing(court))


@pytest.mark.parametrize("payload", [b"garbage", b"\xc3\x01" + bytes(40)], ids=["garbage", "another schema"])
def test_under_rules_1_a_type_of_rules_2_is_unknown_however_wrong_its_body_is(court: Court, payload: bytes) -> None:
    # A program of rules 1 says so, and one that holds rules 2 too must say the same, or their verdict logs part.
    record = signed(court, payload_type_of(InboxCommitted), payload)
    verdict = court.judge(record)
    assert verdict.reason is Reason.TYPE_UNKNOWN
    assert not verdict.is_authentic
    court.accept(adoption(court, HOUR_MS))
    court.clock.at_ms += HOUR_MS
    reason = court.judge(signed(court, payload_type_of(InboxCommitted), payload)).reason
    assert reason in {Reason.MALFORMED, Reason.SCHEMA_MISMATCH}


def at_home(court: Court, folder: Path) -> Path:
    """Make a home on the court's ledger, with two root keys in files."""
    home = folder / "roots-home"
    settings = {"location": f"sqlite:{court.folder / LEDGER_FILE}", "ledger": court.exchange.identity.hex(), "station": None}
    write_settings(home, {**settings, "officer": None})
    for name in ("root-1", "root-3")[:THRESHOLD]:
        key = p256_key(f"{court.exchange.name} {name}")
        write_key(folder / f"{name}.pem", key, PASSPHRASE.encode(), Stretching.MACHINE)
    return home


def run(court: Court, home: Path, *words: str) -> Answer:
    """Run a command at the court's time, one of the roots with both of them."""
    signing = ("root-1", "root-3") if words[0] == "ledger" else ()
    roots = [word for name in signing for word in ("--root", str(home.parent / f"{name}.pem"))]
    environment = {"ORTOO_HOME": str(home), "ORTOO_PASSPHRASE": PASSPHRASE}
    result = CliRunner().invoke(
        ortoo, ["--json", *words, *roots], obj=Session(environment, court.clock), env=environment, prog_name="ortoo"
    )
    return Answer(code=result.exit_code, out=result.stdout, err=result.stderr)


def test_the_roots_adopt_what_the_program_holds_and_nothing_beyond(court: Court, tmp_path: Path) -> None:
    home = at_home(court, tmp_path)
    shown: Any = run(court, home, "ledger", "adopt-rules", "--dry-run").data
    assert (shown["version"], shown["schema_digest"]) == (2, held_schema_digests()[2].hex())
    for version in range(2, NEWEST_RULES + 1):
        done = run(court, home, "ledger", "adopt-rules", "--from", "+2h", "--yes")
        assert (done.code, done.data["outcome"]) == (0, "accepted"), done.err
        court.follow()
        adopted = court.station.exchange.rules[-1]
        assert (adopted.version, adopted.effective_at) == (version, court.clock() + 2 * HOUR_MS)
    again = run(court, home, "ledger", "adopt-rules", "--yes")
    assert (again.code, f"rules {NEWEST_RULES}" in again.err) == (2, True)


def test_a_draft_of_rules_is_for_training_only(tmp_path: Path) -> None:
    pilot = Court.founded(tmp_path / "pilot", purpose="pilot", rules=RELEASED_RULES)
    answer = run(pilot, at_home(pilot, tmp_path), "ledger", "adopt-rules", "--yes")
    pilot.close()
    assert (answer.code, f"rules {RELEASED_RULES}" in answer.err) == (2, True)
    assert ("draft" in answer.err) is (NEWEST_RULES > RELEASED_RULES)
    assert [rules_for_new(purpose) for purpose in ("training", "pilot", "production")] == [
        NEWEST_RULES,
        RELEASED_RULES,
        RELEASED_RULES,
    ]


@pytest.mark.parametrize(("rules", "owed"), [(2, []), (3, ["deliver"])])
def test_nobody_is_asked_for_what_the_rules_in_force_do_not_know(tmp_path: Path, rules: int, owed: list[str]) -> None:
    court = Court.founded(tmp_path / "court", rules=rules)
    sent_outside(court)
    answer = run(court, at_home(court, tmp_path), "today", "--for", "ministry")
    court.close()
    assert answer.code == 0, answer.err
    shown: Any = answer.data
    assert [one["owed"] for one in shown["lines"]] == owed


@pytest.mark.parametrize(("words", "reason"), [((), "accepted"), (("--from", "+6d"), "RULES_TOO_SOON")], ids=["", "too soon"])
def test_outside_training_rules_are_announced_a_week_ahead(tmp_path: Path, words: tuple[str, ...], reason: str) -> None:
    court = Court.founded(tmp_path / "pilot", purpose="pilot", rules=1)
    answer = run(court, at_home(court, tmp_path), "ledger", "adopt-rules", "--yes", *words)
    court.follow()
    adopted = [rules.effective_at for rules in court.station.exchange.rules[1:]]
    now_ms = court.clock()
    court.close()
    if reason == "accepted":
        assert answer.code == 0, answer.err
        assert now_ms + RULES_NOTICE_MS < adopted[0] <= now_ms + RULES_NOTICE_MS + DAY_MS
    else:
        assert reason in answer.err + answer.out
        assert adopted == []
