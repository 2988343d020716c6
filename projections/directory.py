"""The projection `directory`: organisations, appointments, keys with their certificates, groups with their members."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from sqlalchemy import Connection, Table, func, select

from adapters.store.dialect import insert_rows
from domain.certificates import parse_certificate
from domain.changes import View
from domain.contests import OUTCOMES
from domain.directory import Role
from domain.enrolment import contested_after
from domain.events import (
    GroupDefined,
    KeyEnrolled,
    KeyResumed,
    KeyRevoked,
    KeySuspended,
    LedgerOpened,
    OfficerAppointed,
    OfficerRelieved,
    OrganisationChanged,
    OrganisationClosed,
    OrganisationEntry,
    OrganisationRegistered,
)
from domain.genesis import FIRST_REGISTRAR_ASSURANCE
from domain.header import LocalName
from domain.ids import OfficerId, OrgId, sha256
from domain.keys import KeyStatus
from projections.columns import row_of
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
    SETTLEMENTS,
    TABLES,
)
from projections.happenings import Batch, Happening

NAME_OF: Final = "name"
POST_OF: Final = "post"
_Body = Any


class DirectoryProjection:
    """Keeps the tables of `projections.directory_tables`."""

    name = "directory"
    version = 2
    tables: tuple[Table, ...] = TABLES

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write what a batch's events change in the directory, in the order of the ledger."""
        for one in batch.happenings:
            body = one.accepted
            effect = _EFFECTS.get(type(body))
            if effect is not None:
                effect(connection, one, body)
            elif type(body) in OUTCOMES:
                _settle(connection, one, body, batch.view)


def _open(connection: Connection, one: Happening, body: _Body) -> None:
    """The genesis registers the first organisation, appoints its registrar and enrols his key."""
    organisation, registrar = body.organisation.organisation, body.registrar
    _enter(connection, one, body.organisation)
    _write_appointment(connection, one, organisation, registrar, roles=(Role.REGISTRAR.value,))
    _write_key(connection, one, registrar.officer, registrar.certificate, FIRST_REGISTRAR_ASSURANCE)


def _register(connection: Connection, one: Happening, body: _Body) -> None:
    _enter(connection, one, body.entry)


def _change(connection: Connection, one: Happening, body: _Body) -> None:
    entry: OrganisationEntry = body.entry
    here = ORGANISATIONS.c.organisation == entry.organisation
    connection.execute(ORGANISATIONS.update().where(here).values(**_entry_columns(entry), changed_position=one.position))
    for table in (NAMES, REGIONS, IDENTIFIERS):
        connection.execute(table.delete().where(table.c.organisation == entry.organisation))
    _write_lists(connection, entry)


def _close(connection: Connection, one: Happening, body: _Body) -> None:
    here = ORGANISATIONS.c.organisation == body.organisation
    values = {"closed_position": one.position, "closed_at": one.at, "successor": body.successor}
    connection.execute(ORGANISATIONS.update().where(here).values(**values))


def _enter(connection: Connection, one: Happening, entry: OrganisationEntry) -> None:
    row = row_of(
        ORGANISATIONS,
        organisation=entry.organisation,
        **_entry_columns(entry),
        registered_position=one.position,
        changed_position=one.position,
    )
    insert_rows(connection, ORGANISATIONS, [row])
    _write_lists(connection, entry)


def _entry_columns(entry: OrganisationEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "parent": entry.parent,
        "connection": entry.connection,
        "acknowledge_days": entry.acknowledge_days,
        "postal_address": entry.postal_address,
        "electronic_address": entry.electronic_address,
    }


def _write_lists(connection: Connection, entry: OrganisationEntry) -> None:
    who = entry.organisation
    insert_rows(connection, NAMES, [(who, place, name.language, name.text) for place, name in enumerate(entry.names)])
    # What the directory says twice is listed once.
    insert_rows(connection, REGIONS, [(region, who) for region in dict.fromkeys(entry.regions)])
    known = [(who, place, known.scheme, known.value) for place, known in enumerate(entry.identifiers)]
    insert_rows(connection, IDENTIFIERS, known)


def _appoint(connection: Connection, one: Happening, body: _Body) -> None:
    _write_appointment(connection, one, body.organisation, body, roles=body.roles)


def _write_appointment(
    connection: Connection, one: Happening, organisation: OrgId, named: Any, *, roles: tuple[str, ...]
) -> None:
    officer: OfficerId = named.officer
    appointed = {
        "roles": " ".join(roles),
        "appointed_position": one.position,
        "appointed_at": one.at,
        "relieved_position": None,
        "relieved_at": None,
    }
    here = (APPOINTMENTS.c.officer == officer) & (APPOINTMENTS.c.organisation == organisation)
    if connection.execute(APPOINTMENTS.update().where(here).values(**appointed)).rowcount == 0:
        elsewhere = connection.execute(select(func.count()).where(APPOINTMENTS.c.officer == officer)).scalar()
        row = row_of(APPOINTMENTS, officer=officer, organisation=organisation, is_home=int(not elsewhere), **appointed)
        insert_rows(connection, APPOINTMENTS, [row])
    connection.execute(
        OFFICER_NAMES.delete().where((OFFICER_NAMES.c.officer == officer) & (OFFICER_NAMES.c.organisation == organisation))
    )
    _write_officer_names(connection, officer, organisation, NAME_OF, named.names)
    _write_officer_names(connection, officer, organisation, POST_OF, named.posts)


