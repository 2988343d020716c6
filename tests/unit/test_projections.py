"""The rows of the views, on a ledger where everything has happened once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Table, select

from cli.wiring import passing_projector
from domain.consignments import COUNTED_STATES, effective
from domain.ids import LetterId, OrgId
from domain.letters import letter as sent_letter
from domain.letters import mark_of, recipients, tally
from domain.reasons import Reason
from domain.registers import printed
from domain.verdicts import RegisterKind
from projections.archive import DOCUMENTS as ARCHIVE_DOCUMENTS
from projections.archive import EVENTS
from projections.archive import SIGNERS as ARCHIVE_SIGNERS
from projections.covers import COVERS, HELD, NAMES, TEXTS
from projections.directory_tables import CERTIFICATES, GROUPS, KEYS, MEMBERS, ORGANISATIONS
from projections.inbox import CONSIGNMENTS
from projections.letters import DOCUMENTS, LETTERS, REFERENCES, SIGNERS
from projections.outbox import SENT
from projections.registers import ENTRIES
from tests.eventful_exchange import COMMITTEES, GROUP, OUTSIDE, START_MS, TERM_S, Eventful, eventful_exchange
from tests.exchanges import MINISTRY


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eventful]:
    with eventful_exchange(tmp_path_factory.mktemp("exchange")) as made:
        yield made


@pytest.fixture(scope="module")
def views(told: Eventful) -> Iterator[Connection]:
    projector = passing_projector(told.station)
    projector.catch_up()
    with projector.database.reading() as connection:
        yield connection
    projector.close()


def rows(views: Connection, table: Table, **wanted: Any) -> list[Any]:
    chosen = select(table).order_by(*table.primary_key.columns)
    for column, value in wanted.items():
        chosen = chosen.where(table.c[column] == value)
    return list(views.execute(chosen))


def consignment(views: Connection, told: Eventful, letter: str, recipient: OrgId) -> Any:
    (row,) = rows(views, CONSIGNMENTS, letter=told.letters[letter], recipient=recipient)
    return row


def counts(views: Connection, told: Eventful, letter: str) -> dict[str, int]:
    (row,) = rows(views, SENT, letter=told.letters[letter])
    return {name: value for name, value in row._mapping.items() if name.startswith(("action_", "information_")) and value}


def test_a_letter_to_one_is_opened_acknowledged_and_answered(views: Connection, told: Eventful) -> None:
    row = consignment(views, told, "answered", COMMITTEES[0])
    assert (row.state, row.capacity, row.sender, row.position) == ("acknowledged", "action", MINISTRY, told.position("answered"))
    assert (row.opened_position, row.opened_by) == (told.position("opened"), "clerk-mfy-001")
    assert row.received_position == told.position("acknowledged")
    assert (row.received_by, row.holder, row.printed, row.serial) == ("clerk-mfy-001", COMMITTEES[0], "1", 1)
    assert row.late == 0
    assert row.acknowledge_by == START_MS + 1000 * TERM_S
    assert (row.answered_with, row.answered_position) == (told.letters["reply"], told.position("reply"))
    assert row.missed_position is None


def test_the_first_answer_counts_and_both_are_seen_in_the_thread(views: Connection, told: Eventful) -> None:
    (sent,) = rows(views, SENT, letter=told.letters["answered"])
    assert (sent.answered, sent.only_recipient) == (1, COMMITTEES[0])
    answers = rows(views, REFERENCES, other=told.letters["answered"], relation="answers")
    assert {row.letter for row in answers} == {told.letters["reply"], told.letters["second reply"]}


def test_a_circular_goes_to_everybody_once_and_action_beats_a_copy(views: Connection, told: Eventful) -> None:
    everybody = rows(views, CONSIGNMENTS, letter=told.letters["circular"])
    assert {row.recipient: row.capacity for row in everybody} == dict.fromkeys((*COMMITTEES, OUTSIDE), "action")


def test_late_evidence_stays_beside_the_missed_term(views: Connection, told: Eventful) -> None:
    late = consignment(views, told, "circular", COMMITTEES[4])
    assert (late.state, late.late) == ("acknowledged", 1)
    assert late.missed_position == told.position("circular missed")
    assert late.received_position == told.position("circular late")
    silent = consignment(views, told, "circular", COMMITTEES[5])
    assert (silent.state, silent.missed_position) == ("open", told.position("circular missed"))
    in_time = consignment(views, told, "circular", COMMITTEES[0])
    assert (in_time.late, in_time.missed_position) == (0, None)
    assert consignment(views, told, "circular", OUTSIDE).missed_position is None
    (sent,) = rows(views, SENT, letter=told.letters["circular"])
    assert sent.late == 1
    (letter,) = rows(views, LETTERS, letter=told.letters["circular"])
    assert letter.missed_position == told.position("circular missed")


def test_a_refusal_has_its_reason_and_its_text(views: Connection, told: Eventful) -> None:
    row = consignment(views, told, "circular", COMMITTEES[3])
    assert (row.state, row.refusal_reason, row.printed) == ("refused", "OTHER", None)
    assert [text.text for text in rows(views, TEXTS, cover=row.refusal_cover)] == ["Not ours."]


def test_counts_of_a_circular_follow_every_act(views: Connection, told: Eventful) -> None:
    assert counts(views, told, "circular") == {"action_acknowledged": 2, "action_refused": 1, "action_open": 4}
    assert counts(views, told, "recalled") == {"action_recalled": 2}
    assert counts(views, told, "replaced") == {"action_open": 1}


def test_a_recall_that_was_declined_is_asked_again_and_accepted(views: Connection, told: Eventful) -> None:
    asked = consignment(views, told, "recalled", COMMITTEES[0])
    assert (asked.state, asked.recall_position) == ("recalled", told.position("recall again"))
    assert (asked.recall_answer, asked.recall_answered_position) == ("accepted", told.position("recall accepted"))
    assert asked.decline_reason is None
    assert asked.received_position == told.position("recalled acknowledged")
    unread = consignment(views, told, "recalled", COMMITTEES[1])
    assert (unread.state, unread.recall_position, unread.recall_answer) == ("recalled", told.position("recall"), None)
    (letter,) = rows(views, LETTERS, letter=told.letters["recalled"])
    assert (letter.recalled_position, letter.recall_reason) == (told.position("recall again"), "OTHER")


def test_an_answer_to_a_letter_that_is_gone_is_still_counted(views: Connection, told: Eventful) -> None:
    (sent,) = rows(views, SENT, letter=told.letters["recalled"])
    assert sent.answered == 1
    assert consignment(views, told, "recalled", COMMITTEES[1]).answered_with == told.letters["answer to recalled"]


def test_a_replaced_letter_names_its_replacement_and_stays(views: Connection, told: Eventful) -> None:
    (old,) = rows(views, LETTERS, letter=told.letters["replaced"])
    assert (old.superseded_by, old.superseded_position) == (told.letters["replacement"], told.position("superseded"))
    relations = rows(views, REFERENCES, letter=told.letters["replacement"])
    assert [(row.relation, row.other) for row in relations] == [(kind, old.letter) for kind in ("follows", "replaces")]


def test_the_successor_answers_for_the_closed_one_under_its_own_number(views: Connection, told: Eventful) -> None:
    row = consignment(views, told, "inherited", COMMITTEES[3])
    assert (row.state, row.holder, row.received_by) == ("acknowledged", COMMITTEES[4], "clerk-mfy-005")
    assert row.answered_with == told.letters["inherited answer"]
    (organisation,) = rows(views, ORGANISATIONS, organisation=COMMITTEES[3])
    assert (organisation.closed_position, organisation.successor) == (told.position("closed"), COMMITTEES[4])


def test_the_closed_one_drops_out_of_later_circulars(views: Connection, told: Eventful) -> None:
    after = {row.recipient for row in rows(views, CONSIGNMENTS, letter=told.letters["after closing"])}
    assert after == {*COMMITTEES, OUTSIDE} - {COMMITTEES[3]}


def test_registers_have_no_gaps_and_print_as_the_ledger_says(views: Connection, told: Eventful) -> None:
    for organisation in (MINISTRY, *COMMITTEES):
        for kind in (RegisterKind.OUTGOING, RegisterKind.INCOMING):
            serials = [row.serial for row in rows(views, ENTRIES, organisation=organisation, register=int(kind))]
            assert serials == list(range(1, len(serials) + 1))
    (first, *_) = rows(views, ENTRIES, organisation=MINISTRY, register=int(RegisterKind.OUTGOING))
    assert (first.printed, first.letter, first.correspondent) == ("1/01-07", told.letters["answered"], COMMITTEES[0])
    assert first.position == first.dispatched_position == told.position("answered")
    numbered = [v for v in verdicts(told) if v.number is not None]
    assert len(rows(views, ENTRIES)) == len(numbered)
    for verdict in numbered:
        (row,) = rows(views, ENTRIES, position=verdict.position)
        case_index = next((one.case_index for one in rows(views, LETTERS, position=verdict.position)), None)
        assert verdict.number is not None
        assert row.printed == printed(told.station.view, verdict.number, case_index)


def test_a_key_contests_what_it_signed_from_the_theft_on(views: Connection, told: Eventful) -> None:
    (key,) = rows(views, KEYS, officer="second-deputy")
    assert (key.status, key.status_reason, key.contested_from) == ("revoked", "COMPROMISED", told.position("contested"))
    assert key.status_position == told.position("revoked")
    (certificate,) = rows(views, CERTIFICATES, key=key.key)
    assert certificate.assurance == "file"
    signed = {row.position for row in rows(views, ARCHIVE_SIGNERS, signer=certificate.certificate)}
    assert {told.position("before the theft"), told.position("contested"), told.position("after the theft")} <= signed


def test_a_group_has_its_members_and_its_root(views: Connection, told: Eventful) -> None:
    (group,) = rows(views, GROUPS, group=GROUP)
    assert (group.version, group.members, group.position) == (1, 7, told.position("group"))
    assert {row.organisation for row in rows(views, MEMBERS, group=GROUP)} == {*COMMITTEES, OUTSIDE}


def test_what_is_rejected_changes_nothing_but_the_archive(views: Connection, told: Eventful) -> None:
    not_accepted = [verdict.position for verdict in verdicts(told) if not verdict.is_accepted]
    assert {row.reason for row in rows(views, EVENTS)} >= {
        int(reason)
        for reason in (
            Reason.ALREADY_DECIDED,
            Reason.ROLE_MISSING,
            Reason.CODE_UNKNOWN,
            Reason.MALFORMED,
            Reason.NO_RECORD,
            Reason.DUPLICATE,
            Reason.KEY_REVOKED,
        )
    }
    for table, column in ((LETTERS, "position"), (CONSIGNMENTS, "position"), (ENTRIES, "position"), (COVERS, "position")):
        assert [p for p in not_accepted if rows(views, table, **{column: p})] == []
    assert [p for p in not_accepted if rows(views, ARCHIVE_DOCUMENTS, position=p)] == []
    (again,) = rows(views, EVENTS, position=told.position("second decision"))
    assert (again.type, again.because) == ("receipt.refused", told.position("acknowledged"))


def test_the_archive_has_every_position_with_its_verdict(views: Connection, told: Eventful) -> None:
    archived = rows(views, EVENTS)
    assert [row.position for row in archived] == list(range(told.end))
    for row, verdict in zip(archived, verdicts(told), strict=True):
        assert (row.at, row.reason, row.identity) == (verdict.at, int(verdict.reason), verdict.identity)
        assert (row.type is not None) == verdict.is_authentic
        assert bool(rows(views, ARCHIVE_SIGNERS, position=row.position)) == verdict.is_authentic


def test_documents_are_found_by_letter_with_the_names_of_the_cover(views: Connection, told: Eventful) -> None:
    (letter,) = rows(views, LETTERS, letter=told.letters["answered"])
    (document,) = rows(views, DOCUMENTS, letter=letter.letter)
    (cover,) = rows(views, COVERS, cover=letter.cover)
    assert (cover.state, cover.subject) == (HELD, "One letter")
    (name,) = rows(views, NAMES, cover=letter.cover, sha256=document.sha256)
    assert name.name == "letter.txt"
    assert {row.position for row in rows(views, ARCHIVE_DOCUMENTS, sha256=letter.cover)} == {letter.position}


def test_views_agree_with_the_domain_about_every_letter(views: Connection, told: Eventful) -> None:
    """One truth: what the judge derives of each consignment and tally is what the rows say."""
    view = told.station.view
    letters = [LetterId(row.letter) for row in rows(views, LETTERS)]
    assert set(letters) == set(told.letters.values())
    for letter in letters:
        sent = sent_letter(view, letter)
        assert sent is not None
        got = {row.recipient: (row.capacity, row.state) for row in rows(views, CONSIGNMENTS, letter=letter)}
        assert got == {
            r.organisation: (r.capacity, effective(view, letter, r.organisation).value) for r in recipients(view, sent)
        }
        (row,) = rows(views, SENT, letter=letter)
        for state in COUNTED_STATES:
            total = row._mapping[f"action_{state.value}"] + row._mapping[f"information_{state.value}"]
            assert total == getattr(tally(view, letter), state.value)
        assert rows(views, LETTERS, letter=letter)[0].mark == mark_of(letter)
        assert [s.certificate for s in rows(views, SIGNERS, letter=letter)]


def verdicts(told: Eventful) -> list[Any]:
    return [entry.verdict for entry in told.station.parts.store.each_entry()]
