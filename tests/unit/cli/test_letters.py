"""The commands that write, sign, send and answer letters, each with what can be wrong."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from adapters import travelling_drafts
from adapters.correspondence import letter_body
from adapters.drafts import load_draft
from adapters.registration import group_defined
from adapters.travelling_drafts import CollectedSignature, read_travelling_draft
from cli.dispatching import keep_in, prepare
from cli.errors import ExitCode
from cli.labels import label
from cli.languages import Language
from cli.references import Named, remember_list
from domain.ids import Digest, LetterId, OrgId
from tests.exchanges import MINISTRY, tell
from tests.homes import Answer, Home, home_of
from tests.offices import GROUP, QUICK, Offices, held_ledger, offices


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Offices]:
    with offices(tmp_path) as made:
        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a ledger that does not answer be given up at once."""
    monkeypatch.setattr("cli.wiring.TIMEOUT_S", 0.1)


def draft(place: Offices, *said: str, home: Home | None = None) -> Path:
    """Make a draft and return its folder."""
    words = ("letter", "draft", place.file("letter.txt"), "--subject", "Reja", "--json", *said)
    return Path((home or place.ministry).done(*words).data["draft"])


def send(place: Offices, *said: str, subject: str = "Reja", to: str = "mfy-001") -> Answer:
    """Send a letter from the ministry."""
    words = ("letter", "send", place.file("letter.txt"), "--subject", subject, "--to", to, "--yes", "--json", *said)
    return place.ministry.done(*words)


def rewritten(folder: Path, old: str, new: str) -> Path:
    """Change a draft's letter.toml as a person does in an editor."""
    file = folder / "letter.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return folder


class TestDraft:
    """`letter draft`."""

    def test_a_draft_keeps_what_was_said_and_names_letters_for_ever(self, place: Offices) -> None:
        first = send(place).data
        remember_list(place.ministry.folder, [Named(letter=LetterId(bytes.fromhex(first["identity"])))])
        made = draft(place, "--to", GROUP, "--copy", "mfy-002", "--follows", "#1", "--case", "01-07", "--reply-by", "+3d")
        text = (made / "letter.toml").read_text(encoding="utf-8")
        for line in (f'groups = ["{GROUP}"]', 'copy = ["mfy-002"]', f'follows = ["{first["identity"]}"]', 'case = "01-07"'):
            assert line in text
        assert made.parent == place.ministry.folder / "drafts"

    def test_a_word_that_names_nobody_is_refused_with_what_is_near(self, place: Offices) -> None:
        words = ("letter", "draft", place.file("a.txt"), "--subject", "A", "--to", "mfy-01", "--copy", "MFY 2")
        answer = place.ministry.run(*words)
        assert (answer.code, "Near to it: mfy-001" in answer.err) == (ExitCode.USAGE, True)

    def test_a_word_that_names_an_organisation_and_a_group_must_say_which(self, place: Offices) -> None:
        clerk, group = place.exchange.signer("clerk"), OrgId("mfy-001")
        tell(place.onlooker, group_defined(place.onlooker, clerk, MINISTRY, group=group, version=1, members=[OrgId("mfy-002")]))
        words = ("letter", "draft", place.file("a.txt"), "--subject", "A", "--to")
        assert "write org:mfy-001 or group:mfy-001" in place.ministry.run(*words, "mfy-001").err
        made = Path(place.ministry.done(*words, "group:mfy-001", "--json").data["draft"])
        assert 'groups = ["mfy-001"]' in (made / "letter.toml").read_text(encoding="utf-8")

    def test_a_draft_needs_a_subject_and_somebody_to_go_to(self, place: Offices) -> None:
        assert place.ministry.run("letter", "draft", place.file("a.txt"), "--to", "mfy-001").code == ExitCode.USAGE
        assert place.ministry.run("letter", "draft", place.file("a.txt"), "--subject", "A").code == ExitCode.USAGE

    def test_another_draft_is_not_overwritten(self, place: Offices) -> None:
        made = draft(place, "--to", "mfy-001", "--dir", str(place.folder / "mine"))
        again = place.ministry.run(
            "letter", "draft", place.file("a.txt"), "--subject", "A", "--to", GROUP, "--dir", str(made), "--json"
        )
        assert (again.code, again.data["error"]["code"]) == (ExitCode.FAILED, "DRAFT")


