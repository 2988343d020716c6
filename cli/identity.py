"""`ortoo identity`: who acts in this home."""

from __future__ import annotations

from collections.abc import Sequence

import click

from adapters.keyring import Keyring
from cli.directory_reading import name_in
from cli.keys_shown import key_state
from cli.labels import code_label, label
from cli.languages import Language
from cli.options import command_options
from cli.render import Column, table_lines
from cli.session import Session
from cli.settings import write_settings
from cli.views import banner, open_views
from cli.wiring import KEYS_FOLDER, passphrase_source
from domain.ids import OfficerId, officer_id
from projections.directory_queries import AppointmentFilter, AppointmentRow, KeyRow, appointments, keys


@click.group("identity")
def identity() -> None:
    """Who acts at this station."""


@identity.command("use")
@click.argument("officer")
@command_options
def use(session: Session, officer: str) -> None:
    """Let an officer act in this home from now on, unless --as names another.

    Example:
      ortoo identity use mfy-001.secretary
    """
    who = officer_id(officer)
    write_settings(session.home, {"officer": who})
    here = who in _officers(session)
    session.show({"officer": who, "has_key": here}, [label("note.identity_used", session.language, officer=who)])
    if not here:
        session.note(label("note.no_key_here", session.language, officer=who))


@identity.command("list")
@command_options
def list_(session: Session) -> None:
    """List who can act in this home: the officers and stations whose keys are here, with their roles and their keys' states.

    Example:
      ortoo identity list
    """
    views, language = open_views(session), session.language
    with views.reading() as reading:
        found = [
            (officer, appointments(reading, AppointmentFilter(officer=officer)), keys(reading, officer=officer))
            for officer in _officers(session)
        ]
    data = [
        {
            "officer": officer,
            "acts": officer == session.settings.officer,
            "appointments": [{"organisation": one.organisation, "roles": one.roles} for one in held],
            "keys": [{"key": one.key, "state": key_state(one, views.at)} for one in known],
        }
        for officer, held, known in found
    ]
    columns = tuple(Column(heading=label(f"heading.{name}", language)) for name in ("officer", "name", "roles", "key"))
    rows = [_cells(session.settings.officer, *one, at_ms=views.at, language=language) for one in found]
    lines = table_lines(columns, rows) if rows else [label("note.nothing", language)]
    session.show({"identities": data}, [*banner(session, views), *lines])


def _officers(session: Session) -> tuple[OfficerId, ...]:
    return Keyring(session.home / KEYS_FOLDER, passphrase_source(session)).officers()


def _cells(
    acts: str | None,
    officer: OfficerId,
    held: Sequence[AppointmentRow],
    known: Sequence[KeyRow],
    *,
    at_ms: int,
    language: Language,
) -> tuple[str, ...]:
    roles = "; ".join(f"{one.organisation}: {_roles(one, language)}" for one in held)
    states = ", ".join(label(f"key_state.{key_state(one, at_ms)}", language) for one in known)
    name = name_in(held[0].names, language) if held else ""
    return (f"{'→ ' if officer == acts else '  '}{officer}", name, roles or "-", states or "-")


def _roles(one: AppointmentRow, language: Language) -> str:
    return ", ".join(code_label("role", role, language) for role in one.roles)
