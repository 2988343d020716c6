"""Questions to the directory's tables: organisations, appointments, keys and groups, page by page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, Table, and_, exists, func, or_, select, tuple_

from domain.directory import UNIT
from domain.events import Identifier
from domain.header import LocalName
from domain.ids import Digest, OfficerId, OrgId
from projections.directory import NAME_OF, POST_OF
from projections.directory_tables import (
    APPOINTMENTS,
    CERTIFICATES,
    GROUPS,
    IDENTIFIERS,
    KEYS,
    MEMBERS,
    NAMES,
    OFFICER_NAMES,
    ORGANISATIONS,
    REGIONS,
)

ASKED_AT_ONCE: Final = 500
"""Values in one question; every database takes so many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationFilter:
    """Which organisations are wanted: each set that is not empty must hold the organisation's own."""

    organisations: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    parents: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    connections: frozenset[str] = frozenset()
    closed_too: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationRow:
    """An organisation as the directory has it."""

    organisation: OrgId
    names: tuple[LocalName, ...]
    kind: str
    parent: OrgId | None
    identifiers: tuple[Identifier, ...]
    regions: tuple[str, ...]
    postal_address: str
    electronic_address: str
    connection: str
    acknowledge_days: int
    registered_position: int
    changed_position: int
    closed_position: int | None
    closed_at: int | None
    successor: OrgId | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentFilter:
    """Which appointments are wanted; None: any."""

    officer: str | None = None
    organisation: str | None = None
    role: str | None = None
    relieved_too: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentRow:
    """An officer's or station's appointment in one organisation; relieved, it has no roles."""

    officer: OfficerId
    organisation: OrgId
    names: tuple[LocalName, ...]
    posts: tuple[LocalName, ...]
    roles: tuple[str, ...]
    is_home: bool
    appointed_position: int
    appointed_at: int
    relieved_position: int | None
    relieved_at: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateRow:
    """A certificate of a key: its validity (milliseconds, bounds inclusive), and where it was enrolled."""

    certificate: Digest
    not_before: int
    not_after: int
    assurance: str
    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRow:
    """A key that was enrolled, with its certificates in the order of their enrolment."""

    key: Digest
    officer: OfficerId
    algorithm: str
    status: str
    status_position: int
    status_at: int
    status_reason: str | None
    enrolled_position: int
    contested_from: int | None
    certificates: tuple[CertificateRow, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupRow:
    """A complete version of a group: how many members it has, their root, and where it was completed."""

    owner: OrgId
    group: OrgId
    version: int
    members: int
    root: Digest
    position: int
    at: int


def organisations(
    connection: Connection, wanted: OrganisationFilter, *, after: str = "", limit: int | None = None
) -> tuple[OrganisationRow, ...]:
    """Return organisations by id, those after `after`, at most `limit`."""
    own = ORGANISATIONS.c
    found = connection.execute(_chosen(select(ORGANISATIONS), wanted).where(own.organisation > after).limit(limit)).all()
    ids = [row.organisation for row in found]
    names = _by_owner(connection, NAMES, ids, lambda row: LocalName(language=row.language, text=row.text))
    known = _by_owner(connection, IDENTIFIERS, ids, lambda row: Identifier(scheme=row.scheme, value=row.value))
    regions = _by_owner(connection, REGIONS, ids, lambda row: row.region)
    return tuple(
        OrganisationRow(
            **row._mapping,  # noqa: SLF001 - a row's public mapping has this name
            names=names[row.organisation],
            identifiers=known[row.organisation],
            regions=regions[row.organisation],
        )
        for row in found
    )


def members_where(connection: Connection, wanted: OrganisationFilter) -> tuple[OrgId, ...]:
    """Return the organisations that may be members of a group and are as wanted: neither closed nor units."""
    chosen = _chosen(select(ORGANISATIONS.c.organisation), wanted).where(ORGANISATIONS.c.kind != UNIT)
    return tuple(OrgId(one) for one in connection.execute(chosen).scalars())


def appointments(
    connection: Connection, wanted: AppointmentFilter, *, after: str = "", limit: int | None = None
) -> tuple[AppointmentRow, ...]:
    """Return appointments by officer and organisation, those after `after` (`OFFICER/ORGANISATION`), at most `limit`."""
    own = APPOINTMENTS.c
    chosen = select(APPOINTMENTS).order_by(own.officer, own.organisation).limit(limit)
    if wanted.officer is not None:
        chosen = chosen.where(own.officer == wanted.officer)
    if wanted.organisation is not None:
        chosen = chosen.where(own.organisation == wanted.organisation)
    if wanted.role is not None:
        chosen = chosen.where((" " + own.roles + " ").contains(f" {wanted.role} ", autoescape=True))
    if not wanted.relieved_too:
        chosen = chosen.where(own.roles != "")
    officer, _, organisation = after.partition("/")
    beyond = or_(own.officer > officer, and_(own.officer == officer, own.organisation > organisation))
    found = connection.execute(chosen.where(beyond)).all()
    texts = _officer_texts(connection, [(row.officer, row.organisation) for row in found])
    return tuple(_appointment(row, texts) for row in found)


def keys(connection: Connection, *, officer: str | None = None, after: int = -1, limit: int | None = None) -> tuple[KeyRow, ...]:
    """Return keys by the position of their first enrolment, those after `after`, at most `limit`; of one officer or of all."""
    own = KEYS.c
    chosen = select(KEYS).where(own.enrolled_position > after).order_by(own.enrolled_position, own.key).limit(limit)
    if officer is not None:
        chosen = chosen.where(own.officer == officer)
    found = connection.execute(chosen).all()
    certificates = _certificates(connection, [row.key for row in found])
    return tuple(
        KeyRow(
            key=Digest(bytes(row.key)),
            officer=OfficerId(row.officer),
            algorithm=row.algorithm,
            status=row.status,
            status_position=row.status_position,
            status_at=row.status_at,
            status_reason=row.status_reason,
            enrolled_position=row.enrolled_position,
            contested_from=row.contested_from,
            certificates=certificates[bytes(row.key)],
        )
        for row in found
    )


def groups(connection: Connection, *, owner: str | None = None) -> tuple[GroupRow, ...]:
    """Return the newest complete version of every group, by owner and group; of one owner or of all."""
    own = GROUPS.c
    complete = own.last_part == own.parts
    newest = select(own.owner, own.group, func.max(own.version)).where(complete).group_by(own.owner, own.group)
    chosen = select(GROUPS).where(complete, tuple_(own.owner, own.group, own.version).in_(newest))
    if owner is not None:
        chosen = chosen.where(own.owner == owner)
    return tuple(_group(row) for row in connection.execute(chosen.order_by(own.owner, own.group)))


def group(connection: Connection, owner: str, name: str, version: int | None = None) -> GroupRow | None:
    """Return a complete version of a group (None: its newest), None if there is none."""
    own = GROUPS.c
    chosen = select(GROUPS).where(own.owner == owner, own.group == name, own.last_part == own.parts)
    if version is not None:
        chosen = chosen.where(own.version == version)
    row = connection.execute(chosen.order_by(own.version.desc()).limit(1)).first()
    return None if row is None else _group(row)


def group_members(connection: Connection, one: GroupRow, *, after: str = "", limit: int | None = None) -> tuple[OrgId, ...]:
    """Return the members of a version of a group in their order, those after `after`, at most `limit`."""
    own = MEMBERS.c
    here = (own.owner == one.owner) & (own.group == one.group) & (own.version == one.version) & (own.organisation > after)
    chosen = select(own.organisation).where(here).order_by(own.organisation).limit(limit)
    return tuple(OrgId(member) for member in connection.execute(chosen).scalars())


def _chosen(statement: Select[Any], wanted: OrganisationFilter) -> Select[Any]:
    own = ORGANISATIONS.c
    columns = (
        (own.organisation, wanted.organisations),
        (own.kind, wanted.kinds),
        (own.parent, wanted.parents),
        (own.connection, wanted.connections),
    )
    for column, values in columns:
        if values:
            statement = statement.where(column.in_(sorted(values)))
    if wanted.regions:
        there = (REGIONS.c.organisation == own.organisation) & REGIONS.c.region.in_(sorted(wanted.regions))
        statement = statement.where(exists().where(there))
    if not wanted.closed_too:
        statement = statement.where(own.closed_position.is_(None))
    return statement.order_by(own.organisation)


def _by_owner(connection: Connection, table: Table, ids: Sequence[str], make: Any) -> defaultdict[str, tuple[Any, ...]]:
    """Return the rows of a list of the directory by organisation, in their order."""
    found: defaultdict[str, tuple[Any, ...]] = defaultdict(tuple)
    for part in _parts(ids):
        chosen = select(table).where(table.c.organisation.in_(part)).order_by(*table.primary_key.columns)
        for row in connection.execute(chosen):
            found[row.organisation] += (make(row),)
    return found


def _officer_texts(
    connection: Connection, pairs: Sequence[tuple[str, str]]
) -> defaultdict[tuple[str, str, str], tuple[LocalName, ...]]:
    """Return names and posts by officer, organisation, and which of the two it is."""
    found: defaultdict[tuple[str, str, str], tuple[LocalName, ...]] = defaultdict(tuple)
    own = OFFICER_NAMES.c
    for part in _parts(sorted({officer for officer, _ in pairs})):
        for row in connection.execute(select(OFFICER_NAMES).where(own.officer.in_(part)).order_by(own.place)):
            found[row.officer, row.organisation, row.what] += (LocalName(language=row.language, text=row.text),)
    return found


def _appointment(row: Row[Any], texts: defaultdict[tuple[str, str, str], tuple[LocalName, ...]]) -> AppointmentRow:
    return AppointmentRow(
        officer=OfficerId(row.officer),
        organisation=OrgId(row.organisation),
        names=texts[row.officer, row.organisation, NAME_OF],
        posts=texts[row.officer, row.organisation, POST_OF],
        roles=tuple(row.roles.split()),
        is_home=bool(row.is_home),
        appointed_position=row.appointed_position,
        appointed_at=row.appointed_at,
        relieved_position=row.relieved_position,
        relieved_at=row.relieved_at,
    )


def _certificates(connection: Connection, digests: Sequence[bytes]) -> defaultdict[bytes, tuple[CertificateRow, ...]]:
    found: defaultdict[bytes, tuple[CertificateRow, ...]] = defaultdict(tuple)
    own = CERTIFICATES.c
    for part in _parts(digests):
        for row in connection.execute(select(CERTIFICATES).where(own.key.in_(part)).order_by(own.position)):
            found[bytes(row.key)] += (
                CertificateRow(
                    certificate=Digest(bytes(row.certificate)),
                    not_before=row.not_before,
                    not_after=row.not_after,
                    assurance=row.assurance,
                    position=row.position,
                ),
            )
    return found


def _group(row: Row[Any]) -> GroupRow:
    return GroupRow(
        owner=OrgId(row.owner),
        group=OrgId(row.group),
        version=row.version,
        members=row.members,
        root=Digest(bytes(row.root)),
        position=row.position,
        at=row.at,
    )


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), ASKED_AT_ONCE):
        yield values[start : start + ASKED_AT_ONCE]