class TestCheck:
    """`letter check`."""

    def test_everything_that_is_wrong_is_told_at_once(self, place: Offices) -> None:
        made = rewritten(draft(place, "--to", "mfy-001"), 'to = ["mfy-001"]', 'to = ["mfy-009"]')
        rewritten(made, "groups = []", 'groups = ["nobody"]')
        rewritten(made, 'acknowledge_by = ""', 'acknowledge_by = "2020-01-01"')
        rewritten(made, "relates = []", 'relates = ["out:99"]')
        answer = place.ministry.run("letter", "check", str(made))
        assert answer.code == ExitCode.FAILED
        for part in ("mfy-009 is not in the directory", "no complete group nobody", "has passed", "outgoing number 99"):
            assert part in answer.err

    def test_a_clerk_checks_for_those_who_will_sign(self, place: Offices) -> None:
        made = draft(place, "--to", "mfy-001")
        checked = place.ministry.done("letter", "check", str(made), "--as", "clerk", "--signatory", "deputy", "--json").data
        assert (checked["signed_by"], checked["recipients"]["action"]) == (["deputy"], ["mfy-001"])

    def test_a_letter_that_is_not_whole_is_not_used(self, place: Offices) -> None:
        file = place.folder / "letter-t-000000.ortoo-draft"
        file.write_bytes(b"PK\x03\x04 no zip at all")
        assert "was not used" in place.ministry.run("letter", "check", str(file)).err
        folder = place.folder / "empty"
        folder.mkdir()
        assert "letter.toml" in place.ministry.run("letter", "check", str(folder)).err
        assert place.ministry.run("letter", "check", place.file("a.txt")).code == ExitCode.USAGE


class TestSign:
    """`letter sign`."""

    def test_only_who_is_named_signs(self, place: Offices) -> None:
        made = str(draft(place, "--to", "mfy-001"))
        answer = place.ministry.run("letter", "sign", made, "--signatory", "accountant", "--yes")
        assert (answer.code, "not among the signatories" in answer.err) == (ExitCode.USAGE, True)
        nobody = place.ministry.run("letter", "sign", made, "--signatory", "deputy", "--signatory", "ghost", "--yes")
        assert "ghost cannot sign" in nobody.err
        place.ministry.done("letter", "sign", made, "--yes")
        other = place.accounts.run("letter", "sign", made, "--yes")
        assert (other.code, "accountant is not among the signatories" in other.err) == (ExitCode.USAGE, True)
        changed = place.ministry.run("letter", "sign", made, "--signatory", "accountant", "--signatory", "deputy", "--yes")
        assert (changed.code, "that is fixed" in changed.err) == (ExitCode.USAGE, True)

    def test_signing_twice_is_signing_once(self, place: Offices) -> None:
        made = str(draft(place, "--to", "mfy-001"))
        first = place.ministry.done("letter", "sign", made, "--yes", "--json").data
        content = Path(first["file"]).read_bytes()
        assert place.ministry.done("letter", "sign", made, "--yes", "--json").data == first
        assert Path(first["file"]).read_bytes() == content

    def test_a_signature_that_somebody_changed_is_found(self, place: Offices) -> None:
        made = str(draft(place, "--to", "mfy-001"))
        file = Path(place.ministry.done("letter", "sign", made, "--yes", "--json").data["file"])
        other = Path(place.ministry.done("letter", "sign", str(draft(place, "--to", "mfy-001")), "--yes", "--json").data["file"])
        put_signatures(file, read_travelling_draft(other).signatures)
        answer = place.ministry.run("letter", "send", made, "--yes", "--json")
        assert (answer.code, answer.data["error"]["code"]) == (ExitCode.VERIFICATION_FAILED, "SIGNATURE_INVALID")
        assert place.ministry.run("letter", "check", made).code == ExitCode.VERIFICATION_FAILED

    def test_what_is_changed_after_signing_does_not_count_and_that_is_said(self, place: Offices) -> None:
        made = draft(place, "--to", "mfy-001")
        place.ministry.done("letter", "sign", str(made), "--yes")
        rewritten(made, 'to = ["mfy-001"]', 'to = ["mfy-002"]')
        sent = place.ministry.done("letter", "send", str(made), "--yes", "--json")
        assert "later changes in its folder do not count" in sent.err
        assert [one.organisation for one in place.body(sent).addressees] == ["mfy-001"]

    def test_a_dry_run_signs_nothing(self, place: Offices) -> None:
        made = draft(place, "--to", "mfy-001")
        before = sorted(made.iterdir())
        assert place.ministry.done("letter", "sign", str(made), "--dry-run", "--json").data["dry_run"] is True
        assert sorted(made.iterdir()) == before


