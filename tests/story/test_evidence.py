"""Evidence from the command line: the trust file is made and signed, bundles are exported and verified by others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from adapters.trust_seen import SEEN_FILE
from cli.languages import Language
from tests.checkpoint_keys import SeededWitness
from tests.founded_homes import DRAWN, Desk, Founded, desk_of, found
from tests.homes import Answer

COMMITTEE: Final = "mfy-001"


@dataclass(frozen=True, kw_only=True, slots=True)
class Offices:
    """A ministry that has written to a committee, the committee that acknowledged, and somebody who only has files."""

    founded: Founded
    deputy: Desk
    committee: Desk
    auditor: Desk

    @property
    def ministry(self) -> Desk:
        """Where the registrar works, and the operator's key lies."""
        return self.founded.registrar

    @property
    def folder(self) -> Path:
        """Where everything lies."""
        return self.founded.folder

    def file(self, name: str) -> str:
        return str(self.folder / name)

    def signed_trust(self, name: str, *options: str) -> str:
        """Write a trust file and let two roots sign it, one after the other; return its path."""
        path = self.file(name)
        self.ministry.done("trust", "export", "-o", path, *options)
        for number in (1, 2):
            self.ministry.done("trust", "sign", path, "--root", self.root(number), "--yes")
        return path

    def root(self, number: int) -> str:
        """Return the path of a root's key."""
        return str(self.ministry.folder / "roots" / f"root-{number}.pem")

    def export(self, name: str, *words: str) -> str:
        """Export a bundle at the deputy's; return its path."""
        self.deputy.done("evidence", "export", *words, "-o", self.file(name))
        return self.file(name)

    def verify(self, bundle: str, trust: str, *words: str) -> Answer:
        """Verify a bundle as somebody who only has files, for a program."""
        return self.auditor.run("--json", "verify", bundle, "--trust", trust, *words)


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Offices:
    founded = found(tmp_path_factory.mktemp("evidence"))
    registrar = founded.registrar
    registrar.done("org", "register", COMMITTEE, "--kind", "committee", "--name", "en=Mahalla 1", "--yes")
    committee, deputy = founded.desk("committee"), founded.desk("deputy")
    founded.officer(committee, "secretary", COMMITTEE, "clerk")
    founded.officer(deputy, "deputy", "min", "signatory", "clerk")
    (founded.folder / "letter.txt").write_text("Dear colleagues\n", "utf-8")
    text = str(founded.folder / "letter.txt")
    for subject in ("First", "Second"):
        deputy.done("letter", "send", text, "--subject", subject, "--to", COMMITTEE, "--yes")
    oldest = committee.done("inbox")["lines"][-1]["letter"]
    committee.done("letter", "acknowledge", oldest, "--yes")
    registrar.done("checkpoint", "sign")
    return Offices(founded=founded, deputy=deputy, committee=committee, auditor=desk_of(founded.folder, "auditor"))


@pytest.fixture(scope="module")
def trust(offices: Offices) -> str:
    return offices.signed_trust("trust.json")


@pytest.fixture(scope="module")
def bundle(offices: Offices) -> str:
    return offices.export("first.ortoo.zip", "out:1", "--recipient", COMMITTEE)


def test_a_trust_file_is_signed_by_one_root_after_the_other(offices: Offices) -> None:
    path = offices.file("slow.json")
    made = offices.ministry.done("trust", "export", "-o", path)
    assert (made["version"], made["threshold"], made["signed_by"], len(made["roots"])) == (1, 2, [], 3)
    assert made["ledger"] == offices.founded.identity
    assert len(made["checkpoint_keys"]) == len(made["anchors"]) == 1
    unsigned = offices.auditor.run("--json", "trust", "show", path)
    assert (unsigned.code, "TRUST_UNSIGNED" in unsigned.err + unsigned.out) == (4, True)
    root = offices.root(3)
    # The machine of a root has no home, only the key and the file.
    alone = desk_of(offices.folder, "offline")
    assert alone.done("trust", "sign", path, "--root", root, "--yes")["missing"] == 1
    assert offices.verify("nothing", path).code == 4
    other = offices.root(1)
    assert alone.done("trust", "sign", path, "--root", other, "--yes")["missing"] == 0
    assert len(offices.auditor.done("trust", "show", path)["signed_by"]) == 2


def test_nobody_signs_a_trust_file_unasked(offices: Offices) -> None:
    path = offices.file("unasked.json")
    offices.ministry.done("trust", "export", "-o", path)
    root = offices.root(1)
    assert offices.ministry.error("trust", "sign", path, "--root", root) == (2, "CONFIRMATION_NEEDED")
    assert offices.ministry.error("trust", "export", "-o", path)[0] == 1
    officer = str(offices.deputy.folder / "keys" / "deputy.pem")
    assert offices.ministry.error("trust", "sign", path, "--root", officer, "--yes") == (3, "TRUST_FILE")


