"""What an event may say of documents: the cover in its own field, one main document, each digest once, nothing encrypted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain.errors import RejectedError
from domain.events import Body
from domain.header import Document
from domain.reasons import Reason
from domain.rules import Case

COVER: Final = "cover"
MAIN: Final = "main"
ATTACHMENT: Final = "attachment"
SIGNATURE_OF: Final = "signature_of"
DOCUMENT_ROLES: Final = frozenset({MAIN, ATTACHMENT, SIGNATURE_OF})


def named_documents(body: Body) -> tuple[Document, ...]:
    """Return every document that an event names, its cover (or the token of a time stamp) first; each digest once."""
    first: Document | None = getattr(body, "cover", None) or getattr(body, "token", None)
    named: tuple[Document, ...] = getattr(body, "documents", ())
    return named if first is None else (first, *named)


def require_plain(documents: Iterable[Document]) -> None:
    """Raise `RejectedError` (NOT_IN_THESE_RULES) if a document is encrypted: these rules know no grants yet."""
    if any(document.encryption is not None for document in documents):
        raise RejectedError(Reason.NOT_IN_THESE_RULES, "a document is encrypted")


def cover_is_plain(case: Case) -> None:
    """The cover, if there is one, is not encrypted and stands as a cover."""
    cover = case.body.cover
    if cover is None:
        return
    require_plain((cover,))
    if cover.role != COVER:
        raise RejectedError(Reason.DOCUMENTS_WRONG, f"the cover has the role {cover.role}")


def documents_are_right(case: Case) -> None:
    """The cover stands as a cover; of the others exactly one is the main document; each digest is named once."""
    cover, documents = case.body.cover, case.body.documents
    digests = {cover.sha256, *(document.sha256 for document in documents)}
    mains = sum(document.role == MAIN for document in documents)
    if cover.role != COVER or mains != 1 or len(digests) != len(documents) + 1:
        raise RejectedError(Reason.DOCUMENTS_WRONG)