class TestSend:
    """`letter send`."""

    def test_what_will_be_signed_is_shown_in_every_language(self, place: Offices) -> None:
        words = ("letter", "send", place.file("letter.txt"), "--subject", "Reja", "--to", GROUP, "--copy", "mfy-001")
        for language in Language:
            words_now = (*words, "--acknowledge-by", "2090-01-01", "--dry-run", "--lang", language.value)
            shown = place.ministry.done(*words_now).out
            assert label("prompt.everybody_can_read", language) in shown
            for part in ("deputy", "ministry", "Reja", GROUP, "mfy-001, mfy-002", "2090-01-01 23:59:59 (+05)", "letter.txt"):
                assert part in shown

    def test_a_dry_run_leaves_nothing_behind(self, place: Offices) -> None:
        before = place.end()
        words = ("letter", "send", place.file("letter.txt"), "--subject", "Reja", "--to", "mfy-001", "--dry-run", "--json")
        shown = place.ministry.done(*words).data
        assert (shown["act"], shown["dry_run"], shown["count"]) == ("letter.dispatched", True, 1)
        assert shown["documents"][0]["name"] == "letter.txt"
        assert place.end() == before
        assert not (place.ministry.folder / "drafts").exists()
        assert not (place.ministry.folder / "documents").exists()

    def test_where_nobody_can_be_asked_nothing_is_signed(self, place: Offices) -> None:
        before = place.end()
        answer = place.ministry.run("letter", "send", place.file("letter.txt"), "--subject", "A", "--to", "mfy-001", "--json")
        assert (answer.code, answer.data["error"]["code"]) == (ExitCode.USAGE, "CONFIRMATION_NEEDED")
        assert (place.end(), place.ministry.done("queue", "list", "--json").data) == (before, {"waiting": []})

    def test_the_same_command_again_gives_the_first_receipt_and_says_so(self, place: Offices) -> None:
        first, again = send(place), send(place)
        assert (again.data, place.end()) == (first.data, first.data["position"] + 1)
        assert "--again" in again.err
        another = send(place, "--again")
        assert another.data["number"]["serial"] == 2
        assert send(place, subject="Boshqa").data["number"]["serial"] == 3

    def test_a_letter_that_not_everybody_may_read_is_not_sent(self, place: Offices) -> None:
        before = place.end()
        words = ("letter", "send", place.file("letter.txt"), "--subject", "A", "--to", "mfy-001", "--access", "restricted")
        answer = place.ministry.run(*words, "--yes", "--json")
        assert (answer.code, answer.data["error"]["reason"]) == (ExitCode.REJECTED, "NOT_IN_THESE_RULES")
        assert "everybody on this ledger could read it" in answer.err
        assert place.end() == before

    def test_a_term_in_the_past_is_refused_before_anybody_signs(self, place: Offices) -> None:
        words = ("letter", "send", place.file("letter.txt"), "--subject", "A", "--to", "mfy-001", "--yes", "--acknowledge-by")
        for term in ("2020-01-01", "yesterday"):
            answer = place.ministry.run(*words, term, "--json")
            assert (answer.code, answer.data["error"]["code"]) == (ExitCode.FAILED, "DRAFT")
        assert place.ministry.done("queue", "list", "--json").data == {"waiting": []}

    def test_who_may_not_sign_is_told_so(self, place: Offices) -> None:
        made = str(draft(place, "--to", "mfy-001"))
        answer = place.ministry.run("letter", "send", made, "--yes", "--as", "clerk")
        assert (answer.code, "not appointed as signatory" in answer.err) == (ExitCode.USAGE, True)

    def test_anybody_sends_what_is_signed(self, place: Offices) -> None:
        made = draft(place, "--to", "mfy-001")
        file = place.ministry.done("letter", "sign", str(made), "--yes", "--json").data["file"]
        stranger = home_of(place.exchange, "stranger")
        sent = stranger.done("letter", "send", file, "--yes", "--json").data
        assert sent["number"]["organisation"] == "ministry"
        assert place.ministry.done("letter", "send", str(made), "--yes", "--json").data["position"] == sent["position"]

    def test_a_command_that_died_before_its_signature_was_kept_is_finished_by_the_next(self, place: Offices) -> None:
        made = draft(place, "--to", "mfy-001")
        frozen = place.ministry.done("letter", "sign", str(made), "--yes", "--json").data
        put_signatures(Path(frozen["file"]), ())
        sent = place.ministry.done("letter", "send", str(made), "--yes", "--json").data
        assert (sent["outcome"], sent["identity"]) == ("accepted", frozen["identity"])

    def test_a_draft_that_two_commands_freeze_at_once_is_one_letter(self, place: Offices) -> None:
        made = draft(place, "--to", "mfy-001")
        station, signer = place.onlooker, place.exchange.signer("deputy")
        header = station.header(MINISTRY, (signer,))
        first, second = (prepare(load_draft(made), station, header=header, resolve=no_letter) for _ in range(2))
        assert keep_in(made, first).payload == keep_in(made, second).payload == first.payload
        assert len(list(made.glob("*.ortoo-draft"))) == 1

    def test_a_document_over_the_limit_is_refused_before_anybody_signs(self, place: Offices) -> None:
        words = ("letter", "send", place.file("letter.txt"), "--subject", "A", "--to", "mfy-001", "--yes", "--json")
        answer = place.ministry.run(*words, ORTOO_DOCUMENT_LIMIT_BYTES="10")
        assert (answer.code, answer.data["error"]["code"]) == (ExitCode.FAILED, "DOCUMENT_TOO_LARGE")
        assert place.ministry.done("queue", "list", "--json").data == {"waiting": []}

    def test_options_of_a_letter_go_with_files_and_not_with_a_draft(self, place: Offices) -> None:
        made = str(draft(place, "--to", "mfy-001"))
        assert place.ministry.run("letter", "send", made, "--subject", "B", "--yes").code == ExitCode.USAGE
        assert place.ministry.run("letter", "send", place.file("a.txt"), "--yes").code == ExitCode.USAGE

    @pytest.mark.usefixtures("impatient")
    def test_a_letter_that_the_ledger_rejected_is_set_aside_and_made_anew(self, place: Offices) -> None:
        made = draft(place, "--to", "mfy-001")
        with held_ledger(place.folder):
            assert place.ministry.run("letter", "send", str(made), "--yes", **QUICK).code == ExitCode.QUEUED
        close(place, "mfy-001", "mfy-002")
        late = place.ministry.run("queue", "send", "--json")
        assert (late.code, late.data["error"]["reason"]) == (ExitCode.REJECTED, "ADDRESSEE_CLOSED")
        file = next(made.glob("*.ortoo-draft"))
        assert place.accounts.run("letter", "send", str(file), "--yes").code == ExitCode.REJECTED
        told = place.ministry.run("letter", "send", str(made), "--yes", "--dry-run")
        assert "address its successor mfy-002" in told.err
        rewritten(made, 'to = ["mfy-001"]', 'to = ["mfy-002"]')
        sent = place.ministry.done("letter", "send", str(made), "--yes", "--json")
        assert "ADDRESSEE_CLOSED" in sent.err
        assert [one.organisation for one in place.body(sent).addressees] == ["mfy-002"]
        assert len(list(made.glob("*.rejected"))) == 1

    def test_closed_members_of_a_group_are_named(self, place: Offices) -> None:
        close(place, "mfy-001", "mfy-002")
        words = ("letter", "send", place.file("letter.txt"), "--subject", "A", "--to", GROUP, "--dry-run")
        shown = place.ministry.done(*words, "--json").data
        assert (shown["closed"], shown["recipients"]["action"]) == (["mfy-001"], ["mfy-002"])
        assert re.search(r"^  closed +mfy-001$", place.ministry.done(*words).out, re.MULTILINE)


