"""Labels: no gap in any language, no code without a label, no label without a code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from adapters.audit import Check
from adapters.audit_copies import Parting
from adapters.audit_findings import Gravity
from adapters.evidence_letters import ENTERED, IN_GROUP, NAMED, NOT_SHOWN, PASSED_ON
from adapters.evidence_report import Gravity as EvidenceGravity
from adapters.evidence_report import SinceCode, Step, VerdictCode
from adapters.evidence_verification import LATER
from adapters.station_reports import Duty
from cli.inbox_proof import Completeness
from cli.labels import all_labels, code_label, label
from cli.languages import Language
from cli.mandates import STATES as MANDATE_STATES
from cli.station_problems import ProblemCode
from cli.witness_running import Doing
from domain.approval_routes import STAGE_RULES, Answer, Outcome
from domain.approval_rules import APPROVAL_REFUSAL_REASONS, APPROVAL_RETURN_REASONS, APPROVAL_WITHDRAWAL_REASONS
from domain.catalogue import EVENT_TYPES
from domain.consignment_acts import CLOSINGS, TRANSFER_REASONS
from domain.consignment_acts import WITHDRAWAL_REASONS as RECEIPT_WITHDRAWALS
from domain.consignments import ConsignmentState
from domain.directory import CONNECTIONS, KINDS, ROLES
from domain.dispatch import KINDS as LETTER_KINDS
from domain.dispatch import URGENCIES
from domain.documents import DOCUMENT_ROLES
from domain.enrolment import ASSURANCES, KEY_REASONS, RESUME_REASONS
from domain.exchange import PURPOSES, WITHDRAWAL_REASONS
from domain.keys import KeyStatus
from domain.letters import CAPACITIES
from domain.mandate_rules import REVOCATION_REASONS
from domain.outside import CHANNELS
from domain.reasons import Reason
from domain.receipts import DECLINE_REASONS, REFUSAL_REASONS
from domain.registrations import CORRECTION_REASONS, VOIDING_REASONS
from domain.reminders import REMINDED_STATES
from domain.senders import RECALL_REASONS

ROOT = Path(__file__).resolve().parents[3]
CODES: dict[str, set[str]] = {
    "reason": {reason.name for reason in Reason},
    "state": {state.value for state in ConsignmentState},
    "event": {event.TYPE for event in EVENT_TYPES},
    "kind": set(LETTER_KINDS),
    "urgency": set(URGENCIES),
    "capacity": set(CAPACITIES),
    "channel": set(CHANNELS),
    "receipt_withdrawal": set(RECEIPT_WITHDRAWALS),
    "transfer_reason": set(TRANSFER_REASONS),
    "closing": set(CLOSINGS),
    "reminded": set(REMINDED_STATES),
    "registration_reason": {*CORRECTION_REASONS, *VOIDING_REASONS},
    "refusal": set(REFUSAL_REASONS),
    "recall_reason": set(RECALL_REASONS),
    "decline_reason": set(DECLINE_REASONS),
    "key_reason": set(KEY_REASONS),
    "resume_reason": set(RESUME_REASONS),
    "withdrawal_reason": set(WITHDRAWAL_REASONS),
    "revocation": set(REVOCATION_REASONS),
    "mandate_state": set(MANDATE_STATES),
    "role": set(ROLES),
    "assurance": set(ASSURANCES),
    "organisation_kind": set(KINDS),
    "connection": set(CONNECTIONS),
    "purpose": set(PURPOSES),
    "purpose_banner": set(PURPOSES) - {"production"},
    "register": {"outgoing", "incoming"},
    "verdict": {"accepted", "rejected", "contested", "repudiated"},
    "key_state": {status.value for status in KeyStatus} | {"expired"},
    "document_role": set(DOCUMENT_ROLES) | {"cover"},
    "duty": {duty.value for duty in Duty},
    "problem": {code.value for code in ProblemCode} - {"unsafe", "warns"},
    "evidence_verdict": {code.value for code in VerdictCode},
    "evidence_step": {step.name.lower() for step in Step},
    "finding": {gravity.value for gravity in EvidenceGravity},
    "not_checked": set(LATER),
    "since": {code.value for code in SinceCode},
    "addressed": {NAMED, IN_GROUP, PASSED_ON, ENTERED, NOT_SHOWN},
    "completeness": {one.value for one in Completeness},
    "approval_outcome": {outcome.value for outcome in Outcome},
    "approval_answer": {answer.value for answer in Answer},
    "stage_rule": set(STAGE_RULES),
    "approval_refusal": set(APPROVAL_REFUSAL_REASONS),
    "approval_return": set(APPROVAL_RETURN_REASONS),
    "approval_withdrawal": set(APPROVAL_WITHDRAWAL_REASONS),
    "relation": {"answers", "follows", "replaces", "relates"},
    "gravity": {gravity.value for gravity in Gravity},
    "check": {check.value for check in Check},
    "parting": {parting.value for parting in Parting} | {"none"},
    "witness": {doing.value for doing in Doing},
}
PLACE = re.compile(r"\{(\w+)\}")
CYRILLIC = re.compile("[А-Яа-яЁёЎўҚқҒғҲҳӨөҮү]")


def labels_of(topic: str) -> set[str]:
    return {key.removeprefix(f"{topic}.") for key in all_labels() if key.startswith(f"{topic}.")}


@pytest.mark.parametrize("topic", CODES)
def test_every_code_has_a_label_and_every_label_a_code(topic: str) -> None:
    assert labels_of(topic) == CODES[topic]


def test_no_label_has_a_gap_in_any_language() -> None:
    gaps = {key: set(Language) - set(texts) for key, texts in all_labels().items() if set(texts) != set(Language)}
    assert gaps == {}
    assert [key for key, texts in all_labels().items() if not all(text.strip() for text in texts.values())] == []


def test_all_languages_have_the_same_places_to_fill() -> None:
    different = [
        key for key, texts in all_labels().items() if len({frozenset(PLACE.findall(text)) for text in texts.values()}) > 1
    ]
    assert different == []


def test_each_language_is_written_in_its_script() -> None:
    for key, texts in all_labels().items():
        assert not CYRILLIC.search(texts[Language.ENGLISH] + texts[Language.UZBEK_LATIN]), key
        if re.search(r"[a-z]{4}", re.sub(r"`[^`]*`|\{\w+\}|--\w+", "", texts[Language.UZBEK_LATIN])):
            for language in (Language.UZBEK_CYRILLIC, Language.MONGOLIAN, Language.RUSSIAN):
                assert CYRILLIC.search(texts[language]), (key, language)


def test_no_label_can_move_the_cursor() -> None:
    assert [key for key, texts in all_labels().items() if not "".join(texts.values()).isprintable()] == []


def test_every_label_that_the_program_asks_for_exists() -> None:
    asked = re.compile(r"label\(\s*\"([a-z_]+\.[a-z_]+)\"")
    for file in sorted((ROOT / "cli").glob("*.py")):
        for key in asked.findall(file.read_text(encoding="utf-8")):
            assert key in all_labels(), f"{file.name} asks for {key}"


def test_places_are_filled() -> None:
    assert label("prompt.plan", Language.RUSSIAN, add=87, change=2, same=11) == "добавить 87, изменить 2, без изменений 11"


def test_a_code_of_later_rules_is_shown_as_it_is() -> None:
    assert code_label("refusal", "WRONG_PLANET", Language.MONGOLIAN) == "WRONG_PLANET"
    assert code_label("refusal", "MALWARE", Language.ENGLISH) == "a document holds malware"


def test_an_unknown_key_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError):
        label("heading.no_such", Language.ENGLISH)


def test_the_glossary_has_every_word_of_the_domain_in_every_language() -> None:
    words = (
        "letter|circular|addressee|consignment|acknowledgement|register|registration number|ledger|record|position|verdict|"
        "station|officer|organisation|key|cover|document|group|outbox|inbox|queue|receipt|proof of deposit|refusal|recall|"
        "supersession|root key|registrar|clerk|signatory|event|header|body|genesis|certificate|enrolment|revocation|"
        "suspension|draft|temporary mark|projection|archive|directory|ledger time|empty slot|verdict log|contested|rules|"
        "reason|role|unit|successor|trust anchor|due time|case index|identity|digest|store|home|as of|purpose|thread"
    )
    wanted = set(words.split("|"))
    rows = [
        [cell.strip() for cell in line.strip("|\n").split(" | ")]
        for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith(("| ---", "| English"))
    ]
    assert wanted - {row[0] for row in rows} == set()
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    for row in rows:
        assert len(row) == 6, row
        assert row[1].endswith("."), row
        assert not CYRILLIC.search(row[2]), row
        assert all(CYRILLIC.search(cell) for cell in row[3:]), row


def test_no_label_is_written_in_two_places() -> None:
    tables = [tomllib.loads(file.read_text("utf-8")) for file in sorted((ROOT / "cli" / "words").glob("*.toml"))]
    keys = [f"{topic}.{code}" for table in tables for topic, codes in table.items() for code in codes]
    assert sorted(keys) == sorted(set(keys))
