"""Every error of every layer means something to the caller."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import adapters
import cli
import domain
import projections
import schemas
from cli.errors import ExitCode, all_meanings, outcome_of, redacted

ROOTS = {"DomainError", "SchemaError", "AdapterError", "ProjectionError", "CliError"}


def all_errors() -> set[type[BaseException]]:
    found: set[type[BaseException]] = set()
    for package in (domain, schemas, adapters, projections, cli):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(info.name)
            for _, value in inspect.getmembers(module, inspect.isclass):
                if issubclass(value, Exception) and value.__module__ == info.name and not value.__name__.startswith("_"):
                    found.add(value)
    return found


ERRORS = sorted(all_errors(), key=lambda one: one.__name__)


@pytest.mark.parametrize("error", ERRORS, ids=lambda one: one.__name__)
def test_every_error_of_the_project_has_a_meaning(error: type[BaseException]) -> None:
    assert any(base.__name__ in ROOTS for base in error.__mro__)
    meaning = outcome_of(error.__new__(error))
    assert meaning.code != "UNEXPECTED"
    assert meaning.exit_code is not ExitCode.DONE


def test_codes_are_never_shared_by_two_meanings() -> None:
    codes = [meaning.code for meaning in all_meanings()]
    assert sorted(codes) == sorted(set(codes))


def test_a_wrong_history_and_an_unreachable_ledger_are_never_the_same_answer() -> None:
    by_name = {error.__name__: outcome_of(error.__new__(error)).exit_code for error in ERRORS}
    assert by_name["LedgerReplacedError"] is ExitCode.VERIFICATION_FAILED
    assert by_name["LedgerUnreachableError"] is ExitCode.UNREACHABLE
    assert by_name["UpgradeNeededError"] is ExitCode.COULD_NOT_VERIFY
    assert by_name["RejectedError"] is ExitCode.REJECTED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kafka://u:p@host:9092/t", "kafka://u:***@host:9092/t"),
        ("password = 'a b'", "password = ***"),
        ("sqlite:///home/a:b@c", "sqlite:///home/a:b@c"),
        ("no secret here", "no secret here"),
    ],
)
def test_passwords_are_taken_out(text: str, expected: str) -> None:
    assert redacted(text) == expected
