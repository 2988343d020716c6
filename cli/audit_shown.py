"""What an audit came to, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.audit import Check, Outcome
from adapters.audit_copies import Comparison
from adapters.audit_findings import AuditFinding, Findings, Gravity
from adapters.trust_files import Trust
from cli.errors import ExitCode
from cli.labels import label
from cli.languages import Language
from cli.render import pair_lines, show_time
from domain.checkpoints import Checkpoint, record_origin, verdict_origin
from domain.forks import Fork
from domain.reasons import Reason

EXIT_CODES: Final = {
    Gravity.WRONG: ExitCode.VERIFICATION_FAILED,
    Gravity.UNVERIFIED: ExitCode.COULD_NOT_VERIFY,
    Gravity.NOTED: ExitCode.DONE,
}
"""How an audit ends whose gravest finding is of a gravity."""


def exit_code_of(findings: Findings) -> ExitCode:
    """Return how an audit ends: by its gravest finding."""
    return EXIT_CODES[findings.gravity]


def report_data(location: str, trust: Trust, outcome: Outcome, findings: Findings, *, seed: int | None) -> dict[str, Any]:
    """Return the report for a program."""
    standing = outcome.standing
    return {
        "result": findings.gravity,
        "ledger": trust.identity,
        "name": trust.name,
        "location": location,
        "trust_version": trust.version,
        "end": outcome.end,
        "audited": outcome.audited,
        "at": outcome.at_ms,
        "reasons": {reason.name: count for reason, count in sorted(outcome.reasons.items())},
        "checked": [check for check in Check if check in outcome.checked],
        "not_checked": [check for check in Check if check not in {*outcome.checked, Check.SAMPLE}],
        "checkpoints": outcome.checkpoints,
        "covered": standing.covered,
        "final": standing.final,
        "final_at": standing.final_at_ms,
        "quorum": trust.quorum,
        "sampled": outcome.sampled,
        "seed": seed,
        "findings": [_finding_data(one) for one in findings.listed],
        "left_out": findings.left_out,
    }


def _finding_data(finding: AuditFinding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "gravity": finding.gravity,
        "position": finding.position,
        "what": finding.what,
        "matters": finding.why,
        "remedy": finding.remedy,
    }


def report_lines(data: Mapping[str, Any], outcome: Outcome, findings: Findings, language: Language) -> list[str]:
    """Return the report for people: what was audited, what it came to, and every finding."""
    accepted = outcome.reasons.get(Reason.ACCEPTED, 0)
    rejected = sum(outcome.reasons.values()) - accepted
    pairs: list[tuple[str, object]] = [
        ("heading.ledger", f"{data['name']} ({data['ledger'].hex()})"),
        ("heading.location", data["location"]),
        ("heading.audited", label("audit.positions", language, audited=outcome.audited, end=outcome.end)),
    ]
    if outcome.at_ms is not None:
        pairs.append(("heading.ledger_time", show_time(outcome.at_ms, 0)))
    if outcome.reasons:
        pairs.append(("heading.verdict", label("audit.verdicts", language, accepted=accepted, rejected=rejected)))
    pairs += [
        ("heading.checked", ", ".join(label(f"check.{one}", language) for one in data["checked"]) or "–"),
        ("heading.not_checked", ", ".join(label(f"check.{one}", language) for one in data["not_checked"]) or "–"),
        ("heading.checkpoints", outcome.checkpoints),
        ("heading.covered", _reach(outcome.standing.covered, language)),
        ("heading.final", _final(outcome, data["quorum"], language)),
    ]
    if data["seed"] is not None:
        pairs.append(("heading.sample", label("audit.sample", language, count=outcome.sampled, seed=data["seed"])))
    lines = pair_lines((label(key, language), value) for key, value in pairs)
    for finding in findings.listed:
        lines += ["", *_finding_lines(finding, language)]
    if findings.left_out:
        lines += ["", label("note.and_more", language, count=findings.left_out)]
    return [*lines, "", label(f"audit.{findings.gravity}", language, count=findings.counts.total())]


def _reach(size: int, language: Language) -> str:
    return label("audit.up_to", language, position=size - 1) if size else label("audit.nothing", language)


def _final(outcome: Outcome, quorum: int, language: Language) -> str:
    standing = outcome.standing
    if not standing.final:
        return label("audit.nothing_final", language)
    time = show_time(standing.final_at_ms, 0)
    return label("audit.up_to_since", language, position=standing.final - 1, count=quorum, time=time)


def _finding_lines(finding: AuditFinding, language: Language) -> list[str]:
    position = "" if finding.position is None else f", {label('heading.position', language)} {finding.position}"
    return [
        f"{label(f'gravity.{finding.gravity}', language)}: {finding.code}{position}",
        *(f"  {line}" for line in finding.what.splitlines()),
        f"  {label('heading.why', language)}: {finding.why}",
        f"  {label('heading.to_do', language)}: {finding.remedy}",
    ]


def comparison_data(found: Comparison) -> dict[str, Any]:
    """Return for a program how two copies compare."""
    return {
        "agree": found.agree,
        "ends": found.ends,
        "position": found.position,
        "parting": found.parting,
        "slots": [
            None
            if slot is None
            else {"record_hash": slot.record_hash, "size_bytes": slot.size_bytes, "stored_at": slot.stored_at_ms}
            for slot in found.slots
        ],
    }


def comparison_lines(found: Comparison, language: Language) -> list[str]:
    """Return for people how two copies compare."""
    if found.parting is None:
        return [label("parting.none", language, end=found.ends[0])]
    lines = [label(f"parting.{found.parting}", language, position=found.position, one=found.ends[0], other=found.ends[1])]
    held = (slot for slot in found.slots if slot is not None)
    return [*lines, *(f"  {one.record_hash.hex()}  {one.size_bytes} B  {show_time(one.stored_at_ms, 0)}" for one in held)]


def fork_data(fork: Fork, claimed: Checkpoint, held: Checkpoint, trust: Trust | None) -> dict[str, Any]:
    """Return for a program what a fork proves; `operator` says whether the keys are those of a trust file (null: none given)."""
    known = None
    if trust is not None:
        origins = {record_origin(trust.name, trust.identity), verdict_origin(trust.name, trust.identity)}
        keys = {one.ed25519 for one in trust.checkpoint_keys}
        known = claimed.origin in origins and {fork.claimed_key, fork.held_key} <= keys
    return {
        "origin": claimed.origin,
        "operator": known,
        "claimed_size": claimed.size,
        "claimed_root": claimed.root,
        "claimed_key": fork.claimed_key,
        "held_size": held.size,
        "held_root": fork.root,
        "held_key": fork.held_key,
    }


def fork_lines(data: Mapping[str, Any], language: Language) -> list[str]:
    """Return for people what a fork proves."""
    whose = {None: "fork.keys_unknown", True: "fork.keys_trusted", False: "fork.keys_foreign"}[data["operator"]]
    return [
        label("fork.proven", language, origin=data["origin"], size=data["claimed_size"]),
        f"  {data['claimed_root'].hex()}  {label('fork.signed_by', language, digest=data['claimed_key'].hex())}",
        f"  {data['held_root'].hex()}  {label('fork.signed_by', language, digest=data['held_key'].hex())}",
        label(whose, language),
    ]
