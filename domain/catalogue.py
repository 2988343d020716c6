"""The catalogue: every event of the rules that this program holds, and the payload types that they are signed under."""

from __future__ import annotations

from typing import Final

from domain.events import (
    AcknowledgementMissed,
    Body,
    CheckpointKeyAdded,
    CheckpointKeyRetired,
    ConsignmentOpened,
    GroupDefined,
    KeyEnrolled,
    KeyResumed,
    KeyRevoked,
    KeySuspended,
    LedgerOpened,
    LetterDispatched,
    LetterRecalled,
    LetterSuperseded,
    OfficerAppointed,
    OfficerRelieved,
    OrganisationChanged,
    OrganisationClosed,
    OrganisationRegistered,
    RecallAccepted,
    RecallDeclined,
    ReceiptAcknowledged,
    ReceiptRefused,
    RegisterDefined,
    RootChanged,
    RulesAdopted,
    TrustAnchorAdded,
    TrustAnchorWithdrawn,
)
from domain.events_approvals import (
    ApprovalDelegated,
    ApprovalGiven,
    ApprovalReassigned,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalReturned,
    ApprovalStageMissed,
    ApprovalWithdrawn,
)
from domain.events_mandates import (
    MandateGranted,
    MandateRevoked,
)
from domain.events_office import (
    CalendarAdopted,
    ConsignmentClosed,
    ConsignmentDeliveredOutside,
    ConsignmentFetched,
    ConsignmentTransferred,
    LetterReceivedOutside,
    OutageDeclared,
    ReceiptWithdrawn,
    RegistrationCorrected,
    RegistrationVoided,
    ReminderSent,
)
from domain.events_proof import EventReaffirmed, EventRepudiated, InboxCommitted, TimestampRecorded

PAYLOAD_PREFIX: Final = "application/vnd.ortoo."
PAYLOAD_SUFFIX: Final = "+avro"

EVENT_TYPES: Final[tuple[type[Body], ...]] = (
    LedgerOpened,
    RootChanged,
    TrustAnchorAdded,
    TrustAnchorWithdrawn,
    CheckpointKeyAdded,
    CheckpointKeyRetired,
    RulesAdopted,
    OrganisationRegistered,
    OrganisationChanged,
    OrganisationClosed,
    OfficerAppointed,
    OfficerRelieved,
    KeyEnrolled,
    KeySuspended,
    KeyRevoked,
    KeyResumed,
    GroupDefined,
    RegisterDefined,
    LetterDispatched,
    LetterRecalled,
    LetterSuperseded,
    ReceiptAcknowledged,
    ReceiptRefused,
    RecallAccepted,
    RecallDeclined,
    ConsignmentOpened,
    AcknowledgementMissed,
    InboxCommitted,
    EventReaffirmed,
    EventRepudiated,
    TimestampRecorded,
    ApprovalRequested,
    ApprovalGiven,
    ApprovalRefused,
    ApprovalReturned,
    ApprovalDelegated,
    ApprovalReassigned,
    ApprovalWithdrawn,
    ApprovalStageMissed,
    MandateGranted,
    MandateRevoked,
    ReceiptWithdrawn,
    ConsignmentTransferred,
    ConsignmentClosed,
    ConsignmentFetched,
    ReminderSent,
    LetterReceivedOutside,
    ConsignmentDeliveredOutside,
    RegistrationCorrected,
    RegistrationVoided,
    CalendarAdopted,
    OutageDeclared,
)
"""Every event of the rules that this program holds, in the order of the catalogue."""


def payload_type_of(event: type[Body]) -> str:
    """Return the payload type that a body of this class is signed under."""
    return f"{PAYLOAD_PREFIX}{event.TYPE}.v{event.VERSION}{PAYLOAD_SUFFIX}"