def test_an_older_trust_file_than_last_seen_is_refused(offices: Offices, trust: str, bundle: str) -> None:
    auditor = desk_of(offices.folder, "another-auditor")
    newer = offices.signed_trust("newer.json", "--after", trust, "--valid-days", "10")
    assert offices.auditor.done("trust", "show", newer)["version"] == 2
    assert auditor.done("verify", bundle, "--trust", newer)["trust_version"] == 2
    assert (auditor.folder / SEEN_FILE).exists()
    assert auditor.error("verify", bundle, "--trust", trust) == (3, "TRUST_ROLLED_BACK")
    assert auditor.error("verify", bundle, "--trust", newer, "--state", "/proc/nobody-writes-here") == (4, "TRUST_SEEN")
    # Another memory does not know.
    assert auditor.done("verify", bundle, "--trust", trust, "--state", offices.file("state"))["trust_version"] == 1


def test_a_trust_file_asks_for_witnesses_by_choice(offices: Offices, bundle: str) -> None:
    witness = SeededWitness(7).key.encoded()
    asked = offices.signed_trust("witnessed.json", "--witness", witness)
    shown = offices.auditor.done("trust", "show", asked)
    assert (shown["quorum"], shown["witnesses"]) == (1, [witness])
    # A root compares keys before he signs: whoever prepared the file could put his own key under a witness's name.
    assert witness in offices.auditor.run("trust", "show", asked).out
    answer = offices.auditor.run("--json", "verify", bundle, "--trust", asked, "--state", offices.file("other-state"))
    assert (answer.code, answer.data["verdict"]) == (4, "unverifiable")
    assert "0 of 1 witnesses" in answer.data["detail"]
    assert offices.ministry.error("trust", "export", "-o", offices.file("no.json"), "--witness", "nonsense")[0] == 3
    assert offices.ministry.error("trust", "export", "-o", offices.file("no.json"), "--quorum", "1") == (2, "USAGE")
    twice = offices.ministry.error("trust", "export", "-o", offices.file("no.json"), "--witness", witness, "--witness", witness)
    assert twice == (2, "USAGE")
    assert not Path(offices.file("no.json")).exists()


def test_a_letter_leaves_as_a_bundle_and_is_verified_elsewhere(offices: Offices, trust: str, bundle: str) -> None:
    report = offices.auditor.done("verify", bundle, "--trust", trust)
    assert (report["verdict"], report["ledger"], report["name"]) == ("valid", offices.founded.identity, "Alashuv")
    assert [one["type"] for one in report["events"]] == ["letter.dispatched", "receipt.acknowledged"]
    assert report["events"][0]["subject"] == "First"
    assert report["not_checked"] == ["revoked", "superseded", "contested"]
    assert report["checkpoint"]["witnessed_at_s"] is None


def test_the_proof_of_deposit_is_a_bundle_of_one_event(offices: Offices, trust: str) -> None:
    alone = offices.export("deposit.ortoo.zip", "out:2")
    (event,) = offices.auditor.done("verify", alone, "--trust", trust)["events"]
    by_identity = offices.export("by-identity.ortoo.zip", event["identity"])
    by_position = offices.export("by-position.ortoo.zip", f"at:{event['position']}")
    assert Path(by_identity).read_bytes() == Path(by_position).read_bytes() == Path(alone).read_bytes()
    receipt = offices.committee.done("evidence", "export", "at:8", "-o", offices.file("receipt.ortoo.zip"))
    assert receipt["positions"] == [8]
    assert offices.auditor.done("verify", receipt["file"], "--trust", trust)["verdict"] == "valid"


def test_everybodys_timeline_and_one_recipients_are_asked_for_apart(offices: Offices, trust: str) -> None:
    everybody = offices.export("everybody.ortoo.zip", "out:1", "--all")
    assert len(offices.auditor.done("verify", everybody, "--trust", trust)["events"]) == 2
    words = ("evidence", "export", "out:1", "-o", offices.file("no.ortoo.zip"))
    assert offices.deputy.error(*words, "--all", "--recipient", COMMITTEE) == (2, "USAGE")
    assert offices.deputy.error(*words, "--recipient", "min") == (2, "USAGE")
    assert offices.deputy.error("evidence", "export", "at:99", "-o", offices.file("no.ortoo.zip")) == (1, "EVIDENCE")
    assert offices.deputy.error("evidence", "export", "ab" * 32, "-o", offices.file("no.ortoo.zip")) == (1, "EVIDENCE")
    assert offices.deputy.error("evidence", "export", "at:8", "-o", everybody) == (2, "USAGE")
    assert not Path(offices.file("no.ortoo.zip")).exists()


