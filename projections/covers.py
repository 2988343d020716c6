"""The projection `covers`: subjects, names and free texts, filled from the documents as soon as they are there.

It is the one view that is not made of the ledger alone: which covers there are comes from the ledger, what they say from
the document store. So it stands in no canonical dump, and what is missing is looked for again at each catching up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final, Protocol

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, Row, String, Table, Text, bindparam, select

from adapters.covers import COVER_LIMIT_BYTES, Cover, CoverError, decode_cover
from adapters.documents import DocumentError, DocumentsUnreachableError
from adapters.store.dialect import insert_rows
from domain.header import Document
from domain.ids import Digest
from projections.columns import BIG, METADATA, NAME
from projections.happenings import Batch

AWAITED: Final = "awaited"
HELD: Final = "held"
UNREADABLE: Final = "unreadable"
COVERS_AT_ONCE: Final = 200
"""Covers looked for in one call: some 50 ms where they are all there, and a bound where they must be fetched."""
TRIES_BEFORE_REST: Final = 1_000_000
"""How often a missing cover is looked for; those tried least often come first, so that none keeps the others waiting."""

COVERS: Final = Table(
    "covers",
    METADATA,
    Column("cover", LargeBinary, primary_key=True),
    Column("position", BIG, nullable=False),
    Column("size_bytes", BIG, nullable=False),
    Column("state", NAME, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("subject", Text, nullable=True),
    Index("covers_state", "state", "tries", "position"),
    comment="every cover that an accepted event names, with its subject once it is here",
)

NAMES: Final = Table(
    "cover_names",
    METADATA,
    Column("cover", LargeBinary, primary_key=True),
    Column("sha256", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False),
    comment="what covers call the documents of their letters",
)

TEXTS: Final = Table(
    "cover_texts",
    METADATA,
    Column("cover", LargeBinary, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("about", String, nullable=False),
    Column("text", Text, nullable=False),
    comment="the free texts of covers",
)

_STATE: Final = (
    COVERS.update()
    .where(COVERS.c.cover == bindparam("b_cover"))
    .values(state=bindparam("b_state"), subject=bindparam("b_subject"), tries=COVERS.c.tries + 1)
)
_KNOWN: Final = select(COVERS.c.cover).where(COVERS.c.cover == bindparam("b_cover"))


class CoverSource(Protocol):
    """Where covers are read: a station's documents."""

    def is_here(self, digest: Digest) -> bool:
        """Tell whether nobody else need be asked for it."""

    def open(self, digest: Digest) -> BinaryIO:
        """Return a reader of checked content; raise a `DocumentError` if there is none."""

    def learn(self, position: int) -> None:
        """Remember the hint on documents that came with the record at this position."""


class CoversProjection:
    """Keeps `covers`, `cover_names` and `cover_texts`; the last two are empty until `fill` is called."""

    name = "covers"
    version = 1
    tables = (COVERS, NAMES, TEXTS)

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write which covers a batch's events name, each once."""
        for position, cover in _named(batch):
            if connection.execute(_KNOWN, {"b_cover": cover.sha256}).first() is None:
                insert_rows(connection, COVERS, [(cover.sha256, position, cover.size_bytes, AWAITED, 0, None)])


def awaited(connection: Connection, limit: int = COVERS_AT_ONCE) -> tuple[Row[Any], ...]:
    """Return the covers that are not here yet, at most `limit`: those tried least often first, of these the newest."""
    chosen = select(COVERS).where((COVERS.c.state == AWAITED) & (COVERS.c.tries < TRIES_BEFORE_REST))
    return tuple(connection.execute(chosen.order_by(COVERS.c.tries, COVERS.c.position.desc()).limit(limit)))


def read_cover(source: CoverSource, cover: Row[Any]) -> Cover | str:
    """Return a cover, or the state in which it remains: awaited, or unreadable for ever.

    Raises `DocumentsUnreachableError` if nobody answers.
    """
    try:
        digest = Digest(cover.cover)
        if not source.is_here(digest):
            source.learn(cover.position)
        with source.open(digest) as reader:
            return decode_cover(reader.read(COVER_LIMIT_BYTES + 1))
    except DocumentsUnreachableError:
        raise
    except DocumentError:
        return AWAITED
    except CoverError:
        # The bytes have the right digest, so nothing better can ever come.
        return UNREADABLE


def write_cover(connection: Connection, digest: bytes, found: Cover | str) -> None:
    """Write what became of a cover that was looked for, unless another process wrote it or empties the view meanwhile."""
    if connection.execute(select(COVERS.c.state).where(COVERS.c.cover == digest)).scalar() != AWAITED:
        return
    if isinstance(found, str):
        connection.execute(_STATE, {"b_cover": digest, "b_state": found, "b_subject": None})
        return
    connection.execute(_STATE, {"b_cover": digest, "b_state": HELD, "b_subject": found.subject})
    insert_rows(connection, NAMES, [(digest, named.sha256, named.name) for named in found.names])
    insert_rows(connection, TEXTS, [(digest, place, text.about, text.text) for place, text in enumerate(found.texts)])


def _named(batch: Batch) -> Iterator[tuple[int, Document]]:
    for one in batch.happenings:
        cover = getattr(one.accepted, "cover", None)
        if isinstance(cover, Document):
            yield one.position, cover
