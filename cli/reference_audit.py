"""The page of the reference about audits: what is checked, and everything that can be found."""

from __future__ import annotations

from typing import Final

from adapters.audit import Check
from adapters.audit_findings import MEANINGS, MOST_FINDINGS, FindingCode, Gravity
from cli.audit_shown import EXIT_CODES
from cli.labels import label
from cli.languages import Language
from cli.reference_commands import markdown_table

_ABOUT: Final = (
    "What `ortoo audit ledger` checks, and what it may find; [the guide](../guides/auditing.md) goes through it. A report lists "
    "what was checked and what was not, and nothing follows from what was not. Each finding has its code, the first position "
    f"that it is about, what was found, why it matters and what to do; beyond {MOST_FINDINGS:,} they are counted only."
)
_ABOUT_GRAVITY: Final = "An audit ends with the exit code of its gravest finding."


def audit_page() -> str:
    """Return the page."""
    checks = [(f"`{check.value}`", label(f"check.{check.value}", Language.ENGLISH)) for check in Check]
    gravities = [(f"`{one.value}`", label(f"gravity.{one.value}", Language.ENGLISH), int(EXIT_CODES[one])) for one in Gravity]
    findings = [(f"`{code}`", MEANINGS[code].gravity, MEANINGS[code].why, MEANINGS[code].remedy) for code in FindingCode]
    return "\n\n".join(
        (
            "# Audits",
            _ABOUT,
            "## What is checked",
            markdown_table(("Code", "In words"), checks),
            "## How grave a finding is",
            _ABOUT_GRAVITY,
            markdown_table(("Code", "In words", "Exit code"), gravities),
            "## Findings",
            markdown_table(("Code", "Gravity", "Why it matters", "What to do"), findings),
        )
    )