def test_a_ledger_at_hand_tells_what_happened_since(offices: Offices, trust: str, bundle: str) -> None:
    replayed = offices.verify(bundle, trust, "--ledger", offices.founded.location)
    assert (replayed.code, replayed.data["not_checked"], replayed.data["compared_to"]) == (0, [], 9)
    # A home that follows the bundle's ledger is asked without being told.
    own = offices.committee.done("verify", bundle, "--trust", trust)
    assert (own["verdict"], own["compared_to"]) == ("valid", 9)
    elsewhere = found(offices.folder / "elsewhere")
    assert offices.verify(bundle, trust, "--ledger", elsewhere.location).code == 3


def test_a_held_checkpoint_is_held_against_the_bundle(offices: Offices, trust: str, bundle: str) -> None:
    held = offices.file("held.checkpoint")
    offices.committee.done("checkpoint", "export", "-o", held)
    assert offices.verify(bundle, trust, "--checkpoint", held).data["verdict"] == "valid"
    later = offices.export("later.ortoo.zip", "out:1", "--checkpoint", held)
    assert offices.verify(later, trust, "--checkpoint", held).code == 0
    other = offices.verify(bundle, trust, "--checkpoint", trust)
    assert (other.code, f"{trust} is no checkpoint that was exported" in other.err) == (3, True)
    assert offices.verify(bundle, trust, "--checkpoint", offices.file("no-such")).code == 2


def test_a_changed_bundle_ends_with_three_and_a_missing_one_with_two(offices: Offices, trust: str, bundle: str) -> None:
    raw = bytearray(Path(bundle).read_bytes())
    raw[4_000] ^= 1
    changed = Path(offices.file("changed.ortoo.zip"))
    changed.write_bytes(raw)
    answer = offices.verify(str(changed), trust)
    assert (answer.code, answer.data["verdict"]) == (3, "invalid")
    assert answer.data["findings"][0]["step"] == 2
    assert offices.verify(offices.file("no-such.zip"), trust).code == 2
    assert offices.verify(bundle, trust, "--max-age", "soon").code == 2
    stale = offices.verify(bundle, trust, "--max-age", "7d")
    assert (stale.code, stale.data["verdict"]) == (4, "unverifiable")


def test_the_verdict_of_an_event_is_never_cut_short(offices: Offices, trust: str, bundle: str) -> None:
    words = ("verify", bundle, "--trust", trust, "--lang", "ru")
    table = offices.auditor.run(*words, COLUMNS="80").out.partition("Позиция  ")[2].partition("\n\n")[0].splitlines()[1:]
    assert table
    assert all(row.endswith("  действительно") for row in table)


@pytest.mark.parametrize("language", list(Language))
def test_people_read_the_verdict_in_their_language(offices: Offices, trust: str, bundle: str, language: Language) -> None:
    words = ("verify", bundle, "--trust", trust, "--max-age", "7d", "--lang", language.value)
    answer = offices.auditor.run(*words, ORTOO_PASSPHRASE=DRAWN)
    assert answer.code == 4, answer.err
    told = {
        Language.ENGLISH: "unverifiable (",
        Language.UZBEK_LATIN: "tekshirib bo‘lmaydi (",
        Language.UZBEK_CYRILLIC: "текшириб бўлмайди (",
        Language.MONGOLIAN: "шалгах боломжгүй (",
        Language.RUSSIAN: "проверить невозможно (",
    }
    assert told[language] in answer.out
    shown = offices.auditor.run("trust", "show", trust, "--lang", language.value)
    assert offices.founded.identity in shown.out


def test_a_letter_from_outside_is_proven_as_what_its_clerk_entered(offices: Offices, trust: str) -> None:
    about = {"from": "Farrux Karimov", "their-number": "b/n", "their-date": "2026-01-05", "arrived": "2026-01-06"}
    words = [word for name, value in about.items() for word in (f"--{name}", value)]
    more = ("--channel", "post", "--original", "Shelf 1", "--subject", "A complaint", "--yes")
    entered = offices.deputy.done("letter", "receive", offices.file("letter.txt"), *words, *more)
    number = f"in:{entered['number']['serial']}"
    offices.deputy.done("letter", "close", number, "--how", "noted", "--yes")
    offices.ministry.done("checkpoint", "sign")
    bundle = offices.export("outside.ortoo.zip", number, "--all")
    report = offices.verify(bundle, trust)
    assert (report.code, report.data["verdict"]) == (0, "valid"), report.out
    told = [(one["type"], one["marks"], one["officer"]) for one in report.data["events"]]
    assert told == [
        ("letter.received_outside", ["signature_outside"], "deputy"),
        ("consignment.closed", [], "deputy"),
    ]
    read = offices.auditor.run("verify", bundle, "--trust", trust).out
    assert "the sender's signature is not in the system  signed by whoever entered it: deputy (min)" in read
    assert "A complaint" in read
    refused = offices.deputy.run("evidence", "export", number, "--recipient", COMMITTEE, "-o", offices.file("none.zip"))
    assert (refused.code, "min entered it" in refused.err) == (2, True)
