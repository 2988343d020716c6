"""The table of threats: every test that it names exists, and no attack that the tests name is missing from it."""

from __future__ import annotations

import re
from typing import Final

from tests.source_tree import ROOT, python_files

PAGE: Final = ROOT / "docs" / "reference" / "threats.md"
ROW: Final = re.compile(r"^\| (?!Attack|---)(.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
ATTACKS: Final = [path for path in python_files("tests/faults") if path.stem.endswith("_attacks")]
"""The files of which every test is an attack."""


def defined_in(text: str) -> set[str]:
    """Return the tests that a source file defines."""
    return set(re.findall(r"^def (test_\w+)\(", text, re.MULTILINE))


def test_every_threat_names_its_mechanism_and_tests_that_exist() -> None:
    known = set().union(*(defined_in(path.read_text("utf-8")) for path in python_files("tests")))
    rows = ROW.findall(PAGE.read_text("utf-8"))
    assert len(rows) > 40
    for attack, mechanism, tests in rows:
        named = re.findall(r"`(test_\w+)`", tests)
        assert named, attack
        assert mechanism.strip(), attack
        assert set(named) - known == set(), attack


def test_no_attack_that_is_tested_is_missing() -> None:
    tested = set().union(*(defined_in(path.read_text("utf-8")) for path in ATTACKS))
    assert len(ATTACKS) >= 2
    assert tested - set(re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8"))) == set()