class TestReply:
    """`letter reply`."""

    def test_a_reply_goes_to_the_sender_refers_to_the_letter_and_keeps_its_subject(self, place: Offices) -> None:
        letter = send(place).data
        words = ("letter", "reply", letter["mark"], place.file("answer.txt"), "--as", "chair-1")
        shown = place.first.done(*words, "--dry-run", "--json").data
        assert (shown["kind"], shown["subject"], shown["recipients"]["action"]) == ("reply", "Reja", ["ministry"])
        assert shown["references"]["answers"] == [letter["identity"]]
        place.first.done(*words, "--subject", "Boshqa", "--yes", "--json")

    def test_who_did_not_receive_a_letter_does_not_answer_it(self, place: Offices) -> None:
        letter = send(place).data
        answer = place.second.run(
            "letter", "reply", letter["mark"], place.file("answer.txt"), "--as", "chair-2", "--yes", "--json"
        )
        assert (answer.code, answer.data["error"]["reason"]) == (ExitCode.REJECTED, "ANSWER_UNFIT")


class TestReceipts:
    """`letter acknowledge | refuse`, and who comes too late."""

    def test_each_of_several_letters_is_told_on_its_own(self, place: Offices) -> None:
        letters = [send(place, subject=subject).data["identity"] for subject in ("A", "B", "C")]
        place.onlooker.parts.documents.remove(cover_of(place, letters[1]))
        place.first.done("letter", "acknowledge", letters[0], "--yes", "--as", "chair-1")
        answer = place.first.run("letter", "acknowledge", *letters, "--yes", "--json")
        assert answer.code == ExitCode.PARTLY_DONE
        results = answer.data["results"]
        assert [one["outcome"] for one in results] == ["refused_here", "refused_here", "accepted"]
        assert (results[0]["reason"], results[1]["error"]) == ("ALREADY_DECIDED", "DOCUMENT_MISSING")
        assert [one["letter"] for one in results] == letters
        assert "decided by chair-1 (mfy-001)" in place.first.run("letter", "acknowledge", letters[0], "--yes").err

    def test_a_letter_whose_document_is_missing_is_not_acknowledged(self, place: Offices) -> None:
        letter = send(place).data["identity"]
        place.onlooker.parts.documents.remove(cover_of(place, letter))
        answer = place.first.run("letter", "acknowledge", letter, "--yes", "--json")
        assert (answer.code, answer.data["error"]["code"]) == (ExitCode.COULD_NOT_VERIFY, "DOCUMENT_MISSING")

    def test_acknowledging_again_gives_the_first_receipt(self, place: Offices) -> None:
        letter = send(place).data["identity"]
        first = place.first.done("letter", "acknowledge", letter, "--yes", "--json")
        again = place.first.done("letter", "acknowledge", letter, "--yes", "--json")
        assert (again.data, "said before" in again.err) == (first.data, True)
        assert place.first.done("letter", "acknowledge", "--all", "--yes", "--json").data == {"results": []}

    def test_all_means_those_that_the_question_lists(self, place: Offices) -> None:
        letters = [send(place, subject=subject).data["identity"] for subject in ("A", "B")]
        shown = place.first.done("letter", "acknowledge", "--all", "--dry-run", "--json").data
        assert [one["letter"] for one in shown["letters"]] == letters
        done = place.first.done("letter", "acknowledge", "--all", "--yes", "--json").data
        assert [one["number"]["serial"] for one in done["results"]] == [1, 2]
        assert place.first.run("letter", "acknowledge", "--yes").code == ExitCode.USAGE
        assert place.first.run("letter", "acknowledge", "--all", letters[0], "--yes").code == ExitCode.USAGE

    def test_a_line_of_the_last_list_says_for_which_recipient(self, place: Offices) -> None:
        letter = LetterId(bytes.fromhex(send(place, to=GROUP).data["identity"]))
        home = home_of(place.exchange, "both", "chair-1", "chair-2")
        remember_list(home.folder, [Named(letter=letter, recipient=OrgId(f"mfy-00{i}")) for i in (1, 2)])
        done = home.done("letter", "acknowledge", "#2", "--yes", "--json", "--as", "chair-2").data
        assert done["recipient"] == "mfy-002"
        assert home.run("letter", "acknowledge", "#1", "--yes", "--as", "chair-2").code == ExitCode.USAGE

    def test_a_successor_acknowledges_for_whom_it_succeeds(self, place: Offices) -> None:
        letter = send(place, to=GROUP).data["identity"]
        close(place, "mfy-001", "mfy-002")
        done = place.second.done("letter", "acknowledge", letter, "--yes", "--json").data["results"]
        assert sorted((one["recipient"], one["number"]["organisation"]) for one in done) == [
            ("mfy-001", "mfy-002"),
            ("mfy-002", "mfy-002"),
        ]

    def test_who_did_not_receive_a_letter_does_not_acknowledge_it(self, place: Offices) -> None:
        letter = send(place).data["identity"]
        answer = place.second.run("letter", "acknowledge", letter, "--yes", "--json")
        assert (answer.code, answer.data["error"]["reason"]) == (ExitCode.REJECTED, "NOT_A_RECIPIENT")

    def test_a_refusal_says_why(self, place: Offices) -> None:
        first, second = (send(place, subject=subject).data["identity"] for subject in ("A", "B"))
        refuse = ("letter", "refuse", first, "--yes", "--json", "--reason")
        assert place.first.run(*refuse, "BORING").code == ExitCode.USAGE
        assert place.first.run(*refuse, "OTHER").data["error"]["reason"] == "TEXT_NEEDED"
        assert place.first.run(*refuse, "DUPLICATE").data["error"]["reason"] == "OTHER_LETTER_NEEDED"
        shown = place.first.done(*refuse, "DUPLICATE", "--duplicate-of", second, "--dry-run").data
        assert (shown["reason"], shown["duplicate_of"]) == ("DUPLICATE", second)
        done = place.first.done(*refuse, "OTHER", "--text", "Bizniki emas.").data
        assert (done["outcome"], done["number"]) == ("accepted", None)
        too_late = place.first.run("letter", "acknowledge", first, "--yes", "--json")
        assert too_late.data["error"]["reason"] == "ALREADY_DECIDED"

    @pytest.mark.usefixtures("impatient")
    def test_of_two_officers_who_decide_at_once_the_second_is_told_who_was_first(self, place: Offices) -> None:
        letter = send(place).data["identity"]
        other = home_of(place.exchange, "other", "chair-1")
        with held_ledger(place.folder):
            assert place.first.run("letter", "acknowledge", letter, "--yes", **QUICK).code == ExitCode.QUEUED
            refuse = ("letter", "refuse", letter, "--reason", "WRONG_ADDRESSEE", "--yes")
            assert other.run(*refuse, **QUICK).code == ExitCode.QUEUED
        place.first.done("queue", "send")
        loser = other.run("queue", "send", "--json")
        assert (loser.code, loser.data["error"]["reason"]) == (ExitCode.REJECTED, "ALREADY_DECIDED")
        assert "decided by secretary-1 (mfy-001)" in loser.err
        assert other.done("queue", "list", "--json").data == {"waiting": []}

    @pytest.mark.usefixtures("impatient")
    def test_a_receipt_that_comes_after_the_recall_is_told_so(self, place: Offices) -> None:
        letter = send(place).data["identity"]
        with held_ledger(place.folder):
            assert place.first.run("letter", "acknowledge", letter, "--yes", **QUICK).code == ExitCode.QUEUED
            recall = ("letter", "recall", letter, "--reason", "SENT_IN_ERROR", "--yes", "--json")
            first = place.ministry.run(*recall, **QUICK)
            again = place.ministry.run(*recall, **QUICK)
            assert (first.code, again.code) == (ExitCode.QUEUED, ExitCode.QUEUED)
            assert first.data["identity"] == again.data["identity"]
        assert place.ministry.done(*recall).data["identity"] == first.data["identity"]
        late = place.first.run("letter", "acknowledge", letter, "--yes", "--json")
        assert (late.code, late.data["error"]["reason"]) == (ExitCode.REJECTED, "ALREADY_RECALLED")
        assert "decided by deputy (ministry)" in late.err


