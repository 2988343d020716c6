"""Why a record was rejected: a number for the verdict log (u16), a name for people and programs, a sentence for the docs.

A number is never reused and never changes its meaning; the hundreds tell the step of the judge that gives it, from 1,000 on the
thousands.
New reasons are added with new rules.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Reason(IntEnum):
    """The verdict's reason code; `ACCEPTED` is the only one that is not a rejection."""

    sentence: str

    def __new__(cls, code: int, sentence: str) -> Reason:
        """Make a member from its number and the sentence that explains it."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member

    ACCEPTED = 0, "The event is accepted."
    NO_RECORD = 1, "The position holds no record: an empty slot left by a transaction of the broker."

    MALFORMED = 100, "The bytes are not a canonical record or body, or a field is outside its limits."
    RECORD_TOO_LARGE = 101, "The record is longer than 65,535 bytes."

    TYPE_UNKNOWN = 200, "The rules in force do not know this type of event."
    SCHEMA_MISMATCH = 201, "The body was written with another schema than its type's."
    GENESIS_AGAIN = 202, "`ledger.opened` stands at position 0 and nowhere else."

    OTHER_LEDGER = 300, "The event was signed for another ledger."
    SIGNERS_REPEATED = 301, "The same certificate is named twice among the signers."
    SIGNATURES_NOT_ONE_EACH = 302, "The record does not hold exactly one signature for each signer named."
    SIGNERS_COUNT_WRONG = 303, "The type of event asks for another number of signers."

    KEY_UNKNOWN = 400, "A signer's certificate or root key was never enrolled at an earlier position."
    SIGNERS_SAME_OFFICER = 401, "Two of the signatures are of the same officer."
    OFFICER_NOT_SIGNER = 402, "The first signer's key is not the key of the officer in whose person the event speaks."
    ROOT_MISUSED = 403, "Root keys sign as `root`, for no organisation and among themselves; nobody else does."

    SIGNATURE_INVALID = 500, "A signature does not verify over these bytes."
    ALGORITHM_MISMATCH = 501, "A signature's algorithm does not fit the signer's key, or is not known."

    DUPLICATE = 600, "The same event is already on the ledger; its verdict is the original's."
    DUPLICATE_CONFLICT = 601, "The officer has already used this event id for another event."

    KEY_SUSPENDED = 700, "A signer's key is suspended at this position."
    KEY_REVOKED = 701, "A signer's key is revoked at this position."
    CERTIFICATE_EXPIRED = 702, "A signer's certificate is past its validity at this ledger time."
    CERTIFICATE_NOT_YET_VALID = 703, "A signer's certificate is not valid yet at this ledger time."
    NOT_AFTER_PASSED = 704, "The event arrived after the time until which it may be accepted."
    SEEN_OTHER_HISTORY = 705, "The event names a checkpoint that is not of this history."

    ORGANISATION_UNKNOWN = 800, "The organisation that speaks is not registered."
    ORGANISATION_CLOSED = 801, "The organisation that speaks is closed."
    NOT_APPOINTED = 802, "A signer's officer holds no appointment in the organisation that speaks."
    ROLE_MISSING = 803, "A signer's officer does not have the role that this type of event asks for."
    OUT_OF_SCOPE = 804, "The registrar's organisation is not the one concerned, nor above it."
    NOT_FOR_ONESELF = 805, "A registrar does not act for himself."
    ROOTS_NEEDED = 806, "Only the root keys do this: it concerns a registrar of the first organisation, or the ledger itself."
    NOT_FOR_ROOTS = 807, "The root keys do not do this."
    ROOT_NOT_IN_FORCE = 808, "A root key that signed is no longer in force."
    FIRST_ORGANISATION_NEEDED = 809, "Only a station of the first organisation says this."
    MANDATE_UNKNOWN = 810, "No mandate with this identity was accepted at an earlier position."
    MANDATE_OF_ANOTHER = 811, "The mandate's deputy is somebody else."
    MANDATE_ELSEWHERE = 812, "The mandate is for another organisation."
    MANDATE_NOT_FOR_THIS = 813, "The mandate does not name this type of event."
    MANDATE_REVOKED = 814, "The mandate was revoked before this record."
    MANDATE_NOT_IN_FORCE = 815, "The mandate begins after this record's ledger time, or has ended by it."
    DEPUTY_NOT_APPOINTED = 816, "The deputy is no longer appointed in the organisation that the mandate names as his."
    GRANTOR_SIGNS_TOO = 817, "The mandate's grantor signs too: he needs no deputy."
    NOT_UNDER_A_MANDATE = 818, "This is not said under a mandate."

    NOT_IN_THESE_RULES = 900, "A field is used for which the rules in force have no rule yet, or a letter is not open."
    CODE_UNKNOWN = 901, "A code (kind, role, reason, urgency and the like) is not in the list of the rules in force."
    SIZE_NOT_NEXT = 902, "The history never had this size before this record, or an event of this type has overtaken it."
    INBOX_MISMATCH = 903, "Number or root of the inboxes are not those that follow from this history."
    CHECKPOINT_MISMATCH = 904, "The roots are not those of this history at that size."
    TIMESTAMP_IMPLAUSIBLE = 905, "The time stamped is before that of a smaller size, or ten minutes after this ledger time."

    CERTIFICATE_MALFORMED = 910, "The certificate is not strict DER of an X.509 v3 certificate."
    CERTIFICATE_NOT_FROM_ANCHOR = 911, "The certificate was not issued directly by a trust anchor in force."
    CERTIFICATE_SIGNATURE_WRONG = 912, "The trust anchor's key does not verify the certificate's signature."
    CERTIFICATE_NOT_VALID_NOW = 913, "The certificate is not valid at this ledger time."
    ANCHOR_NOT_VALID_NOW = 914, "The trust anchor's certificate is not valid at this ledger time."
    CERTIFICATE_IS_CA = 915, "The certificate is one of a certification authority."
    CERTIFICATE_USE_MISSING = 916, "The certificate lacks the extended key usage documentSigning."
    CERTIFICATE_CRITICAL_EXTENSION = 917, "The certificate holds a critical extension that this exchange does not judge."
    CERTIFICATE_KEY_UNSUPPORTED = 918, "The certificate's key is neither an uncompressed P-256 point nor Ed25519."
    CERTIFICATE_ALREADY_ENROLLED = 919, "This certificate is enrolled already."
    CERTIFICATE_TOO_LONG_FOR_TEMPORARY = 920, "A temporary certificate is valid for at most 90 days."
    REQUEST_MALFORMED = 921, "The officer's request for enrolment is not a canonical one."
    REQUEST_MISMATCH = 922, "The request names another ledger, officer or key than the enrolment."
    REQUEST_SIGNATURE_WRONG = 923, "The new key's signature over the request does not verify."
    KEY_OF_ANOTHER_OFFICER = 924, "This public key was enrolled for another officer."
    KEY_WAS_REVOKED = 925, "This public key was revoked and is never enrolled again."
    KEY_NOT_OF_OFFICER = 926, "The officer has no such key."
    KEY_NOT_ACTIVE = 927, "Only a key in force can be suspended."
    KEY_NOT_SUSPENDED = 928, "Only a suspended key can be resumed."
    SINCE_WRONG = 929, "`since` goes with a compromise only, and names a position not after this one."

    ROOTS_WRONG = 930, "Root keys are one to seven different keys, and the threshold is between one and their number."
    ANCHOR_ALREADY_IN_FORCE = 931, "This trust anchor is in force already."
    ANCHOR_UNKNOWN = 932, "No such trust anchor is in force."
    ANCHOR_UNFIT = 933, "The certificate cannot be a trust anchor."
    CHECKPOINT_KEY_ALREADY_IN_FORCE = 934, "This checkpoint key is in force already."
    CHECKPOINT_KEY_UNKNOWN = 935, "No such checkpoint key is in force."
    RULES_VERSION_WRONG = 936, "The next rules are the newest adopted version plus one."
    RULES_TOO_SOON = 937, "New rules come into force at least seven days on (on a training ledger: not before this record)."

    ROOT_IS_NO_OFFICER = 939, "The id `root` belongs to the root keys; nobody is appointed under it."
    ORGANISATION_EXISTS = 940, "An organisation with this id is registered already."
    ORGANISATION_NOT_FOUND = 941, "No organisation with this id is registered."
    ORGANISATION_ALREADY_CLOSED = 942, "The organisation concerned is closed."
    PARENT_UNKNOWN = 943, "The parent is not a registered, open organisation other than a unit."
    PARENT_CYCLE = 944, "The new parent lies below the organisation itself."
    KIND_FIXED = 945, "A unit stays a unit, and what is not one never becomes one."
    SUCCESSOR_NEEDED = 946, "Something addressed to the organisation is still open, so closing it names a successor."
    SUCCESSOR_UNFIT = 947, "The successor is not a registered, open organisation other than a unit and itself."
    FIRST_ORGANISATION_STAYS = 948, "The first organisation has no parent and is not closed."
    OFFICER_NOT_FOUND = 949, "No officer with this id is appointed where the event needs it."

    GROUP_VERSION_WRONG = 950, "A group's next version is the last complete one plus one."
    GROUP_PART_OUT_OF_ORDER = 951, "The parts of a group's version follow each other from 1, alike in their number."
    GROUP_MEMBER_UNKNOWN = 952, "A member is not a registered organisation, or is a unit."
    GROUP_NOT_SORTED = 953, "The members are not sorted bytewise and unique across the parts."
    GROUP_TOTAL_WRONG = 954, "The last part, and only that, states the total count and the root; they do not agree."
    REGISTER_YEAR_PAST = 955, "A register is defined for the current year or a later one."
    REGISTER_IN_USE = 956, "The register of that year has already given a number."
    REGISTER_FORMAT_WRONG = 957, "The printed number needs {serial} once, may use {case} and {year}, and nothing else in braces."
    UNIT_HAS_NONE = 958, "A unit has no register and dispatches nothing; its organisation does."

    DOCUMENTS_WRONG = 960, "A letter has one cover, one main document and each document once."
    ADDRESSEE_UNKNOWN = 961, "An addressee is not a registered organisation."
    ADDRESSEE_CLOSED = 962, "An addressee is closed."
    ADDRESSEE_IS_UNIT = 963, "An addressee is a unit; its organisation is addressed."
    ADDRESSEE_REPEATED = 964, "An addressee is named twice."
    TOO_MANY_NAMED = 965, "At most 500 organisations are named one by one; more are a group."
    GROUP_UNKNOWN = 966, "The sender has no complete group of this id and version with this count and root."
    NO_RECIPIENTS = 967, "Nobody is left to receive the letter."
    TOO_MANY_RECIPIENTS = 968, "A letter has at most 20,000 recipients."
    DUE_IN_THE_PAST = 969, "A due time is not after the ledger time of this record."
    REFERENCE_UNKNOWN = 970, "A reference names no letter accepted at an earlier position."
    REFERENCE_NOT_OWN = 971, "Only an own letter can be followed or replaced."
    ANSWER_UNFIT = 972, "An answer goes to the sender of a letter that this organisation received."

    EVENT_UNKNOWN = 974, "No event with this identity was accepted at an earlier position."
    NOT_THE_SIGNER = 975, "No key of the officer signed the event."
    NOT_CONTESTED = 976, "No compromise of the officer's key was declared back to before the event."
    ALREADY_SETTLED = 977, "The officer has already reaffirmed or repudiated the event."
    KEY_NOT_NEWER = 978, "The key was not enrolled after the key that signed the event was stopped."

    LETTER_UNKNOWN = 980, "No letter with this identity was accepted at an earlier position."
    NOT_THE_SENDER = 981, "The organisation is not the letter's sender, nor its last successor."
    NOT_A_RECIPIENT = 982, "The organisation is not a recipient of the letter, nor its last successor."
    ALREADY_DECIDED = 983, "This recipient has already acknowledged or refused the letter."
    ALREADY_RECALLED = 984, "The letter is recalled from this recipient."
    NO_RECALL_PENDING = 985, "No recall waits for this recipient's answer."
    RECALL_CHANGES_NOTHING = 986, "The recall would change nothing for anybody."
    ALREADY_OPENED = 987, "It is recorded already that this recipient opened the letter."
    NO_TERM = 988, "The letter sets no time to acknowledge."
    NOT_YET_DUE = 989, "The time to acknowledge has not passed at this record's ledger time."
    ALREADY_MISSED = 990, "It is recorded already that this letter's time to acknowledge has passed."
    NOBODY_SILENT = 991, "Every connected recipient has decided."
    ALREADY_SUPERSEDED = 992, "The letter is superseded already."
    SUPERSEDES_RECALLED = 993, "A recalled letter is not superseded."
    NOT_REPLACED_BY_IT = 994, "The later letter is no own dispatch that names this one among those it replaces."
    OTHER_LETTER_NEEDED = 995, "Refused as a duplicate, the letter of which it is one must be named; otherwise none is."
    TEXT_NEEDED = 996, "Refused for another reason, the reason must stand in a cover."

    REQUEST_UNKNOWN = 9001, "No request for approval with this identity was accepted at an earlier position."
    NOT_THE_REQUESTER = 9002, "The organisation is not the one that requested the approval, nor its last successor."
    QUORUM_WRONG = 9003, "A quorum goes with the rule `quorum` only, and is between one and the stage's places."
    APPROVER_UNKNOWN = 9004, "An approver is no registered, open organisation, or no officer who was ever appointed."
    APPROVER_REPEATED = 9005, "An approver stands twice in one stage."
    PLACE_UNKNOWN = 9006, "The route has no such stage or place."
    PLACE_ALREADY_DECIDED = 9007, "This place of the route is decided already."
    STAGE_NOT_CURRENT = 9008, "It is not this stage's turn: it is over, or others come before it."
    REQUEST_ENDED = 9009, "The request is approved, refused, returned or withdrawn already."
    NOT_THE_APPROVER = 9010, "The officer is not the approver of this place, nor is it delegated to him at this ledger time."
    DELEGATION_TIMES_WRONG = 9011, "A delegation begins not after it ends, and ends not before this record's ledger time."
    DELEGATE_UNFIT = 9012, "A place is delegated to another officer, who was appointed at some time."
    STAGE_WITHOUT_TERM = 9013, "The request sets no time for this stage."
    STAGE_NOT_YET_DUE = 9014, "The time of this stage has not passed at this record's ledger time."
    STAGE_ALREADY_MISSED = 9015, "It is recorded already that the time of this stage has passed."
    APPROVAL_NOT_COMPLETE = 9016, "A request that the letter names is not approved, or not over exactly the letter's documents."
    APPROVAL_NOT_OWN = 9017, "A request that the letter names is not the sender's own."

    MANDATE_TYPES_WRONG = 9030, "A mandate names types of events that can be said for another, sorted and each once."
    MANDATE_TIMES_WRONG = 9031, "A mandate ends after it begins, and after this record's ledger time."
    DEPUTY_UNFIT = 9032, "The deputy is another officer, appointed in the organisation that is named as his."
    MANDATE_NOT_FOUND = 9033, "No such mandate was accepted at an earlier position, so none is revoked."
    MANDATE_ALREADY_REVOKED = 9034, "The mandate is revoked already."

    NOT_ACKNOWLEDGED = 9040, "This recipient has not acknowledged the letter, or has withdrawn its receipt."
    RECALL_PENDING = 9041, "A recall waits for this recipient's answer, which comes first."
    ALREADY_TRANSFERRED = 9042, "This recipient has passed the letter on."
    TRANSFER_UNFIT = 9043, "A letter is passed on to a registered, open organisation that is no unit and not its sender."
    ALREADY_RECIPIENT = 9044, "The organisation to which the letter would be passed on is a recipient of it already."
    ALREADY_CLOSED = 9045, "This recipient has closed the letter already."
    CLOSING_LETTER_WRONG = 9046, "Only `answered` (the own answer) and `superseded` (what replaces it) name a letter."
    ALREADY_FETCHED = 9047, "It is recorded already that this recipient holds every document of the letter."
    NOBODY_TO_REMIND = 9048, "Nobody of those whom the reminder is for owes anything."
    REGIONS_NOT_SORTED = 9049, "The regions of a reminder are not sorted, or one is named twice."
    ENTRY_UNKNOWN = 9050, "No event with this identity, accepted at an earlier position, gave a registration number."
    NOT_OWN_REGISTER = 9051, "The number stands in the register of another organisation."
    ALREADY_VOIDED = 9052, "The number is voided already."
    CORRECTION_CHANGES_NOTHING = 9053, "The register says already what the correction says."

    ARRIVED_LATER = 9060, "A letter from outside arrived, by what is said, after the ledger time of this record."
    WRITTEN_AFTER_ARRIVAL = 9061, "A letter from outside was written, by what is said, after it arrived."
    NOT_OUTSIDE = 9062, "The recipient is connected to the exchange, and speaks for itself."
    DELIVERY_TIME_WRONG = 9063, "A delivery outside lies between the letter's dispatch and the ledger time of this record."
    DELIVERY_ALREADY_RECORDED = 9064, "It is recorded already that this recipient got the letter so and then."

    CALENDAR_VERSION_WRONG = 9080, "A calendar's next version is the last one of its country and year plus one."
    CALENDAR_DAYS_WRONG = 9081, "A calendar's days lie in its year, sorted and once each, and none is both holiday and worked."
    COUNTRY_WRONG = 9082, "The country of a calendar is a code of two capital letters."
    OUTAGE_TIMES_WRONG = 9083, "An outage ends after it begins, and lies within 90 days of the ledger time of this record."
    OUTAGE_NOT_SORTED = 9084, "The organisations or regions of an outage are not sorted, or one is named twice."


def reason_of(code: int) -> Reason:
    """Return the reason with a code; raise `KeyError` if there is none."""
    return _BY_CODE[code]


def step_of(reason: Reason) -> int:
    """Return the step of the judge that gives the reason: its hundreds, or its thousands (0: no step ran)."""
    return reason.value // (100 if reason.value < _FIRST_OF_THOUSANDS else 1000)


_FIRST_OF_THOUSANDS: Final = 1000
"""From here on the thousands are the step: its hundred was full when the office was added."""
_BY_CODE = {reason.value: reason for reason in Reason}
