"""What an audit finds: each finding with its code, the position, what was found, why it matters and what to do.

Wrong and could-not-verify are kept apart: a finding is grave in one way or the other, or only noted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

MOST_FINDINGS: Final = 10_000
"""Kept whole and listed; of a ledger that is wrong from end to end the rest is counted only, so that memory stays flat."""


class Gravity(StrEnum):
    """What a finding means for the audit's outcome."""

    WRONG = "wrong"
    UNVERIFIED = "unverified"
    NOTED = "noted"


class FindingCode(StrEnum):
    """Stable codes of everything that an audit finds."""

    NOT_A_LEDGER = "NOT_A_LEDGER"
    OTHER_LEDGER = "OTHER_LEDGER"
    PLACE_UNSAFE = "PLACE_UNSAFE"
    PLACE_WEAK = "PLACE_WEAK"
    UNREACHABLE = "UNREACHABLE"
    RULES_NOT_HELD = "RULES_NOT_HELD"
    HISTORY_CHANGED = "HISTORY_CHANGED"
    TOO_SHORT = "TOO_SHORT"
    RECORDS_DIFFER = "RECORDS_DIFFER"
    VERDICTS_DIFFER = "VERDICTS_DIFFER"
    FORK = "FORK"
    CHECKPOINT_INVALID = "CHECKPOINT_INVALID"
    CHECKPOINT_UNKNOWN = "CHECKPOINT_UNKNOWN"
    CHECKPOINTS_IGNORED = "CHECKPOINTS_IGNORED"
    NOTHING_FINAL = "NOTHING_FINAL"
    NOTHING_HELD = "NOTHING_HELD"
    NOT_COVERED = "NOT_COVERED"
    TRUST_OLDER = "TRUST_OLDER"
    TIME_LATER = "TIME_LATER"
    TIME_EARLIER = "TIME_EARLIER"
    TIME_JUMPED_BACK = "TIME_JUMPED_BACK"
    TIME_AHEAD = "TIME_AHEAD"
    TIMESTAMP_BACKDATED = "TIMESTAMP_BACKDATED"
    TIMESTAMP_INVALID = "TIMESTAMP_INVALID"
    TIMESTAMP_UNVERIFIED = "TIMESTAMP_UNVERIFIED"
    NUMBER_GAP = "NUMBER_GAP"
    SIGNATURE_WRONG = "SIGNATURE_WRONG"
    SIGNATURE_UNVERIFIED = "SIGNATURE_UNVERIFIED"
    NO_COSIGNED_CHECKPOINT = "NO_COSIGNED_CHECKPOINT"
    STORE_UNREADABLE = "STORE_UNREADABLE"
    STORE_FOREIGN = "STORE_FOREIGN"
    STORE_BEHIND = "STORE_BEHIND"
    STORE_AHEAD = "STORE_AHEAD"
    STORE_DIFFERS = "STORE_DIFFERS"
    VIEWS_UNREADABLE = "VIEWS_UNREADABLE"
    VIEWS_OUTDATED = "VIEWS_OUTDATED"
    VIEWS_DIFFER = "VIEWS_DIFFER"


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """How grave findings of a code are, why they matter, and what to do about them."""

    gravity: Gravity
    why: str
    remedy: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditFinding:
    """One finding: `position` is the first position that it is about (None: no single one), `what` was found there."""

    code: FindingCode
    gravity: Gravity
    position: int | None
    what: str
    why: str
    remedy: str


Report = Callable[[FindingCode, int | None, str], None]
"""Takes a finding: its code, its position, what was found."""


class Findings:
    """Collects findings in the order in which they are found; `counts` counts all of them by code."""

    def __init__(self) -> None:
        self.listed: list[AuditFinding] = []
        self.counts: Counter[FindingCode] = Counter()

    def report(self, code: FindingCode, position: int | None, what: str) -> None:
        """Take one finding."""
        self.counts[code] += 1
        if len(self.listed) < MOST_FINDINGS:
            meaning = MEANINGS[code]
            self.listed.append(
                AuditFinding(
                    code=code,
                    gravity=meaning.gravity,
                    position=position,
                    what=what,
                    why=meaning.why,
                    remedy=meaning.remedy,
                )
            )

    @property
    def left_out(self) -> int:
        """How many findings are counted and not listed."""
        return self.counts.total() - len(self.listed)

    @property
    def gravity(self) -> Gravity:
        """The gravest of all: wrong, else unverified, else noted (also if there are none)."""
        found = {MEANINGS[code].gravity for code in self.counts}
        return next((one for one in (Gravity.WRONG, Gravity.UNVERIFIED) if one in found), Gravity.NOTED)


