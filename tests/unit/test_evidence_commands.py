"""The text of a bundle stays what it is: bundles are verified for decades, and their text must be the one that is expected."""

from __future__ import annotations

from adapters.evidence_commands import STEPS, verify_text
from domain.ids import sha256

TEXT_1 = "f39b201b712747463e185635232c6b62611f71e9b7402735cc136c4ca6e876f8"
"""SHA-256 of text version 1 in a bundle of nothing. It never changes: another text is version 2, beside this one."""


def test_text_version_1_is_frozen() -> None:
    assert sha256(verify_text((), ())).hex() == TEXT_1


def test_whoever_follows_the_text_types_only_what_is_indented() -> None:
    assert [line for line in STEPS.splitlines() if line.startswith("\t")] == []
    assert STEPS.isascii()
