"""Findings about a ledger's place, told to people and programs."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.ledger import Finding
from cli.labels import label
from cli.languages import Language
from cli.session import Session


def tell_findings(session: Session, findings: Iterable[Finding]) -> None:
    """Tell what was found about a place, with what mends it, on standard error."""
    for line in finding_lines(findings, session.language):
        session.note(line)


def finding_lines(findings: Iterable[Finding], language: Language) -> list[str]:
    """Return each finding in three lines: how grave and which setting, what it is now, the command that mends it."""
    lines = []
    for one in findings:
        lines.append(f"{label(f'severity.{one.severity}', language)}: {one.setting} ({one.code})")
        lines.append(f"  {one.what}")
        lines.append(f"  {label('heading.remedy', language)}: {one.remedy}")
    return lines


def finding_data(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Return findings as documented fields."""
    return [{name: getattr(one, name) for name in ("code", "severity", "setting")} for one in findings]