def positions_text(first: int, last: int) -> str:
    """Return one position or several in a row, as a finding names them."""
    return f"position {first}" if first == last else f"positions {first} to {last}"


def _wrong(why: str, remedy: str) -> Meaning:
    return Meaning(gravity=Gravity.WRONG, why=why, remedy=remedy)


def _unverified(why: str, remedy: str) -> Meaning:
    return Meaning(gravity=Gravity.UNVERIFIED, why=why, remedy=remedy)


def _noted(why: str, remedy: str) -> Meaning:
    return Meaning(gravity=Gravity.NOTED, why=why, remedy=remedy)


_HISTORY: Final = (
    "Somebody changed, added or took away what was on the ledger when the checkpoint was signed: nothing that this copy says "
    "between these positions is proof of anything."
)
_KEEP_BOTH: Final = (
    "Keep this copy and the checkpoint. Get a copy of the ledger from somebody else and find the place with "
    "`ortoo audit compare`; take both to the roots of the exchange."
)
_TIME: Final = "Terms and the order of events rest on ledger time, and here a clock was wrong, or somebody set one."
_STORE: Final = "People are shown what the store says, and here it does not say what the ledger says."
_REBUILD: Final = "Find out who wrote it. Move the store away and let the station rebuild it from the ledger."

MEANINGS: Final = MappingProxyType(
    {
        FindingCode.NOT_A_LEDGER: _wrong(
            "Without a valid first record nobody knows whose ledger this is.", "Check the location; ask for another copy."
        ),
        FindingCode.OTHER_LEDGER: _wrong(
            "Nothing in it is about the exchange that the trust file names.", "Check the location and the trust file."
        ),
        FindingCode.PLACE_UNSAFE: _wrong(
            "The place could lose, reorder or forge history without anybody noticing at once.",
            "Have the operator mend the setting (`ortoo ledger check` names the command), and audit again.",
        ),
        FindingCode.PLACE_WEAK: _noted("The place could be kept better.", "Ask the operator why it is kept so."),
        FindingCode.UNREACHABLE: _unverified(
            "What was not read was not audited.", "Audit again when it answers; with --resume it goes on where it stopped."
        ),
        FindingCode.RULES_NOT_HELD: _unverified(
            "From there on another version of the rules decides, which this program does not hold.",
            "Install the version that holds them, and audit again.",
        ),
        FindingCode.HISTORY_CHANGED: _wrong(
            "The ledger no longer says what it said when this audit began.",
            "Keep the folder of the audit: it holds what was read. Compare both with `ortoo audit compare`.",
        ),
        FindingCode.TOO_SHORT: _wrong("Records that were there when the checkpoint was signed are gone.", _KEEP_BOTH),
        FindingCode.RECORDS_DIFFER: _wrong(_HISTORY, _KEEP_BOTH),
        FindingCode.VERDICTS_DIFFER: _wrong(
            "The records are the same, and what follows from them is not: times were changed, or the signer judges otherwise.",
            _KEEP_BOTH,
        ),
        FindingCode.FORK: _wrong(
            "The operator's key signed two histories of one ledger: somebody was shown another one.",
            "Keep both; they prove it to anybody (`ortoo audit fork`). Take them to the roots of the exchange.",
        ),
        FindingCode.CHECKPOINT_INVALID: _wrong(
            "What was given as a checkpoint of this ledger is none that its operator signed.",
            "Find out where the file comes from; export a checkpoint again.",
        ),
        FindingCode.CHECKPOINT_UNKNOWN: _unverified(
            "It is of another ledger, or signed by a key that neither the trust file names nor the ledger (as far as judged).",
            "Check which file was given. If the operator's key was changed, audit without --trust-checkpoints.",
        ),
        FindingCode.CHECKPOINTS_IGNORED: _noted(
            "Anybody may be able to write where checkpoints are published, so these say nothing.",
            "Nothing, unless the operator says that they are his.",
        ),
        FindingCode.NOTHING_FINAL: _unverified(
            "Without enough witnesses the operator could still show others another history: nothing on this ledger is final.",
            "Have checkpoints cosigned, and audit again.",
        ),
        FindingCode.NOTHING_HELD: _noted(
            "Without a checkpoint of the auditor's own, a history that was rewritten as a whole would look like this one.",
            "Export one now (`ortoo checkpoint export`), keep it, and give it to the next audit with --checkpoint.",
        ),
        FindingCode.NOT_COVERED: _noted(
            "What came later can still be changed without contradicting anything that the auditor holds.",
            "Export a newer checkpoint and keep it.",
        ),
        FindingCode.TRUST_OLDER: _noted(
            "The roots changed these since the trust file was made.", "Ask the roots for a newer trust file."
        ),
        FindingCode.TIME_LATER: _unverified(_TIME, "Ask whose clock it was; take the witness's time as the latest possible."),
        FindingCode.TIME_EARLIER: _unverified(_TIME, "Ask whose clock it was; take the witness's time as the earliest possible."),
        FindingCode.TIME_JUMPED_BACK: _noted(_TIME, "Ask the operator what happened to the clock of the ledger's place."),
        FindingCode.TIME_AHEAD: _unverified(_TIME, "Check this machine's clock; if it is right, ask the operator."),
        FindingCode.TIMESTAMP_BACKDATED: _wrong(
            "An authority vouches for a time at which the records did not exist: either it dates back, or the ledger's clock was "
            "set forward.",
            "Do not rely on this authority's time stamps, nor on the ledger's time there. Ask both for an explanation.",
        ),
        FindingCode.TIMESTAMP_INVALID: _wrong(
            "The ledger says that an authority stamped these heads, and its token does not.",
            "Ask the station that recorded it. The records themselves are not touched by that.",
        ),
        FindingCode.TIMESTAMP_UNVERIFIED: _unverified(
            "Without its token a time stamp is a claim of the station that recorded it.",
            "Ask for the document, put it among the ledger's documents, and audit again.",
        ),
        FindingCode.NUMBER_GAP: _wrong(
            "Numbers follow from the ledger's order without gaps.", "Report it: this program and the rules disagree."
        ),
        FindingCode.SIGNATURE_WRONG: _wrong(
            "The verdict says that this event is authentic, and its signature does not verify.", _KEEP_BOTH
        ),
        FindingCode.SIGNATURE_UNVERIFIED: _unverified(
            "Its signature does not verify, and without its verdict it is not known whether the ledger rejected it for that.",
            "Give a station's store with --store, or audit without --trust-checkpoints.",
        ),
        FindingCode.NO_COSIGNED_CHECKPOINT: _unverified(
            "--trust-checkpoints trusts what the operator and enough witnesses signed, and there is no such checkpoint.",
            "Audit without --trust-checkpoints, or give a cosigned checkpoint with --checkpoint.",
        ),
        FindingCode.STORE_UNREADABLE: _unverified("What could not be read was not audited.", "Give the store, or a copy of it."),
        FindingCode.STORE_FOREIGN: _wrong(
            "The store is of another ledger, so nothing that its station shows is about this one.", "Check which store was given."
        ),
        FindingCode.STORE_BEHIND: _noted("The station has not read the ledger to its end.", "Let the station catch up."),
        FindingCode.STORE_AHEAD: _wrong(
            "The store holds more than the ledger has: records were lost, or this is not the copy that the station reads.",
            _KEEP_BOTH,
        ),
        FindingCode.STORE_DIFFERS: _wrong(_STORE, _REBUILD),
        FindingCode.VIEWS_UNREADABLE: _unverified(
            "What could not be read was not audited.", "Give the views, or a copy of them."
        ),
        FindingCode.VIEWS_OUTDATED: _noted(
            "This view is of another version, or is being rebuilt.", "Let the station bring its views up, and audit again."
        ),
        FindingCode.VIEWS_DIFFER: _wrong(
            "People are shown what the views say, and here they do not say what the ledger says.",
            "Find out who wrote it. Rebuild the view with `ortoo projection rebuild`.",
        ),
    }
)
"""What each code means."""
