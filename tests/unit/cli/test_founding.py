"""Founding that fails half-way: what exists is said, nothing misleads, and what arrived can be finished."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.errors import KeyFileError, LedgerExistsError, LedgerMissingError
from adapters.key_encryption import Stretching
from adapters.ledger_locations import create_ledger, open_ledger
from cli.errors import FoundingStoppedError, HomeError, UsageError
from cli.founding import NOTE_FILE, FirstOfficer, FoundingPlan, absolute_location, found_ledger, store_settings
from cli.joining import join_ledger
from cli.ledger import parse_offset
from cli.passphrases import given_as_passphrase, new_passphrase
from cli.session import Session
from cli.settings import read_settings
from domain.errors import NotALedgerError
from domain.header import LocalName
from domain.ids import OfficerId, digest_from_hex
from tests.exchanges import entry_of
from tests.homes import Home

PASSPHRASE = given_as_passphrase(b"0123456789abcdef" * 2)
NAMES = (LocalName(language="uz", text="A. Karimov"),)


@pytest.fixture
def plan(tmp_path: Path) -> FoundingPlan:
    home = tmp_path / "home"
    return FoundingPlan(
        home=home,
        location=f"sqlite:{tmp_path / 'ledger.sqlite'}",
        name="Alashuv",
        purpose="training",
        utc_offset_minutes=300,
        organisation=entry_of("ministry", parent=None, kind="ministry"),
        registrar=FirstOfficer(officer=OfficerId("registrar"), names=NAMES, posts=NAMES),
        passphrase=PASSPHRASE,
        root_passphrases=(PASSPHRASE,) * 3,
        root_threshold=2,
        roots_folder=home / "roots",
    )


def test_what_would_be_no_ledger_is_never_begun(plan: FoundingPlan) -> None:
    unit = replace(plan, organisation=entry_of("ministry", parent=None, kind="unit"))
    with pytest.raises(NotALedgerError, match="first organisation"):
        found_ledger(unit)
    with pytest.raises(UsageError, match=r"ledger\.opened"):
        found_ledger(replace(plan, name="x" * 101))
    assert list(plan.home.parent.iterdir()) == []


def test_a_key_file_in_the_way_stops_before_anything_is_made(plan: FoundingPlan) -> None:
    plan.roots_folder.mkdir(parents=True)
    plan.root_files[1].write_text("somebody's key")
    with pytest.raises(HomeError, match=r"root-2\.pem is there already"):
        found_ledger(plan)
    assert sorted(path.name for path in plan.home.parent.rglob("*") if path.is_file()) == ["root-2.pem"]


def test_a_place_that_cannot_be_made_leaves_no_key_and_no_note(plan: FoundingPlan, tmp_path: Path) -> None:
    with pytest.raises(LedgerMissingError):
        found_ledger(replace(plan, location=f"sqlite:{tmp_path / 'none' / 'ledger.sqlite'}"))
    (tmp_path / "ledger.sqlite").write_bytes(b"")
    with pytest.raises(LedgerExistsError):
        found_ledger(plan)
    assert list(plan.home.iterdir()) == []


def test_keys_that_cannot_be_written_stop_it_and_the_note_says_what_exists(plan: FoundingPlan) -> None:
    (plan.home.parent / "stick").write_text("a file where a folder should be")
    unwritable = replace(plan, roots_folder=plan.home.parent / "stick" / "roots")
    with pytest.raises(FoundingStoppedError) as stopped:
        found_ledger(unwritable)
    note = (plan.home / NOTE_FILE).read_text()
    assert note in str(stopped.value)
    assert all(str(path) in note for path in unwritable.files)
    with pytest.raises(HomeError, match="half made"):
        found_ledger(plan)


def test_a_founding_that_was_killed_after_its_record_arrived_is_finished_by_joining(
    plan: FoundingPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.founding.write_settings", killed)
    with pytest.raises(KeyboardInterrupt):
        found_ledger(plan)
    note = (plan.home / NOTE_FILE).read_text()
    location, identity = note.partition("ortoo ledger join ")[2].split(" --identity ")
    joined = join_ledger(plan.home, location, digest_from_hex(identity.split()[0]))
    assert joined.exchange.name == "Alashuv"
    assert not (plan.home / NOTE_FILE).exists()


def test_a_founding_that_was_killed_before_its_record_is_no_ledger(plan: FoundingPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.founding._fill", killed)
    with pytest.raises(KeyboardInterrupt):
        found_ledger(plan)
    identity = (plan.home / NOTE_FILE).read_text().split("identity  ")[1][:64]
    with pytest.raises(LedgerMissingError, match="is empty"):
        join_ledger(plan.home, plan.location, digest_from_hex(identity))


def test_whoever_writes_into_the_new_place_first_founds_nothing(plan: FoundingPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    def made_and_written(location: str, **given: Any) -> None:
        create_ledger(location, **given)
        with contextlib.closing(open_ledger(location)) as ledger:
            ledger.append(b"somebody else's")

    monkeypatch.setattr("cli.founding.create_ledger", made_and_written)
    with pytest.raises(FoundingStoppedError, match="somebody else wrote"):
        found_ledger(plan)
    assert not (plan.home / "ortoo.toml").exists()


def test_a_place_with_another_first_record_is_found_out(plan: FoundingPlan) -> None:
    founded = found_ledger(plan)
    with sqlite3.connect(plan.home.parent / "ledger.sqlite") as connection:
        connection.execute("DROP TRIGGER ledger_slots_no_update")
        connection.execute("UPDATE ledger_slots SET record = x'00'")
    connection.close()
    with pytest.raises(NotALedgerError):
        join_ledger(plan.home.parent / "other", founded.location, founded.identity)


@pytest.mark.parametrize(
    ("given", "stretching"),
    [
        (b"0123456789abcdef" * 2, Stretching.MACHINE),
        (b"0123456789ABCDEF" * 4, Stretching.MACHINE),
        (b"0123456789abcdef" * 2 + b" ", Stretching.PERSON),
        (b"0123456789abcdef", Stretching.PERSON),
        (b"a long sentence that a person made up himself", Stretching.PERSON),
    ],
)
def test_only_what_a_machine_drew_is_not_stretched(given: bytes, stretching: Stretching) -> None:
    assert given_as_passphrase(given).stretching is stretching


@pytest.mark.parametrize(
    ("text", "minutes"), [("+05:00", 300), ("+08", 480), ("-03:30", -210), ("+0530", 330), ("+14:00", 840), ("+00:00", 0)]
)
def test_offsets_are_read(text: str, minutes: int) -> None:
    assert parse_offset(text) == minutes


@pytest.mark.parametrize("text", ["05:00", "+5:0", "+15:00", "+14:01", "Z", "Asia/Tashkent", "", "+05:60"])
def test_what_is_no_offset_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"\+05:00"):
        parse_offset(text)


def test_a_location_names_the_same_file_from_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute_location("sqlite:ledger.sqlite") == f"sqlite:{tmp_path / 'ledger.sqlite'}"
    assert absolute_location("kafka://a:1/t") == "kafka://a:1/t"


@pytest.mark.parametrize("given", ["", "short"])
def test_a_passphrase_that_is_too_short_is_told_before_anything_is_made(given: str, tmp_path: Path) -> None:
    session = Session({"ORTOO_HOME": str(tmp_path / "home"), "ORTOO_PASSPHRASE": given})
    with pytest.raises(UsageError, match="shorter than 8"):
        new_passphrase(session, "registrar")


def test_without_terminal_a_passphrase_must_be_given(tmp_path: Path) -> None:
    session = Session({"ORTOO_HOME": str(tmp_path / "home")})
    with pytest.raises(KeyFileError, match="ORTOO_PASSPHRASE"):
        new_passphrase(session, "registrar")
    (tmp_path / "secret").write_text("correct horse battery\nsecond line\n")
    file = Session({"ORTOO_HOME": str(tmp_path / "home"), "ORTOO_PASSPHRASE_FILE": str(tmp_path / "secret")})
    assert new_passphrase(file, "registrar").secret == b"correct horse battery"


def test_the_database_that_a_home_was_given_stands_in_its_settings_unless_it_holds_a_password(
    plan: FoundingPlan, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"
    founded = found_ledger(replace(plan, store_url=url))
    assert read_settings(plan.home, {}).store_url == url
    home = Home(folder=tmp_path / "other")
    joining = ("ledger", "join", plan.location, "--identity", founded.identity.hex())
    secret = "postgresql://ortoo:Tr0ub4dor@127.0.0.1:1/none"
    refused = home.run(*joining, "--store-url", secret)
    assert (refused.code, "Tr0ub4dor" in refused.err) == (2, False)
    assert home.run(*joining, ORTOO_STORE_URL=secret).code == 6
    assert not (home.folder / "ortoo.toml").exists()
    home.done(*joining, "--store-url", url.replace("elsewhere", "other"))
    home.done(*joining)
    assert read_settings(home.folder, {}).store_url == url.replace("elsewhere", "other")
    assert not (home.folder / "store.sqlite").exists()
    assert store_settings(secret) == {}
