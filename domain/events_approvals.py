"""The bodies of the events of approvals: a request, its route, and what is decided on it. Rules 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.events import Body
from domain.header import Document, Ref
from domain.ids import Digest, OfficerId, OrgId


@dataclass(frozen=True, kw_only=True, slots=True)
class Approver:
    """Who decides in one place of a stage: an organisation, by a signatory of it in office, or a named officer."""

    organisation: OrgId | None
    officer: OfficerId | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One stage of a route: its approvers decide in parallel, by a rule (`all`, `any`, `quorum` of so many), until a time."""

    rule: str
    quorum: int | None
    due_at: int | None
    approvers: tuple[Approver, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalRequested(Body):
    """A clerk asks that documents be approved, stage after stage. Its identity is the request."""

    TYPE: ClassVar[str] = "approval.requested"
    cover: Document
    documents: tuple[Document, ...]
    letter: Ref | None
    follows: Digest | None
    route: tuple[Stage, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalGiven(Body):
    """An approver approves, in one place of one stage; remarks stand in the cover."""

    TYPE: ClassVar[str] = "approval.given"
    request: Digest
    stage: int
    place: int
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalRefused(Body):
    """An approver refuses, in one place of one stage, with a reason."""

    TYPE: ClassVar[str] = "approval.refused"
    request: Digest
    stage: int
    place: int
    reason: str
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalReturned(Body):
    """An approver returns the documents for revision, which ends the request."""

    TYPE: ClassVar[str] = "approval.returned"
    request: Digest
    stage: int
    place: int
    reason: str
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalDelegated(Body):
    """An approver lets another officer decide in his place too, between two times; whoever decides first counts."""

    TYPE: ClassVar[str] = "approval.delegated"
    request: Digest
    stage: int
    place: int
    to: OfficerId
    from_at: int
    until_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalReassigned(Body):
    """The requester puts another approver into a place that has not decided."""

    TYPE: ClassVar[str] = "approval.reassigned"
    request: Digest
    stage: int
    place: int
    to: Approver


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalWithdrawn(Body):
    """The requester withdraws the request."""

    TYPE: ClassVar[str] = "approval.withdrawn"
    request: Digest
    reason: str
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalStageMissed(Body):
    """A station of the requester tells that a stage's time passed while it was undecided. Silence never approves."""

    TYPE: ClassVar[str] = "approval.stage_missed"
    request: Digest
    stage: int
