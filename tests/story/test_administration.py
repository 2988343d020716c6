"""An exchange is set up and looked after by its commands alone: founded, joined, filled, its keys enrolled and stopped."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.founded_homes import FOUNDING, Desk, Founded, desk_of, found

ORGANISATIONS = "organisation,kind,name_uz,parent,regions\nmfy-002,committee,2-son,mfy-1,and\nmfy-1,committee,1-son,min,and\n"
OFFICERS = "organisation,officer,name_uz,post_uz,roles\nmfy-1,bobo,Bobo,Rais,signatory clerk\nmfy-002,lola,Lola,Kotiba,clerk\n"


@pytest.fixture
def exchange(tmp_path: Path) -> Founded:
    return found(tmp_path)


def state_of(desk: Desk, officer: str) -> list[str]:
    return [key["state"] for key in desk.done("key", "list", "--officer", officer)["keys"]]


class TestFounding:
    """`ledger create`: what exists afterwards, and what does not after a mistake."""

    def test_keys_of_roots_authority_and_registrar_lie_in_files_of_their_own(self, exchange: Founded) -> None:
        home = exchange.registrar.folder
        keys = [*(home / "roots").iterdir(), home / "authority" / "key.pem", home / "keys" / "registrar.pem"]
        assert len(keys) == 5
        assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}
        assert all(b"ENCRYPTED" in path.read_bytes() for path in keys)

    def test_founders_are_told_what_they_must_know(self, tmp_path: Path) -> None:
        place = f"sqlite:{tmp_path / 'other.sqlite'}"
        answer = desk_of(tmp_path, "other").run("ledger", "create", "Alashuv", "--at", place, *FOUNDING, "--yes")
        assert "Take these root key files offline now" in answer.err
        assert "every participant of this ledger can read every letter" in answer.err
        assert "TRAINING" in answer.out

    def test_a_dry_run_makes_nothing(self, tmp_path: Path) -> None:
        place = f"sqlite:{tmp_path / 'other.sqlite'}"
        desk_of(tmp_path, "other").done("ledger", "create", "Alashuv", "--at", place, *FOUNDING, "--dry-run")
        assert list(tmp_path.iterdir()) == []

    def test_what_is_missing_is_named_all_at_once(self, tmp_path: Path) -> None:
        answer = desk_of(tmp_path, "other").run("ledger", "create", "Alashuv", "--purpose", "pilot")
        assert answer.code == 2
        for option in ("--at", "--org", "--org-name", "--registrar", "--registrar-name", "--registrar-post", "--utc-offset"):
            assert option in answer.err

    def test_a_home_has_one_ledger(self, exchange: Founded) -> None:
        other = f"sqlite:{exchange.folder / 'other.sqlite'}"
        words = ("ledger", "create", "Other", "--at", other, *FOUNDING, "--yes")
        assert exchange.registrar.error(*words) == (1, "HOME")
        assert not (exchange.folder / "other.sqlite").exists()

    def test_a_place_that_is_taken_stays_as_it_is_and_leaves_no_key_behind(self, exchange: Founded) -> None:
        desk = desk_of(exchange.folder, "second")
        assert desk.error("ledger", "create", "Other", "--at", exchange.location, *FOUNDING, "--yes") == (1, "LEDGER_EXISTS")
        assert list(desk.folder.iterdir()) == []

    def test_nobody_founds_a_ledger_with_more_signers_than_roots(self, tmp_path: Path) -> None:
        place = f"sqlite:{tmp_path / 'other.sqlite'}"
        words = ("ledger", "create", "Other", "--at", place, *FOUNDING, "--roots", "2", "--threshold", "3", "--yes")
        assert desk_of(tmp_path, "other").error(*words) == (2, "USAGE")
        assert list(tmp_path.iterdir()) == []


class TestJoining:
    """`ledger join`: place and identity, and nothing else."""

    def test_another_home_joins_by_place_and_identity(self, exchange: Founded) -> None:
        desk = exchange.desk("committee", "--station", "st.committee")
        shown = desk.done("ledger", "show")
        assert (shown["ledger"], shown["name"], shown["purpose"]) == (exchange.identity, "Alashuv", "training")
        assert (len(shown["roots"]), shown["threshold"], len(shown["anchors"])) == (3, 2, 1)
        assert 'station = "st.committee"' in (desk.folder / "ortoo.toml").read_text()

    def test_a_wrong_identity_joins_nothing(self, exchange: Founded) -> None:
        desk = desk_of(exchange.folder, "committee")
        words = ("ledger", "join", exchange.location, "--identity", "ab" * 32)
        assert desk.error(*words) == (3, "FOREIGN_LEDGER")
        assert not (desk.folder / "ortoo.toml").exists()

    def test_a_place_without_ledger_joins_nothing(self, exchange: Founded) -> None:
        place = f"sqlite:{exchange.folder / 'none.sqlite'}"
        desk = desk_of(exchange.folder, "committee")
        assert desk.error("ledger", "join", place, "--identity", exchange.identity) == (6, "LEDGER_MISSING")
        assert not (exchange.folder / "none.sqlite").exists()

    def test_joining_again_changes_nothing_but_the_station(self, exchange: Founded) -> None:
        desk = exchange.desk("committee")
        exchange.desk("committee", "--station", "st.committee")
        assert desk.done("ledger", "show")["ledger"] == exchange.identity
        other = found(exchange.folder / "elsewhere")
        words = ("ledger", "join", other.location, "--identity", other.identity)
        assert desk.error(*words) == (1, "HOME")

    def test_both_homes_show_the_same_roots_of_both_logs(self, exchange: Founded) -> None:
        desk = exchange.desk("committee")
        exchange.officer(desk, "clerk", "min", "clerk")
        here, there = exchange.registrar.done("ledger", "show"), desk.done("ledger", "show")
        assert (here["record_root"], here["verdict_root"]) == (there["record_root"], there["verdict_root"])


class TestChecking:
    """`ledger check`: every danger by its setting."""

    def test_a_good_place_is_good(self, exchange: Founded) -> None:
        assert exchange.registrar.done("ledger", "check")["findings"] == []

    def test_a_place_that_could_lose_history_ends_with_3_and_names_setting_and_remedy(self, exchange: Founded) -> None:
        file = exchange.folder / "ledger.sqlite"
        file.chmod(0o444)
        answer = exchange.registrar.run("ledger", "check")
        assert answer.code == 3
        assert f"Remedy: chmod u+w '{file}'" in answer.out
        data = exchange.registrar.run("--json", "ledger", "check").data
        assert [(one["code"], one["severity"]) for one in data["findings"]] == [("READ_ONLY", "forbids")]

    def test_a_ledger_that_was_cut_is_found(self, exchange: Founded) -> None:
        exchange.registrar.done("org", "register", "mfy-1", "--kind", "committee", "--name", "uz=1-son", "--yes")
        with sqlite3.connect(exchange.folder / "ledger.sqlite") as connection:
            connection.execute("DROP TRIGGER ledger_slots_no_delete")
            connection.execute("DELETE FROM ledger_slots WHERE position = 1")
        connection.close()
        assert exchange.registrar.error("ledger", "check") == (3, "LEDGER_TRUNCATED")


class TestEnrolment:
    """`key create` and `key enrol` on two machines."""

    def test_a_key_made_on_one_machine_is_enrolled_on_another_by_six_words(self, exchange: Founded) -> None:
        desk = exchange.desk("committee")
        exchange.officer(desk, "clerk", "min", "clerk")
        (one,) = desk.done("identity", "list")["identities"]
        assert (one["officer"], one["acts"], one["keys"][0]["state"]) == ("clerk", True, "active")
        assert desk.done("group", "define", "all", "--where", "kind=ministry", "--yes")["outcome"] == "accepted"

    def test_other_words_enrol_nothing(self, exchange: Founded) -> None:
        desk = exchange.desk("committee")
        appoint = ("officer", "appoint", "clerk", "--org", "min", "--role", "clerk", "--name", "uz=C", "--post", "uz=D", "--yes")
        exchange.registrar.done(*appoint)
        made = desk.done("key", "create", "clerk")
        forged = desk_of(exchange.folder, "forger")
        forged.done("ledger", "join", exchange.location, "--identity", exchange.identity)
        other = forged.done("key", "create", "clerk")
        words = ("key", "enrol", other["request"], "--words", made["words"], "--yes")
        assert exchange.registrar.error(*words) == (3, "WORDS_DIFFER")
        assert exchange.registrar.done("key", "list", "--officer", "clerk")["keys"] == []

    def test_a_key_is_temporary_until_its_holder_was_seen(self, exchange: Founded) -> None:
        desk = exchange.desk("committee")
        appoint = ("officer", "appoint", "clerk", "--org", "min", "--role", "clerk", "--name", "uz=C", "--post", "uz=D", "--yes")
        exchange.registrar.done(*appoint)
        made = desk.done("key", "create", "clerk", "--algorithm", "ed25519")
        exchange.registrar.done("key", "enrol", made["request"], "--words", made["words"].upper().replace(" ", "-"), "--yes")
        (key,) = exchange.registrar.done("key", "list", "--officer", "clerk")["keys"]
        (certificate,) = key["certificates"]
        assert (key["algorithm"], certificate["assurance"]) == ("ed25519", "temporary")
        assert certificate["not_after"] - certificate["not_before"] == 90 * 24 * 3600 * 1000

    def test_a_certificate_is_renewed_by_another_request_for_the_same_key(self, exchange: Founded) -> None:
        desk = exchange.desk("committee")
        exchange.officer(desk, "clerk", "min", "clerk")
        for _ in range(2):
            made = desk.done("key", "create", "clerk", "--again")
            exchange.registrar.done("key", "enrol", made["request"], "--words", made["words"], "--yes")
        (key,) = exchange.registrar.done("key", "list", "--officer", "clerk")["keys"]
        assert len(key["certificates"]) == 3

    def test_a_station_is_enrolled_like_an_officer(self, exchange: Founded) -> None:
        desk = exchange.desk("committee", "--station", "st.min")
        exchange.officer(desk, "st.min", "min", "station")
        (one,) = exchange.registrar.done("officer", "list", "--role", "station")["appointments"]
        assert (one["officer"], one["roles"]) == ("st.min", ["station"])

    def test_only_the_roots_make_a_second_registrar_of_the_first_organisation(self, exchange: Founded) -> None:
        registrar, desk = exchange.registrar, exchange.desk("second")
        appoint = (
            "officer",
            "appoint",
            "second",
            "--org",
            "min",
            "--role",
            "registrar",
            "--name",
            "uz=S",
            "--post",
            "uz=R",
            "--yes",
        )
        assert registrar.error(*appoint) == (5, "ROOTS_NEEDED")
        assert registrar.error(*appoint, *registrar.roots[:2]) == (2, "USAGE")
        registrar.done(*appoint, *registrar.roots)
        made = desk.done("key", "create", "second")
        enrol = ("key", "enrol", made["request"], "--words", made["words"], "--assurance", "file", "--yes")
        assert registrar.error(*enrol) == (5, "ROOTS_NEEDED")
        registrar.done(*enrol, *registrar.roots)
        desk.done("identity", "use", "second")
        desk.done("org", "register", "mfy-1", "--kind", "committee", "--name", "uz=1-son", "--yes")


class TestStopping:
    """`key suspend`, `resume`, `revoke`, and who may."""

    def test_a_key_is_suspended_resumed_and_revoked(self, exchange: Founded) -> None:
        registrar, desk = exchange.registrar, exchange.desk("committee")
        exchange.officer(desk, "clerk", "min", "clerk")
        define = ("group", "define", "all", "--where", "kind=ministry", "--yes")
        registrar.done("key", "suspend", "clerk", "--reason", "LOST", "--yes")
        assert desk.error(*define) == (1, "KEYRING")
        registrar.done("key", "resume", "clerk", "--reason", "FOUND", "--yes")
        desk.done(*define)
        registrar.done("key", "revoke", "clerk", "--reason", "CEASED", "--yes")
        assert state_of(registrar, "clerk") == ["revoked"]
        assert registrar.error("key", "resume", "clerk", "--reason", "FOUND", "--yes") == (2, "USAGE")

    def test_an_officer_stops_his_own_key_and_gets_another(self, exchange: Founded) -> None:
        registrar, desk = exchange.registrar, exchange.desk("committee")
        exchange.officer(desk, "clerk", "min", "clerk")
        desk.done("key", "revoke", "clerk", "--reason", "REPLACED", "--yes")
        made = desk.done("key", "create", "clerk", "--another")
        registrar.done("key", "enrol", made["request"], "--words", made["words"], "--yes")
        assert state_of(desk, "clerk") == ["revoked", "active"]
        assert desk.error("key", "revoke", "clerk", "--reason", "COMPROMISED", "--since", "0", "--yes") == (5, "NOT_FOR_ONESELF")

    def test_a_compromise_contests_what_the_key_signed_from_then_on(self, exchange: Founded) -> None:
        registrar, desk = exchange.registrar, exchange.desk("committee")
        exchange.officer(desk, "clerk", "min", "clerk")
        position = desk.done("group", "define", "all", "--where", "kind=ministry", "--yes")["position"]
        revoke = ("key", "revoke", "clerk", "--reason", "COMPROMISED", "--yes")
        assert registrar.error(*revoke, "--since", str(position + 100)) == (5, "SINCE_WRONG")
        registrar.done(*revoke, "--since", str(position))
        (key,) = registrar.done("key", "list", "--officer", "clerk")["keys"]
        assert (key["state"], key["contested_from"]) == ("revoked", position)
        (before,) = registrar.done("key", "list", "--officer", "clerk", "--as-of", str(position))["keys"]
        assert (before["state"], before["contested_from"]) == ("active", None)

    def test_the_roots_stop_the_first_registrar(self, exchange: Founded) -> None:
        registrar = exchange.registrar
        words = ("key", "suspend", "registrar", "--reason", "LOST", "--yes")
        assert registrar.error(*words) == (5, "ROOTS_NEEDED")
        registrar.done(*words, *registrar.roots)
        register = ("org", "register", "mfy-1", "--kind", "committee", "--name", "uz=1-son", "--yes")
        assert registrar.error(*register) == (1, "KEYRING")
        registrar.done("key", "resume", "registrar", "--reason", "CLEARED", "--yes", *registrar.roots)
        registrar.done(*register)


class TestDirectory:
    """Organisations, officers, groups and registers."""

    def test_a_file_is_imported_once_and_changes_are_seen(self, exchange: Founded) -> None:
        registrar, file = exchange.registrar, exchange.folder / "orgs.csv"
        file.write_text(ORGANISATIONS, encoding="utf-8")
        assert registrar.done("org", "import", str(file), "--yes")["plan"] == {"add": 2, "change": 0, "same": 0}
        end = registrar.done("ledger", "show")["next_position"]
        assert registrar.done("org", "import", str(file), "--yes")["plan"] == {"add": 0, "change": 0, "same": 2}
        assert registrar.done("ledger", "show")["next_position"] == end
        file.write_text(ORGANISATIONS.replace("1-son", "Birinchi"), encoding="utf-8")
        assert registrar.done("org", "import", str(file), "--yes")["plan"] == {"add": 0, "change": 1, "same": 1}
        assert registrar.done("org", "show", "mfy-1")["names"] == {"uz": "Birinchi"}
        registrar.done("org", "import", str(file), "--yes")
        file.write_text(ORGANISATIONS, encoding="utf-8")
        assert registrar.done("org", "import", str(file), "--yes")["accepted"] == 1, "what was so before may be so again"
        assert registrar.done("org", "show", "mfy-1")["names"] == {"uz": "1-son"}

    def test_officers_are_imported_relieved_and_appointed_again(self, exchange: Founded) -> None:
        registrar = exchange.registrar
        for name, text in (("org", ORGANISATIONS), ("officer", OFFICERS)):
            file = exchange.folder / f"{name}.csv"
            file.write_text(text, encoding="utf-8")
            registrar.done(name, "import", str(file), "--yes")
            assert registrar.done(name, "import", str(file), "--yes")["plan"]["same"] == 2
        registrar.done("officer", "relieve", "bobo", "--org", "mfy-1", "--yes")
        assert [one["officer"] for one in registrar.done("officer", "list", "--org", "mfy-1")["appointments"]] == []
        assert registrar.done("officer", "import", str(exchange.folder / "officer.csv"), "--yes")["accepted"] == 1
        (bobo,) = registrar.done("officer", "list", "--org", "mfy-1")["appointments"]
        assert bobo["roles"] == ["clerk", "signatory"]

    def test_rows_that_the_ledger_would_reject_are_listed_and_nothing_is_signed(self, exchange: Founded) -> None:
        registrar, file = exchange.registrar, exchange.folder / "officers.csv"
        file.write_text(
            "organisation,officer,name_uz,post_uz,roles\nmin,clerk,C,D,clerk\nmin,second,S,R,registrar\n", encoding="utf-8"
        )
        answer = registrar.run("--json", "officer", "import", str(file), "--yes")
        assert answer.code == 1
        (problem,) = answer.data["error"]["problems"]
        assert problem.startswith("line 3: ROOTS_NEEDED")
        assert registrar.done("ledger", "show")["next_position"] == 1

    def test_an_organisation_is_changed_closed_and_stays_in_history(self, exchange: Founded) -> None:
        registrar = exchange.registrar
        for name in ("mfy-1", "mfy-2"):
            registrar.done("org", "register", name, "--kind", "committee", "--name", f"uz={name}", "--region", "and", "--yes")
        registrar.done("org", "change", "mfy-1", "--region", "nam", "--identifier", "stir=123", "--yes")
        shown = registrar.done("org", "show", "mfy-1")
        assert (shown["regions"], shown["identifiers"], shown["names"]) == (["nam"], {"stir": "123"}, {"uz": "mfy-1"})
        registrar.done("org", "close", "mfy-1", "--successor", "mfy-2", "--yes")
        assert registrar.error("org", "close", "mfy-1", "--yes") == (5, "ORGANISATION_ALREADY_CLOSED")
        listed = registrar.done("org", "list")["organisations"]
        assert [one["organisation"] for one in listed] == ["mfy-2", "min"]
        before = registrar.done("org", "list", "--region", "and", "--as-of", "2")["organisations"]
        assert [one["organisation"] for one in before] == ["mfy-1", "mfy-2"]

    def test_a_group_is_defined_by_file_or_by_what_its_members_are(self, exchange: Founded) -> None:
        registrar, desk = exchange.registrar, exchange.desk("clerk")
        file = exchange.folder / "orgs.csv"
        file.write_text(ORGANISATIONS, encoding="utf-8")
        registrar.done("org", "import", str(file), "--yes")
        exchange.officer(desk, "clerk", "min", "clerk")
        desk.done("group", "define", "pilot", "--where", "region=and,kind=committee", "--yes")
        assert desk.done("group", "show", "pilot")["members"] == ["mfy-002", "mfy-1"]
        members = exchange.folder / "members.txt"
        members.write_text("mfy-1\nmfy-002\n\n", encoding="utf-8")
        assert desk.done("group", "define", "pilot", "--members", str(members), "--yes")["results"] == []
        members.write_text("mfy-1\nnobody\nNo Id\n", encoding="utf-8")
        problems = desk.run("--json", "group", "define", "pilot", "--members", str(members), "--yes").data["error"]["problems"]
        assert [problem.partition(":")[0] for problem in problems] == ["line 2", "line 3"]
        members.write_text("mfy-1\n", encoding="utf-8")
        desk.done("group", "define", "pilot", "--members", str(members), "--yes")
        (listed,) = desk.done("group", "list", "--owner", "min")["groups"]
        assert (listed["version"], listed["members"]) == (2, 1)
        assert desk.done("group", "show", "pilot", "--version", "1")["members"] == ["mfy-002", "mfy-1"]

    def test_a_register_is_defined_by_its_clerk(self, exchange: Founded) -> None:
        desk = exchange.desk("clerk")
        exchange.officer(desk, "clerk", "min", "clerk")
        define = ("register", "define", "outgoing", "--format", "{serial}/{case}", "--first", "166", "--yes")
        assert desk.done(*define)["outcome"] == "accepted"
        assert desk.error("register", "define", "outgoing", "--format", "{number}", "--yes") == (5, "REGISTER_FORMAT_WRONG")
        assert desk.done("register", "show", "outgoing")["entries"] == []


@pytest.mark.parametrize(
    "words",
    [
        ("org", "register", "mfy-1", "--kind", "committee", "--name", "uz=1-son"),
        ("org", "change", "min", "--acknowledge-days", "3"),
        ("org", "close", "min"),
        ("officer", "appoint", "x", "--org", "min", "--role", "clerk", "--name", "uz=X", "--post", "uz=Y"),
        ("officer", "relieve", "registrar", "--org", "min", "--root", "registrar/roots/root-1.pem"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_nobody_signs_where_nobody_can_answer(exchange: Founded, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(exchange.folder)
    assert exchange.registrar.run(*words).code != 0
    assert exchange.registrar.done("ledger", "show")["next_position"] == 1


@pytest.mark.slow
def test_a_country_of_committees_is_imported_and_grouped(exchange: Founded) -> None:
    count = 2_100
    rows = "".join(f"c-{number:05};committee;{number}-son;min\n" for number in range(count))
    file, desk = exchange.folder / "orgs.csv", exchange.desk("clerk")
    file.write_text(f"organisation;kind;name_uz;parent\n{rows}", encoding="utf-8")
    imported = exchange.registrar.done("org", "import", str(file), "--yes")
    assert (imported["accepted"], imported["last_position"]) == (count, count)
    assert exchange.registrar.done("org", "import", str(file), "--yes")["plan"] == {"add": 0, "change": 0, "same": count}
    exchange.officer(desk, "clerk", "min", "clerk")
    defined = desk.done("group", "define", "all", "--where", "kind=committee", "--yes")
    assert [one["outcome"] for one in defined["results"]] == ["accepted"] * 2
    page = desk.done("group", "show", "all", "--limit", "2", "--after", "c-00003")
    assert (page["group"]["members"], page["members"], page["after"]) == (count, ["c-00004", "c-00005"], "c-00005")