class TestChanges:
    """`letter recall | accept-recall | decline-recall | supersede`."""

    def test_only_the_sender_recalls(self, place: Offices) -> None:
        letter = send(place).data["identity"]
        recall = ("letter", "recall", letter, "--reason", "OTHER", "--json")
        answer = place.first.run(*recall, "--yes", "--as", "chair-1")
        assert (answer.code, answer.data["error"]["reason"]) == (ExitCode.REJECTED, "NOT_THE_SENDER")
        assert place.ministry.done(*recall, "--dry-run").data["reason"] == "OTHER"

    def test_what_is_not_recalled_is_not_given_back(self, place: Offices) -> None:
        letter = send(place).data["identity"]
        for verb in ("accept-recall", "decline-recall"):
            answer = place.first.run("letter", verb, letter, "--yes", "--json")
            assert (answer.code, answer.data["error"]["reason"]) == (ExitCode.REJECTED, "NO_RECALL_PENDING")

    def test_only_a_letter_that_names_another_takes_its_place(self, place: Offices) -> None:
        first, second = (send(place, subject=subject).data["mark"] for subject in ("A", "B"))
        answer = place.ministry.run("letter", "supersede", first, "--by", second, "--yes", "--json")
        assert (answer.code, answer.data["error"]["reason"]) == (ExitCode.REJECTED, "NOT_REPLACED_BY_IT")
        third = send(place, "--replaces", first, subject="C").data["mark"]
        shown = place.ministry.done("letter", "supersede", first, "--by", third, "--dry-run", "--json").data
        assert shown["act"] == "letter.superseded"


