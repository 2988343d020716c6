"""The bodies of the events of mandates: who acts for whom. Rules 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from domain.events import Body
from domain.header import Document
from domain.ids import Digest, OfficerId, OrgId


@dataclass(frozen=True, kw_only=True, slots=True)
class MandateGranted(Body):
    """An officer, or his registrar, lets a deputy say some types of events for him, from one ledger time until another.

    `deputy_organisation` is where the deputy is appointed: once he no longer is, he acts for nobody. It is in force from
    `from_at` to before `until_at`. `basis_number` and `basis_at` are those of the order that it rests on. Its identity is
    the mandate.
    """

    TYPE: ClassVar[str] = "mandate.granted"
    organisation: OrgId
    officer: OfficerId
    deputy: OfficerId
    deputy_organisation: OrgId
    event_types: tuple[str, ...]
    from_at: int
    until_at: int
    basis_number: str
    basis_at: int
    cover: Document | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MandateRevoked(Body):
    """The officer, or his registrar, ends a mandate."""

    TYPE: ClassVar[str] = "mandate.revoked"
    mandate: Digest
    reason: str
