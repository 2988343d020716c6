"""The tables of the store. Names are literal, for ever."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

METADATA: Final = MetaData()
_Big = BigInteger().with_variant(Integer, "sqlite")
# Compared and sorted byte by byte in every database, so that a dump's order never depends on a locale.
# Small rows lie in SQLite's tree of the key itself, not in a second one beside it.
_BY_KEY: Final[dict[str, Any]] = {"sqlite_with_rowid": False}
_Name = String().with_variant(String(collation="C"), "postgresql")

RECORDS: Final = Table(
    "records",
    METADATA,
    Column("position", _Big, primary_key=True, autoincrement=False),
    Column("at", _Big, nullable=False),
    Column("reason", Integer, nullable=False),
    Column("identity", LargeBinary, nullable=False),
    Column("record_hash", LargeBinary, nullable=False),
    Column("record_size_bytes", Integer, nullable=False),
    Column("original", _Big, nullable=False),
    Column("register", Integer, nullable=False),
    Column("year", Integer, nullable=False),
    Column("serial", _Big, nullable=False),
    Column("organisation", String(), nullable=True),
    Column("because", _Big, nullable=True),
    Column("detail", Text, nullable=False),
    Column("record", LargeBinary, nullable=True),
    Index("records_identity", "identity", "position"),
    comment="every position with its verdict; the record itself only if it is authentic",
)

ORIGINALS: Final = Table(
    "originals",
    METADATA,
    Column("officer", _Name, primary_key=True),
    Column("event_id", LargeBinary, primary_key=True),
    Column("position", _Big, nullable=False),
    Column("identity", LargeBinary, nullable=False),
    comment="the first authentic event that used an (officer, event id)",
    **_BY_KEY,
)

CHANGES: Final = Table(
    "changes",
    METADATA,
    Column("notification_id", _Big, primary_key=True, autoincrement=False),
    Column("originator_id", _Name, nullable=False),
    Column("originator_version", _Big, nullable=False),
    Column("topic", String(), nullable=False),
    Column("state", LargeBinary, nullable=False),
    Index("changes_originator", "originator_id", "originator_version", unique=True),
    comment="what accepted events changed, per aggregate: the library's stored events",
)

SNAPSHOTS: Final = Table(
    "snapshots",
    METADATA,
    Column("originator_id", _Name, primary_key=True),
    Column("originator_version", _Big, primary_key=True, autoincrement=False),
    Column("topic", String(), nullable=False),
    Column("state", LargeBinary, nullable=False),
    comment="states of aggregates with many changes, so that none is folded from the beginning",
)

TILES: Final = Table(
    "tiles",
    METADATA,
    Column("log", Integer, primary_key=True, autoincrement=False),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("index", _Big, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
    comment="the record log (0) and the verdict log (1) in tiles: the hashes of 256 subtrees of 256^level leaves, side by side",
)

TILE_EDGES: Final = Table(
    "tile_edges",
    METADATA,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("index", _Big, primary_key=True, autoincrement=False),
    Column("log", Integer, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    comment="the hashes of the tile at the right edge of each level, until there are 256 of them",
    **_BY_KEY,
)

LETTER_ADDRESSEES: Final = Table(
    "letter_addressees",
    METADATA,
    Column("organisation", _Name, primary_key=True),
    Column("position", _Big, primary_key=True, autoincrement=False),
    Column("letter", LargeBinary, nullable=False),
    comment="which accepted letters name an organisation",
    **_BY_KEY,
)

LETTER_GROUPS: Final = Table(
    "letter_groups",
    METADATA,
    Column("owner", _Name, primary_key=True),
    Column("group", _Name, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("position", _Big, primary_key=True, autoincrement=False),
    Column("letter", LargeBinary, nullable=False),
    comment="which accepted letters go to a version of a group",
    **_BY_KEY,
)

GROUP_MEMBERS: Final = Table(
    "group_members",
    METADATA,
    Column("organisation", _Name, primary_key=True),
    Column("owner", _Name, primary_key=True),
    Column("group", _Name, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Index("group_members_version", "owner", "group", "version"),
    comment="which versions of groups an organisation belongs to",
    **_BY_KEY,
)

INBOXES: Final = Table(
    "inboxes",
    METADATA,
    Column("position", _Big, primary_key=True, autoincrement=False),
    Column("organisation", _Name, nullable=False),
    Column("letters", _Big, nullable=False),
    Column("head", LargeBinary, nullable=False),
    comment="every organisation by the position where it was registered, and its inbox as it was committed to last",
    **_BY_KEY,
)

TRACKING: Final = Table(
    "tracking",
    METADATA,
    Column("application_name", _Name, primary_key=True),
    Column("notification_id", _Big, nullable=False),
    comment="how far the library's own followers have read: one row for each application",
)

CHECKPOINTS: Final = Table(
    "checkpoints",
    METADATA,
    Column("kept", _Name, primary_key=True),
    Column("size", _Big, nullable=False),
    Column("pair", LargeBinary, nullable=False),
    comment="the pairs of checkpoints that this station verified and signed last, and how far it read those of others",
)

FACTS: Final = Table(
    "facts",
    METADATA,
    Column("name", _Name, primary_key=True),
    Column("value", String(), nullable=False),
    comment="what this station pinned: the layout of these tables, the ledger's identity and its place's incarnation",
)

DUMPED: Final = (RECORDS, ORIGINALS, CHANGES, TILES, TILE_EDGES, LETTER_ADDRESSEES, LETTER_GROUPS, GROUP_MEMBERS, INBOXES)
"""The tables that must be equal after any replay. Snapshots depend on batches, checkpoints, facts and tracking on the station."""
