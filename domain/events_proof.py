"""The bodies of the events by which the ledger is proven to others: commitments, settled contests, time stamps. Rules 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.events import Body
from domain.header import Document
from domain.ids import Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxCommitted(Body):
    """A station of the first organisation states what the records before `size` addressed to each organisation.

    `count` organisations were registered there; `root` is over one leaf for each (domain.inboxes). Rules 2.
    """

    TYPE: ClassVar[str] = "inbox.committed"
    size: int
    count: int
    root: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class EventReaffirmed(Body):
    """An officer states with a newer key that he did sign an event, contested since his key was compromised. Rules 2."""

    TYPE: ClassVar[str] = "event.reaffirmed"
    event: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRepudiated(Body):
    """An officer states with a newer key that he did not sign an event, contested since his key was compromised. Rules 2."""

    TYPE: ClassVar[str] = "event.repudiated"
    event: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class TimestampRecorded(Body):
    """A station of the first organisation records an authority's time stamp over a pair of checkpoints. Rules 2.

    `authority` is SHA-256 of the certificate that signed the RFC 3161 token, `stamped_at` the time that the token claims; the
    token is a document. Whether the token's signature verifies is for auditors: the judge reads no document.
    """

    TYPE: ClassVar[str] = "timestamp.recorded"
    size: int
    root: Digest
    verdict_root: Digest
    authority: Digest
    stamped_at: int
    token: Document