def _write_officer_names(
    connection: Connection, officer: OfficerId, organisation: OrgId, what: str, names: Iterable[LocalName]
) -> None:
    rows = [(officer, organisation, what, place, name.language, name.text) for place, name in enumerate(names)]
    insert_rows(connection, OFFICER_NAMES, rows)


def _relieve(connection: Connection, one: Happening, body: _Body) -> None:
    here = (APPOINTMENTS.c.officer == body.officer) & (APPOINTMENTS.c.organisation == body.organisation)
    values = {"roles": "", "relieved_position": one.position, "relieved_at": one.at}
    connection.execute(APPOINTMENTS.update().where(here).values(**values))


def _enrol(connection: Connection, one: Happening, body: _Body) -> None:
    _write_key(connection, one, body.officer, body.certificate, body.assurance)


def _write_key(connection: Connection, one: Happening, officer: OfficerId, der: bytes, assurance: str) -> None:
    certificate = parse_certificate(der)
    key = sha256(certificate.spki)
    if connection.execute(select(KEYS.c.key).where(KEYS.c.key == key)).first() is None:
        row = row_of(
            KEYS,
            key=key,
            officer=officer,
            algorithm=certificate.algorithm,
            status=KeyStatus.ACTIVE.value,
            status_position=one.position,
            status_at=one.at,
            enrolled_position=one.position,
        )
        insert_rows(connection, KEYS, [row])
    row = row_of(
        CERTIFICATES,
        certificate=certificate.digest,
        key=key,
        not_before=certificate.not_before_ms,
        not_after=certificate.not_after_ms,
        assurance=assurance,
        position=one.position,
        at=one.at,
    )
    insert_rows(connection, CERTIFICATES, [row])


def _suspend(connection: Connection, one: Happening, body: _Body) -> None:
    _stop(connection, one, body, KeyStatus.SUSPENDED)


def _revoke(connection: Connection, one: Happening, body: _Body) -> None:
    _stop(connection, one, body, KeyStatus.REVOKED)


def _stop(connection: Connection, one: Happening, body: _Body, status: KeyStatus) -> None:
    before = connection.execute(select(KEYS.c.contested_from, KEYS.c.enrolled_position).where(KEYS.c.key == body.key)).one()
    contested_from = contested_after(body, before.contested_from, before.enrolled_position)
    _set_status(connection, one, body, status=status.value, contested_from=contested_from)


def _resume(connection: Connection, one: Happening, body: _Body) -> None:
    _set_status(connection, one, body, status=KeyStatus.ACTIVE.value)


def _set_status(connection: Connection, one: Happening, body: _Body, **values: Any) -> None:
    same = {"status_position": one.position, "status_at": one.at, "status_reason": body.reason}
    connection.execute(KEYS.update().where(KEYS.c.key == body.key).values(**same, **values))


def _settle(connection: Connection, one: Happening, body: _Body, view: View) -> None:
    """What an officer said before, with a key that was compromised then already, counts for nothing."""
    settled = view.event(body.event)
    if settled is None:
        return
    officer = body.header.officer
    key = connection.execute(select(CERTIFICATES.c.key).where(CERTIFICATES.c.certificate == body.header.signers[0])).scalar_one()
    before = (SETTLEMENTS.c.position == settled.position) & (SETTLEMENTS.c.officer == officer)
    connection.execute(SETTLEMENTS.delete().where(before))
    insert_rows(connection, SETTLEMENTS, [(settled.position, officer, OUTCOMES[type(body)].value, one.position, key)])


def _define(connection: Connection, one: Happening, body: _Body) -> None:
    """A first part discards what was begun before under the same version."""
    owner = body.header.organisation
    if body.part == 1:
        for table in (GROUPS, MEMBERS):
            begun = (table.c.owner == owner) & (table.c.group == body.group) & (table.c.version == body.version)
            connection.execute(table.delete().where(begun))
        row = (owner, body.group, body.version, body.parts, body.part, len(body.members), body.root, one.position, one.at)
        insert_rows(connection, GROUPS, [row])
    else:
        here = (GROUPS.c.owner == owner) & (GROUPS.c.group == body.group) & (GROUPS.c.version == body.version)
        grown = {"last_part": body.part, "members": GROUPS.c.members + len(body.members), "root": body.root}
        connection.execute(GROUPS.update().where(here).values(**grown, position=one.position, at=one.at))
    insert_rows(connection, MEMBERS, [(owner, body.group, body.version, member) for member in body.members])


_EFFECTS: Final[dict[type, Callable[[Connection, Happening, _Body], None]]] = {
    LedgerOpened: _open,
    OrganisationRegistered: _register,
    OrganisationChanged: _change,
    OrganisationClosed: _close,
    OfficerAppointed: _appoint,
    OfficerRelieved: _relieve,
    KeyEnrolled: _enrol,
    KeySuspended: _suspend,
    KeyRevoked: _revoke,
    KeyResumed: _resume,
    GroupDefined: _define,
}
