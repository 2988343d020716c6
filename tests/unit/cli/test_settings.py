"""Settings: read once, overridden by variables, written whole."""

from __future__ import annotations

import os
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from cli.errors import HomeError, SettingsError
from cli.languages import Language
from cli.settings import SETTINGS_LIMIT_BYTES, Settings, declared_settings, home_of, read_settings, write_settings


def write(home: Path, text: str) -> None:
    (home / "ortoo.toml").write_text(text, encoding="utf-8")


def test_a_home_that_is_not_there_has_the_defaults(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "none", {}) == Settings()


def test_a_variable_overrides_the_file(tmp_path: Path) -> None:
    write(tmp_path, 'lang = "uz-cyrl"\ncatch_up_s = 5\nofficer = "a.b"\n')
    found = read_settings(tmp_path, {"ORTOO_LANG": "mn", "ORTOO_DOCUMENT_LIMIT_BYTES": "1000", "PATH": "/bin"})
    assert (found.lang, found.catch_up_s, found.officer, found.document_limit_bytes) == (Language.MONGOLIAN, 5.0, "a.b", 1000)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('colour = "red"', "colour"),
        ('lang = "de"', "lang"),
        ("lang = 1", "lang"),
        ("document_limit_bytes = 1.5", "document_limit_bytes"),
        ("document_limit_bytes = -1", "document_limit_bytes"),
        ("document_limit_bytes = true", "document_limit_bytes"),
        ("catch_up_s = nan", "catch_up_s"),
        ('catch_up_s = "soon"', "catch_up_s"),
        ('officer = ""', "officer"),
        ("officer = [1]", "officer"),
        ("[station]\nid = 1", "station"),
    ],
)
def test_what_is_no_setting_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    write(tmp_path, text)
    with pytest.raises(SettingsError, match=named):
        read_settings(tmp_path, {})


def test_every_wrong_setting_is_named_at_once(tmp_path: Path) -> None:
    write(tmp_path, 'colour = "red"\nlang = "de"\n')
    with pytest.raises(SettingsError, match=r"(?s)colour.*lang.*ORTOO_CATCHUP_S"):
        read_settings(tmp_path, {"ORTOO_CATCHUP_S": "1"})


@pytest.mark.parametrize("name", ["ORTOO_HOME", "ORTOO_DEBUG", "ORTOO_PASSPHRASE", "ORTOO_TEST_KAFKA"])
def test_variables_that_are_no_settings_are_left_alone(tmp_path: Path, name: str) -> None:
    assert read_settings(tmp_path, {name: "x"}) == Settings()


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "lang = uz\n")
    with pytest.raises(SettingsError, match="not TOML"):
        read_settings(tmp_path, {})


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ortoo.toml").write_bytes(b'officer = "\xff"\n')
    with pytest.raises(SettingsError, match="not TOML"):
        read_settings(tmp_path, {})


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "#" * (SETTINGS_LIMIT_BYTES + 1))
    with pytest.raises(SettingsError, match="larger"):
        read_settings(tmp_path, {})


def test_writing_keeps_comments_and_other_settings(tmp_path: Path) -> None:
    write(tmp_path, '# mine\nlang = "uz"\n\nofficer = "old"  # who\n')
    write_settings(tmp_path, {"officer": "new", "submit_wait_s": 3.5})
    text = (tmp_path / "ortoo.toml").read_text(encoding="utf-8")
    assert text == '# mine\nlang = "uz"\n\nofficer = "new"\nsubmit_wait_s = 3.5\n'


def test_none_takes_a_setting_out(tmp_path: Path) -> None:
    write(tmp_path, 'lang = "uz"\nofficer = "old"\n')
    write_settings(tmp_path, {"officer": None})
    assert read_settings(tmp_path, {}) == Settings(lang=Language.UZBEK_LATIN)


@pytest.mark.parametrize("value", ['quote " and \\ back', "newline\nhere", "ў 🐎", "\x7f\x01"])
def test_any_text_is_read_back_as_written(tmp_path: Path, value: str) -> None:
    write_settings(tmp_path, {"station": value})
    assert read_settings(tmp_path, {}).station == value


def test_a_file_with_long_strings_is_written_anew_and_still_right(tmp_path: Path) -> None:
    write(tmp_path, 'station = """\nofficer = "x"\n"""\nofficer = "old"\n')
    write_settings(tmp_path, {"officer": "new"})
    parsed = tomllib.loads((tmp_path / "ortoo.toml").read_text(encoding="utf-8"))
    assert parsed == {"station": 'officer = "x"\n', "officer": "new"}


def test_writing_what_is_no_setting_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="colour"):
        write_settings(tmp_path, {"colour": "red"})
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("x")
    with pytest.raises(HomeError, match="home"):
        write_settings(tmp_path / "home", {"officer": "a"})


def test_only_the_owner_reads_the_file(tmp_path: Path) -> None:
    write_settings(tmp_path / "new", {"officer": "a"})
    assert (tmp_path / "new" / "ortoo.toml").stat().st_mode & 0o077 == 0
    assert os.listdir(tmp_path / "new") == ["ortoo.toml"]  # noqa: PTH208 - hidden files too


def test_every_setting_says_what_it_means() -> None:
    assert [one.name for one in declared_settings()] == [one.name for one in fields(Settings)]
    assert all(one.meaning and one.type for one in declared_settings())
    assert declared_settings()[0].variable == "ORTOO_LOCATION"


def test_the_home_is_the_option_then_the_variable_then_the_users_own(tmp_path: Path) -> None:
    assert home_of(str(tmp_path), {"ORTOO_HOME": "/elsewhere"}) == tmp_path
    assert home_of(None, {"ORTOO_HOME": "/elsewhere"}) == Path("/elsewhere")
    assert home_of(None, {}) == Path.home() / ".ortoo"
