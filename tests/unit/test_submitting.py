"""Submitting on a real station: wanting something twice is once, in order, documents first, and nothing signed is lost."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.correspondence import acknowledged, letter_body, recalled
from adapters.errors import AppendUncertainError, LedgerUnreachableError, QueueError
from adapters.ledger import Headers, Slot
from adapters.ledger_locations import open_ledger
from adapters.ledger_sqlite import SqliteLedger
from adapters.station import Station, Utterance
from adapters.submitting import Deposited, Outcome, Queued
from domain.events import ReceiptAcknowledged
from domain.ids import Digest, LetterId, OrgId
from domain.reasons import Reason
from tests.exchanges import MINISTRY, TestExchange, accepted, tell

COMMITTEE = OrgId("mfy-001")


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[TestExchange]:
    """A ministry whose deputy signs, and a committee with a clerk, all at one station called `home`."""
    made = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}")
    station = made.station("home")
    made.add_organisations(station, ["mfy-001", "mfy-002"])
    made.add_officer(station, "deputy", "ministry", "signatory")
    made.add_officer(station, "secretary", "mfy-001", "clerk")
    yield made
    made.close()


@pytest.fixture
def station(exchange: TestExchange) -> Station:
    return exchange.station("home")


def slots(exchange: TestExchange) -> Sequence[Slot]:
    """Return everything on the ledger."""
    with contextlib.closing(open_ledger(exchange.location)) as ledger:
        return ledger.read(0, 500)


def one(outcomes: Sequence[Outcome]) -> Outcome:
    (outcome,) = outcomes
    return outcome


def receipt(exchange: TestExchange, station: Station, letter: LetterId, officer: str = "secretary") -> Utterance:
    return acknowledged(station, exchange.signer(officer), COMMITTEE, letter, COMMITTEE)


class SilentLedger(SqliteLedger):
    """A ledger that can be made to answer nothing, before or after it has done what it was asked for."""

    silent_before = False
    silent_after = False

    def append(self, record: bytes, *, headers: Headers = ()) -> int:
        """Append, or not, and answer, or not."""
        if self.silent_before:
            raise LedgerUnreachableError("nobody answers")
        position = super().append(record, headers=headers)
        if self.silent_after:
            raise AppendUncertainError("the file", "nobody answers")
        return position


@pytest.fixture
def silent(exchange: TestExchange) -> Iterator[SilentLedger]:
    ledger = SilentLedger(Path(exchange.location.partition(":")[2]))
    yield ledger
    ledger.close()


def test_the_same_act_wanted_twice_is_one_event_and_gives_the_same_receipt(exchange: TestExchange, station: Station) -> None:
    letter = exchange.send(station, "deputy", "mfy-001")
    first = exchange.acknowledge(station, "secretary", letter, "mfy-001")
    size = len(slots(exchange))
    again = exchange.acknowledge(station, "secretary", letter, "mfy-001")
    assert (again.identity, again.verdict) == (first.identity, first.verdict)
    assert len(slots(exchange)) == size


def test_a_repetition_after_a_time_out_gives_the_original_receipt(exchange: TestExchange, station: Station) -> None:
    letter = exchange.letter(station, "deputy", "mfy-001")
    before = len(slots(exchange))
    late = one(station.submit([letter], wait_s=0))
    assert isinstance(late, Queued)
    assert late.why == "the ledger did not show the record in time"
    assert len(slots(exchange)) == before + 1
    again = accepted(one(station.submit([letter])))
    assert again.identity == late.identity
    assert again.verdict.position == before
    assert len(slots(exchange)) == before + 1


def test_an_append_whose_answer_was_lost_is_found_and_not_repeated(exchange: TestExchange, silent: SilentLedger) -> None:
    station = exchange.station("other", ledger=silent)
    letter = exchange.letter(station, "deputy", "mfy-001")
    silent.silent_after = True
    before = len(slots(exchange))
    assert accepted(one(station.submit([letter]))).verdict.position == before
    assert len(slots(exchange)) == before + 1


def test_what_could_not_be_sent_waits_and_is_sent_once_in_the_order_of_signing(
    exchange: TestExchange, silent: SilentLedger
) -> None:
    station = exchange.station("other", ledger=silent)
    letters = [exchange.letter(station, "deputy", "mfy-001") for _ in range(3)]
    silent.silent_before = True
    waiting = [one(station.submit([letter], wait_s=0.2)) for letter in letters]
    assert [outcome.why for outcome in waiting if isinstance(outcome, Queued)] == ["nobody answers"] * 3
    identities = [outcome.identity for outcome in waiting]
    assert [one.identity for one in station.parts.queue.unfinished()] == identities
    station.close()

    silent.silent_before = False
    reopened = exchange.station("other")
    assert reopened.parts.submitter.send() == ""
    positions = [reopened.parts.store.position_of(identity) for identity in identities]
    assert positions == [len(slots(exchange)) - 3 + i for i in range(3)]
    again = [accepted(one(reopened.submit([letter]))) for letter in letters]
    assert [outcome.verdict.position for outcome in again] == positions


def test_a_later_submission_sends_first_what_waits(exchange: TestExchange, silent: SilentLedger) -> None:
    station = exchange.station("other", ledger=silent)
    first, second = (exchange.letter(station, "deputy", "mfy-001") for _ in range(2))
    silent.silent_before = True
    waiting = one(station.submit([first], wait_s=0.2))
    silent.silent_before = False
    later = accepted(one(station.submit([second])))
    earlier = station.parts.store.position_of(waiting.identity)
    assert earlier is not None
    assert earlier + 1 == later.verdict.position


def test_a_rejected_intention_may_be_tried_anew(exchange: TestExchange, station: Station) -> None:
    exchange.add_officer(station, "newcomer", "mfy-001", "archivist")
    letter = exchange.send(station, "deputy", "mfy-001")
    refused = one(station.submit([receipt(exchange, station, letter, "newcomer")]))
    assert isinstance(refused, Deposited)
    assert refused.verdict.reason is Reason.ROLE_MISSING
    assert station.parts.queue.unfinished() == ()
    exchange.add_officer(station, "newcomer", "mfy-001", "clerk")
    accepted(one(station.submit([receipt(exchange, station, letter, "newcomer")])))


def test_a_rejected_letter_signed_once_more_gives_the_verdict_that_it_has(exchange: TestExchange, station: Station) -> None:
    """The draft keeps its event id, so it is the same event: another try needs another draft."""
    letter = exchange.letter(station, "deputy", "mfy-001")
    unfit = replace(letter.body, header=replace(letter.body.header, organisation=COMMITTEE))
    rejected = one(station.submit([replace(letter, body=unfit)]))
    assert isinstance(rejected, Deposited)
    assert rejected.verdict.reason is Reason.NOT_APPOINTED
    size = len(slots(exchange))
    again = one(station.submit([replace(letter, body=unfit)]))
    assert isinstance(again, Deposited)
    assert again.verdict == rejected.verdict
    assert len(slots(exchange)) == size


def test_the_verdict_of_a_copy_that_somebody_else_brought_is_the_originals(exchange: TestExchange, station: Station) -> None:
    """Who appends has no say: a record may be on the ledger before its submitter sends it."""
    letter = exchange.letter(station, "deputy", "mfy-001")
    elsewhere = exchange.station("elsewhere")
    for digest in letter.documents:
        with station.parts.documents.own.open(digest) as reader:
            elsewhere.parts.documents.own.put(reader)
    there = accepted(one(elsewhere.submit([letter])))
    here = accepted(one(station.submit([letter])))
    assert (here.identity, here.verdict) == (there.identity, there.verdict)


def test_acts_that_may_come_again_are_events_of_their_own(exchange: TestExchange, station: Station) -> None:
    letter = exchange.send(station, "deputy", "mfy-001", "mfy-002")
    exchange.acknowledge(station, "secretary", letter, "mfy-001")
    recall = recalled(station, exchange.signer("deputy"), MINISTRY, letter, reason="WRONG_TEXT")
    (first,) = tell(station, [recall])
    other = recalled(station, exchange.signer("deputy"), MINISTRY, letter, reason="WRONG_TEXT")
    second = one(station.submit([other]))
    assert isinstance(second, Deposited)
    assert second.verdict.reason is Reason.RECALL_CHANGES_NOTHING
    assert second.verdict.because == first.verdict.position


class WatchedLedger(SqliteLedger):
    """A ledger that looks, when a record comes, whether its documents are where everybody finds them."""

    shared: Path
    missing: list[str]

    def append(self, record: bytes, *, headers: Headers = ()) -> int:
        """Note which files are not there yet, and append."""
        there = {path.name for path in self.shared.rglob("*") if path.is_file()}
        self.missing = [digest for digest in self.wanted if digest not in there]
        return super().append(record, headers=headers)

    wanted: tuple[str, ...] = ()


def test_documents_are_where_everybody_finds_them_before_the_record_is(exchange: TestExchange) -> None:
    path = Path(exchange.location.partition(":")[2])
    with contextlib.closing(WatchedLedger(path)) as ledger:
        ledger.shared = path.with_name(f"{path.name}.documents")
        station = exchange.station("other", ledger=ledger)
        letter = exchange.letter(station, "deputy", "mfy-001")
        ledger.wanted = tuple(digest.hex() for digest in letter.documents)
        assert len(ledger.wanted) == 2
        shared = station.parts.documents.shared
        assert shared is not None
        assert not any(shared.has(digest) for digest in letter.documents), "a draft is nobody else's business"
        accepted(one(station.submit([letter])))
        assert ledger.missing == []


def test_a_document_that_cannot_be_shared_leaves_the_record_in_the_queue(exchange: TestExchange, station: Station) -> None:
    path = Path(exchange.location.partition(":")[2])
    shared, aside = path.with_name(f"{path.name}.documents"), path.with_name("aside")
    letter = exchange.letter(station, "deputy", "mfy-001")
    if shared.exists():
        shared.rename(aside)
    shared.write_text("no folder, so no document can be put here")
    before = len(slots(exchange))
    stuck = one(station.submit([letter], wait_s=2))
    assert isinstance(stuck, Queued)
    assert stuck.why
    assert len(slots(exchange)) == before, "a letter without its documents is not sent"
    assert [one.identity for one in station.parts.queue.unfinished()] == [stuck.identity]
    shared.unlink()
    assert station.parts.submitter.send() == ""
    assert accepted(one(station.submit([letter]))).verdict.position == before


def test_a_document_that_is_gone_leaves_the_record_in_the_queue(exchange: TestExchange, station: Station) -> None:
    letter = exchange.letter(station, "deputy", "mfy-001")
    for digest in letter.documents:
        station.parts.documents.own.remove(digest)
    stuck = one(station.submit([letter], wait_s=2))
    assert isinstance(stuck, Queued)
    assert letter.documents[0].hex() in stuck.why or letter.documents[1].hex() in stuck.why


def test_what_is_dropped_from_the_queue_is_never_sent(exchange: TestExchange, silent: SilentLedger) -> None:
    station = exchange.station("other", ledger=silent)
    letter = exchange.letter(station, "deputy", "mfy-001")
    silent.silent_before = True
    waiting = one(station.submit([letter], wait_s=0.2))
    station.parts.queue.drop(waiting.identity)
    silent.silent_before = False
    assert station.parts.submitter.send() == ""
    assert station.parts.store.position_of(waiting.identity) is None
    with pytest.raises(QueueError, match="took it out"):
        station.parts.submitter.outcome(letter.intention)


def test_two_processes_that_want_the_same_at_once_queue_it_once(exchange: TestExchange) -> None:
    first, second = exchange.station("home"), exchange.station("home")
    letters = [exchange.letter(first, "deputy", "mfy-001") for _ in range(20)]
    together = threading.Barrier(2)

    def submit(station: Station) -> list[Outcome]:
        outcomes = []
        for letter in letters:
            together.wait()
            outcomes.append(one(station.submit([letter])))
        return outcomes

    with ThreadPoolExecutor(max_workers=2) as pool:
        here, there = pool.map(submit, (first, second))
    assert [accepted(outcome).verdict for outcome in here] == [accepted(outcome).verdict for outcome in there]


def test_a_rejection_that_another_process_noted_is_told_all_the_same(exchange: TestExchange, silent: SilentLedger) -> None:
    exchange.add_officer(exchange.station("home"), "newcomer", "mfy-001", "archivist")
    letter = exchange.send(exchange.station("home"), "deputy", "mfy-001")
    station = exchange.station("other", ledger=silent)
    said = receipt(exchange, station, letter, "newcomer")
    silent.silent_before = True
    assert isinstance(one(station.submit([said], wait_s=0.2)), Queued)
    assert exchange.station("other").parts.submitter.send() == ""
    outcome = station.parts.submitter.outcome(said.intention)
    assert isinstance(outcome, Deposited)
    assert outcome.verdict.reason is Reason.ROLE_MISSING


def test_a_receipt_names_the_documents_that_are_held(exchange: TestExchange, station: Station) -> None:
    letter = exchange.send(station, "deputy", "mfy-001", text=b"The text\n")
    body = letter_body(station, letter)
    said = receipt(exchange, station, letter)
    assert isinstance(said.body, ReceiptAcknowledged)
    assert said.body.letter == letter
    assert all(station.parts.documents.has(Digest(document.sha256)) for document in (body.cover, *body.documents))
