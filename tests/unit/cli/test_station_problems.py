"""What `ortoo station status` finds wrong, in codes for programs and in words in every language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.errors import ClockBehindLedgerError, LedgerTruncatedError, LedgerUnreachableError, LedgerUnsafeError
from adapters.ledger import Finding, Severity
from adapters.queue import Submission
from cli.labels import all_labels
from cli.languages import Language
from cli.station_problems import (
    DAY_MS,
    EXPIRES_SOON_MS,
    Problem,
    ProblemCode,
    age_words,
    behind_problems,
    key_problems,
    ledger_problems,
    problem_data,
    problem_lines,
    queue_problems,
)
from domain.ids import OfficerId, sha256
from projections.directory_queries import CertificateRow, KeyRow

NOW_MS = 1_800_000_000_000
CLERK = OfficerId("clerk")
FORBIDS = Finding(code="COMPACTED", severity=Severity.FORBIDS, setting="cleanup.policy", what="it is compact", remedy="mend it")
WARNS = Finding(code="SINGLE_REPLICA", severity=Severity.WARNS, setting="replication factor", what="it is 1", remedy="add two")


def key(status: str, days: int) -> KeyRow:
    certificate = CertificateRow(
        certificate=sha256(b"certificate"),
        assurance="file",
        not_before=NOW_MS - DAY_MS,
        not_after=NOW_MS + days * DAY_MS,
        position=3,
    )
    return KeyRow(
        key=sha256(b"key"),
        officer=CLERK,
        algorithm="ecdsa-p256",
        status=status,
        status_position=3,
        status_at=NOW_MS,
        status_reason=None,
        enrolled_position=3,
        contested_from=None,
        certificates=(certificate,),
    )


def queued(at: int) -> Submission:
    return Submission(
        intention="i", identity=sha256(b"event"), act="letter.dispatched", officer=CLERK, record=b"", documents=(), queued_at=at
    )


CASES: dict[str, tuple[Iterator[Problem], list[dict[str, object]], str]] = {
    "nothing is wrong": (ledger_problems(None, ()), [], ""),
    "nobody answers": (
        ledger_problems(LedgerUnreachableError("the broker did not answer"), ()),
        [{"code": "unreachable", "error": "LEDGER_UNREACHABLE"}],
        "the ledger cannot be read (LEDGER_UNREACHABLE): the broker did not answer",
    ),
    "records are missing": (
        ledger_problems(LedgerTruncatedError("here", start=0, end=3, held=5), ()),
        [{"code": "contradicted", "error": "LEDGER_TRUNCATED"}],
        "contradicts what was read before",
    ),
    "a setting forbids": (
        ledger_problems(LedgerUnsafeError("here", (FORBIDS, WARNS)), ()),
        [
            {"code": "unsafe", "setting": "cleanup.policy", "finding": "COMPACTED"},
            {"code": "warns", "setting": "replication factor", "finding": "SINGLE_REPLICA"},
        ],
        "Remedy: mend it",
    ),
    "a setting warns": (
        ledger_problems(None, (WARNS,)),
        [{"code": "warns", "setting": "replication factor", "finding": "SINGLE_REPLICA"}],
        "Remedy: add two",
    ),
    "a clock is wrong": (
        ledger_problems(ClockBehindLedgerError(7, NOW_MS + DAY_MS, NOW_MS), ()),
        [{"code": "clock", "error": "CLOCK_BEHIND_LEDGER", "position": 7}],
        "nothing is read from position 7 on: Position 7 is stamped 1440 minutes ahead",
    ),
    "records are not read": (
        behind_problems(12, NOW_MS - 3 * DAY_MS),
        [{"code": "behind", "count": 12, "since": NOW_MS - 3 * DAY_MS}],
        "12 records are not read yet; what is read ends 3 days ago, at 2027-01-12 13:00 (+05)",
    ),
    "nothing is behind": (behind_problems(0, NOW_MS), [], ""),
    "something waits": (
        queue_problems([queued(NOW_MS - 600_000), queued(NOW_MS - 7_200_000)]),
        [{"code": "queue", "count": 2, "since": NOW_MS - 7_200_000}],
        "2 in the queue, the oldest for 2 hours, since 2027-01-15 11:00 (+05)",
    ),
    "nothing waits": (queue_problems([]), [], ""),
    "a key is not enrolled": (
        key_problems(CLERK, [], NOW_MS),
        [{"code": "not_enrolled", "officer": "clerk"}],
        "clerk: a key file is here, but the ledger has no key of his",
    ),
    "a key is suspended": (
        key_problems(CLERK, [key("suspended", 100)], NOW_MS),
        [{"code": "key_not_in_force", "officer": "clerk", "state": "suspended"}],
        "clerk: no key is in force (suspended)",
    ),
    "a key is about to expire": (
        key_problems(CLERK, [key("active", 29)], NOW_MS),
        [{"code": "key_expires", "officer": "clerk", "valid_until": NOW_MS + 29 * DAY_MS}],
        "clerk: the key expires on 2027-02-13 13:00 (+05)",
    ),
    "a key has expired": (
        key_problems(CLERK, [key("active", -1)], NOW_MS),
        [{"code": "key_expired", "officer": "clerk", "valid_until": NOW_MS - DAY_MS}],
        "clerk: the key expired on",
    ),
    "a key is good for long": (key_problems(CLERK, [key("active", 31)], NOW_MS), [], ""),
    "a new key stands beside an old one": (key_problems(CLERK, [key("revoked", 1), key("active", 300)], NOW_MS), [], ""),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_has_a_code_and_words(name: str) -> None:
    found, data, words = CASES[name]
    problems = tuple(found)
    assert problem_data(problems) == data
    lines = problem_lines(problems, NOW_MS, 300, Language.ENGLISH)
    assert words in "\n".join(lines)
    assert bool(lines) == bool(data)
    for language in Language:
        assert "{" not in "".join(problem_lines(problems, NOW_MS, 300, language))


def test_every_problem_has_words() -> None:
    labels = {key.removeprefix("problem.") for key in all_labels() if key.startswith("problem.")}
    assert labels == {code.value for code in ProblemCode} - {"unsafe", "warns"}
    assert EXPIRES_SOON_MS == 30 * DAY_MS


@pytest.mark.parametrize(
    ("span_ms", "words"),
    [
        (0, "0 seconds"),
        (119_999, "119 seconds"),
        (120_000, "2 minutes"),
        (7_200_000, "2 hours"),
        (2 * DAY_MS, "2 days"),
        (-5, "0 seconds"),
    ],
)
def test_a_span_is_told_in_its_largest_unit(span_ms: int, words: str) -> None:
    assert age_words(span_ms, Language.ENGLISH) == words