@pytest.mark.usefixtures("impatient")
class TestQueue:
    """`queue list | send | drop`."""

    def test_what_waits_is_sent_in_order_and_told_one_by_one(self, place: Offices) -> None:
        letter = send(place).data["identity"]
        with held_ledger(place.folder):
            for subject in ("B", "C"):
                words = ("letter", "send", place.file("letter.txt"), "--subject", subject, "--to", "mfy-001", "--yes")
                assert place.ministry.run(*words, **QUICK).code == ExitCode.QUEUED
            place.ministry.run("letter", "recall", letter, "--reason", "OTHER", "--yes", **QUICK)
            still = place.ministry.run("queue", "send", "--json", **QUICK)
            assert (still.code, len(still.data["results"])) == (ExitCode.QUEUED, 3)
        waiting = place.ministry.done("queue", "list", "--json").data["waiting"]
        assert [one["letter"] for one in waiting] == [waiting[0]["identity"], waiting[1]["identity"], letter]
        listed = place.ministry.done("queue", "list")
        assert listed.out.splitlines()[0].startswith("TRAINING")
        sent = place.ministry.done("queue", "send", "--json").data["results"]
        assert [one["act"] for one in sent] == ["letter.dispatched", "letter.dispatched", "letter.recalled"]
        assert [one["position"] for one in sent] == sorted(one["position"] for one in sent)
        assert [one["number"]["serial"] for one in sent[:2]] == [2, 3]

    def test_a_queued_letter_is_found_by_its_mark_and_taken_out(self, place: Offices) -> None:
        words = ("letter", "send", place.file("letter.txt"), "--subject", "A", "--to", "mfy-001", "--yes", "--json")
        with held_ledger(place.folder):
            mark = place.ministry.run(*words, **QUICK).data["mark"]
        assert place.ministry.run("queue", "drop", mark).code == ExitCode.USAGE
        assert place.ministry.done("queue", "drop", mark, "--dry-run", "--json").data["dropped"]["mark"] == mark
        assert place.ministry.done("queue", "drop", mark.lower(), "--yes", "--json").data["dropped"]["mark"] == mark
        assert place.ministry.run("queue", "drop", mark, "--yes").code == ExitCode.FAILED
        assert place.ministry.done("queue", "list", "--json").data == {"waiting": []}


def close(place: Offices, organisation: str, successor: str) -> None:
    """Close an organisation, as the registrar does."""
    registrar = home_of(place.exchange, "registry", "registrar")
    registrar.done("org", "close", organisation, "--successor", successor, "--yes")


def cover_of(place: Offices, letter: str) -> Digest:
    """Return the cover of a letter: two letters may share their text, but never their cover."""
    place.onlooker.catch_up()
    return letter_body(place.onlooker, LetterId(bytes.fromhex(letter))).cover.sha256


def no_letter(text: str) -> LetterId:
    """Find no letter: the draft refers to none."""
    raise AssertionError(text)


def put_signatures(file: Path, signatures: Sequence[CollectedSignature]) -> None:
    """Put other signatures into a letter's file, or none."""
    letter = read_travelling_draft(file)
    head = travelling_drafts._head(letter.payload_type, letter.payload, signatures)
    with contextlib.ExitStack() as stack:
        opened = [(one.sha256, stack.enter_context(letter.open(one.sha256))) for one in letter.documents]
        documents = [(travelling_drafts._document_name(digest), reader) for digest, reader in opened]
        travelling_drafts._write(file, [*head, *documents], overwrite=True)
