"""How the verification of a bundle is shown: to people with labels, to programs with codes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from adapters.evidence_report import (
    EventReport,
    EvidenceFinding,
    EvidenceReport,
    EvidenceVerdict,
    Gravity,
    SinceFact,
    VerdictCode,
)
from adapters.trust_files import Trust
from cli.labels import code_label, label
from cli.languages import Language
from cli.local_names import acting_words
from cli.render import Column, pair_lines, purpose_lines, show_size, show_time, show_zone, table_lines, visible
from domain.ids import ROOT
from domain.ledger_time import MS_PER_S
from domain.verdicts import RegisterKind

DIGITS = 12
"""As many digits of a digest as tell two documents of a letter apart."""


def report_data(file: Path, trust: Trust, report: EvidenceReport) -> dict[str, Any]:
    """Return a report for programs."""
    return {
        "file": file,
        "verdict": report.verdict.code,
        "detail": report.verdict.detail,
        "ledger": trust.identity,
        "name": trust.name,
        "purpose": report.purpose,
        "trust_version": trust.version,
        "checkpoint": report.checkpoint,
        "events": [_event_data(one) for one in report.events],
        "findings": [_finding_data(one) for one in report.findings],
        "not_checked": report.not_checked,
        "compared_to": report.compared_to,
    }


def report_lines(file: Path, trust: Trust, report: EvidenceReport, language: Language) -> list[str]:
    """Return a report for people: the verdict first."""
    offset, checkpoint = report.utc_offset_minutes, report.checkpoint
    pairs: list[tuple[str, object]] = [
        ("heading.verdict", verdict_text(report.verdict, language)),
        ("heading.file", file),
        ("heading.ledger", f"{trust.name}  {trust.identity.hex()}"),
        ("heading.trust_file", label("note.trust_version", language, version=trust.version)),
    ]
    if checkpoint is not None:
        at_s = checkpoint.witnessed_at_s
        when = label("note.no_witness_asked", language) if checkpoint.quorum == 0 else label("note.too_few_witnesses", language)
        if at_s is not None:
            when = f"{show_time(at_s * MS_PER_S, offset)}  {len(checkpoint.witnesses)} ≥ {checkpoint.quorum}"
        pairs += [("heading.checkpoint", checkpoint.size), ("heading.cosigned", when)]
    checked = ", ".join(label(f"not_checked.{code}", language) for code in report.not_checked)
    compared = label("note.compared_to", language, size=report.compared_to) if report.compared_to is not None else ""
    pairs += [("heading.not_checked", checked)] if checked else [("heading.compared", compared)]
    lines = [*purpose_lines(report.purpose or "production", language)]
    lines += pair_lines((label(key, language), value) for key, value in pairs)
    if report.events:
        lines += ["", *_event_table(report, language)]
    lines += [_mark_line(one, mark, language) for one in report.events for mark in one.facts.marks]
    lines += [_since_line(one.facts.position, fact, language) for one in report.events for fact in one.since]
    documents = [(one.facts.position, document) for one in report.events for document in one.facts.documents]
    if documents:
        lines += ["", *_document_table(documents, language)]
    if report.findings:
        lines += ["", *(_finding_line(one, language) for one in report.findings)]
    return lines


def verdict_text(verdict: EvidenceVerdict, language: Language) -> str:
    """Return a verdict in words, with what stands in brackets behind it."""
    detail = verdict.detail
    if verdict.code is VerdictCode.REJECTED:
        detail = f"{detail}: {code_label('reason', detail, language)}"
    if verdict.code is VerdictCode.VALID_SUPERSEDED:
        detail = detail[:DIGITS]
    return label(f"evidence_verdict.{verdict.code.value}", language, detail=detail)


def _short_verdict(verdict: EvidenceVerdict, language: Language) -> str:
    """Return a verdict for a row, never cut short: what is wrong or missing stands in the findings below the table."""
    told_below = verdict.code in {VerdictCode.INVALID, VerdictCode.UNVERIFIABLE}
    return verdict_text(replace(verdict, detail="…") if told_below else verdict, language)


def _event_data(one: EventReport) -> dict[str, Any]:
    facts = one.facts
    return {name: getattr(facts, name) for name in type(facts).__slots__} | {
        "reason": facts.reason.name,
        "reason_code": int(facts.reason),
        "register": facts.register.name if facts.register is not RegisterKind.NONE else None,
        "verdict": one.verdict.code,
        "detail": one.verdict.detail,
        "since": one.since,
    }


def _finding_data(one: EvidenceFinding) -> dict[str, Any]:
    return {"step": int(one.step), "gravity": one.gravity, "position": one.position, "where": one.where, "what": one.what}


def _event_table(report: EvidenceReport, language: Language) -> list[str]:
    columns = (
        Column(heading=label("heading.position", language), right=True, cut=False),
        Column(heading=f"{label('heading.ledger_time', language)} ({show_zone(report.utc_offset_minutes)})", cut=False),
        Column(heading=label("heading.event", language)),
        Column(heading=label("heading.officer", language), cut=not any(map(_speaks_for_another, report.events))),
        Column(heading=label("heading.about", language)),
        Column(heading=label("heading.verdict", language), cut=False),
    )
    rows = [
        (
            one.facts.position,
            show_time(one.facts.at, report.utc_offset_minutes).partition(" (")[0],
            code_label("event", one.facts.type, language),
            _speaker(one, language),
            _about(one, language),
            _short_verdict(one.verdict, language),
        )
        for one in report.events
    ]
    return table_lines(columns, rows)


def _speaker(one: EventReport, language: Language) -> str:
    facts = one.facts
    if facts.officer == ROOT:
        return facts.officer
    who = acting_words(language, facts.officer, facts.acting_for)
    if facts.for_officer is not None:
        who = label("note.in_place_of", language, officer=who, other=facts.for_officer)
    return f"{who} ({facts.organisation})"


def _speaks_for_another(one: EventReport) -> bool:
    return one.facts.acting_for is not None or one.facts.for_officer is not None


def _about(one: EventReport, language: Language) -> str:
    facts = one.facts
    number = f"№ {facts.serial}/{facts.year}" if facts.register is not RegisterKind.NONE else ""
    addressed = label(f"addressed.{facts.addressed}", language) if facts.addressed else ""
    recipient = f"{facts.recipient} ({addressed})" if facts.recipient and addressed else facts.recipient
    letter = facts.letter.hex()[:DIGITS] if facts.letter is not None else ""
    return " ".join(part for part in (number, recipient, facts.subject or letter) if part)


def _mark_line(one: EventReport, mark: str, language: Language) -> str:
    """Return whose signature is not in the system, and whose there is instead."""
    told = (str(one.facts.position), label(f"mark.{mark}", language))
    return visible("  ".join((*told, label("note.entered_by", language, officer=_speaker(one, language)))))


def _since_line(position: int, fact: SinceFact, language: Language) -> str:
    told = (f"{position}  → {fact.position}", label(f"since.{fact.code.value}", language), fact.officer)
    return visible("  ".join(part for part in told if part))


def _document_table(documents: list[tuple[int, Any]], language: Language) -> list[str]:
    columns = (
        Column(heading=label("heading.position", language), right=True, cut=False),
        Column(heading=label("heading.documents", language), cut=False),
        Column(heading=label("heading.role", language)),
        Column(heading=label("heading.size", language), right=True),
        Column(heading=label("heading.state", language)),
    )
    rows = [
        (
            position,
            one.sha256.hex()[:DIGITS],
            code_label("document_role", one.role, language),
            show_size(one.size_bytes),
            label("note.document_held" if one.held else "note.document_absent", language),
        )
        for position, one in documents
    ]
    return table_lines(columns, rows)


def _finding_line(one: EvidenceFinding, language: Language) -> str:
    gravity = label("finding.wrong" if one.gravity is Gravity.WRONG else "finding.missing", language)
    where = one.where or (str(one.position) if one.position is not None else "")
    step = f"{int(one.step)} {label(f'evidence_step.{one.step.name.lower()}', language)}"
    return visible("  ".join(part for part in (gravity, step, where, one.what) if part))
